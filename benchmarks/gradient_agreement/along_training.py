"""Agreement along a training with each gradient."""

from collections.abc import Sequence

import numpy as np

from gradlab.data import Splits
from gradlab.measuring.gradient_similarity import over_batches
from gradlab.measuring.line_scans import look
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig
from gradlab.training.loop import Trainer

from .problem import EXACT, USUAL, Problem, Row, Rows, Setting, distance, loss_at


def training(
    problem: Problem, train: TrainConfig, samples: int, batches: int, grid: tuple[float, ...]
) -> dict[str, Rows]:
    """Agreement along a training with each gradient from one start, and what a finer grid does to where they end.

    Args:
        problem: network and data.
        train: settings of both trainings.
        samples: to train on, the last ones of the shuffled data, which no batch of the problem holds.
        batches: to measure with.
        grid: steps [s] at which both networks are run in the end.
    """
    subset = problem.data.select(np.sort(problem.order[-samples:]))
    passed: dict[str, list[NetworkParams]] = {}
    status = {}
    for method in (EXACT, USUAL.method):
        points = passed[method.name] = [problem.params]
        trainer = Trainer(problem.network, train, method)
        status[method.name] = trainer.fit(Splits(subset, None, subset), problem.params, on_epoch=points.append).status
    apart = [distance(*both) for both in zip(*passed.values(), strict=False)]
    judges = {"continuous": problem.exact} | {f"{dt:g}": problem.surrogate(Setting(dt=dt)) for dt in grid}
    rows: Rows = []
    refined: Rows = []
    for name, points in passed.items():
        for epoch, params in enumerate(points):
            row = {"method": name, "epoch": epoch, "status": status[name]}
            row |= {"distance": distance(params, problem.params), "apart": apart[epoch] if epoch < len(apart) else None}
            rows.append(row | _along(problem, params, batches))
        for simulator, judge in judges.items():
            seen = loss_at(judge, points[-1], *problem.batch(0))
            refined.append({"method": name, "simulator": simulator, "loss": seen.loss, "rate_hz": problem.rate(seen)})
    return {"rows": rows, "refined": refined}


def _along(problem: Problem, params: NetworkParams, batches: int) -> Row:
    """Agreement, losses and rates in both simulators at one point of a training; None where it runs away."""
    exact, other = (
        [look(objective, params, *problem.batch(k)) for k in range(batches)]
        for objective in (problem.exact, problem.surrogate())
    )
    ran_away = any(seen.gradient is None for seen in exact)
    gradients = ([seen.gradient for seen in each] for each in (exact, other))
    return {
        "loss": None if ran_away else _mean([seen.loss for seen in exact]),
        "loss_grid": _mean([seen.loss for seen in other]),
        "rate_hz": None if ran_away else _mean([problem.rate(seen) for seen in exact]),
        "rate_grid_hz": _mean([problem.rate(seen) for seen in other]),
        "parameters": {} if ran_away else over_batches(*gradients),
    }


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean(values))  # type: ignore[arg-type]  # of a network that did not run away
