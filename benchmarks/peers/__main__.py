"""Other libraries beside ours on one workload, one core, in one run: ``python -m benchmarks.peers``.

The workload is that of ``benchmarks.speed``. Each contestant gets the same input events, weights and time constants,
and scales its input weights until its hidden neurons fire at about the same rate. It is timed in fresh processes, in
turn with the others, for several rounds. The time is that of the gradient with respect to all weights, which has been
compiled if it is at all; memory is the peak that it adds to a process with everything loaded, and its input.

``--install`` first makes the virtual environments of the peers that are not there yet. A peer that is not installed, or
fails, is reported with its reason, and the exit status is 1.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..settings import WorkloadSettings, require_positive
from ..speed import use_one_core
from .environments import PEERS, Peer, install, is_installed, python_of

_RECORDS = "peers.jsonl"
_OURS = ("eventprop", "bptt")


@dataclass(frozen=True)
class Config(WorkloadSettings):
    """Time and memory of one gradient, ours and other libraries', on one core.

    Attributes:
        peers: the other libraries.
        environments: folder with the virtual environment of each.
        install: make the environments that are not there yet.
        rounds: fresh processes of each contestant.
    """

    peers: tuple[Peer, ...] = PEERS
    environments: Path = Path("build/peers")
    install: bool = False
    rounds: int = 3
    repeats: int = 5

    def __post_init__(self):
        """Refuse impossible settings that no one else looks at."""
        super().__post_init__()
        require_positive(self, "rounds")


def make_problem(config: Config):
    """The workload of ``benchmarks.speed`` as a ``Problem``; the delay is one step, which other libraries have."""
    import numpy as np  # here and below, not above: see use_one_core

    from gradlab import Network

    from ..workload import make_workload
    from .measure import Problem

    network = Network(config.inputs, (config.hidden,), config.outputs, duration=config.duration, delay=config.dt)
    work = make_workload(
        network, samples=config.batch_size, input_rate=config.input_rate, hidden_rate=config.hidden_rate,
        dt=config.dt, seed=config.seed,
    )  # fmt: skip
    trained, _, events, labels = work.objectives["eventprop"].all_arguments
    layer = trained.layers[0]
    arrays = {
        "times": events.times, "units": events.units, "labels": labels,
        "w_in": layer.w_in, "w_rec": layer.w_rec, "w_out": trained.readout.w,
    }  # fmt: skip
    fields: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
    fields |= {name: getattr(network, name) for name in ("tau_mem", "tau_syn", "threshold", "delay", "duration")}
    return Problem(**fields, dt=config.dt, rate=config.hidden_rate)


def run(config: Config) -> dict[str, Any]:
    """Install if asked to, measure, print, record, draw; returns the record.

    Raises:
        ValueError: for an impossible configuration.
        OSError: for a folder that cannot be written to.
    """
    from gradlab import plots, records
    from gradlab.command import prepare

    from .collect import Command, Result, run_rounds
    from .report import figure, metrics_of, table

    prepare(config.out, _RECORDS)
    commands = {name: Command(Path(sys.executable), f"{__package__}.adapters.{name}") for name in _OURS}
    missing: dict[str, Result] = {}
    environments = config.environments.resolve()
    for peer in config.peers:
        try:
            if config.install:
                install(peer, environments)
            reason = None if is_installed(peer, environments) else "not installed in --environments: add --install"
        except OSError as error:
            reason = str(error)
        if reason is None:
            commands[peer] = Command(python_of(environments / peer), f"{__package__}.adapters.{peer}")
        else:
            missing[peer] = Result(reason=reason)
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        make_problem(config).save(problem)
        results = run_rounds(commands, problem, config.rounds, config.repeats) | missing
    metrics = metrics_of(results)
    print(table(results, metrics))
    skipped = "; ".join(f"{name}: {result.reason}" for name, result in results.items() if result.reason)
    settings = records.recorded(config)
    record = records.make_record(
        "peers", preset=None, method="both", dataset="poisson", hidden=config.hidden, seed=config.seed,
        status="skipped" if skipped else "ok", reason=skipped or None,
        config={name: value for name, value in settings.items() if name not in ("environments", "install")},
        metrics=metrics, samples={f"{name}_step_s": result.seconds for name, result in results.items()},
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(figure(record), config.out / "figures" / "peers.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    use_one_core()
    from gradlab.command import run_command

    return run_command("benchmarks.peers", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
