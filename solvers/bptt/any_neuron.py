"""One layer of any neurons on a time grid through one segment of time, differentiated by JAX.

At each grid point, in this order: the neurons take their step, those at or above the threshold spike and are reset, and
what arrives is added to their currents. A spike arrives at its own layer ``delay`` steps after it was sent.

A refractory period is a number of steps. A neuron that spiked can spike again that many steps later, at the earliest;
a voltage that is clamped is at its reset up to and with that step. Until then it has no surrogate derivative. Periods
that are known only when a compiled program runs are rounded to the nearest number of steps.

Source: Neftci, Mostafa & Zenke 2019, IEEE Signal Process. Mag. 36:51.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int

from ..neurons import Parameters, neuron_of
from ..surrogates import spike
from ..times import MOST_STEPS
from .feedback import product
from .grid import whole_steps
from .rule import Rule, Segment

# Of the neurons, their spikes of the last ``delay`` steps, which are still under way, and how many steps of the
# refractory period are left (None without one).
_State = tuple[Any, Array, Array | None]


def on_grid(params: Parameters, rule: Rule, dt: float, back: Array | None = None) -> Segment:
    """A layer of any neurons that is ready to run in steps of ``dt`` [s].

    Args:
        params: of the layer.
        rule: static settings.
        dt: step [s].
        back: as for ``layer.on_grid``.

    Raises:
        ValueError: for a refractory period that is known and no whole number of steps.
    """
    neuron = neuron_of(params)
    pause = None if neuron.refractory is None else _steps(neuron.refractory, neuron.period(params), dt)

    def rest(batch: int) -> _State:
        shape = batch, params.w_in.shape[1]
        left = None if pause is None else jnp.zeros(shape, jnp.int32)
        return neuron.rest(params, batch), jnp.zeros((rule.delay, *shape), params.w_in.dtype), left

    def step(state: _State, inputs: tuple[Array, Array | None]) -> tuple[_State, Array]:
        (before, recent, left), (arriving, level) = state, inputs
        free = neuron.step(params, before, dt)
        if left is not None and neuron.clamps:
            free = free._replace(v=jnp.where(left > 0, params.reset, free.v))
        spikes = spike(neuron.excess(params, free) / params.threshold, rule.surrogate, level)
        if left is not None and pause is not None:
            left = jnp.maximum(left - 1, 0)
            spikes = jnp.where(left > 0, 0, spikes)
            left = jnp.where(spikes > 0, pause, left)
        resetting = spikes if rule.reset_gradient else lax.stop_gradient(spikes)
        after = jax.tree.map(lambda x, y: x + resetting * (y - x), free, neuron.after_spike(params, free))
        recent = jnp.concatenate([recent, spikes[None]])
        if params.w_rec is not None:
            arriving = arriving + product(recent[0], params.w_rec, back)
        return (after._replace(i=after.i + arriving), recent[1:], left), spikes

    def run(start: _State, arrivals: Array, levels: Array | None = None) -> tuple[_State, Array]:
        end, spikes = lax.scan(step, start, (arrivals, levels))
        return end, spikes

    return Segment(rest, run)


def _steps(name: str, period: Any, dt: float) -> Int[Array, "*neurons"]:
    """Steps of a refractory period [s]; its name is for the error."""
    if not isinstance(period, jax.core.Tracer):
        for value in np.unique(np.asarray(period, float)):
            whole_steps(name, value, dt, least=1)
    return jnp.minimum(jnp.round(period / dt), MOST_STEPS).astype(jnp.int32)
