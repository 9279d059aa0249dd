"""A leaky readout as an equinox module."""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from solvers.events import Events
from solvers.neurons.lif import lif_params
from solvers.voltages import voltages

from ..networks.network import Network
from ..networks.params import WEIGHTS
from ..networks.readouts import LINEAR, READOUTS, ReadoutParams
from .trained import Marked


class LI(Marked):
    """Leaky integrators that hear spikes and do not spike: logits, and voltages at any times.

    Its leaves are the weights and two time constants; of these only the weights pass gradients.

    Attributes:
        params: weights and time constants.
        duration: of a trial [s].
        readout: name in ``gradlab.networks.readouts.READOUTS`` of one that is linear in the spikes.
    """

    params: ReadoutParams
    duration: float = eqx.field(static=True)
    readout: str = eqx.field(static=True)

    def __init__(
        self, inputs: int, outputs: int, *, duration: float, key: PRNGKeyArray, readout: str = "exp", **settings: Any
    ):
        """Draw the weights.

        Args:
            inputs: neurons of the layer before.
            outputs: such as classes.
            duration: of a trial [s].
            key: with which they are drawn.
            readout: mean voltage (mean), or the same with weight ``exp(-t/duration)`` (exp).
            **settings: of ``gradlab.Network``: ``tau_mem``, ``tau_syn``, ``initialiser``.

        Raises:
            ValueError: for an impossible setting.
        """
        if readout not in LINEAR:
            raise ValueError(f"readout is {readout!r}, expected {' or '.join(LINEAR)}; others follow from voltages")
        network = Network(1, outputs, hidden=(inputs,), duration=duration, loss=readout, **settings)
        drawn: Any = network.init(key, jax.dtypes.canonicalize_dtype(float)).readout
        self.params, self.duration, self.readout = drawn, network.duration, readout

    def __call__(self, spikes: Events) -> Float[Array, "*batch outputs"]:
        """Logits from the spikes of the layer before, of one sample or of a batch."""
        return READOUTS[self.readout].from_events(self.passing(), spikes, self.params.w.shape[0], self.duration)

    def voltages(self, spikes: Events, times: ArrayLike) -> Float[Array, "*batch times outputs"]:
        """Voltages at any times [s], just before what happens then; differentiable as the spikes are."""
        w, tau_mem, tau_syn = self.passing()
        return voltages(lif_params(w, tau_mem=tau_mem, tau_syn=tau_syn), spikes, None, times)

    def passes(self, name: str) -> bool:
        """See ``Marked``."""
        return name in WEIGHTS
