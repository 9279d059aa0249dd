"""Settings, and the figures of all parts together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np
from annotated_types import Interval, MinLen

from gradlab.command import RUNS, Outcome
from solvers.fields import Count, Seed, check_fields

from .chain import chain
from .loops import loops
from .matching import matching
from .signs import maps, scan
from .single_neuron import single_neurons
from .stochastic_networks import networks

_DIGITS = 5  # of a number that is only drawn
#: Flatter surrogates are constant here, and steeper ones too narrow for the sums.
Slopes = Annotated[tuple[Annotated[float, Interval(ge=0.01, le=1000)], ...], MinLen(1)]


@dataclass(frozen=True)
class Config:
    """Figures 1 to 5 of Gygax & Zenke 2025 and its matching of spike trains, in double precision.

    Attributes:
        trials: of everything that is estimated at random.
        sign_betas: slopes of the surrogates whose signs are counted, in a network of slope 100.
        loop_betas: slopes of the surrogates that are integrated around a closed loop.
        loop_steps: points of the coarsest sum around the loop.
        loop_seed: of the plane of the loop; 124 is the paper's.
        epochs: of the networks that match spike trains.
        seed: of everything else that is random.
        out: folder for the record and the figures.
        json: print the record as one JSON object in the last line.
    """

    trials: Annotated[int, Interval(ge=1000, le=10_000_000)] = 200_000
    sign_betas: Slopes = (15.0, 25.0, 30.0, 100.0)
    loop_betas: Slopes = (1.0, 5.0, 20.0)
    loop_steps: Annotated[int, Interval(ge=100, le=100_000)] = 1500
    loop_seed: Seed = 124
    epochs: Count = 1500
    seed: Seed = 0
    out: Path = RUNS
    json: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)


def measure(config: Config) -> Outcome:
    """All figures.

    Raises:
        ValueError: unless JAX computes in double precision.
    """
    if jnp.zeros(0).dtype != jnp.float64:
        raise ValueError("gygax_zenke needs double precision: set jax_enable_x64 first")
    parts = {
        "single_neuron": single_neurons(config.trials, config.seed),
        "chain": chain(),
        "networks": networks(config.trials, config.seed),
        "scan": scan(config.sign_betas),
        "maps": maps(),
        "loops": loops(config.loop_betas, config.loop_steps, config.loop_seed),
        "matching": matching(config.epochs, config.seed),
    }
    metrics = {name: value for found, _ in parts.values() for name, value in found.items()}
    samples = {part: rounded(drawn) for part, (_, drawn) in parts.items()}
    return Outcome(metrics, samples, seed=config.seed)


def rounded(value: Any) -> Any:
    """Nested lists of numbers, each with the digits that a drawing needs; names as they are."""
    if isinstance(value, Mapping):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) or np.ndim(value):
        return [rounded(entry) for entry in value]
    return float(f"{float(value):.{_DIGITS}g}")
