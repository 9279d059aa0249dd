"""The network that both methods train: layers of LIF neurons and a readout, with one parameter pytree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from solvers import bptt
from solvers.eventprop import engine_name, lif_layer_with_counts
from solvers.events import Events
from solvers.lif import LIFParams
from solvers.surrogates import Surrogate

from .constants import KINDS, initial_constants
from .initialisers import INITIALISERS, energy
from .readouts import LOSSES, Readout, ReadoutParams


class NetworkParams(NamedTuple):
    """All parameters.

    Attributes:
        layers: hidden layers, from the input on.
        readout: of a leaky readout; or a feed-forward layer of spiking output neurons (loss ``ttfs``).
    """

    layers: tuple[LIFParams, ...]
    readout: ReadoutParams | LIFParams


class Output(NamedTuple):
    """What a network does with a batch.

    Attributes:
        logits: of each class.
        counts: spikes of each hidden neuron in each sample, by layer; differentiable by heuristics or surrogates.
        largest: spikes of the busiest sample, by spiking layer (for EventProp's capacities).
        spikes: of the hidden layers, by layer; only with EventProp.
    """

    logits: Float[Array, "batch outputs"]
    counts: tuple[Float[Array, "batch _"], ...]
    largest: Float[Array, " layers"]
    spikes: tuple[Events, ...] = ()


@dataclass(frozen=True)
class Network:
    """Structure and fixed settings; the parameters are apart, in ``NetworkParams``.

    Attributes:
        inputs: input channels.
        hidden: neurons of each hidden layer.
        outputs: classes.
        pool: neighbouring input channels that have their weights in common; 1 for weights of each channel.
        delay_line: copies of the input, each on channels of its own; 1 for the input as it is.
        delay_step: delay between them [s].
        recurrent: whether hidden layers have recurrent weights.
        loss: name in ``gradlab.readouts.LOSSES``.
        duration: of a trial [s].
        delay: of recurrent transmission [s].
        tau_mem: membrane time constant, also of the readout [s].
        tau_syn: synaptic time constant, also of the readout [s].
        threshold: firing threshold.
        reset: voltage after a spike.
        constants: of the hidden neurons: ``shared`` by a layer, one for each neuron but ``equal`` at first, or with
            time constants of each neuron drawn from a ``gamma`` distribution around the settings.
        initialiser: name in ``gradlab.initialisers.INITIALISERS``.
        engine: of EventProp: name in ``solvers.eventprop.ENGINES``, or "auto".

    Raises:
        ValueError: for an unknown name or an impossible setting.
    """

    inputs: int = 700
    hidden: tuple[int, ...] = (128,)
    outputs: int = 20
    pool: int = 1
    delay_line: int = 1
    delay_step: float = 30e-3
    recurrent: bool = True
    loss: str = "exp"
    duration: float = 1.0
    delay: float = 1e-3
    tau_mem: float = 20e-3
    tau_syn: float = 10e-3
    threshold: float = 1.0
    reset: float = 0.0
    constants: str = "shared"
    initialiser: str = "mixed"
    engine: str = "auto"

    def __post_init__(self):
        """Refuse what cannot be; see the class."""
        if self.loss not in LOSSES:
            raise ValueError(f"unknown loss {self.loss!r}: choose one of {', '.join(LOSSES)}")
        if self.initialiser not in INITIALISERS:
            raise ValueError(f"unknown initialiser {self.initialiser!r}: choose one of {', '.join(INITIALISERS)}")
        if self.constants not in KINDS:
            raise ValueError(f"unknown constants {self.constants!r}: choose one of {', '.join(KINDS)}")
        engine_name(self.engine)
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden is {self.hidden}, expected one or more layers of at least one neuron")
        sizes = "inputs", "outputs", "pool", "delay_line"
        for name in (*sizes, "delay_step", "duration", "tau_mem", "tau_syn", "threshold"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected a finite number > 0")
        if not 0 <= self.delay < math.inf:
            raise ValueError(f"delay is {self.delay:g} s, expected a finite number >= 0")
        if not -math.inf < self.reset < self.threshold:
            raise ValueError(f"reset is {self.reset:g}, expected finite and below the threshold {self.threshold:g}")

    @property
    def readout(self) -> Readout:
        """The readout that the loss looks at."""
        return LOSSES[self.loss]

    @property
    def rows(self) -> int:
        """Rows of the input weights: pooled channels, once for each tap of the delay line."""
        return -(-self.inputs // self.pool) * self.delay_line

    def init(self, key: PRNGKeyArray, dtype=jnp.float32) -> NetworkParams:
        """Parameters drawn by the network's initialiser; the same for both methods."""
        initialise = INITIALISERS[self.initialiser]
        constants = [jnp.asarray(x, dtype) for x in (self.tau_mem, self.tau_syn, self.threshold, self.reset)]
        sizes = (self.rows, *self.hidden)
        layers = []
        for depth, (pre, post) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            key, key_in, key_rec = jax.random.split(key, 3)
            kind = "input" if depth == 0 else "hidden"
            w_in = initialise(key_in, kind, pre, post, self, dtype)
            w_rec = initialise(key_rec, "recurrent", post, post, self, dtype) if self.recurrent else None
            own = initial_constants(jax.random.fold_in(key_rec, 1), self, post, dtype)
            if self.constants == "gamma":  # every neuron's voltage varies as that of one with the network's settings
                gain = jnp.sqrt(energy(self.tau_mem, self.tau_syn) / energy(*own[:2]))
                w_in, w_rec = w_in * gain, None if w_rec is None else w_rec * gain
            layers.append(LIFParams(w_in, w_rec, *own))
        kind = "spiking output" if self.readout.spiking else "output"
        w_out = initialise(key, kind, sizes[-1], self.outputs, self, dtype)
        if self.readout.spiking:
            return NetworkParams(tuple(layers), LIFParams(w_out, None, *constants))
        return NetworkParams(tuple(layers), ReadoutParams(w_out, *constants[:2]))

    def _spiking_layers(self, params: NetworkParams) -> list[LIFParams]:
        return [*params.layers, *([params.readout] if isinstance(params.readout, LIFParams) else [])]

    @property
    def spiking_sizes(self) -> tuple[int, ...]:
        """Neurons of each spiking layer."""
        return (*self.hidden, *([self.outputs] if self.readout.spiking else []))

    def eventprop(self, params: NetworkParams, events: Events, capacities: Sequence[int]) -> Output:
        """Run a batch in continuous time; derivatives are exact (EventProp).

        Args:
            params: of this network.
            events: input spikes ``[batch, capacity]``, pooled and delayed (``gradlab.data.delayed``).
            capacities: room for the spikes of a sample, by spiking layer.

        Returns:
            NaN logits for a sample with more spikes than room.
        """
        spikes, counts = [], []
        for layer, capacity in zip(self._spiking_layers(params), capacities, strict=True):
            events, count = lif_layer_with_counts(
                layer, events, duration=self.duration, delay=self.delay, capacity=capacity, engine=self.engine
            )
            spikes.append(events)
            counts.append(count)
        # Cheap to compute again, so that nothing but the spikes is kept for the backward pass.
        read = jax.checkpoint(self.readout.from_events, static_argnums=(2, 3))
        logits = read(params.readout, events, self.spiking_sizes[-1], self.duration)
        hidden = len(self.hidden)
        largest = jnp.stack([s.count.max() for s in spikes])
        return Output(logits, tuple(counts[:hidden]), largest, tuple(spikes[:hidden]))

    def bptt(
        self,
        params: NetworkParams,
        events: Events,
        *,
        dt: float,
        surrogate: Surrogate,
        reset_gradient: bool = True,
        checkpoint: bool = False,
    ) -> Output:
        """Run a batch on a time grid; derivatives are surrogates. Settings as in ``solvers.bptt.simulate``."""
        state, counts = bptt.simulate(
            self._spiking_layers(params),
            events,
            self.readout.observer(params.readout, self.duration, dt),
            duration=self.duration,
            dt=dt,
            delay=self.delay,
            surrogate=surrogate,
            reset_gradient=reset_gradient,
            checkpoint=checkpoint,
        )
        logits = self.readout.from_state(params.readout, state, self.duration)
        largest = jnp.stack([count.sum(1).max() for count in counts])
        return Output(logits, counts[: len(self.hidden)], largest)
