"""What users hand in, as arrays of the types that are kept; what would become another value is refused."""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

INTEGERS, NUMBERS = "iu", "iuf"  # kinds of NumPy's types


def whole_number(name: str, value: Any, most: int) -> int:
    """A size as an ``int``.

    Raises:
        ValueError: if it is not a whole number from 1 to ``most``.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if not 0 < number <= most:
        raise ValueError(f"{name} is {value!r}, expected a whole number from 1 to {most}")
    return number


def joined(what: str, samples: Iterable[Any], kinds: str) -> tuple[np.ndarray, np.ndarray]:
    """Ragged samples in one array, and the size of each, int64 ``[samples]``.

    Args:
        what: in the errors, such as ``"times"``.
        samples: a one-dimensional array or list for each.
        kinds: of NumPy's types that are taken.

    Raises:
        ValueError: for a sample of another shape or type.
    """
    try:
        arrays = [_one_sample(what, row, sample, kinds) for row, sample in enumerate(samples)]
    except TypeError as error:  # not iterable
        raise ValueError(f"{what} are of type {type(samples).__name__}, expected an array for each sample") from error
    sizes = np.array([array.size for array in arrays], np.int64)
    full = [array for array in arrays if array.size]  # NumPy takes an empty list for floating-point numbers
    if not full:
        return np.zeros(0, np.int64 if kinds == INTEGERS else np.float32), sizes
    if kinds == INTEGERS and len({array.dtype for array in full}) > 1:
        # NumPy would take signed and unsigned ones to floating-point numbers. What int64 cannot hold becomes negative,
        # which no channel is.
        return np.concatenate(full, dtype=np.int64, casting="unsafe"), sizes
    return np.concatenate(full), sizes


def _one_sample(what: str, row: int, sample: Any, kinds: str) -> np.ndarray:
    try:
        array = np.asarray(sample)
    except ValueError as error:  # lists of several lengths in one sample
        raise ValueError(f"sample {row} has {what} that are no array ({error}): give one row of numbers") from error
    if array.ndim != 1:
        raise ValueError(
            f"sample {row} has {what} of shape {array.shape}, expected one row with an entry for each spike; of a "
            "raster [steps, channels], steps and channels of its spikes are np.nonzero(raster)"
        )
    if array.size and array.dtype.kind not in kinds:
        raise ValueError(f"sample {row} has {what} of type {array.dtype}, expected {_expected(kinds)}")
    return array


def _expected(kinds: str) -> str:
    return "integers" if kinds == INTEGERS else "real numbers"


def numbers(what: str, values: ArrayLike, kinds: str = INTEGERS) -> np.ndarray:
    """An array of numbers of some kinds; an empty one may have any type.

    Raises:
        ValueError: for another type, such as bool, text, objects or, among integers, floating-point numbers.
    """
    array = np.asarray(values)
    if not array.size:
        return array.astype(np.int64 if kinds == INTEGERS else np.float32)
    if array.dtype.kind not in kinds:
        raise ValueError(f"{what} are of type {array.dtype}, expected {_expected(kinds)}")
    if kinds == INTEGERS and array.dtype.kind == "u" and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{what} run to {array.max()}, expected at most {np.iinfo(np.int64).max}")
    return array


def spike_times(values: ArrayLike) -> np.ndarray:
    """Times [s] in float32, which tells apart times of 1 s by 0.1 us.

    Raises:
        ValueError: if one is no number, negative, not finite, or beyond the range of float32.
    """
    given = numbers("times", values, NUMBERS)
    with np.errstate(over="ignore"):
        times = given.astype(np.float32, copy=False)
    # Looked at before the conversion, too: a small negative number would become -0.
    if not (np.isfinite(times).all() and given.min(initial=0) >= 0):
        raise ValueError("a spike time is negative or not finite, expected seconds from the start of the sample")
    return times


def numbers_or_names(what: str, values: ArrayLike) -> np.ndarray:
    """Integers, int64, or names, as strings.

    Raises:
        ValueError: for another type, a mixture, or bytes that are not UTF-8.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "USTO":
        return numbers(what, array).astype(np.int64, copy=False)
    try:
        entries = [x.decode() if isinstance(x, bytes) else x for x in np.asarray(values, object).ravel()]
    except UnicodeDecodeError as error:
        raise ValueError(f"{what} hold {error.object!r}, which is not UTF-8: give names as text") from error
    other = [entry for entry in entries if not isinstance(entry, str)]
    if other:
        raise ValueError(
            f"{what} hold {other[0]!r} of type {type(other[0]).__name__}, expected integers, or names only"
        )
    return np.array(entries, str).reshape(array.shape)


def class_numbers(
    labels: ArrayLike, classes: int, names: Iterable[str] | None
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Labels as int32, and the names of the classes, if they have any.

    Args:
        labels: numbers from 0 on, or names.
        classes: how many there are.
        names: of all classes in order; by default, of labels that are names, these in alphabetical order.

    Raises:
        ValueError: if there is not one name for each class, or a label is of no class.
    """
    given = numbers_or_names("labels", labels)
    if names is not None:
        names = tuple(names)
        if len(set(names)) != classes or not all(isinstance(name, str) for name in names):
            raise ValueError(f"class_names are {names}, expected {classes} different ones, one for each class")
    if given.dtype.kind == "U" and given.size:
        found = tuple(np.unique(given).tolist())
        if names is None and len(found) != classes:
            # Taken from a part of the data that lacks a class, the numbers would be other ones than in the other parts.
            raise ValueError(
                f"labels are {len(found)} names, {_some(found)}, but there are {classes} classes: give class_names, "
                "the names of all classes in order"
            )
        names = found if names is None else names
        if unknown := set(found) - set(names):
            raise ValueError(f"label {min(unknown)!r} is none of the class_names {_some(names)}")
        number = {name: k for k, name in enumerate(names)}
        given = np.array([number[name] for name in given.ravel().tolist()]).reshape(given.shape)
    elif given.size and (given.min() < 0 or given.max() >= classes):
        raise ValueError(f"labels run from {given.min()} to {given.max()}, expected integers 0 to {classes - 1}")
    return given.astype(np.int32), names


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
