"""Any settings or figures in JSON types."""

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

_DIGITS = 16


def digest(*values: Any) -> str:
    """Hexadecimal digits that stand for values of JSON types: other values have others."""
    canonical = (json.dumps(each, sort_keys=True, separators=(",", ":"), allow_nan=False) for each in values)
    return hashlib.sha256("\n".join(canonical).encode()).hexdigest()[:_DIGITS]


def to_json(value: Any) -> Any:
    """The same value in JSON types: arrays become lists, NaN and infinity None, dataclasses and mappings dicts.

    Args:
        value: nested dataclasses, mappings, sequences, NumPy and JAX arrays, paths and plain values.

    Raises:
        TypeError: if a value has no JSON form.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(entry) for entry in value]
    if hasattr(value, "__array__"):  # also JAX's arrays, without importing JAX only to read records
        array = np.asarray(value)
        if array.dtype.kind == "V":
            array = array.astype(np.float64)  # bfloat16 and its like, which NumPy knows only as raw bytes
        if array.dtype.kind in "biufU":
            return to_json(array.tolist())
    if callable(value):
        raise TypeError(
            "a function is among the settings, which no file can hold: run without files, or register it under a name "
            "(docs/how-to-add)"
        )
    raise TypeError(f"{type(value).__name__} has no JSON form: convert it to numbers, text, lists or dicts first")


def flattened(settings: Any, name: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted names."""
    if not isinstance(settings, Mapping):
        return {name: settings}
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= flattened(value, f"{name}.{key}" if name else key)
    return flat
