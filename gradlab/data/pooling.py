"""Input channels that share their weights."""

from .dataset import Sample


def pooled(sample: Sample, pool: int) -> Sample:
    """Each ``pool`` neighbouring channels as one, with the spikes of all of them.

    Args:
        sample: ``(times [s], units)`` in order of time.
        pool: number of channels that become one; 1 leaves them as they are.

    Source: Hammouamri, Khalfaoui-Hassani & Masquelier 2023, arXiv:2306.17670 (five channels each on SHD).
    """
    times, units = sample
    return times, units // units.dtype.type(pool)
