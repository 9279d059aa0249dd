"""SpikeProp: continuous time, spike times linearised in the voltage, and no derivative through the reset.

A spike moves by what is added to the voltage at its time, over the voltage's slope there. That is exact, and EventProp
does the same. SpikeProp was made for neurons that spike once, so that nothing follows a spike in its own neuron: of
neurons that spike again it leaves out how the reset moves with its spike, and so the next spikes of the neuron. What a
spike does to other neurons is kept, recurrent connections included; where no neuron spikes twice, it is EventProp.

Source: Bohte, Kok & La Poutre 2002, Neurocomputing 48:17, for neurons that spike once in feed-forward networks; that
later spikes and recurrent connections follow the same rule is added here.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from solvers.eventprop import engine_name, require_detached

from ..networks.network import Network
from .eventprop import EventProp


@dataclass(frozen=True)
class SpikeProp(EventProp):
    """Linearised spike times in continuous time; resets are held at their times."""

    name: ClassVar[str] = "spikeprop"
    label: ClassVar[str] = "SpikeProp"
    colour: ClassVar[str] = "#8C564B"
    exact: ClassVar[bool] = False

    def check(self, network: Network) -> None:
        """See ``Method``."""
        super().check(network)
        require_detached(engine_name(self.engine, network.neuron), network.neuron)

    def settings(self) -> dict[str, Any]:
        """See ``EventProp``."""
        return super().settings() | {"reset_gradient": False}
