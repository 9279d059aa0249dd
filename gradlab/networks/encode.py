"""How input spikes reach a network: channels that share weights, and a delay line. The one place that does it."""

import numpy as np
from jaxtyping import Float, Integer

Sample = tuple[Float[np.ndarray, " _"], Integer[np.ndarray, " _"]]  # times [s] in their order, and units


def pooled(sample: Sample, pool: int) -> Sample:
    """Each ``pool`` neighbouring channels as one, with the spikes of all of them.

    Args:
        sample: ``(times [s], units)`` in order of time.
        pool: number of channels that become one; 1 leaves them as they are.

    Source: Hammouamri, Khalfaoui-Hassani & Masquelier 2023, arXiv:2306.17670 (five channels each on SHD).
    """
    times, units = sample
    return times, (units // np.int64(pool)).astype(units.dtype)  # the units' own type may not hold so large a pool


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
