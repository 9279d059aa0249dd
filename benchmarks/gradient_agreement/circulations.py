"""Circulations of each gradient on a small network."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import jax
import numpy as np

from gradlab.measuring.circulation import Circulation, circulation, random_circle
from gradlab.measuring.circulation_network import draw_circulation_network
from gradlab.methods import BPTT
from solvers.surrogates import Surrogate

from .problem import DT, EXACT, SMOOTH, Rows


class Circulations(NamedTuple):
    """Rows for the record, and what the exact gradient gave."""

    rows: Rows
    exact: list[Circulation]


@contextmanager
def double_precision() -> Iterator[None]:
    """JAX computes in double precision."""
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", False)


@double_precision()
def circulations(
    radii: tuple[float, ...], number: int, slopes: tuple[float, ...], points: int, seed: int
) -> Circulations:
    """Closed-loop integrals of each gradient.

    Args:
        radii: of the loops, in units of the weights.
        number: of loops for each radius.
        slopes: of the surrogate SuperSpike.
        points: at which surrogate and smoothed gradients are summed.
        seed: of the network and the loops.
    """
    network = draw_circulation_network(seed)
    exact = network.exact()
    smoothed = network.work(SMOOTH, points)
    surrogate = {slope: network.work(BPTT(DT, Surrogate(slope=slope)), points) for slope in slopes}
    rng = np.random.default_rng(seed)
    rows: Rows = []
    found = []
    for radius in radii:
        for _ in range(number):
            circle = random_circle(network.centre, radius, rng)
            result = circulation(exact, circle)
            found.append(result)
            sums = {f"{slope:g}": float(along(circle).sum()) for slope, along in surrogate.items()}
            rows.append(
                {"radius": radius, EXACT.name: result.integral, "error": result.error, "jumps": result.jumps,
                 "angles": result.angles, "kinks": result.kinks, "residual": result.residual, BPTT.name: sums,
                 SMOOTH.name: float(smoothed(circle).sum())}
            )  # fmt: skip
    return Circulations(rows, found)
