"""Oracle for any neuron model: diffrax solves its equation, finds the spikes as roots, and is differentiated.

Shares nothing with EventProp: no closed form of the flow, no adjoint written out. Automatic differentiation passes
through the solver's steps and, by the implicit function theorem, through the time of every spike.
"""

import diffrax
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import Array, Float

from ..events import NO_UNIT, Events
from .neurons import Neuron, Parameters

_TOLERANCE = 1e-10  # of the solver, relative and absolute
_ROOT_TOLERANCE = 1e-14  # of a spike's time, as a share of the time between two events
_LONGEST_STEP = 0.5e-3  # [s]; the solver sees a spike only if the voltage is above threshold at the end of a step
_MOST_STEPS = 4096  # between two events


def simulate(
    neuron: Neuron,
    params: Parameters,
    events: Events,
    *,
    duration: float,
    delay: Float[Array, ""] | float,
    capacity: int,
) -> Events:
    """Spikes of a layer of any neurons; differentiable with respect to parameters, input times and delay.

    Use double precision. A spike whose voltage falls below the threshold again within half a millisecond may be missed.

    Args:
        neuron: the model, from ``solvers.reference.neurons.NEURONS``; static.
        params: of the layer, of the model's own type.
        events: one sample ``[capacity]``, in order of time.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s], >= 0.
        capacity: room for spikes.

    Returns:
        The output spikes; ``count > capacity`` and NaN times if there was no room.

    Source: Kidger 2021, "On neural differential equations", ch. 3 and 5 (solver and derivatives; diffrax).
    """
    recurrent = params.w_rec is not None
    rows = jnp.concatenate([params.w_in, params.w_rec]) if recurrent else params.w_in  # type: ignore[list-item]
    input_times = jnp.append(events.times, jnp.inf)

    def step(carry, _):
        """To the next arrival, spike, or the end."""
        now, state, times, units, count, inputs, returned = carry
        from_input = input_times[inputs]
        back = jnp.where(returned < jnp.minimum(count, capacity), times[returned] + delay, jnp.inf)
        arrival = jnp.minimum(from_input, back) if recurrent else from_input
        end = jnp.minimum(arrival, duration)
        then, state, spiked = _until_spike(neuron, params, state, now, end)

        unit = jnp.argmax(neuron.excess(params, state)).astype(jnp.int32)
        own = spiked & (jnp.arange(params.w_in.shape[1]) == unit)
        after = neuron.after_spike(params, state)
        state = jax.tree.map(lambda x, y: jnp.where(own, x, y), after, state)
        place = jnp.where(spiked, count, capacity)
        times = times.at[place].set(then, mode="drop")
        units = units.at[place].set(unit, mode="drop")

        arrives = ~spiked & (arrival < duration)
        is_input = from_input <= back
        row = jnp.where(is_input, events.units[inputs], params.w_in.shape[0] + units[returned])
        state = state._replace(i=state.i + jnp.where(arrives, rows[row], 0))
        inputs, returned = inputs + (arrives & is_input), returned + (arrives & ~is_input)
        return (then, state, times, units, count + spiked, inputs, returned), None

    start = (
        jnp.zeros((), params.w_in.dtype), neuron.rest(params), jnp.full(capacity, jnp.inf, params.w_in.dtype),
        jnp.full(capacity, NO_UNIT, jnp.int32), *(jnp.zeros((), jnp.int32) for _ in range(3)),
    )  # fmt: skip
    stretches = events.capacity + 2 * capacity + 1
    (_, _, times, units, count, _, _), _ = jax.lax.scan(step, start, length=stretches)
    return Events(jnp.where(count > capacity, jnp.nan, times), units, count)


def _until_spike(neuron, params, state, now, end):
    """``(time, state, whether a neuron spikes there)``: at the first spike after ``now``, or else at ``end``.

    Time runs from 0 to 1, so that the derivative with respect to ``now`` and ``end`` is there even if they are equal.
    """
    length = end - now
    field = diffrax.ODETerm(lambda t, y, args: jax.tree.map(lambda x: length * x, neuron.derivative(params, y)))
    longest = jnp.minimum(1.0, _LONGEST_STEP / jnp.maximum(jax.lax.stop_gradient(length), _LONGEST_STEP))
    solution = diffrax.diffeqsolve(
        field,
        diffrax.Dopri8(),
        0.0,
        1.0,
        longest,
        state,
        stepsize_controller=diffrax.PIDController(_TOLERANCE, _TOLERANCE, dtmax=longest),
        event=diffrax.Event(
            lambda t, y, args, **_: jnp.max(neuron.excess(params, y)),
            optimistix.Bisection(_ROOT_TOLERANCE, _ROOT_TOLERANCE, expand_if_necessary=False),
            direction=True,
        ),
        max_steps=_MOST_STEPS,
    )
    state = jax.tree.map(lambda x: x[0], solution.ys)
    return now + length * solution.ts[0], state, solution.event_mask
