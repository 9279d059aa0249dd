"""Voltages of LIF neurons at any times, as a differentiable function of what happens to them.

Between events voltages have a closed form; at an arrival the current jumps, at a spike the voltage falls. So voltages
follow from the parameters and from the times of all spikes, those of the layer among them. Differentiated together with
the layer that gave these spikes, their gradient is that of the layer: exact in continuous time, a surrogate on a grid.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from .delays import delays_of, is_synaptic
from .events import Events, GridEvents, to_grid
from .neurons import Parameters
from .neurons.lif import LIFParams, flow
from .neurons.refractory import ClampParams, DeadTimeParams
from .own_rules import own_rules


class _Happens(NamedTuple):
    """What happens to the neurons of a layer in one sample: when, and by how much currents and voltages jump."""

    times: Float[Array, " moments"]
    currents: Float[Array, "moments neurons"]
    falls: Float[Array, "moments neurons"]


@own_rules()
def voltages(
    params: Parameters,
    events: Events,
    spikes: Events | None,
    times: ArrayLike,
    *,
    delay: float = 0.0,
    dt: float | None = None,
) -> Float[Array, "*batch times neurons"]:
    """Voltages of a layer, just before what happens at the times; differentiable, see the module.

    Args:
        params: of LIF neurons, with a dead time or without.
        events: that the layer was given, of one sample or of a batch.
        spikes: that it gave; None of neurons that do not spike, such as a leaky readout.
        times: at which they are asked for, a list of them [s].
        delay: of the recurrent connections [s].
        dt: step [s] of a layer on a time grid.

    Returns:
        NaN for a sample that had no room for its spikes.

    Raises:
        ValueError: for other neurons, for delays of synapses, and for any delays that are parameters on a time grid.
    """
    if not isinstance(params, LIFParams | DeadTimeParams) or isinstance(params, ClampParams):
        raise ValueError(f"got {type(params).__name__}, expected LIF neurons, with a dead time or without")
    if is_synaptic(params):
        raise ValueError("the layer has delays of synapses, expected those of channels or neurons, or none")
    on_grid = isinstance(events if spikes is None else spikes, GridEvents)
    if on_grid and delays_of(params) != (None, None):
        raise ValueError("the layer has delays as parameters, which a time grid interpolates: ask in continuous time")
    asked = jnp.asarray(times, params.w_in.dtype)

    @jax.checkpoint
    def one(events: Events, spikes: Events | None) -> Array:
        happens = (_on_grid if on_grid else _at_events)(params, events, spikes, delay, dt)
        lost = events.overflowed if spikes is None else events.overflowed | spikes.overflowed
        return jnp.where(lost, jnp.nan, _flow(params, happens, asked))

    if events.times.ndim == 1:
        return one(events, spikes)
    return lax.map(lambda both: one(*both), (events, spikes))


def _at_events(params: Any, events: Events, spikes: Events | None, delay: float, dt: float | None) -> _Happens:
    of_inputs, of_own = delays_of(params)
    parts = [_arrivals(events, params.w_in, 0.0, of_inputs)]
    if spikes is not None:
        height = jnp.broadcast_to(params.threshold - params.reset, params.w_in.shape[1])
        parts.append(_arrivals(spikes, jnp.diag(height), 0.0, None, falls=True))
        if params.w_rec is not None:
            parts.append(_arrivals(spikes, params.w_rec, delay, of_own))
    return _Happens(*(jnp.concatenate(part) for part in zip(*parts, strict=True)))


def _arrivals(events: Events, weights: Array, delay: float, own: Array | None, falls: bool = False) -> _Happens:
    """Each event with what it does to every neuron; padding does nothing, at time 0."""
    rows = weights[events.sources] * events.weigh(events.valid.astype(weights.dtype))[:, None]
    lags = delay if own is None else delay + own[events.sources]
    times = jnp.where(events.valid, events.times + lags, 0)
    nothing = jnp.zeros_like(rows)
    return _Happens(times, *((nothing, rows) if falls else (rows, nothing)))


def _on_grid(params: Any, events: Any, spikes: Any, delay: float, dt: float | None) -> _Happens:
    pre, post = params.w_in.shape
    points = events.points(pre) if spikes is None else spikes.points(post)
    if isinstance(events, GridEvents):
        given = events.spikes(pre)
    else:
        assert dt is not None
        given = to_grid(events, pre, len(points), dt)
    currents = given.astype(params.w_in.dtype) @ params.w_in
    if spikes is None:
        return _Happens(points, currents, jnp.zeros_like(currents))
    own = spikes.spikes(post)
    if params.w_rec is not None:
        assert dt is not None
        currents = currents + jnp.pad(own, ((round(delay / dt), 0), (0, 0)))[: len(own)] @ params.w_rec
    return _Happens(points, currents, own * (params.threshold - params.reset))


def _flow(params: Any, happens: _Happens, asked: Array) -> Float[Array, "times neurons"]:
    """Voltages at the times that are asked for: the flow from one moment to the next."""
    nothing = jnp.zeros((len(asked), happens.currents.shape[1]), happens.currents.dtype)
    # Those that are asked for come first, so that they are before what happens at the same time.
    times = jnp.concatenate([asked, happens.times])
    jumps = [jnp.concatenate([nothing, x]) for x in (happens.currents, happens.falls)]
    order = jnp.argsort(lax.stop_gradient(times), stable=True)
    lags = jnp.diff(times[order], prepend=0)

    def step(state: tuple[Array, Array], moment: tuple[Array, ...]) -> tuple[tuple[Array, Array], Array]:
        lag, current, fall = moment
        v, i = flow(*state, lag, params.tau_mem, params.tau_syn)
        return (v - fall, i + current), v

    _, found = lax.scan(step, (nothing[0], nothing[0]), (lags, *(x[order] for x in jumps)))
    return found[jnp.argsort(order)[: len(asked)]]
