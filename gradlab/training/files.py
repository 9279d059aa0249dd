"""Files that are never half written, and that no two processes write at once."""

import glob
import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None  # type: ignore[assignment]

_PART = ".part"
LOCK = ".lock"  # in a folder that a process is in charge of


def unwritable(path: str | os.PathLike[str], error: OSError) -> OSError:
    """The error for a file that cannot be written: which one, why, and what to do."""
    reason = error.strerror or error
    return OSError(f"{path} cannot be written ({reason}): free some disk space, or choose another folder")


def replace(path: Path, content: bytes) -> None:
    """Write a file, at once: whenever the process or the machine stops, the old or the new one is there.

    Args:
        path: of the file; its folder is created.
        content: all of it.

    Raises:
        OSError: if it cannot be written; the old one stays, and nothing is left of the new one.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}")  # which no other process writes
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # it is not there if all went well
            part.unlink()


def keep_aside(path: Path) -> None:
    """Copy a file to the first free name of NAME.1.npz, NAME.2.npz, ..., before it is replaced.

    Raises:
        OSError: if it cannot be read or written.
    """
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in itertools.count(1))
    replace(next(name for name in names if not name.exists()), path.read_bytes())


def lock(file: int, wait: bool) -> None:
    """Lock an open file until it is closed, also by the end of a killed process.

    On a file system without locks it does nothing; on some network file systems, only processes of one machine see
    each other's locks.

    Raises:
        BlockingIOError: if another process has locked it, unless ``wait``.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        pass  # no locks there


def in_charge(path: Path) -> AbstractContextManager[None]:
    """Be the only process that writes a file; what killed ones have left half written is removed.

    Raises:
        OSError: if another process is in charge, or the folder cannot be written to.
    """
    beside = path.with_name(f"{path.name}.lock")  # the file itself is replaced again and again
    message = f"{path} is being written by another process: wait for its end, or choose another folder"
    return _alone(beside, path, f"{glob.escape(path.name)}.*{_PART}", message)


def in_charge_of_folder(folder: Path) -> AbstractContextManager[None]:
    """The same for all files in a folder and in those inside it; the folder is created.

    Raises:
        OSError: if another process is in charge, or the folder cannot be written to.
    """
    message = f"{folder} is under way in another process: wait for its end, or choose another folder or seed"
    return _alone(folder / LOCK, folder, f"**/*{_PART}", message)


def is_in_charge_of_folder(folder: Path) -> bool:
    """Whether a process is in charge of a folder."""
    with suppress(OSError), (folder / LOCK).open("rb") as file:
        try:
            lock(file.fileno(), wait=False)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _alone(beside: Path, path: Path, left: str, message: str) -> Iterator[None]:
    """Hold the lock file ``beside``; remove what matches ``left`` there."""
    with _locked(beside, path, message):
        try:
            for part in beside.parent.glob(left):
                part.unlink()
            yield
        finally:
            with suppress(OSError):
                beside.unlink()


def _locked(beside: Path, path: Path, message: str) -> IO[bytes]:
    """The lock file ``beside``, of ``path``, open and locked."""
    while True:
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            file = beside.open("ab")
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            lock(file.fileno(), wait=False)
        except BlockingIOError:
            file.close()
            raise OSError(message) from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), beside.stat()):
                return file
        file.close()  # its owner removed it after it was opened here
