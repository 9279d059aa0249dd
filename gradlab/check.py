"""Are the gradients exact on this machine? ``gradlab check`` answers within a minute, in double precision.

With ``--full`` it takes all kinds of networks with all losses, and the smoothed gradient, and many minutes. What is
compared with what: ``gradlab.measuring.exactness`` and, of the smoothed gradient, ``existence``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from solvers.eventprop import AUTO, engine_name, has_smoothing
from solvers.fields import Count, Seed, check_fields

from .command import RUNS, Command, Outcome, exit_with
from .measuring.cases import CASES, QUICK
from .measuring.exactness import LIMIT, Report, check_gradients
from .measuring.existence import ExistenceReport, check_existence
from .methods.eventprop import EngineName, EventProp


@dataclass(frozen=True)
class Config:
    """Are the gradients exact on this machine? Compares EventProp with independent oracles on random networks.

    Attributes:
        full: all kinds of networks, each with every loss and every oracle, and the smoothed gradient; this takes long.
        networks: random networks of each kind, for each loss.
        seed: of the networks.
        engine: of eventprop: numba (CPU), xla (any device), or auto (numba on a CPU, xla elsewhere); cuda has no double
            precision.
        out: folder for the record.
        json: print the record as one JSON object in the last line.
    """

    full: bool = False
    networks: Count = 1
    seed: Seed = 0
    engine: EngineName = AUTO
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def table(report: Report, existence: ExistenceReport | None) -> str:
    """The reports in words and numbers."""
    losses = list(dict.fromkeys(loss for by_loss in report.errors.values() for loss in by_loss))
    lines = [f"{'relative error':<20}" + "".join(f"{loss:>10}" for loss in losses)]
    for kind, by_loss in report.errors.items():
        cells = (f"{by_loss[loss]:10.1e}" if loss in by_loss else f"{'-':>10}" for loss in losses)
        lines.append(f"{kind:<20}" + "".join(cells))
    smoothed = "-" if existence is None else f"{existence.worst:.1e}, worst of {existence.ghosts} ghosts"
    return "\n".join(
        [
            *lines,
            "",
            f"against central differences:       {report.worst:.1e}, worst of {report.checked} derivatives"
            f" ({report.rejected} left out: events change order)",
            f"against implicit differentiation:  {report.implicit:.1e}",
            f"against diffrax (first layer):     {report.oracle:.1e}",
            f"spikes missed or false:            {report.missed} of {report.spikes}",
            f"smoothed, against inserted spikes: {smoothed}",
        ]
    )


def verdict(report: Report, existence: ExistenceReport | None) -> str:
    """The answer in one line."""
    worst = float(np.max([report.worst, report.implicit, report.oracle, *([existence.worst] if existence else [])]))
    return (
        f"{'passed' if _passed(report, existence) else 'FAILED'}: the largest relative error of {report.checked} "
        f"derivatives is {worst:.1e} (limit {LIMIT:g}), {report.missed} of {report.spikes} spikes missed or false"
    )


def _passed(report: Report, existence: ExistenceReport | None) -> bool:
    return report.passed and (existence is None or existence.worst <= LIMIT)


def outcome(report: Report, existence: ExistenceReport | None, config: Config) -> Outcome:
    """The reports as a record has them; the second is None for an engine that has no smoothed gradient."""
    metrics = {
        "worst_relative_error": report.worst,
        "errors": report.errors,
        "delay_worst_relative_error": report.worst_of_delays,
        "oracle_implicit_worst_relative_error": report.implicit,
        "oracle_worst_relative_error": report.oracle,
        "spikes_missed": report.missed,
        "spikes_compared": report.spikes,
        "entries_checked": report.checked,
        "entries_rejected": report.rejected,
        "existence_worst_relative_error": None if existence is None else existence.worst,
        "existence_ghosts": None if existence is None else existence.ghosts,
    }
    passed = _passed(report, existence)
    settings = {"networks": config.networks, "seed": config.seed, "engine": engine_name(config.engine)}
    settings |= {"full": config.full, "cases": CASES if config.full else QUICK}
    return Outcome(
        metrics, method=EventProp.name, dataset="random", seed=config.seed, config=settings,
        status="ok" if passed else "diverged",
        reason=None if passed else f"an error exceeds {LIMIT:g}, or a spike was missed",
    )  # fmt: skip


def measure(config: Config) -> Outcome:
    """Check and print."""
    settings: dict[str, Any] = {"networks": config.networks, "seed": config.seed, "progress": True}
    report = check_gradients(
        CASES if config.full else QUICK, method=EventProp(config.engine), quick=not config.full, **settings
    )
    smooths = config.full and has_smoothing(engine_name(config.engine, smooth=True))
    existence = check_existence(engine=config.engine, **settings) if smooths else None
    if config.full:
        print(table(report, existence))
    print(verdict(report, existence))
    return outcome(report, existence, config)


COMMAND = Command("check", Config, measure, program="gradlab.check")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    jax.config.update("jax_enable_x64", True)
    return COMMAND.main(arguments)


if __name__ == "__main__":
    exit_with(main())
