"""One layer of any neurons on a time grid through one segment of time, differentiated by JAX.

At each grid point, in this order: the neurons take their step, those at or above the threshold spike and are reset, and
what arrives is added to their currents. A spike arrives at its own layer ``delay`` steps after it was sent.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from ..neurons import Parameters, neuron_of
from ..surrogates import spike
from .rule import Rule, Segment

_State = tuple[Any, Array]  # of the neurons, and their spikes of the last ``delay`` steps, which are still under way


def on_grid(params: Parameters, rule: Rule, dt: float) -> Segment:
    """A layer of any neurons that is ready to run in steps of ``dt`` [s]."""
    neuron = neuron_of(params)

    def rest(batch: int) -> _State:
        return neuron.rest(params, batch), jnp.zeros((rule.delay, batch, params.w_in.shape[1]), params.w_in.dtype)

    def step(state: _State, arriving: Array) -> tuple[_State, Array]:
        free, recent = state
        free = neuron.step(params, free, dt)
        spikes = spike(neuron.excess(params, free) / params.threshold, rule.surrogate)
        resetting = spikes if rule.reset_gradient else lax.stop_gradient(spikes)
        after = jax.tree.map(lambda x, y: x + resetting * (y - x), free, neuron.after_spike(params, free))
        recent = jnp.concatenate([recent, spikes[None]])
        if params.w_rec is not None:
            arriving = arriving + recent[0] @ params.w_rec
        return (after._replace(i=after.i + arriving), recent[1:]), spikes

    def run(start: _State, arrivals: Array) -> tuple[_State, Array]:
        end, spikes = lax.scan(step, start, arrivals)
        return end, spikes

    return Segment(rest, run)
