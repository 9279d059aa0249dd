"""Input delay line: copies of the input, each later than the one before and on channels of its own."""

import numpy as np

from .dataset import Sample


def delayed(sample: Sample, copies: int, step: float, inputs: int) -> Sample:
    """Copy ``k`` of a sample ``k step`` later on the channels from ``k inputs`` on, all in order of time.

    So many copies are so many times the events, and cost that much more time in every pass of either method.

    Args:
        sample: ``(times [s], units)`` in order of time.
        copies: how many, including the one without delay.
        step: delay between them [s].
        inputs: number of channels of the sample.

    Source: Nowotny, Turner & Knight 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (10 copies, 30 ms).
    """
    if copies == 1:
        return sample
    times, units = sample
    later = np.arange(copies)[:, None]
    all_times = (times + np.float32(step) * later).astype(times.dtype).ravel()
    all_units = (units.astype(np.int32) + inputs * later).ravel()
    order = np.argsort(all_times, kind="stable")  # a merge: each copy is in order
    return all_times[order], all_units[order]
