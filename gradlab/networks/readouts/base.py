"""What a readout is: what a network answers, as a function of its output spikes.

Each has two forms of one quantity: ``from_events`` in closed form from exact spike times, and an ``observer`` that
accumulates it along a time grid (see ``solvers.bptt``), from whose last state ``from_state`` gives the answer. Where
the trial is no whole number of steps, its end cuts the last one short (see ``solvers.bptt.Grid``). The logits go into a
cross-entropy. The leaky readout is a LIF neuron that never spikes; it has no transmission delay.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Array, Float

from solvers.bptt import Observer
from solvers.events import Events


class ReadoutParams(NamedTuple):
    """Parameters of a leaky readout.

    Attributes:
        w: weights ``w[pre, output]`` [voltage].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
    """

    w: Float[Array, "pre outputs"]
    tau_mem: Float[Array, ""]
    tau_syn: Float[Array, ""]


@runtime_checkable
class Readout(Protocol):
    """What a readout provides; ``spiking`` ones read the spikes of an output layer of LIF neurons, without weights.

    One with an attribute ``packed``, which is true, takes spikes also as a layer keeps them, see
    ``solvers.events.Packed``: then they need not be padded.
    """

    @property
    def spiking(self) -> bool:
        """Whether the last layer is one of spiking output neurons."""
        ...

    def from_events(self, params: Any, spikes: Events, units: int, duration: float) -> Float[Array, "batch outputs"]:
        """Logits from the spikes of the last layer, which has ``units`` neurons, by ``duration`` [s]."""
        ...

    def observer(self, params: Any, duration: float) -> Observer:
        """What accumulates the same quantity on a time grid; its last point is the end of the trial."""
        ...

    def from_state(self, params: Any, state: Any, duration: float) -> Float[Array, "batch outputs"]:
        """Logits from the observer's last state."""
        ...
