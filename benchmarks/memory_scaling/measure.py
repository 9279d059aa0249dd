"""The sweeps over sizes, and the exponents with which memory grows."""

import sys
from dataclasses import replace

import jax
from tqdm import tqdm

from gradlab.command import Outcome
from gradlab.measuring import memory
from gradlab.measuring.convergence import fitted_order
from solvers.eventprop import engine_name

from ..contestants import CONTESTANTS
from .config import Config
from .delays import added_by_delays
from .limits import compare
from .points import Point, engine_on_h100, measure_point, without_input
from .problems import activity

SWEEPS: dict[str, tuple[float, ...]] = {  # factors on the configured size
    "duration": (1, 2, 4, 8),
    "dt": (1, 1 / 2, 1 / 4, 1 / 8),
    "hidden": (1 / 4, 1 / 2, 1, 2),
    "batch_size": (1 / 4, 1, 4, 16),
    "hidden_rate": (1 / 2, 1, 2, 4),
}


def measure(config: Config) -> Outcome:
    """All points, what fits an H100, what delays add, and the exponents.

    Raises:
        ValueError: for an impossible configuration, or if XLA's compiler for the H100 is missing.
    """
    if config.h100:
        memory.require_h100_compiler()
    metrics = compare(config) if config.h100 else {}
    points = sweep(config)
    metrics |= added_by_delays(config.base, activity(config.base).room)
    metrics |= slopes(points) | {"local_engine": engine_name("auto"), "h100_engine": engine_on_h100("eventprop")}
    return Outcome(metrics, {"points": points}, method="all", dataset="poisson", hidden=config.hidden, seed=0)


def sweep(config: Config) -> list[Point]:
    """The points of all sweeps."""
    todo = [(name, factor) for name, factors in SWEEPS.items() for factor in factors[: config.points]]
    imitated = jax.default_backend() == "cpu"  # types narrower than float32, for minutes a gradient
    points = []
    for name, factor in tqdm(todo, "memory", file=sys.stderr):
        usual = getattr(config.base, name)
        value = type(usual)(factor * usual)
        size = replace(config.base, **{name: value})
        active = activity(size)
        for contestant, each in CONTESTANTS.items():
            runs = name in config.processes and not (imitated and each.dtype != "float32")
            figures = measure_point(contestant, size, active, h100=config.h100, processes=runs)
            points.append({"sweep": name, "value": value, **figures})
    return points


def slopes(points: list[Point]) -> dict[str, float]:
    """Exponents with which the memory grows: residuals, and the allocation on the H100 if it is known."""
    result = {}
    for name in SWEEPS:
        for contestant in CONTESTANTS:
            line = [p for p in points if p["sweep"] == name and p["method"] == contestant]
            values = [p["value"] for p in line]
            result[f"slope_residual_{name}_{contestant}"] = fitted_order(values, [p["residual_bytes"] for p in line])
            on_card = [x for x in map(without_input, line) if x is not None]
            if on_card:
                result[f"slope_h100_{name}_{contestant}"] = fitted_order(values, on_card)
    return result
