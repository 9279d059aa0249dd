"""What the README shows runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/python -m gradlab.bench --method eventprop",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest",
)
LONGEST, SECONDS = 15, 150


def python_blocks(text):
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


BLOCKS = python_blocks(README.read_text(encoding="utf-8"))


def test_blocks_are_found():
    text = "a\n```python\nx = 1\n\ny\n```\n```sh\nls\n```\n```python\nz\n```\n"
    assert python_blocks(text) == ["x = 1\n\ny\n", "z\n"]
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_is_short_and_runs(number, tmp_path):
    assert len(BLOCKS[number].splitlines()) <= LONGEST
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS[number]], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
        capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_stand_on_lines_of_their_own(command):
    assert command in README.read_text(encoding="utf-8").splitlines()


def test_readme_is_a_start_page():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
