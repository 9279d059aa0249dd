"""Central differences of functions that are smooth only as long as a sequence of events stays the same."""

import numpy as np
from numpy.typing import ArrayLike

STEPS = (1e-4, 1e-5, 1e-6)  # in proportion to the scale of a variable
_OFFSETS, _WEIGHTS = np.array([-2, -1, 1, 2]), np.array([1, -8, 8, -1]) / 12
_ROUNDING = 4 * np.finfo(float).eps  # relative, of the function


def stencil(point: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Points at which ``central_differences`` wants the function.

    Args:
        point: where to differentiate, ``[variables]``; it comes first.
        scale: of each variable; steps are in proportion to it.

    Returns:
        ``[1 + 12 variables, variables]``.
    """
    moves = np.outer(STEPS, scale)[:, None, :, None] * _OFFSETS[None, :, None, None] * np.eye(len(point))
    return np.concatenate([point[None], (point + moves).reshape(-1, len(point))])


def central_differences(values: np.ndarray, events: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """All partial derivatives, of fourth order in the step, which is chosen by consistency for each variable.

    Args:
        values: of the function at the points of ``stencil``.
        events: any array for each of these points; the function is smooth where it is the same.
        scale: as given to ``stencil``.

    Returns:
        ``[variables]``; zero where it is below the rounding error; NaN where fewer than two neighbouring steps left the
        events the same, so that nothing vouches for the value.
    """
    steps = np.outer(STEPS, scale)
    shape = len(STEPS), len(_OFFSETS), len(scale)
    same = (events[1:] == events[0]).reshape(*shape, -1).all((1, 3))
    slopes = np.einsum("o,sov->sv", _WEIGHTS, values[1:].reshape(shape)) / steps
    # Of two neighbouring steps that agree best, the finer one.
    gaps = np.where(same[1:] & same[:-1], np.abs(np.diff(slopes, axis=0)), np.inf)
    chosen = gaps.argmin(0)[None] + 1
    slope, step = np.take_along_axis(slopes, chosen, 0)[0], np.take_along_axis(steps, chosen, 0)[0]
    slope = np.where(np.abs(slope) * step > _ROUNDING * np.abs(values[0]), slope, 0)
    return np.where(np.isfinite(gaps.min(0)), slope, np.nan)


def relative_error(value: ArrayLike, expected: ArrayLike) -> float:
    """``max|value - expected| / max|expected|``; where all that is expected is zero, 0 if equal, else infinite."""
    value, expected = np.asarray(value), np.asarray(expected)
    difference, largest = np.max(np.abs(value - expected), initial=0), np.max(np.abs(expected), initial=0)
    return float(difference / largest) if largest else float(np.where(difference == 0, 0, np.inf))
