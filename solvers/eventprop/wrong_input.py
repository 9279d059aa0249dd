"""What engines find wrong with a sample at run time, as negative numbers in the place of a count, and in words."""

import numpy as np

UNSORTED, BAD_UNIT, BAD_CONSTANT = -1, -2, -3
_MESSAGES = {
    UNSORTED: "input times must be >= 0 and in order: sort each sample (solvers.events.pad_events does)",
    BAD_UNIT: "an input event has a unit outside the rows of w_in: check the units or the shape of w_in",
    BAD_CONSTANT: "a time constant is not a positive finite number: bound tau_mem and tau_syn when they are trained",
}


def refuse_wrong(counts: np.ndarray) -> None:
    """Raise ValueError, with the first sample that is wrong, if there is any."""
    for code, message in _MESSAGES.items():
        if (counts == code).any():
            raise ValueError(f"sample {int(np.argmax(counts == code))}: {message}")
