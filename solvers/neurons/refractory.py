"""LIF neurons with a refractory period, a time after each spike in which there is no other: dead time, or a clamp.

- Dead time: the voltage goes on freely. The next spike is at the first moment from the end of the dead time on at which
  the voltage is at or above the threshold: where it rises to it, or at the end itself, if it is above already. At a
  spike the voltage falls by ``threshold - reset``; what it had above the threshold it keeps, as on a time grid. With a
  dead time of one step a LIF neuron on a time grid is this model.
- Clamp: the voltage is held at ``reset``, while the synaptic current goes on. At the end the voltage starts from there.

Without a refractory period they are the LIF neuron of ``lif``, which has their equation of motion.

Source: Gerstner et al. 2014, Neuronal Dynamics, ch. 1 (clamp: absolute refractory period).
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..delays import Delays, Positions
from .base import Constant, Parameters, State
from .lif import LIF, LIFParams


class DeadTimeParams(NamedTuple):
    """Parameters of a layer; constants are shared, or one entry for each neuron.

    Attributes:
        w_in: weights from the inputs [voltage].
        w_rec: recurrent weights [voltage], or None.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        threshold: voltage at which a spike is emitted.
        reset: by how much less than the threshold the voltage falls at a spike.
        refractory: dead time after a spike [s].
        delays: of the connections; None: there are none, but for the layer's recurrent one.
    """

    w_in: Float[Array, "pre post"]
    w_rec: Float[Array, "post post"] | None
    tau_mem: Float[Array, "*neurons"]
    tau_syn: Float[Array, "*neurons"]
    threshold: Float[Array, "*neurons"]
    reset: Float[Array, "*neurons"]
    refractory: Float[Array, "*neurons"]
    delays: Delays | Positions | None = None

    @property
    def inputs(self) -> int:
        """Number of input units."""
        return self.w_in.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons of the layer."""
        return self.w_in.shape[1]


class ClampParams(DeadTimeParams):
    """The same for clamped neurons: ``reset`` is the voltage after a spike, for as long as ``refractory`` says."""


LIFLike = LIFParams | DeadTimeParams | ClampParams  # parameters of neurons that follow ``lif.flow`` between events


class DeadTime(LIF):
    """See the module; the default of ``refractory`` is a step of the default time grid."""

    params: ClassVar[Callable[..., Any]] = DeadTimeParams
    constants = {**LIF.constants, "refractory": Constant("refractory period", "s", 1e-3, positive=True)}
    refractory = "refractory"


class Clamp(DeadTime):
    """See the module."""

    params = ClampParams
    clamps = True

    def after_spike(self, params: Parameters, state: State) -> State:
        """See ``Neuron``."""
        return state._replace(v=jnp.broadcast_to(params.reset, state.v.shape))
