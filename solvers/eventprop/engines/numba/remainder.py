"""The kernels' times of spikes, in double precision, as rounded ones and as the whole numbers that are left."""

import numpy as np


def split(times: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Rounded times, and how many numbers of double precision lie between each and the exact one: nothing is lost.

    As single precision has 29 binary digits less, that is a number of 32 bits, except next to zero, where it is cut.
    """
    rounded = times.astype(dtype)
    between = times.view(np.int64) - rounded.astype(np.float64).view(np.int64)
    limits = np.iinfo(np.int32)
    return rounded, np.clip(between, limits.min, limits.max).astype(np.int32)


def joined(rounded: np.ndarray, between: np.ndarray) -> np.ndarray:
    """The exact times."""
    return (rounded.astype(np.float64).view(np.int64) + between).view(np.float64)
