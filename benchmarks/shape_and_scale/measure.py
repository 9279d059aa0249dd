"""Trainings over the grid of surrogates, and the direction of each one's first gradient."""

import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, starmap
from typing import Annotated, Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from annotated_types import MinLen
from scipy import integrate

from gradlab.command import Outcome
from gradlab.measuring.gradient_similarity import compare
from gradlab.methods import EventProp
from gradlab.training.objective import Objective
from solvers.fields import Positives
from solvers.surrogates import SURROGATES, SurrogateName

from ..trainings import Training, TrainingConfig, training_of

DATASET, METHOD = "randman", "bptt"
Normalisation = Literal["peak", "area", "neither"]


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Train once for each surrogate, all else equal.

    Attributes:
        shapes: of the surrogate.
        slopes: of each shape.
        normalisations: of each: peak 1, area 1, or neither (peak equal to the slope, SuperSpike's asymptotic variant).
        resets: whether the gradient passes the reset.
    """

    shapes: Annotated[tuple[SurrogateName, ...], MinLen(1)] = ("superspike", "sigmoid", "triangle")
    slopes: Positives = (1.0, 10.0, 100.0)
    normalisations: Annotated[tuple[Normalisation, ...], MinLen(1)] = ("peak", "area", "neither")
    resets: Annotated[tuple[bool, ...], MinLen(1)] = (True, False)


class Case(NamedTuple):
    """One surrogate."""

    shape: str
    slope: float
    normalisation: Normalisation
    reset: bool

    @property
    def scale(self) -> float:
        """The derivative at the threshold."""
        scales = {"peak": 1.0, "area": self.slope / unit_area(self.shape), "neither": self.slope}
        return scales[self.normalisation]

    @property
    def folder(self) -> str:
        """Name of the folder of its training."""
        return f"{self.shape}-{self.slope:g}-{self.normalisation}-{'reset' if self.reset else 'detached'}"


@functools.cache
def unit_area(shape: str) -> float:
    """Area under a shape of slope 1 and peak 1; that of another slope is as much smaller as it is steeper."""

    def height(x: float) -> float:
        return float(SURROGATES[shape](jnp.asarray(x), 1.0))

    return 2 * sum(integrate.quad(height, *part, limit=500)[0] for part in ((0, 1), (1, 10), (10, np.inf)))


def cases(config: Config) -> Iterator[Case]:
    """All surrogates, each once: slope 1 with peak 1 is also the one that is not normalised."""
    seen = set()
    for case in starmap(Case, product(config.shapes, config.slopes, config.normalisations, config.resets)):
        if (key := (case.shape, case.slope, round(case.scale, 9), case.reset)) not in seen:
            seen.add(key)
            yield case


def measure(config: Config) -> Outcome:
    """Train what is missing, and compare the first gradients.

    Raises:
        ValueError: for another method than BPTT-SG.

    Raises also what ``training_of`` does.
    """
    if config.methods != (METHOD,):
        raise ValueError(f"methods are {', '.join(config.methods)}, expected {METHOD}: only that has a surrogate")
    rows: list[dict[str, Any]] = []
    for case in cases(config):
        print(case.folder, flush=True)
        options = dataclasses.replace(
            config.options, surrogate=case.shape, slope=case.slope, scale=case.scale, reset_gradient=case.reset
        )
        training = training_of(
            dataclasses.replace(config, options=options, out=config.out / "shape_and_scale" / case.folder)
        )
        kept = training.result.kept_figure
        rows.append({
            **case._asdict(), "scale": case.scale, "status": training.result.status,
            "validation_accuracy": kept("validation_accuracy"), "train_accuracy": kept("train_accuracy"),
            **first_gradient(training),
        })  # fmt: skip
    worst: dict[str, float] = {}
    for row in rows:
        name = f"worst_accuracy_{row['normalisation']}"
        worst[name] = min(worst.get(name, 1.0), row["validation_accuracy"] or 0.0)
    return Outcome(
        worst, {"rows": rows}, method=METHOD,
        dataset=training.splits.train.name, preset=config.preset, hidden=sum(config.network.hidden),
        seed=config.training.seed,
    )  # fmt: skip


def first_gradient(training: Training) -> dict[str, Any]:
    """Cosine to the exact gradient, and its length over that one's, of a batch at the initial weights."""
    trainer, data = training.trainer, training.splits.train
    quiet = dataclasses.replace(trainer.config, rate_strength=0.0)
    exact, other = (Objective(trainer.network, quiet, method) for method in (EventProp(), trainer.method))
    params, batch = exact.init(data), exact.batch(data, np.arange(min(quiet.batch_size, len(data))))
    found = compare(exact.gradient(params, *batch)[0], other.gradient(params, *batch)[0])["layers.0.w_in"]
    return {"cosine": found["cosine"], "norm_ratio": found["norm_ratio"]}
