"""Weights whose spread makes the voltage fluctuate up to the threshold."""

from typing import Any

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .base import Connection, psp_energy

_FEEDFORWARD_SHARE = 0.9  # of the variance of the voltage, where there are recurrent inputs too


def fluctuation_driven(key: PRNGKeyArray, to: Connection, dtype: Any) -> Float[Array, "pre post"]:
    """Weights with mean zero that make the voltage fluctuate with a standard deviation of one threshold.

    With ``n`` inputs of rate ``nu``, the variance of the voltage is ``n nu var(w) energy``, see ``psp_energy``.

    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016.
    """
    share = {"recurrent": 1 - _FEEDFORWARD_SHARE, "input": _FEEDFORWARD_SHARE, "hidden": _FEEDFORWARD_SHARE}
    part = share.get(to.kind, 1.0) if to.recurrent else 1.0
    if to.kind == "output":
        deviation = to.pre**-0.5
    else:
        variance = to.arrivals * psp_energy(to.tau_mem, to.tau_syn)  # for weights of variance 1
        deviation = to.threshold * (part / variance) ** 0.5
    return deviation * jax.random.normal(key, (to.pre, to.post), dtype)
