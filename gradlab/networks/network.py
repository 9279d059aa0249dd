"""The network that all methods train: layers of spiking neurons and a readout, with one parameter pytree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from solvers.delays import Delays, Positions
from solvers.fields import Count
from solvers.neurons import NEURONS, Neuron, Parameters

from .delays import POSITIONS, initial_delays, side
from .drive import SHD_RATE, hidden_unit, input_unit, one_spike_weight
from .encode import Sample, delayed, pooled
from .heterogeneity import initial_constants
from .initialisers import INITIALISERS, Connection, growth, psp_energy
from .params import NetworkParams
from .readouts import READOUTS, Readout, ReadoutParams
from .settings import NetworkSettings
from .transforms import Bound, Span


@dataclass(frozen=True)
class Network(NetworkSettings):
    """A network for data of known sizes; the parameters are apart, in ``NetworkParams``.

    Attributes:
        inputs: input channels.
        outputs: classes.

    Raises:
        ValueError: for a field of another type or out of range, or an impossible setting.
    """

    inputs: Count
    outputs: Count

    @property
    def readout(self) -> Readout:
        """The readout that the loss looks at."""
        return READOUTS[self.loss]

    @property
    def neuron_model(self) -> Neuron:
        """The model of the spiking neurons."""
        return NEURONS[self.neuron]

    @property
    def spiking_sizes(self) -> tuple[int, ...]:
        """Neurons of each spiking layer."""
        return (*self.hidden, *([self.outputs] if self.readout.spiking else []))

    @property
    def rows(self) -> int:
        """Rows of the input weights: pooled channels, once for each copy of the delay line."""
        return -(-self.inputs // self.pool) * self.delay_line

    @property
    def arrivals(self) -> float:
        """Input spikes while there is input [Hz], without copies; at SHD's rate of a channel if none is known."""
        return self.inputs * (SHD_RATE if self.input_rate is None else self.input_rate)

    @property
    def units(self) -> tuple[float, ...]:
        """The unit of the weights to each spiking layer, see ``gradlab.networks.drive``; 1 on SHD."""
        before = self.hidden if self.readout.spiking else self.hidden[:-1]
        hidden = (hidden_unit(neurons, self.tau_syn) for neurons in before)
        return (input_unit(self.arrivals, self.tau_syn), *hidden)

    def lifts(self, lift: float) -> tuple[float, ...]:
        """What a lift of silent neurons adds to the weights to each spiking layer, at most what one spike needs."""
        enough = one_spike_weight(self.threshold, self.tau_mem, self.tau_syn)
        return tuple(min(lift * unit, enough) for unit in self.units)

    @property
    def growth(self) -> tuple[float, ...]:
        """By how much larger the weights to each spiking layer start than on SHD, by the initialiser; 1 on SHD."""
        return tuple(growth(self._draw, self._driving(depth)) for depth in range(len(self.spiking_sizes)))

    @property
    def bounds(self) -> dict[str, Bound]:
        """Where each constant may go that can be trained."""
        values, declared = self.constant_values, self.neuron_model.constants
        return {name: Bound(values[name], c.reach) for name, c in declared.items() if c.reach is not None}

    @property
    def delay_bounds(self) -> dict[str, Span]:
        """Where delays, or positions from which they follow, may go."""
        if self.input_delays == POSITIONS:
            return dict.fromkeys(Positions._fields, Span(side(self.longest_delay)))
        return dict.fromkeys(Delays._fields, Span(self.longest_delay))

    def encode(self, sample: Sample) -> Sample:
        """The spikes of a sample as they reach the first layer: pooled and delayed."""
        channels = self.rows // self.delay_line
        return delayed(pooled(sample, self.pool), self.delay_line, self.delay_step, channels)

    def init(self, key: PRNGKeyArray, dtype: Any = jnp.float32) -> NetworkParams:
        """Parameters drawn by the network's initialiser, for input of its ``input_rate``; the same for all methods."""
        values, model = self.constant_values, self.neuron_model
        layers = []
        for depth, post in enumerate(self.hidden):
            key, key_in, key_rec = jax.random.split(key, 3)
            w_in = self._draw(key_in, self._driving(depth), dtype)
            w_rec = self._draw(key_rec, self._connection("recurrent", post, post), dtype) if self.recurrent else None
            fold = jax.random.fold_in(key_rec, 1)
            own = initial_constants(fold, self.constants, model.constants, values, post, dtype)
            if self.constants == "gamma":  # every neuron's voltage varies as that of one with the network's settings
                usual = psp_energy(self.tau_mem, self.tau_syn)
                gain = jnp.sqrt(usual / psp_energy(own["tau_mem"], own["tau_syn"]))
                w_in, w_rec = w_in * gain, None if w_rec is None else w_rec * gain
            layer = model.params(w_in, w_rec, **own)
            if self.has_delays:
                kinds, drawn = (self.input_delays, self.recurrent_delays), (self.initial_delays, self.longest_delay)
                delays = initial_delays(jax.random.fold_in(key_rec, 2), kinds, *drawn, w_in.shape, dtype)
                layer = layer._replace(delays=delays)
            layers.append(layer)
        constants = {name: jnp.asarray(value, dtype) for name, value in values.items()}
        if self.readout.spiking:
            w_out = self._draw(key, self._driving(len(self.hidden)), dtype)
            return NetworkParams(tuple(layers), model.params(w_out, None, **constants))
        w_out = self._draw(key, self._connection("output", self.hidden[-1], self.outputs), dtype)
        return NetworkParams(tuple(layers), ReadoutParams(w_out, constants["tau_mem"], constants["tau_syn"]))

    @property
    def _draw(self) -> Callable[[PRNGKeyArray, Connection, Any], Array]:
        return INITIALISERS[self.initialiser]

    def _connection(self, kind: str, pre: int, post: int, unit: float = 1.0) -> Connection:
        arrivals, copies = pre * SHD_RATE, 1
        if kind == "input":
            arrivals, copies = self.arrivals * self.delay_line, self.delay_line
        return Connection(
            kind, pre, post, copies, self.recurrent, arrivals, unit, self.tau_mem, self.tau_syn, self.threshold
        )

    def _driving(self, depth: int) -> Connection:
        """The connection to a spiking layer."""
        kind = "input" if depth == 0 else "hidden" if depth < len(self.hidden) else "spiking output"
        return self._connection(kind, (self.rows, *self.hidden)[depth], self.spiking_sizes[depth], self.units[depth])

    def with_spiking_layers(self, params: NetworkParams, layers: Sequence[Parameters]) -> NetworkParams:
        """The parameters with others of all layers that spike."""
        hidden = len(self.hidden)
        return NetworkParams(tuple(layers[:hidden]), layers[hidden] if len(layers) > hidden else params.readout)

    def spiking_layers(self, params: NetworkParams) -> list[Parameters]:
        """The parameters of all layers that spike, from the input on."""
        return [*params.layers, *([] if isinstance(params.readout, ReadoutParams) else [params.readout])]
