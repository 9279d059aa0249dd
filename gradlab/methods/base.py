"""What a method is: how a network is run, and how it is differentiated."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from solvers.events import Events
from solvers.fields import check_fields
from solvers.neurons import Parameters

from ..networks.network import Network
from ..networks.params import NetworkParams, Output

#: The simulators: continuous time, or a time grid.
EVENT_DRIVEN, CLOCK_DRIVEN = "event-driven", "clock-driven"


class Capacity(NamedTuple):
    """Room for the spikes of a layer.

    Attributes:
        busiest: for those of one sample.
        mean: for those of a sample on the mean over a batch, all of which share it.
    """

    busiest: int
    mean: int


Capacities = tuple[Capacity | int, ...]  # by spiking layer; a number alone is room for as many in every sample
Value = tuple[Float[Array, ""], Output]


def pairs(room: Capacities) -> tuple[Capacity, ...]:
    """The room of each layer, also of those that have a number alone."""
    return tuple(each if isinstance(each, Capacity) else Capacity(each, each) for each in room)


@dataclass(frozen=True)
class Method(abc.ABC):
    """A way to train a network; the fields of a subclass are its options, and are options of the command line.

    An option of one name has one meaning, one type and one default in all methods.

    Attributes:
        name: in ``METHODS``, on the command line and in records.
        label: in tables and figures.
        colour: in figures.
        simulator: in which the network is run; ``EVENT_DRIVEN`` ones need room for spikes, and get it.
        exact: whether the gradient is the derivative of the loss, wherever there is one.

    Raises:
        ValueError: for an option of another type or out of range, see ``solvers.fields``.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    colour: ClassVar[str]
    simulator: ClassVar[str]
    exact: ClassVar[bool]
    #: What takes less memory, in words.
    relief: ClassVar[str] = "lower batch_size, hidden or duration"

    def __post_init__(self) -> None:
        """Refuse impossible options."""
        check_fields(self)

    @property
    def needs_room(self) -> bool:
        """Whether ``forward`` keeps spikes in buffers, whose room is found as spikes come."""
        return self.simulator == EVENT_DRIVEN

    @property
    def on_grid(self) -> Any:
        """The ``BPTT`` that runs the network, but for noise; None in continuous time."""
        return None

    def check(self, network: Network) -> None:  # noqa: B027  most methods run any network
        """Refuse a network that this method cannot run.

        Raises:
            ValueError: says why.
        """

    def check_apart(self, network: Network) -> None:  # noqa: B027  most methods do
        """Refuse to run samples of a batch apart from each other, on several devices.

        Raises:
            ValueError: says why.
        """

    def check_neurons_apart(self, network: Network) -> None:
        """Refuse to run neurons of a layer apart from each other, on several devices.

        Raises:
            ValueError: says why; by default always.
        """
        raise ValueError(
            f"method {self.name} does not spread neurons over devices: choose eventprop, or leave out neuron_devices, "
            "or the axis of the mesh"
        )

    def kept_bytes(self, network: Network, batch_size: int, room: Capacities) -> int:
        """Bytes that are kept for the backward pass at least, in single precision; more is no fault, less is.

        Args:
            network: structure and settings.
            batch_size: samples.
            room: as for ``forward``.
        """
        return 0

    @abc.abstractmethod
    def forward(
        self, network: Network, params: NetworkParams, events: Events, room: Capacities, key: PRNGKeyArray
    ) -> Output:
        """Run a batch.

        Args:
            network: structure and settings.
            params: of this network.
            events: input spikes ``[batch, capacity]`` as the network sees them (``Network.encode``).
            room: for the spikes, by spiking layer; clock-driven methods ignore it.
            key: for stochastic methods and readouts; another one in each step of a training.

        Returns:
            The network's answer; NaN logits for a sample with more spikes than room.
        """

    def layer(
        self, params: Parameters, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Float[Array, "*batch neurons"]]:
        """One layer, differentiated as in a network, for models of one's own.

        Args:
            params: of the layer.
            events: input of one sample or of a batch.
            duration: end of the simulation [s].
            delay: of recurrent transmission [s].
            capacity: room for spikes in each sample; clock-driven methods ignore it.

        Returns:
            Its spikes, and how many each neuron has, see ``Output.counts``.

        Raises:
            ValueError: for impossible arguments, or a method whose gradient is not made layer by layer.
        """
        raise ValueError(f"method {self.name} has no layers for models of your own: take EventProp or BPTT")

    def value_and_grad(
        self,
        network: Network,
        loss: Callable[[Output], Float[Array, ""]],
        params_of: Callable[[Any], NetworkParams],
        trained: Any,
        events: Events,
        room: Capacities,
        key: PRNGKeyArray,
    ) -> tuple[Value, Any]:
        """Loss of a batch and its gradient; by default ``forward`` is differentiated.

        A method whose gradient is the derivative of no function replaces this.

        Args:
            network: as for ``forward``.
            loss: of what the network answers.
            params_of: gives all parameters from the trained ones.
            trained: pytree of the numbers to differentiate with respect to.
            events: as for ``forward``.
            room: likewise.
            key: likewise.

        Returns:
            ``((loss, output), gradient)``, the gradient in the structure of ``trained``.
        """

        def value(trained: Any) -> Value:
            output = self.forward(network, params_of(trained), events, room, key)
            return loss(output), output

        return jax.value_and_grad(value, has_aux=True)(trained)
