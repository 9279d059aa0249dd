"""Hostile calls of the simulators: each gives one clear error that names the argument, or the right result."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CALLS = 400
LIMIT = 240  # seconds for one call, with what it compiles


@pytest.mark.fuzz
def test_hostile_calls_of_the_simulators(tally):
    """In processes of their own, which may crash or hang; after that, the rest goes on in another one."""
    seed = 0
    while seed < CALLS:
        done, end = _run(seed, tally)
        seed += done
        if seed < CALLS:
            tally.fail("hangs" if end == "hang" else "tracebacks", f"seed {seed}: {end}")
            seed += 1
    tally.check(least=300)


def _run(first, tally):
    """Calls from a seed on; returns how many there were, and how the process ended."""
    said, hung, done = [], [], 0
    with subprocess.Popen(
        [sys.executable, HERE / "library_calls.py", str(first), str(CALLS)],
        env=os.environ | {"PYTHONPATH": str(HERE.parents[1]), "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        errors = threading.Thread(target=lambda: said.extend(process.stderr))
        errors.start()
        while True:
            watch = threading.Timer(LIMIT, lambda: (hung.append(True), process.kill()))
            watch.start()
            line = process.stdout.readline()
            watch.cancel()
            if not line:
                break
            what, failure = json.loads(line)
            if failure is None:
                tally.passed()
            else:
                tally.fail(failure.split(":")[0], f"{what}: {failure}")
            done += 1
        errors.join()
    return done, "hang" if hung else f"exit status {process.returncode}: {''.join(said[-3:])}"
