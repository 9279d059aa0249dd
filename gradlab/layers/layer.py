"""Layers of spiking neurons as equinox modules."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from solvers.checks.findings import Finding, wrong_samples
from solvers.events import Events
from solvers.voltages import voltages

from ..methods import EventProp, Method
from ..networks.network import Network
from ..networks.params import WEIGHTS
from ..networks.settings import NetworkSettings
from .trained import Marked

_RATE = 300.0  # [Hz] mean rate for which there is room
_LEAST_ROOM = 256
# Settings that no single layer has, or that are arguments of their own.
_OTHERS = ("hidden", "pool", "delay_line", "delay_step", "loss", "duration", "input_rate")


class Layer(Marked):
    """A layer of spiking neurons with given parameters: a function from events to events, of any method.

    Its leaves are the parameters; all else is static. Gradients reach the weights, and if asked for constants and
    delays. In continuous time they reach the times of the input too, with which layers compose; on a grid its
    amplitudes, see ``solvers.bptt.event_layer``.

    Attributes:
        params: of any model of ``solvers.neurons.NEURONS``.
        duration: end of the simulation [s]; it begins at 0 at rest.
        method: how it is run and differentiated, such as ``EventProp()`` or ``BPTT(dt=1e-3)`` of ``gradlab.methods``.
        delay: of recurrent transmission [s].
        capacity: room for spikes in each sample, in continuous time.
        train_constants: whether gradients reach the neurons' constants.
        train_delays: whether they reach delays, or positions.
    """

    params: Any
    duration: float = eqx.field(static=True)
    method: Method = eqx.field(static=True, default=EventProp())
    delay: float = eqx.field(static=True, default=1e-3)
    capacity: int = eqx.field(static=True, default=4096)
    train_constants: bool = eqx.field(static=True, default=False)
    train_delays: bool = eqx.field(static=True, default=False)

    @property
    def inputs(self) -> int:
        """Number of input units."""
        return self.params.w_in.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.params.w_in.shape[1]

    def __call__(self, events: Events) -> Events:
        """Spikes of one sample or of a batch.

        Args:
            events: input, see ``solvers.events.pad_events``; or what another layer gave.

        Returns:
            Spikes. On a time grid all its points are among the events, see ``solvers.bptt.event_layer``: ``there`` is
            True of spikes.

        Raises:
            TypeError: if something is of another type.
            ValueError: for impossible events or parameters, what the method cannot run, or more spikes than there is
                room for; elsewhere than on a CPU the times of such a sample are NaN.
        """
        return self.with_counts(events)[0]

    def with_counts(self, events: Events) -> tuple[Events, Float[Array, "*batch neurons"]]:
        """As a call, and how many spikes each neuron has, with a derivative for regularisers of the rate.

        In continuous time that derivative is a heuristic, see ``solvers.eventprop.lif_layer_with_counts``.
        """
        spikes, counts = self.method.layer(
            self.passing(), events, duration=self.duration, delay=self.delay, capacity=self.capacity
        )
        words = f"the layer has more than {self.capacity} spikes, expected less: raise capacity, or lower the weights"
        lost = wrong_samples([Finding(words, spikes.overflowed.reshape(-1))], spikes.count.size)
        lost = lost.reshape(spikes.count.shape)
        return spikes._replace(count=jnp.where(lost, spikes.capacity + 1, spikes.count)), counts

    def voltages(self, events: Events, spikes: Events, times: ArrayLike) -> Float[Array, "*batch times neurons"]:
        """Voltages at any times, just before what happens then; differentiable as the spikes are.

        Args:
            events: that the layer was given.
            spikes: that it gave.
            times: at which they are asked for [s].

        Raises:
            ValueError: for neurons or delays that have none, see ``solvers.voltages``.
        """
        on_grid = self.method.on_grid
        if on_grid is not None and not on_grid.reset_gradient:
            raise ValueError("reset_gradient is not set, but voltages pass gradients through the reset: set it")
        dt = None if on_grid is None else on_grid.dt
        return voltages(self.passing(), events, spikes, times, delay=self.delay, dt=dt)

    def passes(self, name: str) -> bool:
        """See ``Marked``."""
        return name in WEIGHTS or (self.train_delays if name == "delays" else self.train_constants)


class LIF(Layer):
    """A layer of LIF neurons with weights drawn by an initialiser of ``gradlab``.

    >>> layer = LIF(700, 128, duration=1.0, input_rate=15.8, key=jax.random.key(0))
    """

    def __init__(
        self,
        inputs: int,
        neurons: int,
        *,
        duration: float,
        input_rate: float | None,
        key: PRNGKeyArray,
        method: Method = EventProp(),  # noqa: B008  immutable
        capacity: int | None = None,
        train_constants: bool = False,
        train_delays: bool = False,
        **settings: Any,
    ):
        """Draw the parameters.

        Args:
            inputs: number of input units.
            neurons: number of neurons.
            duration: end of the simulation [s].
            input_rate: mean rate of an input while there is input [Hz], to which the weights are made; None if the
                inputs are neurons of a layer before this one.
            key: with which they are drawn.
            method: see ``Layer``.
            capacity: see ``Layer``; by default room for a mean rate of 300 Hz.
            train_constants: see ``Layer``.
            train_delays: likewise.
            **settings: of ``gradlab.Network`` for a layer, with their defaults there: ``recurrent``, ``delay``,
                ``neuron`` (such as ``"dead-time"``, with ``other_constants=(("refractory", 2e-3),)``), ``tau_mem``,
                ``tau_syn``, ``threshold``, ``reset``, ``constants``, ``initialiser``, ``input_delays``,
                ``recurrent_delays``, ``initial_delays``, ``longest_delay``.

        Raises:
            TypeError: for a setting that a layer has not.
            ValueError: for an impossible setting, or what the method cannot run.
        """
        able = [name for name in NetworkSettings.__dataclass_fields__ if name not in _OTHERS]
        if unknown := set(settings) - set(able):
            raise TypeError(f"a layer has no setting {min(unknown)!r}: choose from {', '.join(able)}")
        before = () if input_rate is not None else (inputs,)
        network = Network(inputs, 1, hidden=(*before, neurons), duration=duration, input_rate=input_rate, **settings)
        method.check(network)
        self.params = network.init(key, jax.dtypes.canonicalize_dtype(float)).layers[-1]
        self.duration, self.delay, self.method = network.duration, network.delay, method
        room = max(math.ceil(_RATE * network.duration * neurons), _LEAST_ROOM)
        self.capacity = room if capacity is None else capacity
        self.train_constants, self.train_delays = train_constants, train_delays
