"""The kernels for GPUs, compiled for the CPU, against the engine ``numba`` in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cuda_on_cpu import launcher, load, needs_gxx
from small_layers import SETTINGS, assert_close, draw_layer, some_events, some_params

from solvers.eventprop import lif_layer_with_counts
from solvers.eventprop.engines import cuda, numba
from solvers.eventprop.engines.cuda import arguments, launch
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

pytestmark = [needs_gxx, pytest.mark.usefixtures("float64", "on_cpu")]
ACCURACY = 1e-5
CONSTANTS = "tau_mem", "tau_syn", "threshold", "reset"


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory):
    """The engine calls the library in the place of a GPU."""
    library = load(tmp_path_factory.mktemp("kernels"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "launch", launcher(library))
        jax.clear_caches()
        yield library
    jax.clear_caches()


def cast(tree, dtype):
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def in_order(spikes, kept, b):
    """Of a sample: units, times and currents, neuron by neuron, so that spikes next to each other may swap."""
    n = int(spikes.count[b])
    low = 0 if kept.remainder is None else np.asarray(kept.remainder[b, :n], float)
    times = np.asarray(spikes.times[b, :n], float) + low
    order = np.lexsort((times, spikes.units[b, :n]))
    return np.asarray(spikes.units[b, :n])[order], times[order], np.asarray(kept.current[b, :n])[order]


def compare(params, events, **changes):
    """Spikes and all gradients of both engines; what is given and stored is in single precision."""
    settings = SETTINGS | changes
    params, events = cast(params, jnp.float32), cast(events, jnp.float32)
    exact = cast(params, jnp.float64), cast(events, jnp.float64)
    spikes, kept = cuda.forward(params, events, **settings)
    expected, expected_kept = numba.forward(*exact, **settings)
    np.testing.assert_array_equal(spikes.count, expected.count)
    for b in np.flatnonzero(~np.asarray(spikes.overflowed)):
        assert (spikes.times[b, 1:] >= spikes.times[b, :-1]).all()
        found, right = in_order(spikes, kept, b), in_order(expected, expected_kept, b)
        np.testing.assert_array_equal(found[0], right[0])
        # A spike at a grazing maximum is found less well. Where an arrival is as close to a spike as float32 resolves,
        # its weight may be in the current or not.
        off = np.abs(found[1] - right[1]) - 1e-7 * right[1]
        apart = np.abs(found[2] - right[2]) > ACCURACY * np.abs(right[2]).max(initial=1)
        few = max(1, 0.01 * off.size)
        assert (off > 1e-6).sum() <= few and off.max(initial=0) <= 1e-5 and apart.sum() <= few, (off, found, right)
        assert np.isinf(spikes.times[b, int(spikes.count[b]) :]).all()
    compare_gradients(params, events, spikes, kept, settings["duration"], settings["delay"])
    return spikes


def compare_gradients(params, events, spikes, kept, duration, delay):
    """Of the same spikes, as far as they are valid."""
    if kept.remainder is None:  # so that they arrive at times that float32 has, in an order that does not depend on it
        spikes = spikes._replace(times=jnp.round(spikes.times * 2**24) / 2**24)
        delay = round(delay * 2**20) / 2**20
    there = spikes.valid & ~spikes.overflowed[:, None]
    rng = np.random.default_rng(0)
    at_times = jnp.where(there, rng.normal(0, 100, there.shape), 0).astype(jnp.float32)
    at_counts = jnp.asarray(rng.normal(size=(len(there), params.neurons)), jnp.float32)
    outer = dict(duration=duration, delay=delay, trains_tau=True, wants_times=True)
    given = params, events, spikes, kept, at_times, at_counts
    each = params._replace(**{name: jnp.broadcast_to(getattr(params, name), params.neurons) for name in CONSTANTS})
    exact = cast((each, *given[1:]), jnp.float64)
    if kept.remainder is not None:  # in double precision times have none
        whole = exact[2]._replace(times=exact[2].times + exact[3].remainder)
        exact = *exact[:2], whole, exact[3]._replace(remainder=None), *exact[4:]
    for pull in "backward", "detached_backward":
        found, found_times = getattr(cuda, pull)(*given, **outer)
        right, right_times = getattr(numba, pull)(*exact, **outer)
        for name in CONSTANTS:
            value, by_neuron = getattr(found, name), getattr(right, name)
            if value.ndim == 0:  # a sum in which much may cancel
                scale = float(jnp.abs(by_neuron).sum())
                assert abs(value - by_neuron.sum()) <= ACCURACY * scale, (name, value, by_neuron)
                right = right._replace(**{name: value})
        assert_close((found, found_times), (right, right_times), rtol=ACCURACY)


def at_once(count):
    """As many input spikes at the same time, beside others, and a sample with none."""
    times, units = np.sort([*np.full(count, 8e-3), *np.linspace(2e-3, 40e-3, 20)]), np.arange(count + 20) % 6
    return pad_events([(times, units), ([], [])])


def alike(neurons):
    """Neurons that all do the same."""
    params = lif_params(np.full((6, neurons), 1.5), np.full((neurons, neurons), 0.5 / neurons))
    return params, some_events(batch=1)


def long_recording():
    """Two bursts of input a quarter of an hour apart, and another one whose times are all the same in float32."""
    times = np.float32([*np.linspace(1, 1.02, 20), *np.linspace(900, 900.02, 20), *np.full(9, 901)])
    return pad_events([(times, np.arange(49) % 6)])


CASES = {
    "shared constants": (some_params(shared=True), some_events(), {}),
    "constants of each neuron": (some_params(1), some_events(1), {}),
    "feed-forward": (some_params(recurrent=False), some_events(), {}),
    "equal time constants": (some_params(tau_syn=None), some_events(), {}),
    "tau_mem below tau_syn": (some_params(tau_mem=(3e-3, 7e-3), tau_syn=(9e-3, 22e-3)), some_events(), {}),
    "no delay": (some_params(), some_events(), dict(delay=0.0)),
    "no delay, coincident input": (some_params(shared=True), some_events(grid=5e-3), dict(delay=0.0)),
    "a delay shorter than blocks": (some_params(), some_events(grid=2e-3), dict(delay=1e-4)),
    "a long delay": (some_params(), some_events(), dict(delay=20e-3)),
    "one neuron": (some_params(neurons=1), some_events(), {}),
    "room for too few": (some_params(2), some_events(2), dict(capacity=61)),
    "silence": (some_params(), pad_events([([], []), ([50e-3], [0])]), {}),
    "200 inputs at once": (some_params(shared=True), at_once(200), dict(capacity=600)),
    "spikes all at once": (*alike(40), dict(capacity=600)),
    "spikes all at once, no delay": (*alike(40), dict(capacity=600, delay=0.0)),
    "a long recording": (some_params(), long_recording(), dict(duration=1000.0)),
}


@pytest.mark.parametrize("case", CASES)
def test_spikes_and_gradients_are_those_of_numba(case):
    params, events, changes = CASES[case]
    spikes = compare(params, events, **changes)
    assert case == "silence" or spikes.count.max() >= 5
    assert spikes.overflowed.any() == (case == "room for too few") and not spikes.overflowed.all()


def test_more_neurons_than_threads(monkeypatch):
    """A thread has up to three; the last warp has none for some of its threads."""
    monkeypatch.setattr(arguments, "grid", lambda batch, neurons: (batch, 32))
    jax.clear_caches()
    params = draw_layer(np.random.default_rng(0), 6, 70, (1.0, 0.8), (0, 0.1))
    spikes = compare(params, some_events(batch=1), capacity=1500)
    assert len(np.unique(np.asarray(spikes.units[0, : int(spikes.count[0])]) // 32)) == 3
    jax.clear_caches()


def given(params, events, **changes):
    """What a backward pass takes, in single precision."""
    settings = SETTINGS | changes
    params, events = cast(params, jnp.float32), cast(events, jnp.float32)
    spikes, kept = cuda.forward(params, events, **settings)
    rng = np.random.default_rng(0)
    at_times = jnp.where(spikes.valid, rng.normal(0, 100, spikes.times.shape), 0).astype(jnp.float32)
    at_counts = jnp.asarray(rng.normal(size=(len(spikes.count), params.neurons)), jnp.float32)
    return params, events, spikes, kept, at_times, at_counts


WHOLE = dict(duration=SETTINGS["duration"], delay=SETTINGS["delay"], trains_tau=True, wants_times=True)


def test_nothing_depends_on_which_thread_is_first(on_cpu):
    """To the last bit: also with the last block, and of each the last thread, first."""
    problem = some_params(), some_events()
    first = given(*problem)
    gradient = cuda.backward(*first, **WHOLE)
    on_cpu.order(True)
    try:
        second = given(*problem)
        again = cuda.backward(*first, **WHOLE)
    finally:
        on_cpu.order(False)
    for x, y in zip(jax.tree.leaves((first, gradient)), jax.tree.leaves((second, again)), strict=True):
        np.testing.assert_array_equal(x, y)


def test_sums_of_whole_numbers_keep_small_gradients_and_tell_of_infinite_ones():
    params, events, spikes, kept, at_times, at_counts = given(some_params(recurrent=False), some_events())
    whole, _ = cuda.backward(params, events, spikes, kept, at_times, at_counts, **WHOLE)
    tiny = 2.0**-90
    small, _ = cuda.backward(params, events, spikes, kept, tiny * at_times, tiny * at_counts, **WHOLE)
    assert_close(jax.tree.map(lambda x: x / tiny, small), whole, rtol=1e-5)
    none, _ = cuda.backward(params, events, spikes, kept, 0 * at_times, 0 * at_counts, **WHOLE)
    assert not any(np.any(x) for x in jax.tree.leaves(none))
    wrong, _ = cuda.backward(params, events, spikes, kept, at_times.at[0, 0].set(jnp.inf), at_counts, **WHOLE)
    whose = np.arange(params.neurons) == spikes.units[0, 0]
    np.testing.assert_array_equal(np.isfinite(wrong.w_in), np.isfinite(wrong.w_in) & ~whose)
    assert np.isnan(wrong.w_in[:, whose]).all() and np.isfinite(wrong.w_in[:, ~whose]).all()


def test_a_layer_with_it_is_differentiable_and_composes():
    """Two layers under ``jit`` and ``vmap``; a sample without room is NaN, as with the other engines."""
    first, second = some_params(), some_params(1, recurrent=False)
    second = second._replace(w_in=second.w_in[: first.neurons])
    events = some_events()

    def loss(layers, times, name):
        spikes, counts = lif_layer_with_counts(layers[0], events._replace(times=times), **SETTINGS, engine=name)
        spikes, _ = lif_layer_with_counts(layers[1], spikes, **SETTINGS, engine=name)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times), 0)) + jnp.sum(jnp.cos(counts))

    arguments = (first, second), events.times
    gradient = jax.jit(jax.vmap(jax.grad(loss, (0, 1)), (0, None, None)), static_argnums=2)
    two = jax.tree.map(lambda x: jnp.stack([x, 1.01 * x]), arguments[0])
    single = jax.tree.map(lambda x: x.astype(jnp.float32), (two, events.times))
    events = cast(events, jnp.float32)
    found = gradient(*single, "cuda")
    events = cast(events, jnp.float64)
    assert_close(found, gradient(two, arguments[1], "numba"), rtol=1e-3)  # rounded times feed the second layer
    few = lif_layer_with_counts(*cast((first, events), jnp.float32), **SETTINGS | dict(capacity=44), engine="cuda")[0]
    assert few.overflowed.tolist() == [True, False, False] and np.isnan(few.times[0]).all()


def random_network(seed):
    """Of any shape, and its input."""
    rng = np.random.default_rng(seed)
    neurons, inputs, events = (int(rng.integers(low, high)) for low, high in ((1, 60), (1, 40), (0, 300)))
    size = neurons if rng.integers(2) else ()
    mem = rng.uniform(5e-3, 25e-3, size)
    syn = mem if rng.random() < 0.2 else rng.uniform(2e-3, 15e-3, size)
    unit, grid = 5e-3 / np.mean(syn), rng.choice([0, 0, 1e-3, 5e-3])
    times = rng.uniform(0, 60e-3, (2, events))
    times = np.sort(np.round(times / grid) * grid if grid else times)
    w_rec = None if rng.random() < 0.25 else rng.normal(0, unit / 2 / np.sqrt(neurons), (neurons, neurons))
    params = lif_params(
        75 * unit / max(events, 1) * rng.normal(0.6, 1.2, (inputs, neurons)), w_rec, tau_mem=mem, tau_syn=syn,
        threshold=rng.uniform(0.8, 1.2, size), reset=rng.uniform(-0.2, 0.2, size),
    )  # fmt: skip
    delay = float(rng.choice([0.0, 1e-3, 1e-3, 2e-4, 5e-3, 15e-3]))
    return params, pad_events([(row, rng.integers(0, inputs, events)) for row in times]), delay


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_random_networks(seed):
    params, events, delay = random_network(seed)
    compare(params, events, delay=delay, capacity=3000, duration=65e-3)


@pytest.mark.slow
def test_a_sample_of_the_size_of_shd():
    """In 1 s 8000 inputs of 700 channels to 256 recurrent neurons."""
    rng = np.random.default_rng(0)
    params = lif_params(
        rng.normal(0.011, 0.05, (700, 256)), rng.normal(0, 0.02, (256, 256)), tau_mem=20e-3, tau_syn=10e-3
    )  # fmt: skip
    events = pad_events([(np.sort(rng.uniform(0, 1, 8000)), rng.integers(0, 700, 8000))])
    spikes = compare(params, events, duration=1.0, capacity=8192)
    assert 1000 < spikes.count[0] < 8192
