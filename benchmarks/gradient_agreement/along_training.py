"""Agreement along a training with each gradient."""

from collections.abc import Sequence

import numpy as np

from gradlab.measuring.gradient_similarity import over_batches
from gradlab.measuring.line_scans import look
from gradlab.networks.params import NetworkParams
from gradlab.training.config import TrainConfig

from .problem import EXACT, SMOOTH, USUAL, Problem, Row, Rows, Setting, distance, loss_at


def training(
    problem: Problem, train: TrainConfig, samples: int, batches: int, grid: tuple[float, ...]
) -> dict[str, Rows]:
    """Agreement along a training with each gradient from one start, and what a finer grid does to where they end.

    The distance ``apart`` is that to the exact training at the same epoch.

    Args:
        problem: network and data.
        train: settings of all trainings.
        samples: to train on.
        batches: to measure with.
        grid: steps [s] at which all networks are run in the end.
    """
    ways = {method.name: problem.way(method, train, samples) for method in (EXACT, USUAL.method, SMOOTH)}
    judges = {"continuous": problem.exact} | {f"{dt:g}": problem.surrogate(Setting(dt=dt)) for dt in grid}
    rows: Rows = []
    refined: Rows = []
    for name, (points, status) in ways.items():
        apart = [distance(*both) for both in zip(points, ways[EXACT.name].points, strict=False)]
        for epoch, params in enumerate(points):
            row = {"method": name, "epoch": epoch, "status": status}
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
