"""Arrays and a JSON text in one file that shows whether anything in it was changed.

The file is a NumPy archive, which ``np.load`` opens, too. Its comment, at its end, is a checksum of all before. No code
is stored in it.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

TEXT = "json"  # the name of the text, as bytes, among the arrays
_SUM = hashlib.sha256().digest_size
_OLD, _OLD_AT = b"text.npy", slice(30, 38)  # the first name in files of layouts 1 and 2, which have no checksum
_MOST_TEXT = 2**28  # bytes


def packed(text: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The content of a file.

    Args:
        text: JSON types.
        arrays: by name.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **{TEXT: np.frombuffer(json.dumps(text).encode(), np.uint8)}, **arrays)  # type: ignore[arg-type]
    return signed(buffer.getvalue())


def signed(archive: bytes) -> bytes:
    """A zip archive with its checksum."""
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as file:
        file.comment = bytes(_SUM)
    content = buffer.getvalue()[:-_SUM]
    return content + hashlib.sha256(content).digest()


def read(path: Path, most: int, kind: str = "checkpoint") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Text and arrays of a file, if it is as it was written.

    Args:
        path: of the file.
        most: bytes of arrays that are expected, at most.
        kind: what the file should be, in words.

    Raises:
        ValueError: if it is of another kind, or was changed.
        OSError: if it cannot be read.
    """
    try:
        if not path.is_file():
            raise OSError("it is no file")
        with path.open("rb") as file:
            content = file.read(most + _MOST_TEXT)  # no more, however large it is
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error.strerror or error}): make it readable, or remove it") from error
    except MemoryError as error:
        raise _foreign(path, kind, "or one of a larger network: it does not fit into memory") from error
    if hashlib.sha256(content[:-_SUM]).digest() != content[-_SUM:]:
        if content[_OLD_AT] == _OLD:
            return {"layout": "1 or 2"}, {}
        raise _foreign(path, kind, "or was damaged: its checksum is wrong")
    try:
        return _unpacked(content)
    except Exception as error:  # Whoever made this knew the checksum; and every parser has errors of its own.
        raise _foreign(path, kind, str(error)) from error


def _unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if sum(member.file_size for member in members) > len(content):
        raise ValueError("it would be larger than the file when unpacked")
    if len({member.filename for member in members}) < len(members):
        raise ValueError("two arrays have one name")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = dict(file)
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("a member is no array")
    text = json.loads(arrays.pop(TEXT).tobytes())
    if not isinstance(text, dict):
        raise ValueError("its text is no mapping")
    return text, arrays


def _foreign(path: Path, kind: str, reason: str) -> ValueError:
    return ValueError(f"{path} is no {kind} of gradlab ({reason}): remove it, or choose another folder")
