"""What the two kinds of layers on a grid share: the rule by which they run, and the form in which they are run."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array

from ..surrogates import Derivative

KEPT = "voltages"  # the name under which a checkpointing policy may keep the free voltages


class Rule(NamedTuple):
    """How a layer is run and differentiated; static.

    Attributes:
        delay: recurrent transmission delay in steps; 0 for a layer without recurrent weights.
        surrogate: the stand-in for the derivative of a spike; with an ``Escape`` spikes are drawn.
        reset_gradient: whether the reset passes a gradient to the spikes.
    """

    delay: int
    surrogate: Derivative
    reset_gradient: bool


class Segment(NamedTuple):
    """A layer that is ready to run through segments of time.

    Attributes:
        rest: its state before the first step, from the size of the batch.
        run: from its state before a segment, the arrivals from outside ``[steps, batch, neurons]`` [voltage] and the
            levels at which its neurons spike, None for their thresholds, its state after the segment and its spikes
            ``[steps, batch, neurons]``, 0 or 1.
    """

    rest: Callable[[int], Any]
    run: Callable[[Any, Array, Array | None], tuple[Any, Array]]
