"""Writes parts of an HDF5 file to standard output: a script that ``read_parts`` runs, not a module to import.

It imports nothing of this package, so that it starts soon. HDF5 may loop for ever on a damaged file, deaf to signals
that Python would have to handle. A watchdog that needs no Python then ends this process, also if nobody waits for it
any more.
"""

import faulthandler
import os
import sys
from collections.abc import Callable

import h5py
import numpy as np

_AT_ONCE = 256  # rows


def part(file: h5py.File, name: str, ragged: bool, most: int, done: Callable[[], None]) -> list[np.ndarray]:
    """Numbers of a dataset; of a ragged one the length of each row, then all numbers.

    Args:
        file: open.
        name: of the dataset.
        ragged: whether it holds a row for each entry, or one number.
        most: entries that are believed.
        done: called after each step.

    Raises:
        ValueError: for anything else.
    """
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{name} is a {type(dataset).__name__.lower()}, expected a dataset")
    inner = h5py.check_vlen_dtype(dataset.dtype)
    dtype = np.dtype(dataset.dtype if inner is None else inner)
    if dataset.ndim != 1 or dtype.kind not in "iuf" or ragged != (inner is not None):
        wanted = "one row of numbers for each sample" if ragged else "one number for each sample"
        raise ValueError(f"{name} has shape {dataset.shape} and type {dataset.dtype}, expected {wanted}")
    if ragged and not dtype.isnative:
        raise ValueError(
            f"{name} has the bytes of its numbers in another order, which h5py does not turn round in rows"
        )
    if len(dataset) > most:
        raise ValueError(f"{name} declares {len(dataset)} entries, more than the file has bytes")
    if is_elsewhere(dataset):
        raise ValueError(f"{name} is not, or not all, in this file: its writing was stopped, or it is in other files")
    if not ragged:
        return [dataset[:]]
    lengths, numbers = [np.zeros(0, np.int64)], [np.zeros(0, dtype)]
    for start in range(0, len(dataset), _AT_ONCE):
        rows = dataset[start : start + _AT_ONCE]
        lengths.append(np.array([len(row) for row in rows], np.int64))
        numbers.append(np.concatenate(rows))
        done()
    return [np.concatenate(lengths), np.concatenate(numbers)]


def is_elsewhere(dataset: h5py.Dataset) -> bool:
    """Whether a part of a dataset is not stored in the file; HDF5 would give zeros for what was never written."""
    if dataset.is_virtual or dataset.external:
        return True
    if dataset.chunks is None:
        return len(dataset) > 0 and dataset.id.get_storage_size() == 0
    return dataset.id.get_num_chunks() < -(-len(dataset) // dataset.chunks[0])


def main(path: str, limit: str, *names: str) -> None:
    """Write the parts one after the other, in NumPy's own format.

    Args:
        path: of the file.
        limit: longest time for one step [s].
        *names: of datasets; of ragged ones with ``[]`` at the end.
    """

    def done() -> None:
        faulthandler.dump_traceback_later(float(limit), exit=True)

    done()
    with h5py.File(path, "r") as file:
        for name in names:
            # Each sample takes a byte at least: a few bytes can declare any number, for which there is no memory.
            for array in part(file, name.removesuffix("[]"), name.endswith("[]"), os.path.getsize(path), done):
                np.lib.format.write_array(sys.stdout.buffer, array, allow_pickle=False)
            done()
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # a damaged file makes h5py raise errors of almost any type
        said = " ".join(str(error.args[0] if error.args else type(error).__name__).split())
        sys.exit(f"lacks a part, {said}" if isinstance(error, KeyError) else f"cannot be read as HDF5 ({said})")
