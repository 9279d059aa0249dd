"""Settings that are what their annotations say: one check for every field of every dataclass of settings.

A field's annotation gives its type and its range, such as ``Annotated[float, Gt(0)]``; the ranges used most have names
here. JAX is not imported, for some settings are read before it is set up.
"""

import dataclasses
import math
import operator
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Ge, Gt, Interval, Le, Lt, MinLen

LARGEST = 2**31 - 1  # JAX counts and indexes in 32 bits
_SHOWN = 60  # characters of a value in a message

Count = Annotated[int, Interval(ge=1, le=LARGEST)]
CountOrNone = Annotated[int, Interval(ge=0, le=LARGEST)]  # 0 stands for none
Counts = Annotated[tuple[Count, ...], MinLen(1)]
#: Larger ones are other seeds for ``jax.random.key``: in single precision, 2**32 is 0.
Seed = Annotated[int, Interval(ge=0, le=2**32 - 1)]
Positive = Annotated[float, Gt(0)]
Positives = Annotated[tuple[Positive, ...], MinLen(1)]
NotNegative = Annotated[float, Ge(0)]


def check_fields(settings: Any) -> None:
    """Make each field of a dataclass what its annotation says, or refuse it; call it first in ``__post_init__``.

    Scalars of NumPy and JAX become numbers of Python, lists tuples, and a single entry a tuple of one, so that settings
    can be hashed, compared and recorded. A real number has to be finite in single precision, and 0 only if it is 0.

    Args:
        settings: dataclass, frozen or not.

    Raises:
        ValueError: for a value of another type or out of range; names the field, the value and what is expected.
    """
    kind: Any = type(settings)
    for name, hint in _annotations(kind).items():
        value = getattr(settings, name)
        try:
            object.__setattr__(settings, name, _converted(hint, value))
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{name} is {_shown(value)}, expected {_words(hint)}") from None


@lru_cache
def _annotations(settings: type) -> dict[str, Any]:
    hints = get_type_hints(settings, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(settings)}


def _require(holds: bool) -> None:
    if not holds:
        raise ValueError


def _converted(hint: Any, value: Any) -> Any:
    """The value as the annotation wants it; any TypeError, ValueError or OverflowError refuses it."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _within(parts[1:], _converted(parts[0], value))
    if origin in (Union, UnionType):
        return None if value is None and NoneType in parts else _first(parts, value)
    if origin is tuple:
        return _entries(parts, value)
    if origin is Literal:
        _require(isinstance(value, str) and value in parts)
        return str(value)
    if hint in _PLAIN:
        return _PLAIN[hint][0](value)
    _require(not isinstance(hint, type) or isinstance(value, hint))
    return value


def _first(parts: tuple[Any, ...], value: Any) -> Any:
    """What the first of several annotations makes of a value that it takes."""
    for part in parts:
        with suppress(TypeError, ValueError, OverflowError):
            return _converted(part, value)
    raise ValueError


def _truth(value: Any) -> bool:
    _require(isinstance(value, bool | np.bool_))
    return bool(value)


def _whole(value: Any) -> int:
    _require(not isinstance(value, bool))
    return operator.index(value)


def _real(value: Any) -> float:
    _require(not isinstance(value, bool | str | bytes) and getattr(value, "dtype", None) not in (np.dtype(bool),))
    number, single = float(value), _single(float(value))
    _require(math.isfinite(single) and (single != 0 or number == 0))
    return number


def _single(number: float) -> float:
    """In single precision as compiled code has it, where the smallest numbers are 0."""
    with np.errstate(over="ignore", under="ignore"):
        single = float(np.float32(number))
    return 0.0 if abs(single) < np.finfo(np.float32).tiny else single


def _text(value: Any) -> str:
    _require(isinstance(value, str))
    return str(value)


#: How a value is converted, and what is expected.
_PLAIN: dict[Any, tuple[Callable[[Any], Any], str]] = {
    bool: (_truth, "True or False"),
    int: (_whole, "a whole number"),
    float: (_real, "a finite number"),
    str: (_text, "text"),
    Path: (Path, "a path"),
}


def _entries(parts: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """A tuple of any length, ``(X, ...)``, or of certain entries."""
    several = parts[-1] is Ellipsis
    if several and not isinstance(value, list | tuple):
        value = (value,)
    hints = parts[:1] * len(value) if several else parts
    return tuple(_converted(hint, entry) for hint, entry in zip(hints, value, strict=True))


def _limits(metadata: tuple[Any, ...]) -> list[Any]:
    """What limits a value; other annotations, such as a parser's, do not."""
    return [limit for each in metadata for limit in (each if isinstance(each, Interval) else (each,))]


def _within(metadata: tuple[Any, ...], value: Any) -> Any:
    for limit in _limits(metadata):
        match limit:
            case Gt(bound):
                _require(value > bound)
            case Ge(bound):
                _require(value >= bound)
            case Lt(bound):
                _require(value < bound)
            case Le(bound):
                _require(value <= bound)
            case MinLen(least):
                _require(len(value) >= least)
    return value


def _words(hint: Any) -> str:
    """What an annotation asks for."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _words(parts[0]) + " and".join(filter(None, map(_limit_in_words, _limits(parts[1:]))))
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in (Union, UnionType):
        return " or ".join(map(_words, parts))
    if origin is tuple and parts[-1] is Ellipsis:
        return f"a tuple, each entry {_words(parts[0])}"
    if origin is tuple:
        return f"a tuple of {' and '.join(map(_words, parts))}"
    return _PLAIN[hint][1] if hint in _PLAIN else {NoneType: "None"}.get(hint, getattr(hint, "__name__", str(hint)))


def _limit_in_words(limit: Any) -> str:
    match limit:
        case Gt(bound):
            return f" > {bound}"
        case Ge(bound):
            return f" >= {bound}"
        case Lt(bound):
            return f" < {bound}"
        case Le(bound):
            return f" <= {bound}"
        case MinLen(least):
            return f", {least} or more of them"
    return ""


def _shown(value: Any) -> str:
    """A value in a message, short."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**20:
        return f"about {'-' * (value < 0)}10^{round(value.bit_length() * math.log10(2))}"
    if isinstance(value, float | np.floating):
        single = _single(float(value))
        rounded = math.isfinite(value) and (not math.isfinite(single) or (single == 0 and value != 0))
        return f"{value:g}" + (f" ({single:g} in single precision)" if rounded else "")
    if isinstance(value, bool | int | str | bytes | tuple | list | np.generic | NoneType):
        try:
            text = repr(value)
        except ValueError:  # a number of thousands of digits
            return f"a {type(value).__name__} too long to show"
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return f"an object of class {type(value).__name__}"
