"""The network that all methods train: layers of spiking neurons and a readout, with one parameter pytree."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from solvers.fields import Count
from solvers.neurons import NEURONS, Neuron, Parameters

from .encode import Sample, delayed, pooled
from .heterogeneity import initial_constants
from .initialisers import INITIALISERS, Connection, psp_energy
from .params import NetworkParams
from .readouts import READOUTS, Readout, ReadoutParams
from .settings import NetworkSettings
from .transforms import Bound


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
    def bounds(self) -> dict[str, Bound]:
        """Where each constant may go that can be trained."""
        values, declared = self.constant_values, self.neuron_model.constants
        return {name: Bound(values[name], c.reach) for name, c in declared.items() if c.reach is not None}

    def encode(self, sample: Sample) -> Sample:
        """The spikes of a sample as they reach the first layer: pooled and delayed."""
        channels = self.rows // self.delay_line
        return delayed(pooled(sample, self.pool), self.delay_line, self.delay_step, channels)

    def init(self, key: PRNGKeyArray, dtype: Any = jnp.float32) -> NetworkParams:
        """Parameters drawn by the network's initialiser; the same for all methods."""
        sizes, values, model = (self.rows, *self.hidden), self.constant_values, self.neuron_model
        layers = []
        for depth, (pre, post) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
            key, key_in, key_rec = jax.random.split(key, 3)
            w_in = self._weights(key_in, "input" if depth == 0 else "hidden", pre, post, dtype)
            w_rec = self._weights(key_rec, "recurrent", post, post, dtype) if self.recurrent else None
            fold = jax.random.fold_in(key_rec, 1)
            own = initial_constants(fold, self.constants, model.constants, values, post, dtype)
            if self.constants == "gamma":  # every neuron's voltage varies as that of one with the network's settings
                usual = psp_energy(self.tau_mem, self.tau_syn)
                gain = jnp.sqrt(usual / psp_energy(own["tau_mem"], own["tau_syn"]))
                w_in, w_rec = w_in * gain, None if w_rec is None else w_rec * gain
            layers.append(model.params(w_in, w_rec, **own))
        kind = "spiking output" if self.readout.spiking else "output"
        w_out = self._weights(key, kind, sizes[-1], self.outputs, dtype)
        constants = {name: jnp.asarray(value, dtype) for name, value in values.items()}
        if self.readout.spiking:
            return NetworkParams(tuple(layers), model.params(w_out, None, **constants))
        return NetworkParams(tuple(layers), ReadoutParams(w_out, constants["tau_mem"], constants["tau_syn"]))

    def _weights(self, key: PRNGKeyArray, kind: str, pre: int, post: int, dtype: Any) -> Array:
        of_input = kind == "input"
        connection = Connection(
            kind, pre, post, self.delay_line if of_input else 1, self.pool if of_input else 1, self.recurrent,
            self.input_rate, self.tau_mem, self.tau_syn, self.threshold,
        )  # fmt: skip
        return INITIALISERS[self.initialiser](key, connection, dtype)

    def spiking_layers(self, params: NetworkParams) -> list[Parameters]:
        """The parameters of all layers that spike, from the input on."""
        return [*params.layers, *([] if isinstance(params.readout, ReadoutParams) else [params.readout])]
