"""Every page of ``docs/how-to-add``: its toy is one file and one registry line, is found, trains, and is drawn.

The toys are put into a copy of the house, where they are used as a user would: in processes of their own.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "how-to-add").glob("*.md"))}
KINDS = ("benchmark", "dataset", "engine", "initialiser", "method", "neuron", "readout", "surrogate")
SECONDS = 400
# The option of the main command that chooses among the entries of a registry.
OPTIONS = {
    "dataset": "--dataset",
    "engine": "--engine",
    "initialiser": "--initialiser",
    "method": "--method",
    "neuron": "--neuron",
    "readout": "--loss",
    "surrogate": "--surrogate",
}


def python_blocks(text):
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def parts_of(page):
    """``(new file, its text), (registry file, import lines, entry), code that uses the toy`` of a page."""
    new = registry = None
    use = []
    for block in python_blocks(page):
        first, rest = block.split("\n", 1)
        if match := re.fullmatch(r"# in (\S+\.py)", first):
            *imports, entry = [part for part in rest.strip("\n").split("\n\n") if part.strip()]
            registry = match[1], "\n".join(imports), entry
        elif match := re.fullmatch(r"# (\S+\.py)", first):
            new = match[1], rest
        else:
            use.append(block)
    return new, registry, use


def toy_name(page):
    """The name under which a page registers its toy."""
    _, (_, _, entry), _ = parts_of(page)
    return re.match(r'\s*"([^"]+)": ', entry)[1]


def extend(text, imports, entry):
    """A registry file with the toy's import line and its entry, the last one of the dictionary."""
    lines = text.split("\n")
    last = max(number for number, line in enumerate(lines) if line.startswith(("from ", "import ", '"""')))
    lines[last + 1 : last + 1] = imports.split("\n") if imports else []
    opening = next(number for number, line in enumerate(lines) if re.match(r"[A-Z]+(: dict\[.*\])? = \{$", line))
    assert "\n" not in entry  # one line
    lines.insert(lines.index("}", opening), entry)
    return "\n".join(lines)


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """A copy of the house with all toys, and with the kernels that numba has compiled so far."""
    root = tmp_path_factory.mktemp("house")
    for package in ("gradlab", "solvers", "benchmarks"):
        shutil.copytree(ROOT / package, root / package)
    for page in PAGES.values():
        (new, text), (registry, imports, entry), _ = parts_of(page)
        assert not (root / new).exists()
        (root / new).write_text(text)
        path = root / registry
        path.write_text(extend(path.read_text(), imports, entry))
    return root


def call(house, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=house, env=os.environ | {"PYTHONPATH": str(house)},
        capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_a_page_for_each_kind():
    assert tuple(PAGES) == KINDS


@pytest.fixture(scope="session")
def choices(house):
    """What the help of the main command says, without its frame."""
    return re.sub(r"[│\s]+", " ", call(house, "-m", "gradlab.bench", "--help"))


@pytest.mark.parametrize("kind", OPTIONS)
def test_the_toy_is_a_choice_of_the_command_line(kind, choices):
    found = re.search(rf"{OPTIONS[kind]} \[?\{{([^}}]*)\}}", choices)
    assert toy_name(PAGES[kind]) in found[1].replace(" ", "").split(",")


@pytest.mark.parametrize("method", ["toy", "eventprop", "bptt"])
def test_the_toys_train_and_are_drawn(method, house, tmp_path):
    """On the toy data set, which is small; toys that one method concerns go together."""
    together = {
        "toy": ["dataset", "method"],
        "eventprop": ["dataset", "engine", "initialiser", "readout"],
        # In continuous time another neuron is slow: its page shows that.
        "bptt": ["dataset", "surrogate", "neuron"],
    }
    assert set(OPTIONS) == set().union(*together.values())
    settings = {"--method": method} | {OPTIONS[kind]: toy_name(PAGES[kind]) for kind in together[method]}
    given = [text for option in settings.items() for text in option]
    small = ["--hidden", "4", "--epochs", "1", "--batch-size", "8", "--out", str(tmp_path)]
    printed = call(house, "-m", "gradlab.bench", *given, *small)
    assert re.search(r"^test accuracy .*%$", printed, re.MULTILINE)
    assert list(tmp_path.glob("*/figures/curves.png")) and list(tmp_path.glob("*/record.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_how_to_use_it(kind, house):
    uses = parts_of(PAGES[kind])[2]
    assert uses
    for block in uses:
        call(house, "-c", block)


def test_the_toy_benchmark_is_listed_and_draws(house, tmp_path):
    name = toy_name(PAGES["benchmark"])
    assert re.search(rf"^  {name} ", call(house, "-m", "benchmarks"), re.MULTILINE)
    call(house, "-m", "benchmarks", name, "--out", str(tmp_path))
    assert (tmp_path / f"{name}.jsonl").exists() and list(tmp_path.glob("figures/*.png"))
