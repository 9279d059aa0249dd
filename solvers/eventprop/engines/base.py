"""What an engine is: how the forward and the backward pass of a layer are computed."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Array, Float, Shaped, UInt8

from ...events import Events, Packed
from ...smoothing import Smoothing


class Kept(NamedTuple):
    """What is kept of each spike for the backward pass, beside the spikes themselves; padded or packed as they are.

    Attributes:
        current: of the spiking neuron [voltage]; 0 for a spike at the end of a dead time, at which the voltage does not
            rise to the threshold; of a ghost its margin [thresholds], which is below 0.
        remainder: what the time of the spike loses by rounding, in a form of the engine's own; None if nothing that
            matters, see ``solvers.times.is_fine``.
        release: current of the neuron when its clamp after the spike is released [voltage], 0 if that is not before the
            end; None if no voltage is clamped.
        margin: of spikes in 254 parts of the half-width, see ``Smoothing``, 255 if they are not marginal; None without
            an existence part.
    """

    current: Float[Array, "*room"]
    remainder: Shaped[Array, "*room"] | None
    release: Float[Array, "*room"] | None = None
    margin: UInt8[Array, "*room"] | None = None


@runtime_checkable
class Engine(Protocol):
    """A module or an object with two passes; both are called from traced JAX code on batched events.

    Attributes:
        neurons: names in ``solvers.neurons.NEURONS`` of the models that it simulates; None for all of them.
        delays: kinds of ``solvers.delays`` that it simulates, but for those of input channels, which the layer does.
        dtypes: names of the floating-point types of parameters that it takes.
    """

    @property
    def neurons(self) -> tuple[str, ...] | None:
        """See the class."""
        ...

    @property
    def delays(self) -> tuple[str, ...]:
        """See the class."""
        ...

    @property
    def dtypes(self) -> tuple[str, ...]:
        """See the class."""
        ...

    def forward(
        self, params: Any, events: Events, *, duration: float, delay: float, capacity: int
    ) -> tuple[Events, Kept]:
        """Spikes (count above capacity where there was no room) and what else the backward pass asks of them.

        The layer has checked parameters and events; a sample that is not to be simulated comes without events.
        """
        ...

    def backward(
        self,
        params: Any,
        events: Events,
        spikes: Events,
        kept: Kept,
        time_cotangents: Float[Array, "batch capacity"],
        count_cotangents: Float[Array, "batch post"],
        *,
        duration: float,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
    ) -> tuple[Any, Float[Array, "batch events"] | None]:
        """Gradients of the parameters, summed over the batch, and of the input times if wanted.

        Args:
            params: as in the forward pass.
            events: likewise.
            spikes: its result.
            kept: likewise.
            time_cotangents: derivative of the loss with respect to each spike time.
            count_cotangents: the same for the spike count of each neuron: the sum over its spikes of v/threshold, with
                the voltage v taken as free at the fixed time of the spike, and the threshold as fixed.
            duration: as in the forward pass.
            delay: likewise.
            trains_tau: whether gradients of the time constants are wanted; otherwise they may be anything.
            wants_times: whether gradients of the input times are wanted.
        """
        ...


@runtime_checkable
class DetachedEngine(Engine, Protocol):
    """An engine that can also hold the times of resets fixed in the backward pass."""

    def detached_backward(
        self,
        params: Any,
        events: Events,
        spikes: Events,
        kept: Kept,
        time_cotangents: Float[Array, "batch capacity"],
        count_cotangents: Float[Array, "batch post"],
        *,
        duration: float,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
    ) -> tuple[Any, Float[Array, "batch events"] | None]:
        """As ``backward``, but for the voltage's fall from threshold to reset, which does not move with its spike."""
        ...


@runtime_checkable
class ShardedEngine(Engine, Protocol):
    """An engine that can also share out the neurons of a layer over the devices of a mesh axis.

    It is called inside ``jax.shard_map``; each device has the columns of the weights and the constants of its own
    neurons. Events and spikes are those of all, and the same on all devices.
    """

    def sharded_forward(
        self, params: Any, events: Events, *, duration: float, delay: float, capacity: int, axis: str
    ) -> tuple[Events, Kept]:
        """As ``forward``; what is ``Kept`` may differ from device to device."""
        ...

    def sharded_backward(
        self,
        params: Any,
        events: Events,
        spikes: Events,
        kept: Kept,
        time_cotangents: Float[Array, "batch capacity"],
        count_cotangents: Float[Array, "batch post"],
        *,
        duration: float,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
        axis: str,
    ) -> tuple[Any, Float[Array, "batch events"] | None]:
        """As ``backward``; gradients of the parameters are those of the own neurons, of the input times the whole."""
        ...


@runtime_checkable
class SmoothEngine(Engine, Protocol):
    """An engine that can also smooth the gradient over spikes that appear and vanish, see ``smoothing``."""

    def smooth_forward(
        self, params: Any, events: Events, *, duration: float, delay: float, capacity: int, smoothing: Smoothing
    ) -> tuple[Events, Kept]:
        """As ``forward``; the events returned are spikes and ghosts, and ``Kept`` has margins.

        Events that are given may be ghosts, too: they have no effect here.
        """
        ...

    def smooth_backward(
        self,
        params: Any,
        events: Events,
        spikes: Events,
        kept: Kept,
        time_cotangents: Float[Array, "batch capacity"],
        count_cotangents: Float[Array, "batch post"],
        amplitude_cotangents: Float[Array, "batch capacity"],
        *,
        duration: float,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
        wants_amplitudes: bool,
        smoothing: Smoothing,
    ) -> tuple[Any, Float[Array, "batch events"] | None, Float[Array, "batch events"] | None]:
        """As ``backward``, with the derivative of the loss with respect to the amplitudes of spikes and ghosts.

        Returns:
            Also the derivative with respect to the amplitudes of the input events, if wanted.
        """
        ...


@runtime_checkable
class PooledEngine(Protocol):
    """An engine that itself keeps the spikes of a batch in one pool; ``passes.Settings`` packs those of others."""

    def pooled_forward(
        self, params: Any, events: Packed, *, duration: float, delay: float, capacity: int, slots: int,
        smoothing: Smoothing | None,
    ) -> tuple[Packed, Kept]:  # fmt: skip
        """As ``Engine.forward``, or with a smoothing as ``SmoothEngine.smooth_forward``, into a pool of so many slots.

        If the spikes of all samples do not fit, all are without room, and the counts tell how much is needed at least.
        """
        ...

    def pooled_backward(
        self,
        params: Any,
        events: Packed,
        spikes: Packed,
        kept: Kept,
        time_cotangents: Float[Array, " slots"],
        count_cotangents: Float[Array, "batch post"],
        amplitude_cotangents: Float[Array, " slots"] | None,
        *,
        duration: float,
        delay: float,
        trains_tau: bool,
        wants_times: bool,
        wants_amplitudes: bool,
        smoothing: Smoothing | None,
        reset_gradient: bool,
    ) -> tuple[Any, Float[Array, " events"] | None, Float[Array, " events"] | None]:
        """As ``SmoothEngine.smooth_backward``, or one of the other backward passes without a smoothing."""
        ...
