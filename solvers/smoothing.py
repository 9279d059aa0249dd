"""Spikes that appear and vanish, in the gradient of the event-driven layer: a smoothing, the gradient of no loss.

Every spike has an amplitude a: 1 if it is there, 0 if it is a *ghost*, a maximum of the voltage below the threshold.
With the adjoints p = dL/dv and q = dL/di, the delay d and the reset r, the loss changes with the amplitude of neuron n
at time t by

    E = sum_m w_rec[n, m] q_m(t + d) + dL/da by what reads the spikes - (threshold - r) p_n(t+)

EventProp's gradient is the *timing* part: spikes move. The *existence* part adds, at ghosts and at marginal spikes,

    p_n(t-) += h(x) / threshold * E,   x = v*/threshold - 1,   h a kernel of area 1

where v* is the maximum: of a spike, that of the voltage as if it had not been reset, until it falls below the
threshold; if the neuron spikes again before, the spike is not marginal. Because h has area 1, no scale needs tuning.
The time of the maximum is held fixed.

Related: Kim, Kim & Kim 2020, NeurIPS 33 (gradients by activation and by timing, added up on a time grid).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import jax.numpy as jnp
from annotated_types import Interval
from jaxtyping import Array, Float

from .fields import NotNegative, Positive, check_fields

PARTS = 254  # of the half-width, in which the margin of a spike is kept, with 8 bits
FAR = 255  # kept of a spike that is not marginal


@dataclass(frozen=True)
class Smoothing:
    """How the gradient is smoothed.

    Attributes:
        kernel: shape of h over x.
        half_width: of the kernel, in thresholds; ghosts lie at most so far below the threshold.
        floor: of the rise of the voltage at a spike, in thresholds, by which the timing part divides.
        parts: of the gradient: existence (spikes appear and vanish), timing (they move), both.
        dip: by which the voltage has to fall for a maximum, in thresholds; smaller ripples are none.

    Raises:
        ValueError: for a field of another type or out of range.
    """

    kernel: Literal["triangle", "boxcar"] = "triangle"
    half_width: Annotated[float, Interval(gt=0, le=1)] = 0.5
    floor: NotNegative = 0.3
    parts: Literal["both", "existence", "timing"] = "both"
    dip: Positive = 0.2

    @property
    def is_exact(self) -> bool:
        """Whether nothing is smoothed."""
        return self.parts == "timing" and self.floor == 0

    def height(self, margin: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The kernel ``h`` at a margin."""
        distance, width = jnp.abs(margin), self.half_width
        if self.kernel == "boxcar":
            return jnp.where(distance <= width, 0.5 / width, 0)
        return jnp.maximum(1 - distance / width, 0) / width

    def __post_init__(self) -> None:
        """Refuse impossible fields."""
        check_fields(self)
