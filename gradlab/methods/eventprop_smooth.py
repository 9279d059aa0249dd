"""EventProp with a smoothing over spikes that appear and vanish: continuous time, exact forward pass.

The gradient is the derivative of no loss: its timing part is EventProp's, its existence part a smoothing, see
``solvers.smoothing``.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from solvers.eventprop import Smoothing, engine_name, require_smooth

from ..networks.network import Network
from ..networks.readouts import LINEAR
from .base import Capacities
from .eventprop import EventProp, spikes_kept


@dataclass(frozen=True)
class EventPropSmooth(EventProp):
    """Gradients in continuous time that see spikes appear and vanish; a smoothing.

    Attributes:
        smoothing: kernel of the smoothing over spikes that appear and vanish.
    """

    name: ClassVar[str] = "eventprop-smooth"
    label: ClassVar[str] = "EventProp, smoothed"
    colour: ClassVar[str] = "#009E9E"
    exact: ClassVar[bool] = False

    smoothing: Smoothing = Smoothing()

    def check(self, network: Network) -> None:
        """See ``Method``."""
        super().check(network)
        require_smooth(engine_name(self.engine, network.neuron, smooth=True), network.neuron)
        if network.loss not in LINEAR:
            raise ValueError(
                f"loss {network.loss} has no smoothed gradient: choose one that is linear in the spikes, "
                f"{' or '.join(LINEAR)}"
            )

    def kept_bytes(self, network: Network, batch_size: int, room: Capacities) -> int:
        """See ``Method``: as EventProp, and a byte a spike or ghost that there is room for."""
        return super().kept_bytes(network, batch_size, room) + spikes_kept(batch_size, room)

    def settings(self) -> dict[str, Any]:
        """See ``EventProp``."""
        return super().settings() | {"smoothing": self.smoothing}
