"""Padded batches of a data set, and the order in which they are taken."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from solvers.events import NO_UNIT, Events

from ..networks.encode import Sample
from ..networks.network import Network
from .dataset import SpikeData, checked_indices
from .matching import check_match

Sampler = Callable[[int | np.integer], Sample]  # gives the sample with an index, such as an augmentation


def batch(
    data: SpikeData,
    indices: ArrayLike,
    capacity: int,
    sample: Sampler | None = None,
    dtype: DTypeLike = np.float32,
) -> tuple[Events, np.ndarray]:
    """Padded events and the labels of some samples, as NumPy arrays.

    Args:
        data: the set.
        indices: of the samples, ``[batch]``.
        capacity: room for spikes in each sample; keep it fixed (``data.longest``) so that nothing is compiled twice.
        sample: gives ``(times, units)`` in order of time for an index, such as an ``Augmentation``; by default
            ``data.sample``.
        dtype: floating-point type of the times.

    Returns:
        Events with times ``[batch, capacity]`` [s], and labels int32 ``[batch]``.

    Raises:
        ValueError: if an index lies outside the set, or a sample does not fit or has not an integer unit for each time.
    """
    indices = checked_indices(indices, len(data))
    times = np.full((len(indices), capacity), np.inf, dtype)
    units = np.full((len(indices), capacity), NO_UNIT, np.int32)
    count = np.zeros(len(indices), np.int32)
    for row, index in enumerate(indices):
        sample_times, sample_units = (sample or data.sample)(index)
        n = _checked_size(sample_times, sample_units, index)
        if n > capacity:
            raise ValueError(f"sample {index} has {n} spikes, but capacity is {capacity}: use at least data.longest")
        times[row, :n], units[row, :n], count[row] = sample_times, sample_units, n
    # NumPy arrays in an Events of JAX's: the trainer decides when they go to the device.
    return Events(times, units, count), data.labels[indices]  # type: ignore[arg-type]


def _checked_size(times: np.ndarray, units: np.ndarray, index: int | np.integer) -> int:
    """Spikes of a sample from elsewhere, which an assignment to a row would stretch or round."""
    if np.shape(times) != np.shape(units) or np.asarray(units).dtype.kind not in "iu":
        raise ValueError(
            f"sample {index} has times of shape {np.shape(times)} and {np.asarray(units).dtype} units of shape "
            f"{np.shape(units)}, expected an integer unit for each time"
        )
    return len(times)


def encoded_batch(
    network: Network,
    data: SpikeData,
    indices: ArrayLike,
    sample: Sampler | None = None,
    dtype: DTypeLike = np.float32,
) -> tuple[Events, np.ndarray]:
    """``batch`` as a network sees it, see ``Network.encode``, with room for the longest sample of the set.

    Args:
        network: whose input it is.
        data: the set.
        indices: of the samples, ``[batch]``.
        sample: as for ``batch``.
        dtype: floating-point type of the times.

    Raises:
        ValueError: as ``batch``, and as ``check_match`` if the set does not suit the network.
    """
    check_match(network, data)
    given = sample or data.sample
    capacity = network.delay_line * data.longest
    return batch(data, indices, capacity, lambda index: network.encode(given(index)), dtype)


def epoch_batches(n: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Indices of the batches of one training epoch: shuffled, without the last incomplete batch.

    Raises:
        ValueError: if not even one batch fits into ``n`` samples.
    """
    if not 0 < batch_size <= n:
        raise ValueError(f"batch_size is {batch_size}, expected 1 to {n} (the number of samples): choose it in between")
    order = rng.permutation(n)
    return (order[start : start + batch_size] for start in range(0, n - batch_size + 1, batch_size))


def evaluation_batches(n: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices and weights of batches that cover every sample once, in order, all of the same size.

    The last batch is filled up with its last sample; weight 1 marks a sample that counts and 0 such a repetition.

    Returns:
        Iterator of ``(indices, weights)``, int64 and float32 ``[batch_size]``.

    Raises:
        ValueError: for a batch size below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    places = (np.arange(start, start + batch_size) for start in range(0, n, batch_size))
    return ((np.minimum(place, n - 1), (place < n).astype(np.float32)) for place in places)
