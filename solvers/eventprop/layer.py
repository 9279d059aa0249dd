"""The event-driven layer: a differentiable function from parameters and input events to output spikes."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from ..checks import batch_shapes, checked, reverse_mode
from ..delays import delays_of, is_synaptic
from ..events import Events, Packed, unit_counts
from ..neurons import Parameters, neuron_name
from ..own_rules import own_rules
from ..smoothing import Smoothing
from ..times import warn_if_coarse
from .engines import (
    AUTO,
    Kept,
    engine_name,
    require_delays,
    require_detached,
    require_dtype,
    require_smooth,
    sharded_name,
)
from .later import back_through_channels, later, of_channels, without_channels
from .passes import Settings, Wanted
from .sharding import checked_shard, of_device


def lif_layer(
    params: Parameters,
    events: Events,
    *,
    duration: float,
    capacity: int,
    delay: float = 1e-3,
    engine: str = AUTO,
    axis: str | None = None,
) -> Events:
    """Spikes of a layer of neurons in continuous time, with their exact derivatives (EventProp for LIF neurons).

    Works under ``jit``, ``grad`` and ``value_and_grad`` with respect to ``params`` and ``events.times``, and composes:
    the result is the input of the next layer. Between the passes it keeps three numbers for each spike (time, neuron,
    synaptic current; of clamped neurons also that at the release). Spikes appear and vanish without a derivative: the
    gradient is that of the spikes there are.

    Float32 is exact in recordings of any length, as far as it has the input times: beyond 8 s one more number for each
    spike keeps what its time loses by rounding (``engine="ode"`` does not). The times that are returned are rounded:
    to 6e-8 s at 1 s, to 6e-5 s at 1000 s, to 8e-3 s at 65536 s. Where that is too coarse for what follows, from 840 s
    on, there is a warning. ``solvers.times`` has the limits.

    Args:
        params: weights and constants, of any model of ``solvers.neurons.NEURONS``; ``w_rec`` None for a feed-forward
            layer.
        events: of one sample ``[capacity]`` or of a batch ``[batch, capacity]``, in order of time.
        duration: end of the simulation [s]; it begins at 0 at rest.
        capacity: room for spikes in each sample.
        delay: of the recurrent connections [s], >= 0; input connections have none. The ``delays`` of the parameters
            come on top.
        engine: name in ``solvers.eventprop.ENGINES``; by default for LIF neurons, with a refractory period or without,
            ``numba`` on a CPU, ``xla`` on a GPU or TPU; for all others ``ode``. For LIF neurons in float32 without a
            refractory period ``cuda`` on NVIDIA's GPUs.
        axis: of ``jax.shard_map``, over whose devices the neurons are spread: each has the columns of ``w_in`` and
            ``w_rec`` to its own neurons, and their constants (``neuron_specs``). Events and spikes are those of all.
            For LIF neurons, with the engine ``xla``; at each event the devices exchange two numbers a sample.

    Returns:
        Output spikes. A sample with more than ``capacity`` spikes has ``count > capacity`` and NaN times.

    Raises:
        TypeError: if something is of another type.
        ValueError: for impossible parameters, events or settings, or an engine that is unknown or does not simulate the
            model. Of values that are known only when a compiled program runs (events out of order, units outside
            ``w_in``, weights that are not finite), on a CPU (see ``solvers.clear_errors``); elsewhere such a sample
            counts as one without room.

    Source: Wunderlich & Pehle 2021, Sci. Rep. 11:12829.
    """
    return lif_layer_with_counts(
        params, events, duration=duration, capacity=capacity, delay=delay, engine=engine, axis=axis
    )[0]


@own_rules()
def lif_layer_with_counts(
    params: Parameters,
    events: Events,
    *,
    duration: float,
    capacity: int,
    delay: float = 1e-3,
    engine: str = AUTO,
    smoothing: Smoothing | None = None,
    reset_gradient: bool = True,
    axis: str | None = None,
) -> tuple[Events, Float[Array, "*batch post"]]:
    """As ``lif_layer``, and the spike count of each neuron, with a *heuristic* derivative for regularisers.

    A count is piecewise constant, its exact derivative is zero. Here it is differentiated as the sum of v/threshold at
    the spikes with v taken as free, as EventProp's rate regularisation does (Nowotny et al. 2025, Neuromorph. Comput.
    Eng., 10.1088/2634-4386/ada852). A neuron without a spike gets no derivative.

    With ``smoothing`` the gradient is smoothed over spikes that appear and vanish, see ``Smoothing``: the events that
    are returned are spikes and ghosts, with ``amplitudes``, by which what reads them has to multiply.

    Without ``reset_gradient`` the fall of the voltage from threshold to reset is held at its time: the gradient leaves
    out how a spike, if it moves, moves later spikes of its own neuron through the reset. LIF neurons only.

    With an ``axis`` the counts are those of the neurons of this device.
    """
    batch_shapes(events, single=True)
    single = events.times.ndim == 1
    if single:
        events = jax.tree.map(lambda x: x[None], events)
    if axis is not None:
        engine = sharded_name(engine, neuron_name(params))
        if smoothing is not None or not reset_gradient:
            raise ValueError("an axis of neurons is given, but also another gradient: leave one of them out")
    result = _checked_layer(
        params, events, smoothing, reset_gradient, duration=duration, delay=delay, capacity=capacity, engine=engine,
        axis=axis,
    )  # fmt: skip
    return jax.tree.map(lambda x: x[0], result) if single else result


@own_rules()
def pooled_layer(
    params: Parameters,
    events: Events | Packed,
    *,
    duration: float,
    capacity: int,
    mean: int,
    delay: float = 1e-3,
    engine: str = AUTO,
    smoothing: Smoothing | None = None,
    reset_gradient: bool = True,
) -> tuple[Packed, Float[Array, "batch post"]]:
    """As ``lif_layer_with_counts`` of a batch, with the spikes of all samples in one pool.

    Memory then follows the spikes that there are in the batch, not those of its busiest sample.

    Args:
        params: of the layer.
        events: of a batch, or what this function returns of the layer before.
        duration: end of the simulation [s].
        capacity: room for spikes in each sample.
        mean: room for spikes of a sample on the mean: the pool has that many slots for each sample of the batch.
        delay: of the recurrent connections [s].
        engine: see ``lif_layer``.
        smoothing: see ``lif_layer_with_counts``.
        reset_gradient: likewise.
    """
    if isinstance(events, Events):
        batch_shapes(events, single=False)
    return _checked_layer(
        params, events, smoothing, reset_gradient, duration=duration, delay=delay, capacity=capacity, engine=engine,
        mean=mean,
    )  # fmt: skip


def _checked_layer(
    params: Any, events: Any, smoothing: Smoothing | None, reset_gradient: bool, *, engine: str, **settings_: Any,
) -> tuple[Any, Array]:  # fmt: skip
    chosen = engine_name(
        engine, neuron_name(params), dtype=getattr(params.w_in, "dtype", None), smooth=smoothing is not None
    )
    settings = Settings(engine=chosen, smoothing=smoothing, reset_gradient=reset_gradient, **settings_)
    if not reset_gradient:
        require_detached(settings.engine, neuron_name(params))
        if smoothing is not None:
            raise ValueError("a smoothing is given, but it passes the reset: leave it out, or set reset_gradient")
    if smoothing is not None:
        require_smooth(settings.engine, neuron_name(params))
    elif events.amplitudes is not None:
        raise ValueError(
            "events have amplitudes, expected spikes only: give the smoothing that they come from; of a layer on a "
            "time grid take solvers.events.without_ghosts(events), which passes no gradient"
        )
    require_delays(settings.engine, params)
    if settings.axis is None:
        (params,), events, wrong = checked([params], events, settings.duration)
    else:
        params, events, wrong = checked_shard(params, events, settings.duration, settings.axis)
    require_dtype(settings.engine, params.w_in.dtype)
    if is_synaptic(params) and params.w_rec is not None and settings.delay == 0:
        raise ValueError("delay is 0, expected > 0 beside delays of synapses in a recurrent layer, such as 1e-3")
    if getattr(params, "delays", None) is not None:  # they may follow from positions
        params = params._replace(delays=delays_of(params))
    warn_if_coarse(params.w_in.dtype, settings.duration)
    with reverse_mode():
        return _layer(params, events, wrong, settings)


def _run(params: Any, events: Any, wrong: Array, settings: Settings) -> tuple[tuple[Any, Array], tuple[Any, Kept]]:
    if (lags := of_channels(params)) is not None:
        params, events = without_channels(params), later(events, lags)
    lost = wrong | events.overflowed
    spikes, kept = settings.forward(params, events._replace(count=jnp.where(lost, 0, events.count)))
    count = jnp.where(lost, settings.capacity + 1, spikes.count)
    # What is kept for the backward pass is what is returned: the same arrays, not copies.
    if isinstance(spikes, Packed):
        spikes = spikes._replace(count=count, overflowed=lost | spikes.overflowed)
    else:
        spikes = spikes._replace(count=count)
        spikes = spikes._replace(times=jnp.where(spikes.overflowed[:, None], jnp.nan, spikes.times))
    neurons = params.w_in.shape[1]
    counts = unit_counts(of_device(spikes, neurons, settings.axis), neurons).astype(spikes.times.dtype)
    amplitudes = None if settings.smoothing is None else spikes.there.astype(spikes.times.dtype)
    return (spikes._replace(amplitudes=amplitudes), counts), (spikes, kept)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _layer(params: Any, events: Any, wrong: Array, settings: Settings) -> tuple[Any, Array]:
    return _run(params, events, wrong, settings)[0]


@own_rules()
def _forward(params: Any, events: Any, wrong: Any, settings: Settings) -> tuple[tuple[Any, Array], tuple[Any, ...]]:
    def part(name: str) -> Any:
        is_leaf = lambda x: hasattr(x, "perturbed")  # noqa: E731
        return jax.tree.map(lambda x: getattr(x, name), (params, events, wrong), is_leaf=is_leaf)

    changed, perturbed, _ = part("perturbed")
    at_times, at_amplitudes = perturbed.times, bool(perturbed.amplitudes)
    params, events, wrong = part("value")
    if of_channels(params) is not None:  # which move the times
        at_times = at_times or changed.delays.inputs
    wanted = Wanted(changed.tau_mem or changed.tau_syn, at_times, at_amplitudes)
    result, stored = _run(params, events, wrong, settings)
    return result, (params, events._replace(amplitudes=None), *stored, wanted)


def _as_array(cotangent: Any) -> Any:
    if isinstance(cotangent, SymbolicZero):
        kind: Any = cotangent.aval
        return jnp.zeros(kind.shape, kind.dtype)
    return cotangent


@own_rules()
def _backward(settings: Settings, residuals: tuple[Any, ...], cotangents: tuple[Any, Any]) -> tuple[Any, ...]:
    params, events, spikes, kept, wanted = residuals
    of_spikes, count_cotangents = cotangents
    time_cotangents = jnp.where(spikes.valid, _as_array(of_spikes.times), 0)
    back = partial(
        settings.backward, spikes=spikes, kept=kept, time_cotangents=time_cotangents,
        count_cotangents=_as_array(count_cotangents), at_amplitudes=_as_array(of_spikes.amplitudes),
    )  # fmt: skip
    if (lags := of_channels(params)) is None:
        gradient, d_times, d_amplitudes = back(wanted, params, events)
    else:
        gradient, d_times, d_amplitudes = back_through_channels(back, wanted, params, events, lags)
    poisoned = jnp.where(spikes.overflowed.any(), jnp.nan, 0)
    gradient = jax.tree.map(lambda g: g + poisoned.astype(g.dtype), gradient)
    of_events = jax.tree.map(lambda _: None, events)._replace(times=d_times, amplitudes=d_amplitudes)
    return gradient, of_events, None


_layer.defvjp(_forward, _backward, symbolic_zeros=True)
