"""Tests of the reader of HDF5 files: a damaged file is one error, and Ctrl-C works while HDF5 hangs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradlab.data import hdf5, hdf5_reader
from gradlab.data.hdf5 import read_parts

ROWS = [np.array([0.25, 0.5], np.float16), np.array([], np.float16), np.array([0.75], np.float16)]
ROOT = Path(hdf5.__file__).parents[2]


def write(path, rows=ROWS, kind=np.float16, **more):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("rows", (len(rows),), h5py.vlen_dtype(kind))
        for k, row in enumerate(rows):
            dataset[k] = row
        file["numbers"] = np.arange(len(rows))
        for name, values in more.items():
            file[name] = values
    return path


@pytest.fixture
def hanging(tmp_path):
    """A file with a block of zeros where HDF5 keeps the rows: it looks for the end of them for ever."""
    path = write(tmp_path / "hanging.h5", [np.arange(500, dtype=np.float16)] * 40)
    data = bytearray(path.read_bytes())
    first = data.find(b"GCOL")
    data[first + 16 : first + 512] = bytes(496)  # after the head of a heap: an object of no size
    path.write_bytes(data)
    return path


def test_rows_and_numbers(tmp_path):
    sizes, rows, numbers = read_parts(write(tmp_path / "x.h5"), ["rows[]", "numbers"])
    assert (sizes.tolist(), rows.tolist(), numbers.tolist()) == ([2, 0, 1], [0.25, 0.5, 0.75], [0, 1, 2])
    assert (sizes.dtype, rows.dtype) == (np.int64, np.float16)


def test_many_rows(tmp_path):
    expected = [np.arange(k % 7, dtype=np.float16) for k in range(2 * hdf5_reader._AT_ONCE + 3)]
    sizes, rows = read_parts(write(tmp_path / "x.h5", expected), ["rows[]"])
    assert sizes.tolist() == [len(row) for row in expected] and rows.tolist() == np.concatenate(expected).tolist()


def test_a_file_that_hdf5_hangs_on(hanging, monkeypatch):
    monkeypatch.setattr(hdf5, "_PATIENCE", 1.0)
    with pytest.raises(ValueError, match=r"hanging.h5 cannot be read as HDF5 \(which hangs on it: no progress for 1 s"):
        read_parts(hanging, ["rows[]"])


def children(process):
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, limit=60.0):
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes as Linux lists them")
@pytest.mark.parametrize(("sent", "patience"), [(signal.SIGINT, 1000), (signal.SIGKILL, 3)])
def test_a_stopped_program_leaves_no_reader(hanging, sent, patience):
    """After Ctrl-C at once; after a kill, which nothing can react to, when the patience is over."""
    program = (
        "import sys, pathlib; from gradlab.data import hdf5; "
        f"hdf5._PATIENCE = {patience}; hdf5.read_parts(pathlib.Path(sys.argv[1]), ['rows[]'])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", program, str(hanging)]
    with subprocess.Popen(call, stderr=subprocess.PIPE, env=environment) as user:
        until(lambda: children(user.pid))
        (reader,) = children(user.pid)
        time.sleep(1)  # into HDF5
        user.send_signal(sent)
        assert sent == signal.SIGKILL or b"KeyboardInterrupt" in user.communicate()[1]
    until(lambda: not alive(reader))


def test_a_reader_that_crashes(tmp_path, monkeypatch):
    crash = tmp_path / "crash.py"
    crash.write_text("import os\nos.kill(os.getpid(), 11)\n")
    monkeypatch.setattr(hdf5, "_READER", crash)
    with pytest.raises(ValueError, match="which crashes on it with signal 11"):
        read_parts(write(tmp_path / "x.h5"), ["numbers"])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.h5"):
        read_parts(tmp_path / "nowhere.h5", ["numbers"])
    with pytest.raises(IsADirectoryError):
        read_parts(tmp_path, ["numbers"])


def parts_of(path, *names):
    """What the reader makes of a file, in this process."""
    done = []
    with h5py.File(path) as file:
        return [
            hdf5_reader.part(file, name.removesuffix("[]"), name.endswith("[]"), path.stat().st_size, lambda: done)
            for name in names
        ]


@pytest.mark.parametrize(
    ("name", "put", "message"),
    [
        ("x", lambda f: f.create_group("x"), "x is a group, expected a dataset"),
        ("x", lambda f: f.create_dataset("x", data=np.array([f.ref], h5py.ref_dtype)), "type object, expected one num"),
        ("x", lambda f: f.create_dataset("x", data=["a", "b"]), "type object, expected one number for each"),
        ("x", lambda f: f.create_dataset("x", data=np.zeros((3, 4))), r"shape \(3, 4\)"),
        ("x", lambda f: f.create_dataset("x", data=1), r"shape \(\)"),
        ("x[]", lambda f: f.create_dataset("x", data=np.zeros(3)), "expected one row of numbers for each sample"),
        ("x[]", lambda f: f.create_dataset("x", data=np.zeros((3, 4, 5))), "expected one row of numbers"),
        ("x", lambda f: f.create_dataset("x", (3,), h5py.vlen_dtype(int)), "expected one number for each sample"),
        ("x", lambda f: f.create_dataset("x", (10**12,), "u2"), "declares 1000000000000 entries, more than"),
        ("x", lambda f: f.create_dataset("x", (10**12,), "u2", chunks=(8,)), "declares 1000000000000 entries"),
        ("x", lambda f: f.create_dataset("x", (3,), "u2"), "its writing was stopped"),
        ("x", lambda f: f.create_dataset("x", (9,), "u2", chunks=(4,)).write_direct(np.ones(4, "u2"), None, np.s_[:4]),
         "its writing was stopped"),
        ("x", lambda f: f.create_dataset("x", (3,), "u2", external=[("y", 0, 6)]), "or it is in other files"),
        ("x[]", lambda f: f.create_dataset("x", (3,), h5py.vlen_dtype(np.dtype(">u2"))), "bytes .* in another order"),
    ],
)  # fmt: skip
def test_other_content_is_refused(tmp_path, name, put, message):
    path = write(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        put(file)
    with pytest.raises(ValueError, match=message):
        parts_of(path, name)


def test_what_is_refused_is_one_line(tmp_path):
    path = write(tmp_path / "x.h5", text=["a", "b"])
    with pytest.raises(ValueError, match=r"^[^\n]*x.h5 cannot be read as HDF5 \(text has [^\n]*\)$"):
        read_parts(path, ["numbers", "text"])
    with pytest.raises(ValueError, match=r"^[^\n]*x.h5 lacks a part, [^\n]*'more'[^\n]*$"):
        read_parts(path, ["numbers", "more"])


@given(
    rows=st.lists(st.lists(st.integers(0, 2**16 - 1), max_size=5), min_size=3, max_size=6),
    form=st.fixed_dictionaries({}, optional={"libver": st.just("latest"), "userblock_size": st.just(512)}),
    storage=st.sampled_from([{}, {"chunks": (2,)}, {"chunks": (3,), "compression": "gzip"}, {"maxshape": (None,)}]),
    kind=st.sampled_from(["u2", "i4", "u8", "f4", "f8"]),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_layout_gives_the_same_numbers(tmp_path, rows, form, storage, kind):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", **form) as file:
        dataset = file.create_dataset("rows", (len(rows),), h5py.vlen_dtype(np.dtype(kind)), **storage)
        for k, row in enumerate(rows):
            dataset[k] = np.array(row, kind)
        file.create_dataset("numbers", data=np.arange(len(rows), dtype=">i2"), **storage)
    (sizes, found), (numbers,) = parts_of(path, "rows[]", "numbers")
    assert sizes.tolist() == [len(row) for row in rows] and numbers.tolist() == list(range(len(rows)))
    assert found.tolist() == [number for row in rows for number in row]
