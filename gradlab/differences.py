"""Central differences of functions that are smooth only as long as a sequence of events stays the same."""

from collections.abc import Callable

import numpy as np

STEPS = (1e-4, 1e-5, 1e-6)  # in proportion to the scale of a variable
_OFFSETS, _WEIGHTS = np.array([-2, -1, 1, 2]), np.array([1, -8, 8, -1]) / 12


def central_differences(
    function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], point: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """All partial derivatives, of fourth order in the step, which is chosen by consistency for each variable.

    Args:
        function: of points ``[n, variables]``; returns a value ``[n]`` and a sequence of events ``[n, ...]`` of each.
        point: where to differentiate, ``[variables]``.
        scale: of each variable; steps are in proportion to it.

    Returns:
        ``[variables]``; NaN where fewer than two steps left the events in order, so that nothing vouches for the value.
    """
    steps = np.outer(STEPS, scale)
    moves = steps[:, None, :, None] * _OFFSETS[None, :, None, None] * np.eye(len(point))
    values, events = function((point + moves).reshape(-1, len(point)))
    _, expected = function(point[None])
    same = (events == expected).reshape(len(events), -1).all(1).reshape(moves.shape[:3]).all(1)
    slopes = np.einsum("o,sov->sv", _WEIGHTS, values.reshape(moves.shape[:3])) / steps
    # Of two neighbouring steps that agree best, the finer one.
    gaps = np.where(same[1:] & same[:-1], np.abs(np.diff(slopes, axis=0)), np.inf)
    best = np.take_along_axis(slopes, gaps.argmin(0)[None] + 1, 0)[0]
    return np.where(np.isfinite(gaps.min(0)), best, np.nan)
