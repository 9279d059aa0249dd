"""The table, and the figures, one for each part."""

from collections.abc import Callable

from matplotlib.figure import Figure

from gradlab.command import Record

from .figures_at_start import methods, networks, noise, steps, surrogates
from .figures_of_use import loops, training, usefulness
from .figures_of_variance import variance

FIGURES: dict[str, Callable[[Record], Figure]] = {
    "surrogates": surrogates,
    "methods": methods,
    "steps": steps,
    "networks": networks,
    "noise": noise,
    "usefulness": usefulness,
    "training": training,
    "variance": variance,
    "loops": loops,
}


def table(record: Record) -> str:
    """The figures as text."""
    shown = {name: "-" if value is None else f"{value:.3g}" for name, value in record["metrics"].items()}
    return "\n".join(f"{name:32}{value:>12}" for name, value in shown.items())


def figures(record: Record) -> dict[str, Figure]:
    """The figures of the parts that were measured, by their file names."""
    return {f"agreement-{part}.png": draw(record) for part, draw in FIGURES.items() if part in record["samples"]}
