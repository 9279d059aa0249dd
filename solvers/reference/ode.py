"""Any neuron model in continuous time: diffrax solves its equation, finds the spikes as roots, and is differentiated.

Shares nothing with EventProp: no closed form of the flow, no adjoint written out. Automatic differentiation passes
through the solver's steps and, by the implicit function theorem, through the time of every spike.
"""

from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Bool, Float

from ..events import NO_UNIT, Events
from ..neurons import Neuron

_LONGEST_STEP = 0.5e-3  # [s]; the solver sees a spike only if the voltage is above threshold at the end of a step
_MOST_STEPS = 4096  # between two events
_Carry = tuple[Array, Any, Array, "Record", Array, Array]


class _Tolerance(NamedTuple):
    """Of the solver, relative and absolute; of a spike: its voltage, and time as a share of that between two events."""

    solver: float
    root: float


_TOLERANCES = {"float64": _Tolerance(1e-10, 1e-14), "float32": _Tolerance(1e-6, 3e-5)}


class Record(NamedTuple):
    """The spikes of a sample, and the spiking neuron just before each of them.

    Attributes:
        spikes: of the layer; ``count > capacity`` and NaN times if there was no room.
        voltage: by value the threshold. It is differentiated as that of the neuron at the fixed time of the spike: how
            far the voltage would be from the threshold there.
        current: synaptic current [voltage].
    """

    spikes: Events
    voltage: Float[Array, " capacity"]
    current: Float[Array, " capacity"]


def simulate(
    neuron: Neuron,
    params: Any,
    events: Events,
    *,
    duration: float,
    delay: Float[Array, ""] | float,
    capacity: int,
) -> Events:
    """Spikes of a layer of any neurons; arguments, derivatives and source as in ``record``."""
    return record(neuron, params, events, duration=duration, delay=delay, capacity=capacity).spikes


def record(
    neuron: Neuron,
    params: Any,
    events: Events,
    *,
    duration: float,
    delay: Float[Array, ""] | float,
    capacity: int,
) -> Record:
    """Spikes of a layer of any neurons, with voltages and currents at them.

    Differentiable with respect to parameters, input times and delay. Exact to about ten digits in double precision. A
    spike whose voltage falls below the threshold again within half a millisecond may be missed. While a voltage is
    clamped its equation is another, so the solver stops at each release.

    Args:
        neuron: the model, from ``solvers.neurons.NEURONS``; static.
        params: of the layer, of the model's own type.
        events: one sample ``[capacity]``, in order of time.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s], >= 0.
        capacity: room for spikes.

    Source: Kidger 2021, "On neural differential equations", ch. 3 and 5 (solver and derivatives; diffrax).
    """
    recurrent = params.w_rec is not None
    rows = jnp.concatenate([params.w_in, params.w_rec]) if recurrent else params.w_in
    inputs, neurons = params.w_in.shape
    input_times = jnp.append(jnp.where(events.valid, events.times, jnp.inf), jnp.inf)

    def turn(carry: _Carry, _: None) -> tuple[_Carry, None]:
        """To the next arrival, spike, release of a clamp, or the end."""
        now, state, release, (spikes, voltage, current), arrived, returned = carry
        from_input = input_times[arrived]
        back = jnp.where(returned < jnp.minimum(spikes.count, capacity), spikes.times[returned] + delay, jnp.inf)
        arrival = jnp.minimum(from_input, back) if recurrent else from_input
        end = jnp.minimum(arrival, duration)
        if neuron.clamps:
            end = jnp.minimum(end, jnp.min(jnp.where(release > now, release, jnp.inf)))
        then, state, spiked = _until_spike(neuron, params, state, release, now, end)

        unit = jnp.argmax(_excess(neuron, params, state, release, then)).astype(jnp.int32)
        slot = jnp.where(spiked, spikes.count, capacity)  # beyond the last: dropped
        put = lambda array, value: array.at[slot].set(value, mode="drop")  # noqa: E731
        slope = jax.lax.stop_gradient(neuron.derivative(params, state).v[unit])
        at_fixed_time = state.v[unit] - slope * (then - jax.lax.stop_gradient(then))
        spikes = Events(put(spikes.times, then), put(spikes.units, unit), spikes.count + spiked)
        recorded = Record(spikes, put(voltage, at_fixed_time), put(current, state.i[unit]))

        own = spiked & (jnp.arange(neurons) == unit)
        state = jax.tree.map(lambda x, y: jnp.where(own, x, y), neuron.after_spike(params, state), state)
        if (period := neuron.period(params)) is not None:
            release = jnp.where(own, then + period, release)
        arrives = ~spiked & (arrival < duration)
        if neuron.clamps:
            then = jnp.where(spiked, then, end)  # no rounding error keeps it from its release
            arrives &= arrival <= end
        is_input = from_input <= back
        row = jnp.where(is_input, events.units[arrived], inputs + spikes.units[returned])
        state = state._replace(i=state.i + jnp.where(arrives, rows[row], 0))
        counts = arrived + (arrives & is_input), returned + (arrives & ~is_input)
        return (then, state, release, recorded, *counts), None

    real, none = params.w_in.dtype, jnp.zeros((), jnp.int32)
    nothing = jnp.zeros(capacity, real)
    silence = Events(jnp.full(capacity, jnp.inf, real), jnp.full(capacity, NO_UNIT, jnp.int32), none)
    begin, free = jnp.zeros((), real), jnp.zeros(neurons, real)
    start = begin, neuron.rest(params), free, Record(silence, nothing, nothing), none, none
    stretches = events.capacity + (3 if neuron.clamps else 2) * capacity + 1
    (_, _, _, (spikes, voltage, current), _, _), _ = jax.lax.scan(turn, start, length=stretches)
    spikes = spikes._replace(times=jnp.where(spikes.count > capacity, jnp.nan, spikes.times))
    return Record(spikes, voltage, current)


def _excess(neuron: Neuron, params: Any, state: Any, release: Array, time: Array) -> Float[Array, " neurons"]:
    """Rises through 0 at a spike, at which the voltage is above the threshold and the refractory period is over."""
    excess, period = neuron.excess(params, state), neuron.period(params)
    if period is None or neuron.clamps:  # a voltage that is held at its reset cannot reach the threshold
        return excess
    return jnp.minimum(excess, params.threshold * (time - release) / period)


def _until_spike(
    neuron: Neuron, params: Any, state: Any, release: Float[Array, " neurons"], now: Float[Array, ""],
    end: Float[Array, ""],
) -> tuple[Float[Array, ""], Any, Bool[Array, ""]]:  # fmt: skip
    """``(time, state, whether a neuron spikes there)``: at the first spike after ``now``, or else at ``end``.

    ``release`` is when the refractory period of each neuron ends.

    Time runs from 0 to 1, so that the derivative with respect to ``now`` and ``end`` is there even if they are equal.
    """
    length = end - now
    tolerance = _TOLERANCES[str(params.w_in.dtype)]
    longest = jnp.minimum(1.0, _LONGEST_STEP / jnp.maximum(jax.lax.stop_gradient(length), _LONGEST_STEP))

    def field(t: Any, y: Any, args: None) -> Any:
        slope = neuron.derivative(params, y)
        if neuron.clamps:
            slope = slope._replace(v=jnp.where(release > now, 0, slope.v))
        return jax.tree.map(lambda x: length * x, slope)

    def excess(t: Any, y: Any, args: None, **_: Any) -> Float[Array, ""]:  # diffrax gives these names
        return jnp.max(_excess(neuron, params, y, release, now + t * length))

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field),
        diffrax.Dopri8(),
        0.0,
        1.0,
        longest,
        state,
        stepsize_controller=diffrax.PIDController(tolerance.solver, tolerance.solver, dtmax=longest),
        event=diffrax.Event(
            excess,
            optimistix.Bisection(tolerance.root, tolerance.root, expand_if_necessary=False),  # type: ignore[call-arg]
            direction=True,
        ),
        max_steps=_MOST_STEPS,
    )
    state = jax.tree.map(lambda x: x[0], solution.ys)
    return now + length * solution.ts[0], state, solution.event_mask
