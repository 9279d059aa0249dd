"""Random small layers and inputs for tests of the event-driven solver."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from solvers.delays import Delays
from solvers.eventprop import ENGINES, lif_layer
from solvers.events import NO_UNIT, pad_events
from solvers.neurons.lif import lif_params

#: Engines made for LIF neurons that can be compared in double precision; ``cuda`` has tests of its own.
FAST = [name for name, engine in ENGINES.items() if engine.neurons is not None and "float64" in engine.dtypes]
#: Compiled as users do, not as ``conftest.py`` sets it: for what is the same to the last bit only then.
as_used = partial(jax.jit, compiler_options={"xla_cpu_use_fusion_emitters": True})
INPUTS, NEURONS, BATCH, EVENTS = 6, 5, 3, 30
SETTINGS = dict(duration=60e-3, capacity=150, delay=1e-3)


def draw_layer(rng, pre, post, w_in, w_rec, threshold=(0.8, 1.2), reset=(-0.2, 0.2)):
    """A layer with constants of its own for each neuron; weights by mean and deviation, ``w_rec`` None for none."""
    return lif_params(
        rng.normal(*w_in, (pre, post)),
        None if w_rec is None else rng.normal(*w_rec, (post, post)),
        tau_mem=rng.uniform(8e-3, 20e-3, post),
        tau_syn=rng.uniform(3e-3, 9e-3, post),
        threshold=rng.uniform(*threshold, post),
        reset=rng.uniform(*reset, post),
    )


def some_params(
    seed=0, shared=False, tau_mem=(9e-3, 22e-3), tau_syn=(3e-3, 7e-3), recurrent=True, neurons=NEURONS, delays=0.0
):
    """A layer of moderate activity with time constants from the ranges given; ``tau_syn`` None for equal ones.

    With ``delays`` of more than 0 s, channels and neurons have delays of up to so much.
    """
    rng = np.random.default_rng(seed)
    size = () if shared else neurons
    mem = rng.uniform(*tau_mem, size)
    syn = mem if tau_syn is None else rng.uniform(*tau_syn, size)
    unit = 5e-3 / np.mean(syn)
    own = np.random.default_rng([seed, 1])
    lags = Delays(*(jnp.asarray(own.uniform(0, delays, n)) for n in (INPUTS, neurons))) if delays else None
    return lif_params(
        unit * rng.normal(1.0, 0.8, (INPUTS, neurons)),
        unit * rng.normal(0, 0.3, (neurons, neurons)) if recurrent else None,
        tau_mem=mem,
        tau_syn=syn,
        threshold=rng.uniform(0.8, 1.2, size),
        reset=rng.uniform(-0.2, 0.2, size),
        delays=lags,
    )


def some_events(seed=0, grid=0.0, batch=BATCH, capacity=None):
    rng = np.random.default_rng(seed)
    times = rng.uniform(1e-3, 0.9 * SETTINGS["duration"], (batch, EVENTS))
    times = np.round(times / grid) * grid if grid else times
    return pad_events(list(zip(times, rng.integers(0, INPUTS, (batch, EVENTS)), strict=True)), capacity)


def sample(events, b=0):
    return jax.tree.map(lambda x: x[b], events)


def assert_same_spikes(spikes, expected, atol=1e-12):
    """Of one sample; room may differ."""
    count = int(expected.count)
    assert spikes.count == count
    np.testing.assert_array_equal(spikes.units[:count], expected.units[:count])
    np.testing.assert_allclose(spikes.times[:count], expected.times[:count], rtol=0, atol=atol)
    assert np.isinf(spikes.times[count:]).all() and (np.asarray(spikes.units[count:]) == NO_UNIT).all()


def score(params, events, weights=None, **changes):
    """A smooth function of all spike times."""
    spikes = lif_layer(params, events, **{**SETTINGS, **changes})
    return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0))


def assert_close(value, expected, rtol=1e-10):
    """Each array of a pytree, in proportion to its largest entry."""
    for x, y in zip(jax.tree.leaves(value), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=rtol * np.max(np.abs(y), initial=0))
