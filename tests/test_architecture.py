"""What the layout promises: rooms import downwards, modules stay small, no file tells about a developer's machine."""

import ast
import graphlib
import re
import subprocess
from pathlib import Path

import pytest

from gradlab.methods import METHODS

ROOT = Path(__file__).parent.parent
# The rooms from the bottom up: a module imports from its own room and from those above it in this list.
ROOMS = (
    "solvers.fields",
    "solvers.own_rules",
    "solvers.times",
    "solvers.events",
    "solvers.delays",
    "solvers.surrogates",
    "solvers.escape",
    "solvers.neurons",
    "solvers.smoothing",
    "solvers.voltages",
    "solvers.checks",
    "solvers.reference",
    "solvers.bptt",
    "solvers.eprop",
    "solvers.eventprop",
    "solvers",
    "gradlab.networks",
    "gradlab.data",
    "gradlab.methods",
    "gradlab.layers",
    "gradlab.training",
    "gradlab.measuring",
    "gradlab.reporting",
    "gradlab.models",
    "gradlab.nir",
    "gradlab.loggers",
    "gradlab.command",
    "gradlab.configuration",
    "gradlab.runs",
    "gradlab.tuning",
    "gradlab.view",
    "gradlab.check",
    "gradlab.bench",
    "gradlab.sweeps",
    "gradlab.__main__",
    "gradlab",
    "benchmarks",
)
LONGEST = 300
KERNELS = "solvers/eventprop/engines/numba/kernels"  # may be longer
MOST_BESIDE_ROOMS = 6  # modules that gradlab shows beside its rooms
# Put together here, so that this file does not find itself.
_FOLDERS = "|".join(("work", "home", "Users", "root"))
PRIVATE = re.compile(rf"(?<![\w.])/(?:{_FOLDERS})/|".encode() + b"|".join((b"pypi" + rb"\.org", b"python" + b"hosted")))


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path, source=None):
    """Modules of ours that a module imports, also inside functions and under TYPE_CHECKING."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text() if source is None else source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("solvers", "gradlab", "benchmarks")}


def is_module(name):
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def room_of(module):
    return next(room for room in sorted(ROOMS, key=len, reverse=True) if f"{module}.".startswith(f"{room}."))


def modules(folder):
    return sorted((ROOT / folder).rglob("*.py"))


OURS = [path for folder in ("solvers", "gradlab", "benchmarks") for path in modules(folder)]


def test_rooms_import_downwards_only():
    assert len(OURS) > 100
    wrong = []
    for path in OURS:
        mine = room_of(module_name(path))
        # The peers' side of that benchmark runs in environments without this project: nothing of ours but itself.
        for other in imported(path):
            if ROOMS.index(room_of(other)) > ROOMS.index(mine):
                wrong.append(f"{path.relative_to(ROOT)} imports {other}")
    assert not wrong


def test_no_import_circle():
    """Also none of modules within a room, and none of types."""
    names = {module_name(path): path for path in OURS}
    graph = {name: {other for other in imported(path) if other in names} - {name} for name, path in names.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert set(order) == set(names)


def test_imports_are_found():
    source = (
        "import solvers.events, jax\nfrom ..data import load\nfrom . import room\nfrom solvers import bptt\n"
        "if TYPE_CHECKING:\n    from .room import Room\ndef f():\n    import gradlab.bench\n"
    )
    found = imported(ROOT / "gradlab" / "training" / "loop.py", source)
    assert found == {"solvers.events", "gradlab.data", "gradlab.training.room", "solvers.bptt", "gradlab.bench"}


def test_nothing_else_knows_a_method_by_name():
    """Only methods themselves, and records of a layout in which there were two."""
    known = [ROOT / "gradlab" / "methods", ROOT / "gradlab" / "reporting" / "old_records.py"]
    found = {}
    for path in [*modules("solvers"), *modules("gradlab")]:
        texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        if not any(path.is_relative_to(each) for each in known) and texts & set(METHODS):
            found[str(path.relative_to(ROOT))] = texts & set(METHODS)
    assert not found


def test_gradlab_shows_few_modules_beside_its_rooms():
    assert len(list((ROOT / "gradlab").glob("*.py"))) <= MOST_BESIDE_ROOMS


@pytest.mark.parametrize("folder", ["solvers", "gradlab", "benchmarks", "tests"])
def test_modules_stay_small(folder):
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(folder)}
    longer = {path for path, length in lengths.items() if length > LONGEST}
    assert not {path for path in longer if not path.startswith(KERNELS)}


def test_no_file_tells_about_a_machine():
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git checkout")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and (match := PRIVATE.search(path.read_bytes())):
            found[name] = match[0]
    assert not found


@pytest.mark.parametrize("folder", ["work", "home"])
def test_private_paths_are_recognised(folder):
    assert PRIVATE.search(f'path = "/{folder}/me/x"'.encode())
    assert PRIVATE.search(f"file:///{folder}/me".encode())
    assert not PRIVATE.search(f"see docs/{folder}/index.md and https://example.com/{folder}/".encode())
