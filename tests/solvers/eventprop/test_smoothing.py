"""The smoothed gradient: its timing part is EventProp's, its existence part equals a plain version of it."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import FAST, SETTINGS, as_used, assert_close, some_events, some_params

from solvers import reference
from solvers.delays import AXON, Delays, is_synaptic
from solvers.eventprop import Smoothing, lif_layer, lif_layer_with_counts
from solvers.eventprop.engines import ENGINES
from solvers.eventprop.engines.numba.kernels.arrivals import block_length
from solvers.eventprop.engines.numba.kernels.flow import SHORT
from solvers.events import Events, ghost_of, pad_events, without_ghosts
from solvers.neurons.lif import kappa, lif_params
from solvers.smoothing import FAR, PARTS

DURATION, INPUTS = SETTINGS["duration"], 6
STEP = 2e-5  # [s], between the looks of the plain version where an engine looks all the time
pytestmark = pytest.mark.usefixtures("float64")


def steady_input(seed, events=360):
    """So dense that the engine never skips a silence: its voltages are looked at whenever a block ends."""
    rng = np.random.default_rng(seed)
    batch = pad_events([(rng.uniform(0, DURATION, events), rng.integers(0, INPUTS, events))])
    return jax.tree.map(lambda x: x[0], batch)


def weak_layer(seed, synapses=False, **options):
    """Many voltages come near the threshold; ``synapses`` have delays of their own."""
    params = some_params(seed, **options)
    if synapses:
        rng = np.random.default_rng([seed, 2])
        inputs, own = (rng.uniform(0, 8e-3, (n, params.neurons)) for n in (INPUTS, params.neurons))
        params = params._replace(delays=Delays(jnp.asarray(inputs), jnp.asarray(own)))
    return params._replace(w_in=0.12 * params.w_in)


def looks(params, engine):
    """When the engine looks at the voltages: ``numba`` at the ends of its blocks, ``xla`` all the time."""
    length = STEP
    if engine == "numba" and is_synaptic(params):  # there is a whole number of them
        count = np.ceil(DURATION / min(SHORT * np.min(params.tau_syn), SETTINGS["delay"]))
        return np.arange(1, count + 1) * DURATION / count
    if engine == "numba":
        length = float(block_length(*(np.broadcast_to(x, params.neurons) for x in params[2:4]), SETTINGS["delay"]))
    return np.append(np.arange(1, int(DURATION / length) + 1) * length, DURATION)


def marks(params, events, smoothing, engine="numba"):
    """Spikes and ghosts by an engine."""
    return lif_layer_with_counts(params, events, **SETTINGS, engine=engine, smoothing=smoothing)[0]


def marks_and_margins(params, events, smoothing, engine):
    """Spikes and ghosts of an engine, without padding, and the margins that it keeps, with 8 bits of spikes."""
    batch, settings = jax.tree.map(lambda x: x[None], events), {**SETTINGS, "smoothing": smoothing}
    found, kept = jax.tree.map(lambda x: x[0], ENGINES[engine].smooth_forward(params, batch, **settings))
    number = int(found.count)
    times, units, current, parts = (x[:number] for x in (found.times, found.units, kept.current, kept.margin))
    of_spikes = jnp.where(parts == FAR, jnp.inf, parts * smoothing.half_width / PARTS)
    amplitudes = (units >= 0).astype(times.dtype)
    return Events(times, units, found.count, amplitudes), jnp.where(units >= 0, of_spikes, current)


def gradient(params, events, times, amplitudes, smoothing, engine="numba"):
    """Of a function of times and amplitudes."""

    def value(params, at):
        found = marks(params, events._replace(times=at), smoothing, engine)
        of_amplitudes = found.weigh(jnp.where(found.valid, amplitudes, 0))
        return jnp.sum(jnp.where(found.valid, times * found.times, 0)) + jnp.sum(of_amplitudes)

    return jax.grad(value, (0, 1))(params, events.times)


@pytest.mark.parametrize(("engine", "accuracy"), [("numba", 1e-12), ("xla", STEP)])
@pytest.mark.parametrize(
    ("options", "smoothing"),
    [
        ({"shared": True}, Smoothing()),
        ({}, Smoothing(kernel="boxcar", parts="existence")),
        ({}, Smoothing(half_width=0.8, floor=0.6, dip=0.05)),
        ({"recurrent": False, "tau_syn": None}, Smoothing(half_width=0.8, dip=0.1)),
        ({"delays": 8e-3}, Smoothing()),
        pytest.param({"synapses": True}, Smoothing(half_width=0.8), marks=pytest.mark.slow),  # compiles for long
    ],
    ids=["shared constants", "boxcar, existence", "wide", "one time constant", "delays of neurons", "of synapses"],
)
def test_engines_equal_the_plain_version(options, smoothing, engine, accuracy):
    if options.keys() & {"delays", "synapses"} and AXON not in ENGINES[engine].delays:
        pytest.skip(f"{engine} has no delays of neurons")
    ghosts = marginal = 0
    for seed in range(1 if "synapses" in options else 2):  # their plain version takes long
        params, events = weak_layer(seed, **options), steady_input(seed)
        if "delays" in options:  # those of channels are no business of an engine
            params = params._replace(delays=Delays(recurrent=params.delays.recurrent))
        found, margins = marks_and_margins(params, events, smoothing, engine)
        spikes = lif_layer(params, events, **SETTINGS, engine="numba")
        expected, plain_margins = reference.with_ghosts(
            params, events, spikes, looks(params, engine), delay=SETTINGS["delay"], smoothing=smoothing
        )
        np.testing.assert_array_equal(found.units, expected.units)
        np.testing.assert_allclose(found.times, expected.times, rtol=0, atol=accuracy)
        np.testing.assert_allclose(margins, plain_margins, rtol=0, atol=0.51 * smoothing.half_width / PARTS + accuracy)
        at_ghosts = found.units < 0
        np.testing.assert_allclose(margins[at_ghosts], plain_margins[at_ghosts], rtol=0, atol=accuracy)
        ghosts += int(at_ghosts.sum())
        marginal += int((jnp.isfinite(margins) & ~at_ghosts).sum())
        times, amplitudes = np.random.default_rng(seed).normal(size=(2, SETTINGS["capacity"]))
        number = int(found.count)
        plain = reference.smoothed_gradient(
            params, events, found, margins, times[:number], amplitudes[:number], delay=SETTINGS["delay"],
            smoothing=smoothing,
        )  # fmt: skip
        assert_close(gradient(params, events, times, amplitudes, smoothing, engine), plain[:2])
    assert ghosts >= 3 and marginal > 3


@pytest.mark.slow  # delays of synapses compile for long
def test_a_margin_that_grows_after_a_silence_is_that_of_the_plain_version():
    """Without its reset the voltage would be above the threshold all the time; the silence ends within a block."""
    layer = lif_params(jnp.full((1, 1), 3.0), tau_mem=20e-3, tau_syn=4e-3, reset=-2.0)
    layer = layer._replace(delays=Delays(jnp.full((1, 1), 2.3e-3)))
    times = jnp.array([1e-3, 1.1e-3, 1.2e-3, 1.3e-3, 19e-3, 19e-3])
    events = Events(times, jnp.zeros(6, jnp.int32), jnp.array(6, jnp.int32))
    spikes, smoothing = lif_layer(layer, events, **SETTINGS, engine="numba"), Smoothing(half_width=1.0)
    _, margins = marks_and_margins(layer, events, smoothing, "numba")
    plain = reference.with_ghosts(layer, events, spikes, looks(layer, "numba"), delay=1e-3, smoothing=smoothing)
    before = reference.with_ghosts(layer, events, spikes, np.array([18e-3]), delay=1e-3, smoothing=smoothing)
    assert spikes.count == 1 and before[1][0] < plain[1][0] - 0.05
    np.testing.assert_allclose(margins[0], plain[1][0], rtol=0, atol=0.51 / PARTS)


@pytest.mark.parametrize("engine", FAST)
@pytest.mark.parametrize("shared", [True, False])
def test_timing_part_is_that_of_eventprop_to_the_last_bit(shared, engine):
    params, events = weak_layer(1, shared=shared), steady_input(1)
    times = np.random.default_rng(0).normal(size=SETTINGS["capacity"])

    def value(params, at, **options):
        spikes = lif_layer_with_counts(params, events._replace(times=at), **SETTINGS, engine=engine, **options)[0]
        return jnp.sum(jnp.where(spikes.valid, times * spikes.times, 0))

    exact = jax.value_and_grad(value, (0, 1))(params, events.times)
    smoothed = jax.value_and_grad(value, (0, 1))(params, events.times, smoothing=Smoothing(parts="timing", floor=0.0))
    for x, y in zip(jax.tree.leaves(exact), jax.tree.leaves(smoothed), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("engine", FAST)
def test_a_kernel_of_no_width_leaves_the_timing_part(engine):
    params, events = weak_layer(1), steady_input(1)
    times, amplitudes = np.random.default_rng(0).normal(size=(2, SETTINGS["capacity"]))
    exact = gradient(params, events, times, 0 * amplitudes, Smoothing(parts="timing", floor=0.0), engine)
    narrow = gradient(params, events, times, amplitudes, Smoothing(half_width=1e-9, floor=0.0), engine)
    assert_close(narrow, exact, rtol=1e-14)


@pytest.mark.parametrize("engine", FAST)
def test_spikes_stay_as_they_are(engine):
    """With ``numba`` but for rounding: its kernel that looks at voltages is compiled apart, and may sum otherwise."""
    params, events = weak_layer(2), jax.tree.map(lambda x: jnp.stack([x, x]), steady_input(2))
    layer = partial(lif_layer_with_counts, **SETTINGS, engine=engine)
    exact = as_used(layer)(params, events)
    smoothed = as_used(partial(layer, smoothing=Smoothing()))(params, events)
    assert (smoothed[0].count > exact[0].count).all()
    np.testing.assert_array_equal(smoothed[1], exact[1])
    spikes, rounding = without_ghosts(smoothed[0]), 8 * np.spacing(DURATION) if engine == "numba" else 0
    np.testing.assert_array_equal(spikes.units, exact[0].units)
    np.testing.assert_array_equal(spikes.count, exact[0].count)
    np.testing.assert_allclose(spikes.times, exact[0].times, rtol=0, atol=rounding)


@pytest.mark.parametrize("engine", FAST)
def test_ghosts_of_the_input_have_no_effect_but_a_derivative(engine):
    params, events = weak_layer(3), some_events(batch=1)
    events, ghost = jax.tree.map(lambda x: x[0], events), 7
    smoothing = Smoothing(parts="timing", floor=0.0)
    units = events.units.at[ghost].set(ghost_of(events.units[ghost]))
    with_ghost = events._replace(units=units, amplitudes=(units >= 0).astype(float))
    params = params._replace(w_in=5 * params.w_in)

    def value(params, events):
        spikes = marks(params, events, smoothing, engine)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times), 0))

    def with_amplitude(a):  # the event as one of a channel of its own, by which its weights are multiplied
        own = params._replace(w_in=jnp.concatenate([params.w_in, a * params.w_in[events.units[ghost]][None]]))
        return value(own, events._replace(units=events.units.at[ghost].set(INPUTS)))

    by_amplitude = jax.grad(lambda a: value(params, with_ghost._replace(amplitudes=a)))(with_ghost.amplitudes)
    assert value(params, with_ghost) == with_amplitude(0.0)
    step = 1e-5
    expected = (with_amplitude(step) - with_amplitude(-step)) / (2 * step)
    assert abs(expected) > 1e-3
    np.testing.assert_allclose(by_amplitude[ghost], expected, rtol=1e-6)


@pytest.mark.parametrize("engine", FAST)
def test_peak_in_silence_is_found_in_closed_form(engine):
    layer = some_params(0, shared=True, recurrent=False, neurons=1)
    layer = layer._replace(w_in=jnp.full((INPUTS, 1), 1.0), threshold=jnp.array(1.0), reset=jnp.array(0.0))
    events = Events(jnp.array([2e-3, 3e-3]), jnp.zeros(2, jnp.int32), jnp.array(2, jnp.int32))
    found = marks(layer, events, Smoothing(half_width=1.0), engine)
    assert found.count == 1 and found.units[0] == ghost_of(0)
    grid = np.linspace(3e-3, DURATION, 200001)
    voltage = sum(np.asarray(kappa(grid - t, layer.tau_mem, layer.tau_syn)) for t in (2e-3, 3e-3))
    assert found.times[0] == pytest.approx(grid[np.argmax(voltage)], abs=1e-6)


@pytest.mark.parametrize(("engine", "delay"), [*((name, None) for name in FAST), ("numba", 2.3e-3)])
def test_a_voltage_that_rises_until_the_end_has_its_maximum_there(engine, delay):
    """In a silence, in which an engine goes to the end at once."""
    layer = lif_params(jnp.ones((1, 1)), tau_mem=20e-3, tau_syn=10e-3)
    if delay is not None:
        layer = layer._replace(delays=Delays(jnp.full((1, 1), delay)))
    events = Events(jnp.array([DURATION - 12e-3]), jnp.zeros(1, jnp.int32), jnp.array(1, jnp.int32))
    found, margins = marks_and_margins(layer, events, Smoothing(half_width=1.0), engine)
    lag = 12e-3 - (delay or 0.0)
    assert found.count == 1 and found.units[0] == ghost_of(0) and found.times[0] == pytest.approx(DURATION)
    assert margins[0] == pytest.approx(float(kappa(lag, 20e-3, 10e-3)) - 1, rel=1e-9)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name == "ode"])
def test_an_engine_without_it_says_so(engine):
    with pytest.raises(ValueError, match=r"engine ode has no smoothed gradient: choose numba"):
        lif_layer_with_counts(some_params(), some_events(), **SETTINGS, engine=engine, smoothing=Smoothing())


def test_events_with_ghosts_need_the_smoothing():
    found = marks(weak_layer(1), steady_input(1), Smoothing())
    layer = some_params()
    layer = layer._replace(w_in=layer.w_in[: layer.neurons])
    with pytest.raises(ValueError, match="give the smoothing that they come from"):
        lif_layer(layer, found, **SETTINGS)
    with pytest.raises(ValueError, match="half_width"):
        Smoothing(half_width=0.0)
    assert dataclasses.replace(Smoothing(), kernel="boxcar").kernel == "boxcar"
