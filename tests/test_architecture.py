"""What the layout promises: imports flow one way, modules stay small, no file tells about a developer's machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {"solvers": {"gradlab", "benchmarks"}, "gradlab": {"benchmarks"}}
LONGEST = 400
# Put together here, so that this file does not find itself.
_FOLDERS = "|".join(("work", "home", "Users", "root"))
PRIVATE = re.compile(rf"(?<![\w.])/(?:{_FOLDERS})/|".encode() + b"|".join((b"pypi" + rb"\.org", b"python" + b"hosted")))


def imported(source):
    """Top-level packages that a module imports; relative imports stay inside its own."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def modules(folder):
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_flow_one_way(package):
    assert modules(package)
    wrong = {str(path.relative_to(ROOT)): imported(path.read_text()) & FORBIDDEN[package] for path in modules(package)}
    assert not {path: names for path, names in wrong.items() if names}


def test_imports_are_found():
    source = "import a.b, c as d\nfrom e.f import g\nfrom . import h\ndef i():\n    import j\n"
    assert imported(source) == {"a", "c", "e", "j"}


@pytest.mark.parametrize("folder", ["solvers", "gradlab", "benchmarks", "tests"])
def test_modules_stay_small(folder):
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules(folder)}
    assert not {path: length for path, length in lengths.items() if length > LONGEST}


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
