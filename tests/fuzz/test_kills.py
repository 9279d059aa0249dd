"""Kills of the main command at random moments: nothing is lost, and a resumed training reaches the same bits.

A training is killed several times in a row, each time after it was resumed, and then goes on to its end. Only signals
that ended a run are counted.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradlab.reporting import records
from gradlab.training import archive

pytestmark = pytest.mark.fuzz
ROOT = Path(__file__).parents[2]
SEED, KILLS, IN_A_ROW, LIMIT = 14, 200, 8, 600  # LIMIT in seconds, of one run on a busy machine
OPTIONS = "--dataset yin-yang --hidden 4 --epochs 12 --batch-size 500 --method eventprop".split()
# Two thirds are SIGKILL.
SIGNALS = ("SIGKILL",) * 4 + ("SIGTERM", "SIGINT")
# The configuration, each epoch's checkpoint, the record and two figures are replaced.
CALLS = {"fsync": 16, "replace": 16, "unlink": 16}
PNG_END = b"IEND\xaeB`\x82"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Programs are compiled once for all runs."""
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | cache | {"PYTHONPATH": search, "JAX_PLATFORMS": "cpu"}


@dataclass
class Kill:
    """How a run is stopped: at a call that writes, or after a time.

    Attributes:
        kind: name of the signal.
        call: function of ``os``, its number and the moment; or None.
        after: share of the time of a whole run, from its first words on.
    """

    kind: str
    call: tuple[str, int, str] | None
    after: float


def draw(rng):
    kind, call = str(rng.choice(SIGNALS)), None
    if rng.random() < 0.6:
        name = str(rng.choice(list(CALLS)))
        call = name, int(rng.integers(1, CALLS[name] + 1)), str(rng.choice(("before", "after")))
    return Kill(kind, call, float(rng.random()))


def ended_by(kill):
    """Exit statuses of a run that a signal ended; in its first and last moments Python knows no handler."""
    return {-signal.Signals[kill.kind]} | (set() if kill.kind == "SIGKILL" else {130})


def run(folder, environment, resume, kill=None, usual=0.0):
    """The command in a process of its own; returns its exit status, what it said, and the seconds after first words.

    Raises:
        subprocess.TimeoutExpired: if it does not end.
    """
    options = [*OPTIONS, "--out", folder, *(["--resume"] if resume else [])]
    command = [sys.executable, "-u", "-m", "gradlab.bench", *options]
    if kill and kill.call:
        program = str(Path(__file__).parent / "killed_command.py")
        command = [sys.executable, "-u", program, *map(str, kill.call), kill.kind, *options]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said, began = process.stdout.readline(), time.monotonic()
            if kill and not kill.call:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(kill.after * usual)
                process.send_signal(signal.Signals[kill.kind])
            rest, errors = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    return process.returncode, said + rest + errors, time.monotonic() - began


def reached(folder):
    """What a finished training has reached, to the last bit, from its checkpoint and its record."""
    (path,) = folder.glob("*/checkpoint.npz")
    text, arrays = archive.read(path, 2**24)
    progress = text["progress"]
    history = {name: values for name, values in progress["history"].items() if not name.endswith("_s")}
    (record,) = records.read_all(folder)
    figures = {name: value for name, value in record["metrics"].items() if "accuracy" in name or "spikes" in name}
    return (
        {name: array.tobytes() for name, array in arrays.items()},
        history, progress["epochs"], progress["random_state"], progress["capacities"], record["status"], figures,
    )  # fmt: skip


class Kept:
    """What was written before, and must be there after every kill."""

    def __init__(self, folder, earlier):
        """Look at a folder that nothing was killed in.

        Args:
            folder: of the command.
            earlier: contents of the checkpoint and the record of an earlier start, or none.
        """
        self.folder, self.earlier, self.epochs = folder, earlier, 0

    def faults(self):
        """What is lost or half written now."""
        files = {path: path.read_bytes() for path in self.folder.rglob("*") if path.suffix in (".json", ".npz", ".png")}
        for earlier in self.earlier:
            if earlier not in files.values():
                yield "the checkpoint or the record of an earlier start is lost"
        checkpoints = []
        for path, content in files.items():
            if path.suffix == ".json" and not is_json(content):
                yield f"half a file {path.name}"
            if path.suffix == ".png" and not content.endswith(PNG_END):
                yield f"half a figure {path.name}"
            if path.name.startswith("checkpoint"):
                checkpoints.append(path)
        epochs = [archive.read(path, 2**24)[0]["progress"]["epochs"] for path in checkpoints]
        if max(epochs, default=0) < self.epochs:
            yield f"a checkpoint of epoch {self.epochs} is lost"
        self.epochs = max(epochs, default=0)


def is_json(content):
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def chain(tally, environment, folder, rng, whole, usual):
    """Kills in a row, and then the end, of one training."""
    earlier = []
    if rng.random() < 0.2:
        shutil.copytree(whole["folder"], folder)
        earlier = [path.read_bytes() for name in ("checkpoint.npz", "record.json") for path in folder.glob(f"*/{name}")]
    kept, status = Kept(folder, earlier), None
    for number in range(IN_A_ROW + 1):
        kill = draw(rng) if number < IN_A_ROW else None
        what = f"{folder.name}, {number}: {kill}"
        try:
            status, said, _ = run(folder, environment, number > 0, kill, usual)
        except subprocess.TimeoutExpired:
            tally.fail("hangs", what)
            continue
        faults = [("lost", fault) for fault in kept.faults()]
        killed = kill is not None and status in ended_by(kill)
        if "Traceback" in said or not (killed or status == 0):
            faults.append(("tracebacks", f"exit status {status}: {said[-500:]}"))
        elif status == 0:
            if reached(folder) != whole["reached"]:
                faults.append(("silent", f"another result: {said[-500:]}"))
            if [path for path in folder.rglob("*") if path.name == ".lock" or path.suffix in (".lock", ".part")]:
                faults.append(("lost", "a lock or half a file is left"))
        for way, fault in faults:
            tally.fail(way, f"{what}: {fault}")
        if killed and not faults:
            tally.passed()
        if status == 0:
            return


def test_kills(tally, environment, tmp_path):
    first = tmp_path / "first"
    assert run(first, environment, resume=False)[0] == 0  # compiles
    status, said, usual = run(tmp_path / "whole", environment, resume=False)
    assert status == 0, said
    whole = {"reached": reached(tmp_path / "whole"), "folder": tmp_path / "whole"}
    assert reached(first) == whole["reached"]
    rng, number = np.random.default_rng(SEED), 0
    while tally.tries < KILLS:
        number += 1
        chain(tally, environment, tmp_path / f"chain-{number}", rng, whole, usual)
    tally.check(least=KILLS)
