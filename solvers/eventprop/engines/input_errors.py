"""What engines find wrong with a sample at run time, as negative numbers in the place of a count, and in words."""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int

from ...events import Events
from ...neurons import Parameters, neuron_of
from .host_call import host_call

UNSORTED, BAD_UNIT, BAD_CONSTANT = -1, -2, -3
_MESSAGES = {
    UNSORTED: "input times must be >= 0 and in order: sort each sample (solvers.events.pad_events does)",
    BAD_UNIT: "an input event has a unit outside the rows of w_in: check the units or the shape of w_in",
    BAD_CONSTANT: "a time constant is not a positive finite number: bound tau_mem and tau_syn when they are trained",
}


def raise_for_input_errors(counts: np.ndarray) -> None:
    """Raise ValueError, with the first sample that is wrong, if there is any."""
    for code, message in _MESSAGES.items():
        if (counts == code).any():
            raise ValueError(f"sample {int(np.argmax(counts == code))}: {message}")


def checked_counts(params: Parameters, events: Events) -> Int[Array, " batch"]:
    """The number of events of each sample, or what is wrong with it; on the CPU that raises ValueError."""
    before = jnp.pad(events.times[:, :-1], ((0, 0), (1, 0)))
    unsorted = events.valid & ~(events.times >= before)
    unknown = events.valid & ((events.units < 0) | (events.units >= params.w_in.shape[0]))
    counts = jnp.where(unknown.any(1), BAD_UNIT, events.count)
    counts = jnp.where(unsorted.any(1), UNSORTED, counts)
    for name, constant in neuron_of(params).constants.items():
        if constant.unit == "s":
            tau = getattr(params, name)
            counts = jnp.where(jnp.any(~((tau > 0) & (tau < jnp.inf))), BAD_CONSTANT, counts)
    counts = jnp.where(events.overflowed, events.count, counts)
    return lax.platform_dependent(counts, cpu=_raising, default=lambda x: x)


def _raising(counts: Int[Array, " batch"]) -> Int[Array, " batch"]:
    def on_host(counts: np.ndarray) -> list[np.ndarray]:
        raise_for_input_errors(counts)
        return [counts]

    checked: Array = host_call(on_host, [counts], counts)[0]
    return checked
