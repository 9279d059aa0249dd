"""Sizes of installed packages, and times of imports."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from statistics import median

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gradlab
from gradlab.command import RUNS, Outcome
from solvers.fields import Count, check_fields

NAME, OURS = "gradlab", ("gradlab", "solvers", "benchmarks")
#: By the name of their time: what is imported.
STATEMENTS = {
    "import_gradlab_s": "import gradlab",
    "import_layer_s": "from solvers.eventprop import lif_layer",
    "import_trainer_s": "from gradlab import EventPropTrainer",
    "import_model_s": "from gradlab import load",
}
_TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


@dataclass(frozen=True)
class Config:
    """Size of the installation, and time of imports.

    Attributes:
        repeats: fresh processes for each import, after one that is not counted.
        out: folder for the record.
        json: print the record as one JSON object in the last line.
    """

    repeats: Count = 10
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def required(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The installed packages that requirements, and theirs in turn, ask for on this machine, by name.

    Args:
        requirements: as in ``Requires-Dist``; those of extras are left out unless a requirement asks for the extra.

    Raises:
        ValueError: if one is not installed.
    """
    found: dict[str, Distribution] = {}
    extras: dict[str, set[str]] = {}
    left = [(text, {""}) for text in requirements]
    while left:
        text, of = left.pop()
        asked = Requirement(text)
        name = canonicalize_name(asked.name)
        if asked.marker is not None and not any(asked.marker.evaluate({"extra": extra}) for extra in of):
            continue
        if name in found and asked.extras <= extras[name]:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError as error:
            raise ValueError(f"{name} is not installed: pip install {asked.name}") from error
        extras[name] = extras.get(name, set()) | asked.extras
        left += [(each, {"", *extras[name]}) for each in found[name].requires or ()]
    return found


def bytes_of(package: Distribution) -> int:
    """Of its installed files that are there."""
    paths = (Path(str(file.locate())) for file in package.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def import_seconds(statement: str) -> float:
    """Time of an import statement in a fresh process [s]."""
    done = subprocess.run([sys.executable, "-c", _TIMED.format(statement)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure(config: Config) -> Outcome:
    """Add up sizes, and time imports.

    Raises:
        ValueError: if gradlab or what it requires is not installed.
    """
    packages = required([NAME])
    del packages[NAME]  # whose files are not here if it is installed for development
    house = Path(gradlab.__file__).parents[1]
    own = sum(p.stat().st_size for name in OURS for p in (house / name).rglob("*") if p.is_file() and _is_source(p))
    sizes = {name: bytes_of(package) for name, package in sorted(packages.items())}
    times: dict[str, list[float]] = {}
    for name, statement in STATEMENTS.items():
        import_seconds(statement)
        times[name] = [import_seconds(statement) for _ in range(config.repeats)]
    metrics = {"own_bytes": own, "required_bytes": sum(sizes.values()), "required_packages": len(sizes)}
    return Outcome(metrics | {name: median(each) for name, each in times.items()}, times | {"bytes": [sizes]})


def _is_source(path: Path) -> bool:
    return "__pycache__" not in path.parts
