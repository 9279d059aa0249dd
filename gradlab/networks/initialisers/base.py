"""What an initialiser is told, and the energy of a postsynaptic potential, by which weights are made to measure."""

from typing import Any, NamedTuple


class Connection(NamedTuple):
    """What an initialiser is told about a weight matrix.

    Attributes:
        kind: ``"input"``, ``"hidden"`` (from one hidden layer to the next), ``"recurrent"``, ``"output"`` (to a leaky
            readout, which has no threshold) or ``"spiking output"``.
        pre: number of rows.
        post: number of neurons that it leads to.
        copies: of the input in the delay line; 1 for other kinds.
        pool: input channels that share a row; 1 for other kinds.
        recurrent: whether the network has recurrent weights.
        rate: mean rate of an input channel [Hz].
        tau_mem: membrane time constant of the neurons [s].
        tau_syn: synaptic time constant [s].
        threshold: of the neurons.
    """

    kind: str
    pre: int
    post: int
    copies: int
    pool: int
    recurrent: bool
    rate: float
    tau_mem: float
    tau_syn: float
    threshold: float


def psp_energy(tau_mem: Any, tau_syn: Any) -> Any:
    """Integral of the squared response of the voltage to a spike of weight 1, its postsynaptic potential [s].

    Source: Rossbroich, Gygax & Zenke 2022, Neuromorph. Comput. Eng. 2:044016.
    """
    return tau_syn**2 / (2 * (tau_mem + tau_syn))
