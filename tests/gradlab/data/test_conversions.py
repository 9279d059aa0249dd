"""Tests that what users hand in is kept to the last bit, or refused with its reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradlab.data import SpikeData

FIELDS = ("times", "units", "offsets", "labels", "groups")
TYPES = st.one_of(
    hnp.integer_dtypes(), hnp.unsigned_integer_dtypes(), hnp.floating_dtypes(), hnp.boolean_dtypes(),
    hnp.complex_number_dtypes(), hnp.unicode_string_dtypes(max_len=3), hnp.byte_string_dtypes(max_len=3),
    hnp.datetime64_dtypes(), hnp.timedelta64_dtypes(),
)  # fmt: skip
EXTREME = [-1, 0, 1, 2, 8.9, 0.5, np.nan, np.inf, 2**16, 2**31, 2**32, 2**40, 2**63, 2**64 - 1, 1e300, 1e-60, -1e-60]


def made(times=((0.1, 0.2), (), (0.3,)), units=((5, 0), (), (1,)), labels=(0, 2, 1), groups=(7, 7, 9), **changes):
    return SpikeData.from_samples("small", times, units, labels, groups, **{"inputs": 6, "classes": 3} | changes)


def plain(values):
    """Text for bytes; lists otherwise."""
    return [x.decode() if isinstance(x, bytes) else x for x in np.asarray(values).tolist()]


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_arrays_of_any_type_are_kept_exactly_or_refused(data):
    """Times alone are rounded, to the nearest number of float32."""
    fields = {
        "times": np.array([0.125, 0.25, 0.5]),
        "units": np.array([5, 0, 2]),
        "offsets": np.array([0, 2, 2, 3]),
        "labels": np.array([0, 2, 1]),
        "groups": np.array([7, 7, 9]),
    }
    name = data.draw(st.sampled_from(FIELDS))
    if data.draw(st.booleans()):
        values = data.draw(st.lists(st.sampled_from(EXTREME), min_size=len(fields[name]), max_size=len(fields[name])))
        fields[name] = np.array(values)
    else:
        fields[name] = data.draw(hnp.arrays(data.draw(TYPES), len(fields[name])))
    try:
        kept = SpikeData("drawn", **fields, inputs=6, classes=3)
    except ValueError:
        return
    expected, found = plain(fields[name]), getattr(kept, name).tolist()
    if name == "times":
        with np.errstate(all="ignore"):
            assert np.isfinite(found).all() and found == np.asarray(fields[name], np.float32).tolist()
    elif name == "labels" and isinstance(expected[0], str):
        assert [kept.class_names[label] for label in found] == expected
    else:
        assert found == expected and not np.any([isinstance(x, bool) for x in expected])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # Speakers that became other numbers.
        ({"groups": [7, np.nan, 9]}, "groups are of type float64, expected integers"),
        ({"groups": [7, 8.9, 9]}, "groups are of type float64"),
        ({"groups": [7, 2**64, 9]}, "groups hold 7 of type int"),
        ({"groups": np.array([7, 2**63, 9], np.uint64)}, "groups run to 9223372036854775808"),
        ({"groups": [True, False, True]}, "groups are of type bool"),
        ({"groups": [1, "a", "b"]}, "groups hold 1 of type int, expected integers, or names only"),
        ({"labels": [0, "a", float("nan")]}, "labels hold 0 of type int"),
        ({"labels": np.array(["a", "b", np.nan], object)}, "labels hold nan of type float"),
        ({"labels": [0.0, 2.0, 1.0]}, "labels are of type float64, expected integers"),
        ({"labels": np.eye(3, dtype=int)}, "3 spike trains, 3 unit trains, 9 labels"),
        ({"labels": ["a", "b", "a"]}, "labels are 2 names, a, b, but there are 3 classes: give class_names"),
        ({"labels": ["a", "b", "x"], "class_names": "abc"}, "label 'x' is none of the class_names a, b, c"),
        ({"labels": [b"a", b"b", b"\xff"]}, "which is not UTF-8"),
        ({"class_names": ["a", "b"]}, "class_names are .*, expected 3 different ones"),
        ({"class_names": ["a", "b", "b"]}, "class_names are .*, expected 3 different ones"),
        # Dense arrays, objects.
        ({"times": np.zeros((3, 10, 6))}, r"sample 0 has times of shape \(10, 6\).*np.nonzero"),
        ({"units": np.zeros((3, 10, 6), int)}, r"sample 0 has units of shape \(10, 6\)"),
        ({"times": [0.1, 0.2, 0.3]}, r"sample 0 has times of shape \(\)"),
        ({"times": None}, "times are of type NoneType, expected an array for each sample"),
        ({"times": [[0.1, 0.2], [], [None]]}, "sample 2 has times of type object, expected real numbers"),
        ({"times": [[0.1, 0.2], [], ["0.3"]]}, "sample 2 has times of type <U3"),
        ({"times": [[0.1, [0.2]], [], [0.3]]}, "sample 0 has times that are no array"),
        ({"times": [[False, True], [], [0.3]]}, "sample 0 has times of type bool"),
        ({"times": [[0.1, 1e300], [], [0.3]]}, "negative or not finite"),
        ({"times": [[-1e-60, 0.1], [], [0.3]]}, "negative or not finite"),
        ({"units": [[5, 0], [], [1.0]]}, "sample 2 has units of type float64, expected integers"),
        ({"units": [[5, 0], [], np.array([2**64 - 1], np.uint64)]}, "channels run from -1"),
    ],
)
def test_what_would_become_another_value_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        made(**changes)


def test_large_groups_are_kept():
    assert made(groups=[2**40, -1, 0]).groups.tolist() == [2**40, -1, 0]


def test_labels_as_names():
    data = made(labels=["zebra", "ant", "cow"])
    assert (data.labels.tolist(), data.class_names) == ([2, 0, 1], ("ant", "cow", "zebra"))
    assert data.select([2, 0]).class_names == data.class_names
    assert [data.class_name(label) for label in data.select([2, 0]).labels] == ["cow", "zebra"]
    in_bytes = made(labels=np.array([b"zebra", b"ant", b"cow"]))
    assert (in_bytes.labels.tolist(), in_bytes.class_names) == (data.labels.tolist(), data.class_names)


def test_names_of_classes_that_no_sample_is_of():
    data = made(labels=["cow", "ant", "cow"], class_names=["cow", "emu", "ant"])
    assert data.labels.tolist() == [0, 2, 0] and data.class_name(1) == "emu"
    assert made(class_names=["x", "y", "z"]).labels.tolist() == [0, 2, 1]


def test_classes_without_names_have_their_numbers():
    assert made().class_names is None and made().class_name(np.int32(2)) == "2"


def test_groups_as_names():
    assert made(groups=["jo", "al", "jo"]).select([2, 1]).groups.tolist() == ["jo", "al"]


@pytest.mark.parametrize(("inputs", "kept"), [(2**16, np.uint16), (2**16 + 1, np.uint32), (240 * 180 * 2, np.uint32)])
def test_units_of_many_inputs(inputs, kept):
    data = made(units=[[inputs - 1, 0], [], [1]], inputs=inputs)
    assert data.units.dtype == kept and data.units.tolist() == [inputs - 1, 0, 1]


def test_units_of_several_types():
    data = made(units=[np.array([5, 0], np.uint64), [], np.array([1], np.int8)])
    assert data.units.tolist() == [5, 0, 1]


def test_times_that_float32_cannot_tell_apart_keep_their_order():
    data = made(times=[[1 + 1e-12, 1], [], [0.3]])
    assert data.times.tolist()[:2] == [1, 1] and data.units.tolist()[:2] == [0, 5]


@pytest.mark.parametrize(
    ("times", "tenth", "half"),
    [([[], [], []], 0, 0), ([[], np.arange(11), []], 1, 5), ([[], np.linspace(0, 1, 30000), []], 0.1, 0.5)],
)
def test_quantiles_of_the_times(times, tenth, half):
    data = made(times=times, units=[np.zeros(len(sample), int) for sample in times])
    assert data.time_quantiles == pytest.approx((tenth, half), abs=0.02)
