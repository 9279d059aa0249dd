"""Trainers by the name of their method, for use in other people's code."""

from jax.sharding import Mesh

from solvers.surrogates import AnySurrogate, Surrogate, as_surrogate

from ..methods import BPTT, EventProp
from ..networks.network import Network
from .config import TrainConfig
from .loop import Trainer


class EventPropTrainer(Trainer):
    """Trains with EventProp: continuous time, exact gradients."""

    def __init__(self, network: Network, config: TrainConfig, *, engine: str = "auto", mesh: Mesh | None = None):
        """Bind a network, settings, and an engine, see ``EventProp``, and devices, see ``Objective``.

        Raises:
            ValueError: as ``Trainer`` and ``EventProp``.
        """
        super().__init__(network, config, EventProp(engine), mesh=mesh)


class BPTTTrainer(Trainer):
    """Trains with backpropagation through time on a grid, with surrogate gradients."""

    def __init__(
        self, network: Network, config: TrainConfig, *, dt: float = 1e-3, surrogate: AnySurrogate | None = None,
        reset_gradient: bool = True, checkpoint: bool = False, mesh: Mesh | None = None,
    ):  # fmt: skip
        """Bind a network and settings.

        Args:
            network: what to train.
            config: settings of all methods.
            dt: step of the grid [s]; the network's delay must be a whole number of steps.
            surrogate: by default SuperSpike with slope 10; also a function, with which no checkpoints can be kept.
            reset_gradient: whether gradients pass the reset.
            checkpoint: keep only some states and compute the others again: less memory for more time.
            mesh: of devices, over which each batch is spread, see ``Objective``.

        Raises:
            ValueError: as ``Trainer``; if dt does not fit.
        """
        method = BPTT(dt, as_surrogate(surrogate or Surrogate()), reset_gradient, checkpoint)
        super().__init__(network, config, method, mesh=mesh)
