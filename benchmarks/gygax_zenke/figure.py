"""The table, and a figure for each of the paper's."""

from matplotlib.figure import Figure

from gradlab.command import Record

from .figures_of_loops import closed_loops
from .figures_of_matching import matched
from .figures_of_networks import stochastic
from .figures_of_neurons import neurons
from .figures_of_signs import signs


def table(record: Record) -> str:
    """The figures as text."""
    shown = {name: "-" if value is None else f"{value:.6g}" for name, value in record["metrics"].items()}
    return "\n".join(f"{name:40}{value:>14}" for name, value in shown.items())


def figures(record: Record) -> dict[str, Figure]:
    """By file name, with the number that the paper gives to its figure, but for the matching of spike trains."""
    drawn = {"1": neurons, "2-3": stochastic, "4": signs, "5": closed_loops}
    drawn |= {"matching": matched} if "matching" in record["samples"] else {}
    return {f"gygax_zenke-{number}.png": draw(record) for number, draw in drawn.items()}
