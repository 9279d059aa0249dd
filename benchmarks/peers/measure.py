"""Who takes part, on which problem, and the figures of all."""

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradlab.command import Outcome
from gradlab.methods import METHODS
from gradlab.networks.network import Network

from ..workload import make_workload
from .collect import Call, Result, run_rounds
from .config import Config
from .contestant import Problem
from .environments import install, is_installed, python_of

_ADAPTERS = f"{__package__}.adapters"


def measure(config: Config) -> Outcome:
    """Time and memory of all contestants; peers are installed before, if asked to.

    Raises:
        ValueError: for an impossible configuration.
    """
    calls = {name: Call(Path(sys.executable), f"{_ADAPTERS}.ours", (name,)) for name in METHODS}
    there, missing = peers_of(config)
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        make_problem(config).save(problem)
        results = run_rounds(calls | there, problem, config.rounds, config.repeats) | missing
    skipped = "; ".join(f"{name}: {result.reason}" for name, result in results.items() if result.reason)
    return Outcome(
        metrics_of(results),
        {f"{name}_step_s": result.seconds for name, result in results.items()},
        method="all", dataset="poisson", hidden=config.hidden, seed=config.seed,
        status="skipped" if skipped else "ok", reason=skipped or None,
    )  # fmt: skip


def peers_of(config: Config) -> tuple[dict[str, Call], dict[str, Result]]:
    """The peers that can be run, and those that cannot, with the reason."""
    calls: dict[str, Call] = {}
    missing: dict[str, Result] = {}
    environments = config.environments.resolve()
    for peer in config.peers:
        try:
            if config.install:
                install(peer, environments)
        except OSError as error:
            missing[peer] = Result(reason=str(error))
            continue
        if is_installed(peer, environments):
            calls[peer] = Call(python_of(environments / peer), f"{_ADAPTERS}.{peer}")
        else:
            missing[peer] = Result(reason="not installed in --environments: add --install")
    return calls, missing


def make_problem(config: Config) -> Problem:
    """The workload of ``benchmarks.speed`` as a ``Problem``; the delay is one step, which other libraries have."""
    network = Network(
        config.inputs, config.outputs, hidden=(config.hidden,), duration=config.duration, delay=config.dt,
        input_rate=config.input_rate,
    )  # fmt: skip
    work = make_workload(
        network, samples=config.batch_size, input_rate=config.input_rate, hidden_rate=config.hidden_rate,
        dt=config.dt, seed=config.seed,
    )  # fmt: skip
    trained, _, events, labels = work.work["eventprop"].arguments
    layer = trained.layers[0]
    arrays = {
        "times": events.times, "units": events.units, "labels": labels,
        "w_in": layer.w_in, "w_rec": layer.w_rec, "w_out": trained.readout.w,
    }  # fmt: skip
    fields: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    fields |= {name: getattr(network, name) for name in ("tau_mem", "tau_syn", "threshold", "delay", "duration")}
    return Problem(**fields, dt=config.dt, rate=config.hidden_rate)


def metrics_of(results: Mapping[str, Result]) -> dict[str, Any]:
    """Single figures by contestant, and our EventProp's time over that of each one that ran the whole problem."""
    metrics: dict[str, Any] = {}
    for name, result in results.items():
        metrics |= {
            f"{name}_step_s": result.median,
            f"{name}_peak_bytes": result.peak_bytes,
            f"{name}_rate_hz": result.rate_hz,
            f"{name}_version": result.version,
            f"{name}_limits": result.limits or None,
            f"{name}_reason": result.reason,
        }
    ours = results["eventprop"].median
    for name, result in results.items():
        if name != "eventprop":
            comparable = ours is not None and result.median is not None and not result.limits
            metrics[f"eventprop_over_{name}"] = ours / result.median if comparable else None  # type: ignore[operator]
    return metrics
