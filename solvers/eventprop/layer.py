"""The event-driven layer: a differentiable function from parameters and input events to output spikes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from annotated_types import Interval
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from ..checks import batch_shapes, checked, reverse_mode
from ..delays import delays_of, is_synaptic
from ..events import Events, unit_counts
from ..fields import LARGEST, NotNegative, Positive, check_fields
from ..neurons import Parameters, neuron_name
from ..own_rules import own_rules
from ..smoothing import Smoothing
from ..times import warn_if_coarse
from .engines import (
    AUTO,
    ENGINES,
    Kept,
    engine_name,
    require_delays,
    require_detached,
    require_dtype,
    require_smooth,
    sharded_name,
)
from .later import back_through_channels, later, of_channels, without_channels
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
    if axis is not None:
        engine = sharded_name(engine, neuron_name(params))
        if smoothing is not None or not reset_gradient:
            raise ValueError("an axis of neurons is given, but also another gradient: leave one of them out")
    chosen = engine_name(
        engine, neuron_name(params), dtype=getattr(params.w_in, "dtype", None), smooth=smoothing is not None
    )
    settings = _Settings(duration, delay, capacity, chosen, smoothing, reset_gradient, axis)
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
    single = events.times.ndim == 1
    if single:
        events = jax.tree.map(lambda x: x[None], events)
    require_delays(settings.engine, params)
    if axis is None:
        (params,), events, wrong = checked([params], events, settings.duration)
    else:
        params, events, wrong = checked_shard(params, events, settings.duration, axis)
    require_dtype(settings.engine, params.w_in.dtype)
    if is_synaptic(params) and params.w_rec is not None and settings.delay == 0:
        raise ValueError("delay is 0, expected > 0 beside delays of synapses in a recurrent layer, such as 1e-3")
    if getattr(params, "delays", None) is not None:  # they may follow from positions
        params = params._replace(delays=delays_of(params))  # type: ignore[attr-defined]
    warn_if_coarse(params.w_in.dtype, settings.duration)
    with reverse_mode():
        result = _layer(params, *events, wrong, settings)
    if single:
        result = jax.tree.map(lambda x: x[0], result)
    *spikes, counts = result
    return Events(*spikes), counts


_Result = tuple[Any, ...]  # times, units, count and amplitudes of spikes; count of each neuron


@dataclass(frozen=True)
class _Settings:
    duration: Positive
    delay: NotNegative
    capacity: Annotated[int, Interval(ge=1, lt=LARGEST)]  # a count above it marks that there was no room
    engine: str
    smoothing: Smoothing | None = None
    reset_gradient: bool = True
    axis: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)

    def forward(self, params: Any, events: Events) -> tuple[Events, Kept]:
        engine: Any = ENGINES[self.engine]
        settings = dict(duration=self.duration, delay=self.delay, capacity=self.capacity)
        if self.axis is not None:
            return engine.sharded_forward(params, events, **settings, axis=self.axis)
        if self.smoothing is None:
            return engine.forward(params, events, **settings)
        return engine.smooth_forward(params, events, **settings, smoothing=self.smoothing)

    def backward(
        self, wanted: "_Wanted", params: Any, events: Events, *, spikes: Events, kept: Kept, time_cotangents: Array,
        count_cotangents: Array, at_amplitudes: Array | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        arguments = params, events, spikes, kept, time_cotangents, count_cotangents
        engine: Any = ENGINES[self.engine]
        settings: dict[str, Any] = dict(
            duration=self.duration, delay=self.delay, trains_tau=wanted.tau, wants_times=wanted.times
        )
        if self.axis is not None:
            return *engine.sharded_backward(*arguments, **settings, axis=self.axis), None
        if self.smoothing is None:
            backward = engine.backward if self.reset_gradient else engine.detached_backward
            return *backward(*arguments, **settings), None
        settings |= dict(wants_amplitudes=wanted.amplitudes, smoothing=self.smoothing)
        return engine.smooth_backward(*arguments, at_amplitudes, **settings)


@jax.tree_util.register_static
class _Wanted(NamedTuple):
    """Which optional gradients the caller differentiates with respect to."""

    tau: bool
    times: bool
    amplitudes: bool


def _run(params: Any, events: Events, wrong: Array, settings: _Settings) -> tuple[_Result, tuple[Events, Kept]]:
    if (lags := of_channels(params)) is not None:
        params, events = without_channels(params), later(events, lags)
    lost = wrong | events.overflowed
    spikes, kept = settings.forward(params, events._replace(count=jnp.where(lost, 0, events.count)))
    spikes = spikes._replace(count=jnp.where(lost, settings.capacity + 1, spikes.count))
    # What is kept for the backward pass is what is returned: the same arrays, not copies.
    spikes = spikes._replace(times=jnp.where(spikes.overflowed[:, None], jnp.nan, spikes.times))
    neurons = params.w_in.shape[1]
    counts = unit_counts(of_device(spikes, neurons, settings.axis), neurons).astype(spikes.times.dtype)
    amplitudes = None if settings.smoothing is None else spikes.there.astype(spikes.times.dtype)
    return (*spikes._replace(amplitudes=amplitudes), counts), (spikes, kept)


@partial(jax.custom_vjp, nondiff_argnums=(6,))
def _layer(
    params: Any, times: Array, units: Array, count: Array, amplitudes: Array | None, wrong: Array, settings: _Settings
) -> _Result:
    return _run(params, Events(times, units, count, amplitudes), wrong, settings)[0]


@own_rules()
def _forward(
    params: Any, times: Any, units: Any, count: Any, amplitudes: Any, wrong: Any, settings: _Settings
) -> tuple[_Result, tuple[Any, ...]]:
    changed = jax.tree.map(lambda x: x.perturbed, params, is_leaf=lambda x: hasattr(x, "perturbed"))
    at_times, at_amplitudes = times.perturbed, getattr(amplitudes, "perturbed", False)
    params, *events, wrong = jax.tree.map(
        lambda x: x.value, (params, times, units, count, amplitudes, wrong), is_leaf=lambda x: hasattr(x, "perturbed")
    )
    events = Events(*events)
    if of_channels(params) is not None:  # which move the times
        at_times = at_times or changed.delays.inputs
    wanted = _Wanted(changed.tau_mem or changed.tau_syn, at_times, at_amplitudes)
    result, stored = _run(params, events, wrong, settings)
    return result, (params, events._replace(amplitudes=None), *stored, wanted)


def _as_array(cotangent: Any) -> Any:
    if isinstance(cotangent, SymbolicZero):
        kind: Any = cotangent.aval
        return jnp.zeros(kind.shape, kind.dtype)
    return cotangent


@own_rules()
def _backward(settings: _Settings, residuals: tuple[Any, ...], cotangents: tuple[Any, ...]) -> tuple[Any, ...]:
    params, events, spikes, kept, wanted = residuals
    time_cotangents, _, _, at_amplitudes, count_cotangents = map(_as_array, cotangents)
    time_cotangents = jnp.where(spikes.valid, time_cotangents, 0)
    back = partial(
        settings.backward, spikes=spikes, kept=kept, time_cotangents=time_cotangents,
        count_cotangents=count_cotangents, at_amplitudes=at_amplitudes,
    )  # fmt: skip
    if (lags := of_channels(params)) is None:
        gradient, d_times, d_amplitudes = back(wanted, params, events)
    else:
        gradient, d_times, d_amplitudes = back_through_channels(back, wanted, params, events, lags)
    poisoned = jnp.where(spikes.overflowed.any(), jnp.nan, 0)
    gradient = jax.tree.map(lambda g: g + poisoned.astype(g.dtype), gradient)
    return gradient, d_times, None, None, d_amplitudes, None


_layer.defvjp(_forward, _backward, symbolic_zeros=True)
