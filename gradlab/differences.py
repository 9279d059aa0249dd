"""Central differences of functions that are smooth only as long as a sequence of events stays the same."""

from collections.abc import Callable

import numpy as np

STEPS = (1e-4, 1e-5, 1e-6)  # in proportion to the scale of a variable
_OFFSETS, _WEIGHTS = np.array([-2, -1, 1, 2]), np.array([1, -8, 8, -1]) / 12

_ROUNDING = 4 * np.finfo(float).eps  # relative, of the function


def central_differences(
    function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], point: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """All partial derivatives, of fourth order in the step, which is chosen by consistency for each variable.

    Args:
        function: of points ``[n, variables]``; returns a value ``[n]`` and a sequence of events ``[n, ...]`` of each.
        point: where to differentiate, ``[variables]``.
        scale: of each variable; steps are in proportion to it.

    Returns:
        ``[variables]``; zero where it is below the rounding error; NaN where fewer than two neighbouring steps left the
        events in order, so that nothing vouches for the value.
    """
    steps = np.outer(STEPS, scale)
    moves = steps[:, None, :, None] * _OFFSETS[None, :, None, None] * np.eye(len(point))
    values, events = function(np.concatenate([point[None], (point + moves).reshape(-1, len(point))]))
    same = (events[1:] == events[0]).reshape(*moves.shape[:3], -1).all((1, 3))
    slopes = np.einsum("o,sov->sv", _WEIGHTS, values[1:].reshape(moves.shape[:3])) / steps
    # Of two neighbouring steps that agree best, the finer one.
    gaps = np.where(same[1:] & same[:-1], np.abs(np.diff(slopes, axis=0)), np.inf)
    chosen = gaps.argmin(0)[None] + 1
    slope, step = np.take_along_axis(slopes, chosen, 0)[0], np.take_along_axis(steps, chosen, 0)[0]
    slope = np.where(np.abs(slope) * step > _ROUNDING * np.abs(values[0]), slope, 0)
    return np.where(np.isfinite(gaps.min(0)), slope, np.nan)
