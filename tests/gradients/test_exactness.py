"""EventProp's gradients against independent oracles, in double precision."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab.measuring.cases import CASES
from gradlab.measuring.exactness import check_gradients
from gradlab.measuring.finite_differences import relative_error
from gradlab.measuring.random_networks import at_periods_end, draw_problem, in_order, layer_events
from gradlab.methods import EventProp
from gradlab.networks.delays import POSITIONS
from gradlab.networks.readouts import READOUTS
from solvers import reference
from solvers.eventprop import lif_layer
from solvers.events import Events, pad_events
from solvers.neurons.lif import lif_params

COMPILED = ("numba", "xla")  # the slow engine for any neuron is compared with these in tests/solvers
KINDS = {"w_in", "w_rec", "w_out", "tau_mem", "tau_syn", "threshold", "reset", "input times"}

pytestmark = pytest.mark.usefixtures("float64")


def combinations():
    """Every family of networks with one loss; what costs more compilations than it tells by default is slow.

    What a loss asks of a layer depends neither on the engine nor on the depth of the network. Where inputs coincide all
    losses are tried. With the second engine the families are enough that take all its paths. Of the refractory periods
    the clamp is tried, once.
    """
    for engine in COMPILED:
        for case in CASES:
            for loss in READOUTS:
                first = engine == "numba" and (loss == "exp" or case.grid > 0 and case.delay > 0)
                second = engine == "xla" and loss == "exp" and (case.shared and case.delay > 0 or case.grid > 0)
                if case.neuron != "lif":
                    first, second = first and not case.shared and case.neuron == "clamp", False
                if case.delays:  # all kinds of which are in one network
                    first = first and len(case.hidden) == 3
                    if engine == "xla":  # it has none
                        continue
                marks = [] if first or second else [pytest.mark.slow]
                yield pytest.param(case, loss, engine, id=f"{engine}, {loss}: {case.name}", marks=marks)


@pytest.mark.parametrize(("case", "loss", "engine"), list(combinations()))
def test_gradient_equals_central_differences_and_implicit_differentiation(case, loss, engine):
    report = check_gradients([case], [loss], seed=2, method=EventProp(engine))
    special = {"refractory"} if case.neuron != "lif" else set()
    for name in case.delayed if case.delays else ():
        special |= {"delays.inputs", "delays.neurons" if name == POSITIONS else "delays.recurrent"}
    assert KINDS | special < set(report.errors)
    wrong = {kind: by_loss[loss] for kind, by_loss in report.errors.items() if not by_loss[loss] <= 1e-6}
    assert not wrong
    assert report.implicit <= 1e-9
    assert report.spikes >= 5 and report.missed == 0
    assert report.checked > 90 and report.rejected <= 0.1 * report.checked


@pytest.mark.parametrize("case", [case for case in CASES if case.neuron == "dead-time"], ids=lambda case: case.name)
def test_spikes_come_at_the_end_of_a_dead_time(case):
    """In the networks of the test above, at high rates."""
    problem = draw_problem(case, "exp", [2, 0])
    events = in_order(problem.times, problem.units)
    _, spikes = layer_events(problem.method, case.delay, problem.params, events)
    layer = problem.params.layers[0]
    rates = [int(np.sum(np.asarray(spikes.units) == n)) / spikes.count.size / 60e-3 for n in range(layer.neurons)]
    assert at_periods_end(layer, spikes) >= 3 and max(rates) > 100  # Hz


def test_reset_of_first_spike_outputs_has_no_effect():
    problem = draw_problem(CASES[3], "ttfs", [0])

    def loss(readout):
        params = problem.params._replace(readout=readout)
        events = pad_events(list(zip(np.asarray(problem.times), np.asarray(problem.units), strict=True)))
        return problem.method.forward(problem.network, params, events, (64, 64), jax.random.key(0)).logits.sum()

    gradient = jax.grad(loss)(problem.params.readout)
    assert (np.asarray(gradient.reset) == 0).all() and np.abs(gradient.threshold).max() > 0


def feed_forward(seed, pre, post, drive):
    rng = np.random.default_rng(seed)
    return lif_params(
        drive * rng.normal(1, 0.5, (pre, post)),
        rng.normal(0, 0.3, (post, post)),
        tau_mem=rng.uniform(9e-3, 22e-3, post),
        tau_syn=rng.uniform(3e-3, 7e-3, post),
    )


@pytest.mark.parametrize("engine", COMPILED)
@pytest.mark.parametrize("delay", [0.0, 1e-3])
def test_gradient_through_two_layers(delay, engine):
    rng = np.random.default_rng(0)
    first, second = feed_forward(1, 5, 4, 0.8), feed_forward(2, 4, 3, 1.2)
    times = rng.uniform(1e-3, 50e-3, 25)
    events = jax.tree.map(lambda x: x[0], pad_events([(times, rng.integers(0, 5, 25))]))
    settings = dict(duration=60e-3, capacity=80, delay=delay, engine=engine)
    hidden = lif_layer(first, events, **settings)
    spikes = lif_layer(second, hidden, **settings)
    assert hidden.count >= 10 and spikes.count >= 5
    weights = rng.normal(size=spikes.capacity)

    def total(params, times):
        spikes = lif_layer(params, events._replace(times=times), **settings)
        spikes = lif_layer(second, spikes, **settings)
        return jnp.sum(jnp.where(spikes.valid, weights * spikes.times, 0))

    ours = jax.jit(jax.grad(total, (0, 1)))(first, events.times)
    _, at_hidden = reference.implicit_gradient(second, hidden, spikes, weights, delay=delay)
    implicit = reference.implicit_gradient(first, events, hidden, at_hidden, delay=delay)
    for value, expected in zip(jax.tree.leaves(ours), jax.tree.leaves(implicit), strict=True):
        assert np.abs(expected).max() > 0
        assert relative_error(value, expected) <= 1e-9


@pytest.mark.parametrize("engine", COMPILED)
def test_a_layer_does_not_see_its_input_after_its_last_spike(engine):
    params = lif_params(np.array([[8.0]]))
    events = Events(jnp.array([1e-3, 50e-3]), jnp.zeros(2, jnp.int32), jnp.array(2, jnp.int32))

    def last(times):
        return lif_layer(params, events._replace(times=times), duration=52e-3, capacity=4, engine=engine).times[0]

    np.testing.assert_allclose(jax.grad(last)(events.times), [1.0, 0.0], atol=1e-12)  # moves with its only cause


INPUTS, HIDDEN, DURATION = 100, 32, 0.2
WEIGHTS = np.random.default_rng(0).uniform(0.5, 1.5, HIDDEN)  # of one sign: no cancellation in the sum


@partial(jax.jit, static_argnames="engine")
def moderate_gradient(params, events, engine="numba"):
    """Gradient of a sum over spikes with respect to parameters and input times; and the spikes."""

    def score(params, times):
        events_ = events._replace(times=times)
        spikes = lif_layer(params, events_, duration=DURATION, capacity=600, engine=engine)
        weights = jnp.asarray(WEIGHTS, times.dtype)[spikes.units]
        return jnp.sum(jnp.where(spikes.valid, weights * jnp.exp(-5 * spikes.times), 0)), spikes

    return jax.grad(score, (0, 1), has_aux=True)(params, events.times)


def as_type(tree, dtype):
    return jax.tree.map(lambda x: x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree)


def distances(value, expected):
    """Relative, in the norm of each array."""
    pairs = zip(jax.tree.leaves(value), jax.tree.leaves(expected), strict=True)
    return [float(np.linalg.norm(np.float64(x) - y) / np.linalg.norm(y)) for x, y in pairs]


def moderate_network(seed, shared):
    rng = np.random.default_rng(seed)
    size = () if shared else HIDDEN
    params = lif_params(
        rng.normal(0.2, 0.1, (INPUTS, HIDDEN)),
        rng.normal(0, 0.05, (HIDDEN, HIDDEN)),
        tau_mem=rng.uniform(15e-3, 25e-3, size),
        tau_syn=rng.uniform(4e-3, 6e-3, size),
    )
    events = pad_events(
        list(zip(rng.uniform(1e-3, DURATION, (4, 200)), rng.integers(0, INPUTS, (4, 200)), strict=True))
    )
    rounding = jax.tree.map(lambda x: x * (1 + 6e-8 * rng.normal(size=x.shape)), params)
    return params, rounding, events


def well_conditioned_network(shared):
    """The first network whose gradient moves by less than 2e-5 if only its parameters are rounded to single precision.

    Most networks of this size have a spike that hardly reaches the threshold; there the gradient is nearly singular.
    """
    for seed in range(100):
        params, rounded, events = moderate_network(seed, shared)
        events = as_type(as_type(events, jnp.float32), jnp.float64)
        gradient, spikes = moderate_gradient(as_type(as_type(params, jnp.float32), jnp.float64), events)
        moved, _ = moderate_gradient(rounded, events)
        if max(distances(moved, gradient)) < 2e-5:
            return as_type((params, events), jnp.float32), gradient, spikes
    raise AssertionError("no well-conditioned network")


@pytest.mark.parametrize("engine", COMPILED)
@pytest.mark.parametrize("shared", [True, False])
def test_single_precision_gradient(shared, engine):
    arguments, expected, exact = well_conditioned_network(shared)
    value, spikes = moderate_gradient(*arguments, engine=engine)
    assert 5 < exact.count.mean() / (HIDDEN * DURATION) < 20  # Hz
    np.testing.assert_array_equal(spikes.units, exact.units)
    assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(value))
    assert max(distances(value, expected)) <= 1e-3
