"""Reads HDF5 files in a process of its own: whatever a damaged file does to HDF5, the answer is one error."""

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_READER = Path(__file__).with_name("hdf5_reader.py")
_PATIENCE = 30.0  # longest time for one of many steps [s], also on a slow disk


def read_parts(path: Path, names: Sequence[str]) -> list[np.ndarray]:
    """Datasets of numbers, whole.

    Ctrl-C ends the reader with this process; if this process is killed, the reader ends by itself. Nothing in the file
    is run or unpickled. Damage is noticed where HDF5 notices it: a number that was changed into another is read as it
    is, unless the file has checksums of its own.

    Args:
        path: of the file.
        names: of datasets with a number for each sample; with ``[]`` at the end, with a row of numbers for each.

    Returns:
        An array for each name in turn, or two where there are rows: the length of each, int64, and all their numbers.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if it is damaged, or holds something else.
    """
    path.open("rb").close()
    # -P: the reader's folder is no place to import from.
    call = [sys.executable, "-P", str(_READER), str(path), str(_PATIENCE), *names]
    reader = subprocess.run(call, stdin=subprocess.DEVNULL, capture_output=True)
    if reader.returncode:
        raise ValueError(f"{path} {_reason(reader)}")
    stream, wanted = io.BytesIO(reader.stdout), sum(1 + name.endswith("[]") for name in names)
    return [np.lib.format.read_array(stream, allow_pickle=False) for _ in range(wanted)]


def _reason(reader: "subprocess.CompletedProcess[bytes]") -> str:
    """Why the reader gave up, or was given up."""
    said = reader.stderr.decode(errors="replace").strip()
    if reader.returncode < 0:
        return f"cannot be read as HDF5 (which crashes on it with signal {-reader.returncode})"
    if said.startswith("Timeout"):  # the watchdog's word
        return f"cannot be read as HDF5 (which hangs on it: no progress for {_PATIENCE:g} s)"
    return said.splitlines()[-1] if said else f"cannot be read as HDF5 (exit status {reader.returncode})"
