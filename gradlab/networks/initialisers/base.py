"""What an initialiser is told, and the energy of a postsynaptic potential, by which weights are made to measure."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray


class Connection(NamedTuple):
    """What an initialiser is told about a weight matrix.

    Attributes:
        kind: ``"input"``, ``"hidden"`` (from one hidden layer to the next), ``"recurrent"``, ``"output"`` (to a leaky
            readout, which has no threshold) or ``"spiking output"``.
        pre: number of rows.
        post: number of neurons that it leads to.
        copies: of the input in the delay line; 1 for other kinds.
        recurrent: whether the network has recurrent weights.
        arrivals: presynaptic spikes that reach a neuron while there is input [Hz], of all copies.
        unit: of the weights, see ``gradlab.networks.drive``; 1 where weights that were found on SHD suit.
        tau_mem: membrane time constant of the neurons [s].
        tau_syn: synaptic time constant [s].
        threshold: of the neurons.
    """

    kind: str
    pre: int
    post: int
    copies: int
    recurrent: bool
    arrivals: float
    unit: float
    tau_mem: float
    tau_syn: float
    threshold: float


def psp_energy(tau_mem: Any, tau_syn: Any) -> Any:
    """Integral of the squared response of the voltage to a spike of weight 1, its postsynaptic potential [s].

    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016.
    """
    return tau_syn**2 / (2 * (tau_mem + tau_syn))


def growth(draw: Callable[[PRNGKeyArray, Connection, Any], Array], to: Connection) -> float:
    """By how much larger weights are than those that SHD would have in their place.

    Args:
        draw: the initialiser.
        to: the connection; those that drive a neuron by their mean grow with its unit, those that do so by their
            spread with the square root.
    """
    if to.unit == 1:
        return 1.0
    on_shd = to._replace(arrivals=to.arrivals * to.unit, unit=1.0)
    with jax.ensure_compile_time_eval():
        here, there = (jnp.linalg.norm(draw(jax.random.key(0), each, jnp.float32)) for each in (to, on_shd))
        return float(here / there)
