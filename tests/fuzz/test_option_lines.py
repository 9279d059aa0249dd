"""Hostile command lines end with exit status 2 and one error, or do no harm; seeded, most of them in few processes."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import option_child
import pytest
from option_lines import COMMANDS, fault, random_line

SEED = 14
LINES = {"gradlab.bench": 300, "gradlab.check": 30}  # of others:
OTHERS = 20
ALONE = 10  # lines of the main command that also run for themselves, with nothing in place of their work
TINY = "--dataset yin-yang --hidden 4 --epochs 1 --batch-size 1000 --duration 0.06 --engine numba".split()
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "fuzz")]),
    "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
}  # fmt: skip


def answered(lines, folder):
    """The answer to each line; the exit status of a process that did not survive it, which is then replaced."""
    answers = []
    while len(answers) < len(lines):
        (folder / "lines.json").write_text(json.dumps(lines[len(answers) :]))
        (folder / "answers.jsonl").write_text("")
        command = [sys.executable, option_child.__file__, str(folder / "lines.json"), str(folder / "answers.jsonl")]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
        answers += map(json.loads, (folder / "answers.jsonl").read_text().splitlines())
        if len(answers) < len(lines):
            assert done.returncode < 0, done.stderr
            answers.append(done.returncode)
    return answers


def count(tally, command, line, answer):
    """Count one try."""
    shown = f"{command} {[word[:80] for word in line]}"
    if isinstance(answer, int):
        tally.fail("hangs" if answer == -signal.SIGALRM else "tracebacks", f"{shown}: ended by signal {-answer}")
    elif (found := fault(command, line, answer)) is None:
        tally.passed()
    else:
        tally.fail(found[0], f"{shown}: {found[1]}")


def alone(line, folder):
    """The answer of a process of its own."""
    folder.mkdir()
    option_child.fresh_folder(folder)
    command = [sys.executable, "-m", "gradlab.bench", *line]
    try:
        done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return -signal.SIGALRM
    changed = [] if done.returncode == 0 else option_child.changes(folder)
    return {"status": done.returncode, "errors": done.stderr, "raised": "", "changed": changed}


@pytest.mark.fuzz
def test_option_lines(tally, tmp_path):
    rng = random.Random(SEED)
    lines = [(command, random_line(rng, command)) for command in COMMANDS for _ in range(LINES.get(command, OTHERS))]
    rng.shuffle(lines)
    for (command, line), answer in zip(lines, answered(lines, tmp_path), strict=True):
        count(tally, command, line, answer)
    for number in range(ALONE):
        line = [*TINY, *random_line(rng, "gradlab.bench")]
        count(tally, "gradlab.bench", line, alone(line, tmp_path / f"alone{number}"))
    tally.check(least=500)
