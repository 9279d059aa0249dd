"""Contestants in turn, each time in a fresh process, round after round: a drift of the machine hits all alike."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

_ROOT = Path(__file__).parents[2]


class Call(NamedTuple):
    """How to run a contestant.

    Attributes:
        python: interpreter.
        module: that calls ``benchmarks.peers.contestant.main``.
        arguments: that the module takes besides the problem and the repeats.
    """

    python: Path
    module: str
    arguments: tuple[str, ...] = ()


class Result(NamedTuple):
    """What the rounds of a contestant gave.

    Attributes:
        seconds: of all gradients, in order; empty if it failed.
        peak_bytes: that a gradient adds, with its input; median of the rounds; None if unknown.
        rate_hz: of the hidden neurons.
        limits: what of the problem it leaves out; empty if nothing.
        version: of its package; None for ours.
        reason: why there are no figures; None if there are.
    """

    seconds: list[float] = []
    peak_bytes: float | None = None
    rate_hz: float | None = None
    limits: str = ""
    version: str | None = None
    reason: str | None = None

    @property
    def median(self) -> float | None:
        """Median time of a gradient [s], None if it failed."""
        return float(np.median(self.seconds)) if self.seconds else None


def run_once(call: Call, problem: Path, repeats: int) -> dict[str, Any]:
    """One process of a contestant.

    Args:
        call: how to run it.
        problem: file with the problem.
        repeats: timed gradients.

    Returns:
        As ``benchmarks.peers.contestant.main`` prints it.

    Raises:
        RuntimeError: if the process fails; says how.
    """
    # BLAS and OpenMP start threads of their own; what else keeps to one core is inherited.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    command = [str(call.python), "-m", call.module, str(problem), str(repeats), *call.arguments]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended by signal {-done.returncode}, out of memory perhaps"]
        raise RuntimeError(said[-1])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def run_rounds(calls: Mapping[str, Call], problem: Path, rounds: int, repeats: int) -> dict[str, Result]:
    """All contestants in turn, several times; one that fails is out from then on.

    Args:
        calls: by contestant.
        problem: file with the problem.
        rounds: processes of each contestant.
        repeats: timed gradients of each process.
    """
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in calls}
    failed: dict[str, str] = {}
    turns = [name for _ in range(rounds) for name in calls]
    bar = tqdm(turns, unit="process")
    for name in bar:
        bar.set_description(name)
        if name not in failed:
            try:
                told[name].append(run_once(calls[name], problem, repeats))
            except RuntimeError as error:
                failed[name] = str(error)
    return {name: Result(reason=failed[name]) if name in failed else _merge(told[name]) for name in calls}


def _merge(rounds: list[dict[str, Any]]) -> Result:
    peaks = [r["peak_bytes"] for r in rounds if r["peak_bytes"] is not None]
    return Result(
        [s for r in rounds for s in r["seconds"]], float(np.median(peaks)) if peaks else None,
        *(rounds[-1][name] for name in ("rate_hz", "limits", "version")),
    )  # fmt: skip
