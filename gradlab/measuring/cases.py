"""Kinds of random small networks on which gradients are checked."""

from dataclasses import dataclass

from solvers.delays import AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE

from ..networks.delays import POSITIONS, SYNAPSES

AXONS = "channels and neurons"
_OF_ENGINES = {AXONS: (AXON,)} | dict.fromkeys((SYNAPSES, POSITIONS), (INPUT_SYNAPSE, RECURRENT_SYNAPSE))
_SHORT, _LONG = (3e-3, 7e-3), (9e-3, 22e-3)  # ranges of the time constants [s]


@dataclass(frozen=True)
class Case:
    """A kind of network to check.

    Attributes:
        name: what is special about it.
        delay: of recurrent transmission [s].
        hidden: neurons of each hidden layer.
        tau_mem: range of the membrane time constant [s].
        tau_syn: range of the synaptic time constant [s]; None for the same as tau_mem.
        shared: one value of each constant for all neurons of a layer.
        grid: input spikes are rounded to multiples of this [s], so that many coincide; 0 for not at all.
        neuron: name of the model.
        drive: by how much stronger the weights are.
        delays: up to this [s], beside that of recurrent transmission; 0 for none.
        delayed: what has such delays in the hidden layers, in turn: ``AXONS``, ``SYNAPSES``, or all synapses by
            ``POSITIONS``.
    """

    name: str
    delay: float = 1e-3
    hidden: tuple[int, ...] = (4,)
    tau_mem: tuple[float, float] = _LONG
    tau_syn: tuple[float, float] | None = _SHORT
    shared: bool = False
    grid: float = 0.0
    neuron: str = "lif"
    drive: float = 1.0
    delays: float = 0.0
    delayed: tuple[str, ...] = (AXONS,)

    @property
    def delays_of_engine(self) -> set[str]:
        """Kinds of delays in ``solvers.delays`` that an engine has to have."""
        return {kind for name in self.delayed for kind in _OF_ENGINES[name]} if self.delays else set()


CASES = (
    Case("shared constants", shared=True),
    Case("shared and equal time constants", tau_syn=None, shared=True),
    Case("shared constants, tau_mem below tau_syn", tau_mem=_SHORT, tau_syn=_LONG, shared=True),
    Case("constants per neuron"),
    Case("constants per neuron, equal time constants", tau_syn=None),
    Case("constants per neuron, tau_mem below tau_syn", tau_mem=_SHORT, tau_syn=_LONG),
    Case("constants per neuron, coincident input", grid=5e-3),
    Case("constants per neuron, no delay", delay=0.0),
    Case("constants per neuron, no delay, coincident input", delay=0.0, grid=5e-3),
    Case("two layers, no delay", delay=0.0, hidden=(4, 4), shared=True),
    Case("two layers, no delay, coincident input", delay=0.0, hidden=(4, 4), shared=True, grid=5e-3),
    Case("delays of channels and neurons", delays=10e-3),
    Case("delays of channels and neurons, two layers, no transmission delay", delay=0.0, hidden=(4, 4), delays=10e-3),
    Case("delays of synapses", delays=10e-3, delayed=(SYNAPSES,)),
    Case("delays from positions, shared constants", delays=10e-3, delayed=(POSITIONS,), shared=True),
    Case("delays of every kind, three layers", hidden=(4, 4, 4), delays=10e-3, delayed=(AXONS, SYNAPSES, POSITIONS)),
    Case("dead time", neuron="dead-time", drive=1.5),
    Case("dead time, shared constants, no delay", neuron="dead-time", drive=1.5, delay=0.0, shared=True),
    Case("clamp", neuron="clamp", drive=1.5),
    Case("clamp, shared constants, no delay", neuron="clamp", drive=1.5, delay=0.0, shared=True),
)

#: A few of them, of each thing that there is in one: for an answer within a minute.
QUICK = tuple(
    next(case for case in CASES if case.name == name)
    for name in (
        "constants per neuron", "two layers, no delay", "delays of every kind, three layers", "dead time", "clamp",
    )
)  # fmt: skip
