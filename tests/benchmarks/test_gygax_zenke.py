"""The benchmark of surrogate gradients in theory: reference values, and closed forms in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from benchmarks.gygax_zenke import loops, matching, signs, single_neuron
from benchmarks.gygax_zenke.__main__ import COMMAND
from benchmarks.gygax_zenke.activations import logistic, probability, step
from benchmarks.gygax_zenke.deterministic import gradient_field, output, true_field
from benchmarks.gygax_zenke.enumeration import THRESHOLD, exact_gradient, expected_output
from benchmarks.gygax_zenke.measure import Config, measure
from benchmarks.gygax_zenke.sampling import sampled_outputs
from benchmarks.gygax_zenke.stochastic_networks import draw_networks
from gradlab.reporting import records

pytestmark = pytest.mark.usefixtures("float64")
LARGEST = 4.5  # standard errors; of some 300 comparisons one is larger in 1 of 500 runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gygax_zenke")


@pytest.fixture(scope="module")
def record(float64, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signs, "_SWEEP", np.array([15.0, 100.0]))
        patch.setattr(matching, "STEPS", 40)
        patch.setattr(matching, "NEURONS", 30)
        return COMMAND.run(Config(trials=20_000, epochs=200, out=folder))


@pytest.fixture(scope="module")
def metrics(record):
    return record["metrics"]


def derivative(x, beta):
    """Of the logistic function."""
    return beta * expit(beta * x) * expit(-beta * x)


def surrogate_gradient(weights, activation, beta):
    """Of the network of five weights, by hand; ``[5, points]`` both."""
    w, v1, v2, u1, u2 = weights
    g = activation(w)
    h1, h2 = activation(v1 * g), activation(v2 * g)
    of_output, of_1, of_2 = derivative(u1 * h1 + u2 * h2, beta), derivative(v1 * g, beta), derivative(v2 * g, beta)
    of_g = of_output * (u1 * of_1 * v1 + u2 * of_2 * v2)
    return np.stack([
        of_g * derivative(w, beta), of_output * u1 * of_1 * g, of_output * u2 * of_2 * g, of_output * h1, of_output * h2
    ])  # fmt: skip


def test_it_is_recorded_and_drawn(record, folder, capsys):
    assert records.read(folder / "gygax_zenke.jsonl") == [record]
    for name in ("1", "2-3", "4", "5", "matching"):
        assert (folder / "figures" / f"gygax_zenke-{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "loop_integral_beta_20" in COMMAND.table(record)
    assert all(np.isfinite(value) for value in record["metrics"].values())


def test_the_surrogate_is_the_derivative_of_the_escape_probability():
    x = np.linspace(-1, 1, 41)
    for beta in (1.0, 10.0, 100.0):
        np.testing.assert_allclose(logistic(beta).derivative(jnp.array(x)), derivative(x, beta), rtol=1e-12)
        differences = (expit(beta * (x + 1e-6)) - expit(beta * (x - 1e-6))) / 2e-6
        np.testing.assert_allclose(logistic(beta).derivative(jnp.array(x)), differences, atol=1e-7 * beta)


@pytest.mark.parametrize("neuron", ["perceptron", "lif"])
def test_single_neurons_agree_within_the_error_of_the_sampling(metrics, record, neuron):
    for quantity in ("expectation", "derivative"):
        assert 0 < metrics[f"{neuron}_{quantity}_deviation_se"] < LARGEST
        found = {key: np.array(x) for key, x in record["samples"]["single_neuron"][neuron][quantity].items()}
        off = (found["estimate"] - found["theory"]) / found["error"]
        assert 0.7 < off.std() < 1.4  # the standard errors are what they should be


def test_a_surrogate_of_another_slope_is_told_from_the_derivative(monkeypatch):
    monkeypatch.setattr(single_neuron, "surrogate_at", lambda x: derivative(x, 5.0))
    for neuron in (single_neuron.perceptron, single_neuron.lif):
        found = neuron(50_000, np.random.default_rng(0))
        assert np.abs(found["derivative"].deviation).max() > 2 * LARGEST
        assert np.abs(found["expectation"].deviation).max() < LARGEST


@pytest.mark.parametrize(
    ("beta", "w1", "w2", "exact", "smoothed"),
    [(10, 0.6, 0.7, 1.719, 1.082), (2, 0.6, 0.7, 0.163, 0.153), (10, 0.3, 1.2, 1.042, 0.075)],
)
def test_the_chain_is_biased_as_the_reference_values_say(metrics, beta, w1, w2, exact, smoothed):
    found = [metrics[f"chain_{kind}_beta_{beta}_w_{w1}_{w2}"] for kind in ("exact", "smoothed")]
    np.testing.assert_allclose(found, [exact, smoothed], rtol=1e-3, atol=1e-3)
    fires, slope = expit(beta * (w1 - THRESHOLD)), derivative(w1 - THRESHOLD, beta)
    after, without = w2 - THRESHOLD, -THRESHOLD
    by_hand = slope * (expit(beta * after) - expit(beta * without))
    over_paths = slope * w2 * (fires * derivative(after, beta) + (1 - fires) * derivative(without, beta))
    np.testing.assert_allclose(found, [by_hand, over_paths], rtol=1e-12)


def test_enumeration_is_exact():
    """Against central differences of the expectation, and the expectation against sampling."""
    weights = [layer[3] for layer in draw_networks(1)]
    x, beta, width, found = jnp.ones(2), 5.0, 1e-5, []
    expected = jax.jit(expected_output)
    for layer, w in enumerate(weights):
        for place in np.ndindex(w.shape):
            above, below = (
                expected([*weights[:layer], w.at[place].add(shift), *weights[layer + 1 :]], x, beta)
                for shift in (width, -width)
            )
            found.append((above - below) / (2 * width))
    np.testing.assert_allclose(exact_gradient(weights, x, beta), found, atol=1e-8)
    drawn = np.random.default_rng(0).random((100_000, 7))
    p = float(expected(weights, x, beta))
    mean = float(sampled_outputs(weights, x, beta, jnp.asarray(drawn)).mean())
    assert abs(mean - p) < LARGEST * np.sqrt(p * (1 - p) / len(drawn))


def test_networks_the_surrogate_is_the_smoothed_derivative_and_not_the_exact_one(metrics, record):
    assert metrics["networks_smoothed_minus_surrogate"] < 1e-12
    assert metrics["network_difference_deviation_se"] < LARGEST
    bias = [metrics[f"networks_median_bias_beta_{beta}"] for beta in (1, 2, 5, 10, 20)]
    assert bias[0] < 0.05 and bias[-1] > 0.3 and bias == sorted(bias)
    found = record["samples"]["networks"]
    off = (np.array(found["smoothed"]) - found["exact"]) / found["difference_error"]
    assert np.abs(off).max() > LARGEST  # what sampling would have seen
    assert np.all(np.less(found["shared_deviation_rms"], found["independent_deviation_rms"]))


@pytest.mark.parametrize(("beta", "share", "lowest"),
                         [(15, 0.214, 0.2), (25, 0.054, 0.0172), (30, 0.033, 0.0088), (100, 0, -0.0131)])  # fmt: skip
def test_wrong_signs(metrics, beta, share, lowest):
    assert metrics[f"sign_flip_share_beta_{beta}"] == pytest.approx(share, abs=0.003)
    assert metrics[f"integrated_minimum_w_beta_{beta}"] == pytest.approx(lowest, abs=1e-4)
    assert metrics["minimum_w"] == pytest.approx(-0.0131, abs=1e-4)


def test_gradients_of_the_differentiable_network():
    """By hand, by JAX's own derivative of the output and by central differences."""
    points, beta = np.random.default_rng(0).normal(0, 0.5, (20, 5)), 5.0
    found = true_field(beta)(jnp.asarray(points))
    np.testing.assert_allclose(found, surrogate_gradient(points.T, lambda x: expit(beta * x), beta).T, rtol=1e-10)

    def plain(weights):
        return output(weights, lambda x: probability(x, beta))

    np.testing.assert_allclose(found, jax.vmap(jax.grad(plain))(jnp.asarray(points)), rtol=1e-9)
    moves = 1e-5 * np.eye(5)
    differences = [(plain(points[0] + move) - plain(points[0] - move)) / 2e-5 for move in moves]
    np.testing.assert_allclose(found[0], differences, rtol=1e-6, atol=1e-11)


def test_the_scan_has_the_signs_of_the_formula(metrics):
    points, beta = signs.scan_points().T, 100.0
    true, surrogate = (surrogate_gradient(points, lambda x: expit(beta * x), slope)[0] for slope in (beta, 25.0))
    counts = np.abs(true) > 1e-3 * np.abs(true).max()
    share = np.count_nonzero(counts & (true * surrogate < 0)) / counts.size
    assert metrics["sign_flip_share_beta_25"] == pytest.approx(share, abs=1e-12)


def test_the_loop_is_the_papers():
    circle = loops.loop(124)
    first = 0.1168134, -0.21802215, -0.8262966, 0.5019748, 0.06384699
    second = -0.30310827, -0.8068901, 0.36749288, 0.3028789, 0.1739747
    np.testing.assert_allclose(circle.across, [second, first], atol=2e-7)


@pytest.mark.parametrize(("beta", "integral"), [(1, -0.0426), (5, 0.3710), (20, 1.9069)])
def test_loop_integrals(metrics, record, beta, integral):
    assert metrics[f"loop_integral_beta_{beta}"] == pytest.approx(integral, rel=0.01)
    assert abs(metrics[f"loop_integral_true_beta_{beta}"]) < 1e-12
    (found,) = (each for each in record["samples"]["loops"]["loops"] if each["beta"] == beta)
    off = np.abs(np.array(found["sums"]) - found["integral"])
    assert off[-1] < 1e-3 * abs(integral) and np.all(np.diff(off) < 0)
    # By hand, with midpoints, which the sums have not; their error is of the order of the step times the jumps.
    circle, angles = loops.loop(124), 2 * np.pi * (np.arange(48_000) + 0.5) / 48_000
    turn, onwards = np.stack([np.cos(angles), np.sin(angles)]), np.stack([-np.sin(angles), np.cos(angles)])
    weights, tangents = (1.8 * circle.across.T @ each for each in (turn, onwards))
    total = np.sum(surrogate_gradient(weights, lambda x: np.heaviside(x, 0.5), beta) * tangents) * 2 * np.pi / 48_000
    assert metrics[f"loop_integral_beta_{beta}"] == pytest.approx(total, rel=2e-4)


def test_a_step_keeps_its_value_and_has_the_surrogate():
    x = jnp.array([-0.1, 0.0, 0.1])
    np.testing.assert_array_equal(step(5.0)(x), [0, 0.5, 1])
    np.testing.assert_allclose(jax.vmap(jax.grad(step(5.0)))(x), derivative(np.array(x), 5.0), rtol=1e-12)
    assert gradient_field(step(5.0))(jnp.zeros((1, 5))).shape == (1, 5)


def test_double_precision_is_needed():
    with jax.enable_x64(False), pytest.raises(ValueError, match="set jax_enable_x64 first"):
        measure(Config())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trials": 10}, "trials is 10, expected a whole number >= 1000"),
        ({"loop_betas": (5000.0,)}, "loop_betas is .*each entry a finite number >= 0.01 and <= 1000"),
        ({"sign_betas": ()}, "sign_betas is .*1 or more of them"),
        ({"loop_steps": 1}, "loop_steps is 1"),
    ],
)
def test_impossible_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Config(**settings)


def test_distance_is_the_squared_difference_of_filtered_spike_trains():
    rng, steps = np.random.default_rng(0), 30
    fired, target = ((rng.random((steps, 4)) < 0.2).astype(float) for _ in range(2))
    observer = matching.Distance(jnp.asarray(target), keep=True)
    state = observer.init(1, 4, jnp.float64)
    for number, spikes in enumerate(fired):
        state = observer.step(state, jnp.asarray(spikes)[None], jnp.asarray(number * 1e-3), jnp.asarray(1e-3))
    lag = 1e-3 * np.arange(steps)
    kernel = np.exp(-lag / 10e-3) - np.exp(-lag / 5e-3)
    filtered = np.array([np.convolve(each, kernel)[:steps] for each in (fired - target).T])
    assert float(state[2][0]) == pytest.approx(0.5 * np.sum(filtered**2))
    np.testing.assert_array_equal(state[3][0, :steps], fired)


def test_every_variant_learns_to_draw(metrics, record):
    ratios = [value for name, value in metrics.items() if name.startswith("matching_loss_ratio")]
    assert len(ratios) == len(matching.VARIANTS) and max(ratios) < 0.7
    first, *drawn = record["samples"]["matching"]["rasters"]
    assert first["name"] == "target" and all(each["step"] for each in drawn)
