"""Initial weights. Each function draws one weight matrix ``[pre, post]``; the registry names them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
from jaxtyping import Array

if TYPE_CHECKING:
    from .network import Network

# Mean and standard deviation at threshold 1 by kind of connection, for 256 to 1024 hidden neurons and SHD's input.
_MEAN_DRIVEN = {
    "input": (0.03, 0.01),
    "hidden": (0.03, 0.01),
    "recurrent": (0.0, 0.02),
    "output": (0.0, 0.03),
    "spiking output": (1.2, 0.6),
}
_MIXED_INPUT = (0.02, 0.03)
_INPUT_RATE = 15.8  # mean rate of an input channel [Hz], as Rossbroich et al. take it for SHD
_FEEDFORWARD_SHARE = 0.9  # of the variance of the voltage, where there are recurrent inputs too


def energy(tau_mem: Any, tau_syn: Any) -> Any:
    """Integral of the squared response of the voltage to a spike of weight 1 [s].

    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016.
    """
    return tau_syn**2 / (2 * (tau_mem + tau_syn))


def mean_driven(key: Any, kind: str, pre: int, post: int, network: "Network", dtype: Any) -> Array:
    """Weights of the EventProp papers: the mean input current drives the neurons to threshold.

    Those of the input are divided by the number of its copies, which would drive the neurons that much more.

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (code: tnowotny/genn_eventprop).
    """
    return _normal(key, kind, _MEAN_DRIVEN[kind], (pre, post), network, dtype)


def mixed(key: Any, kind: str, pre: int, post: int, network: "Network", dtype: Any) -> Array:
    """As ``mean_driven`` with a smaller mean and a larger spread of the input weights.

    Neurons differ more from each other from the start: on rebuilt SHD, 128 neurons had a training accuracy of 66 %
    after six of twelve epochs, and 59 % with ``mean_driven``. A choice of ours.
    """
    moments = _MIXED_INPUT if kind in ("input", "hidden") else _MEAN_DRIVEN[kind]
    return _normal(key, kind, moments, (pre, post), network, dtype)


def _normal(key, kind, moments, shape, network, dtype):
    mean, deviation = moments
    scale = network.threshold / (network.delay_line if kind == "input" else 1)
    return scale * (mean + deviation * jax.random.normal(key, shape, dtype))


def fluctuation_driven(key: Any, kind: str, pre: int, post: int, network: "Network", dtype: Any) -> Array:
    """Weights with mean zero that make the voltage fluctuate with a standard deviation of one threshold.

    With ``n`` inputs of rate ``nu``, the variance of the voltage is ``n nu var(w) energy``, see ``energy``. All layers
    are taken to fire at the rate of the input.

    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016.
    """
    share = {"recurrent": 1 - _FEEDFORWARD_SHARE, "input": _FEEDFORWARD_SHARE, "hidden": _FEEDFORWARD_SHARE}
    part = share.get(kind, 1.0) if network.recurrent else 1.0
    channels = pre * (network.pool if kind == "input" else 1)
    if kind == "output":  # a leaky readout has no threshold to reach
        deviation = pre**-0.5
    else:
        variance = channels * _INPUT_RATE * energy(network.tau_mem, network.tau_syn)  # for weights of variance 1
        deviation = network.threshold * (part / variance) ** 0.5
    return deviation * jax.random.normal(key, (pre, post), dtype)


INITIALISERS: dict[str, Callable[..., Array]] = {
    "mixed": mixed,
    "mean-driven": mean_driven,
    "fluctuation-driven": fluctuation_driven,
}
