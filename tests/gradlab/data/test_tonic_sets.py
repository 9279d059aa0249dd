"""Data sets of tonic: events of a sensor as spikes of channels."""

import numpy as np
import pytest
import tonic.datasets

from gradlab.data import from_tonic, load

XYTP = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
RECORDINGS = [
    (np.array([(2, 0, 5000, 0), (0, 1, 1000, 1), (2, 1, 5000, 1)], XYTP), 1), (np.array([], XYTP), 0)
]  # fmt: skip


class Camera(list):
    """Three pixels wide, two high, two polarities."""

    sensor_size = (3, 2, 2)


def test_a_pixel_and_polarity_is_a_channel():
    data = from_tonic(Camera(RECORDINGS), class_names=("no", "yes"))
    assert (data.name, data.inputs, data.classes) == ("camera", 12, 2) and data.class_name(data.labels[0]) == "yes"
    np.testing.assert_allclose(data.times, [1e-3, 5e-3, 5e-3])
    assert data.units.tolist() == [9, 2, 11] and data.offsets.tolist() == [0, 3, 3]


def test_a_cochlea_has_neither_rows_nor_polarities():
    events = np.array([(7, 3, 1)], [("t", int), ("x", int), ("p", int)])
    data = from_tonic([(events, "b"), (events, "a")], (5, 1, 1), time_unit=1e-3, name="ears")
    assert (data.name, data.inputs, data.units.tolist(), data.class_names) == ("ears", 5, [3, 3], ("a", "b"))
    np.testing.assert_allclose(data.times, 7e-3)


@pytest.mark.parametrize(
    ("recordings", "size", "message"),
    [
        (RECORDINGS, None, "sensor_size is None, expected the width"),
        (RECORDINGS, (2, 2, 2), "recording 0 has events with x from 0 to 2, expected 0 to 1: correct sensor_size"),
        ([(np.zeros((4, 2, 3, 2)), 0)], (3, 2, 2), "recording 0 has no field 't' .*ndarray without fields"),
        ([(RECORDINGS[0][0][["x", "t", "p"]], 0)], (3, 2, 2), r"no field 'y' \(fields x, t, p\)"),
    ],
)
def test_what_are_no_events_of_the_sensor_is_refused(recordings, size, message):
    with pytest.raises(ValueError, match=message):
        from_tonic(recordings, size)


def test_nmnist_is_read_through_tonic(tmp_path, monkeypatch):
    """In the five bytes an event of its files: x, y, polarity and 23 bits of time."""
    monkeypatch.setattr(tonic.datasets.NMNIST, "_check_exists", lambda self: True)
    for part in ("Train", "Test"):
        for digit in (3, 8):
            path = tmp_path / "NMNIST" / part / str(digit) / "00001.bin"
            path.parent.mkdir(parents=True)
            path.write_bytes(bytes([33, digit, 0x80 | 1, 0, 16]) + bytes([0, 0, 4, 0, 0]))
    train, validation, test = load("n-mnist", tmp_path)
    assert validation is None and train.labels.tolist() == test.labels.tolist() == [3, 8]
    assert (train.inputs, train.classes) == (2312, 10)
    np.testing.assert_allclose(train.times, np.tile([(2**16 + 16) * 1e-6, 2**18 * 1e-6], 2), rtol=1e-6)
    assert train.units.tolist() == [(34 + 3) * 34 + 33, 0, (34 + 8) * 34 + 33, 0]
