"""Files are whole or not there, and one process writes them."""

import os
import resource
import signal
import subprocess
import sys

import pytest

from gradlab.training import files

OWNER = """
import os, signal, sys
from pathlib import Path
from gradlab.training.files import in_charge
path = Path(sys.argv[1])
with in_charge(path):
    path.with_name(f"{path.name}.0.part").write_bytes(b"half")
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def owner(tmp_path):
    """Another process that is in charge of a file, and stands still."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path / "x.npz"], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "new" / "x"
    for content in (b"first", b"second"):
        files.replace(path, content)
        assert path.read_bytes() == content and list(path.parent.iterdir()) == [path]
    other = tmp_path / "other"
    other.write_bytes(b"")
    assert path.stat().st_mode == other.stat().st_mode  # others may read it, if they usually may


def test_on_a_full_disk_the_old_file_stays(tmp_path):
    """A limit on the size of files fails like a full disk: in the midst of writing."""
    path = tmp_path / "x"
    files.replace(path, b"old")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, usual[1]))
    try:
        with pytest.raises(OSError, match=r"x cannot be written \(File too large\): free some disk space, or choose"):
            files.replace(path, bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_one_process_is_in_charge(owner, tmp_path):
    """A killed one is not in the way, and what it left half written is removed."""
    path = tmp_path / "x.npz"
    with pytest.raises(OSError, match="x.npz is being written by another process: wait"), files.in_charge(path):
        pass
    with files.in_charge(tmp_path / "y.npz"):
        pass
    assert (tmp_path / "x.npz.0.part").exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with files.in_charge(path):
        assert [each.name for each in tmp_path.iterdir()] == ["x.npz.lock"]
    assert not list(tmp_path.iterdir())


def test_a_lock_that_its_owner_removes_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    path, lock = tmp_path / "x", files.lock

    def removed(file, wait):
        monkeypatch.setattr(files, "lock", lock)
        (tmp_path / "x.lock").unlink()
        lock(file, wait)

    monkeypatch.setattr(files, "lock", removed)
    with files.in_charge(path):
        assert (tmp_path / "x.lock").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(OSError, match="x cannot be written .*choose another folder"),
        files.in_charge(tmp_path / "file" / "x"),
    ):
        pass
