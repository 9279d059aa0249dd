"""Random changes to training samples that keep their class."""

import numpy as np


def channel_shift(rng: np.random.Generator, n: int, maximum: int) -> np.ndarray:
    """Shifts along the channels, as of a higher or lower voice; uniform in ``-maximum..maximum``, both ends included.

    Args:
        rng: source of randomness.
        n: number of samples.
        maximum: largest shift [channels], >= 0; the source uses 40 of 700.

    Returns:
        One shift a sample, int64 ``[n]``, for ``batch``.

    Raises:
        ValueError: if ``maximum`` is negative.

    Source: Nowotny, Turner & Knight 2025, Neuromorph. Comput. Eng. 5:014001.
    """
    if maximum < 0:
        raise ValueError(f"maximum is {maximum}, expected a number of channels >= 0 (0 for no shift)")
    return rng.integers(-maximum, maximum, size=n, endpoint=True)
