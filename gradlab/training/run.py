"""One training: its data, its state and what it reached so far, kept in a checkpoint after every epoch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Augmentation, Splits
from ..networks.network import Network
from ..networks.params import NetworkParams
from . import checkpoints
from .config import TrainConfig
from .early_stopping import kept_of
from .optimiser import optimiser
from .result import Result, State
from .room import Room, Runaway
from .trained import constrained_params, unconstrained_params


class Diverged(Exception):
    """The loss, a gradient or a parameter is not finite."""


class Run:
    """A training under way.

    Attributes:
        data: training set.
        rng: source of the order of the samples and of the augmentation.
        sample: gives a variant of a training sample.
        per_epoch: steps of an epoch.
        steps: of the whole training.
        result: so far.
        state: all arrays.
    """

    def __init__(
        self, network: Network, config: TrainConfig, splits: Splits, params: NetworkParams, room: Room,
        checkpoint: Path | None, settings: dict[str, Any],
    ):  # fmt: skip
        """Make the state at the start.

        Args:
            network: structure and settings.
            config: of the training.
            splits: training and validation set.
            params: to start from.
            room: for spikes; part of what is kept.
            checkpoint: file, or None.
            settings: what the checkpoint belongs to.
        """
        self._network, self._config, self._room = network, config, room
        self._checkpoint, self._settings = checkpoint, settings
        self.data = splits.train
        self.rng = np.random.default_rng(config.seed)
        self.sample = Augmentation(splits.train, self.rng, config)
        self.per_epoch = len(splits.train) // config.batch_size
        self.steps = config.epochs * self.per_epoch
        self.result = Result(params)
        trained, constant = unconstrained_params(params, network, config)
        moments = optimiser(config, self.steps, network.bounds).init(trained)
        self.state = State(trained, constant, moments, trained if config.patience else None)

    @property
    def params(self) -> NetworkParams:
        """The present ones."""
        return constrained_params(self.state.trained, self.state.constant, self._network)

    @property
    def times(self) -> list[float]:
        """Seconds of each step."""
        return self.result.history.setdefault("step_s", [])

    def begin(self, resume: bool) -> None:
        """Take the state from the checkpoint, if there is one and it is wanted; otherwise keep that of the start.

        Raises:
            ValueError: if the checkpoint is of other settings or data, or of another version.
            OSError: if it cannot be read or written.
        """
        if not (resume and self._checkpoint is not None and self._checkpoint.exists()):
            self._save()
            return
        self.state, progress = checkpoints.load(self._checkpoint, self.state, self._settings)
        self.rng.bit_generator.state = progress["random_state"]
        self._room.capacities = tuple(progress["capacities"])
        result, best = self.result, self.state.best
        result.history, result.epochs = progress["history"], progress["epochs"]
        result.kept = kept_of(result, self._config.patience)
        kept = self.state.trained if best is None else best
        result.params = constrained_params(kept, self.state.constant, self._network)

    def complete(self, entry: dict[str, Any], params: NetworkParams) -> None:
        """Take in the figures and the parameters of a whole epoch, and keep the state."""
        result, patience = self.result, self._config.patience
        result.note(entry)
        result.kept = kept_of(result, patience)
        if result.kept == result.epochs:
            result.params = params
            self.state = self.state._replace(best=self.state.trained if patience else None)
        self._save()

    def _save(self) -> None:
        if self._checkpoint is not None:
            progress = {
                "epochs": self.result.epochs,
                "history": self.result.history,
                "random_state": self.rng.bit_generator.state,
                "capacities": self._room.capacities,
            }
            checkpoints.save(self._checkpoint, self.state, self._settings, progress)

    @contextmanager
    def endings(self) -> Iterator[None]:
        """Ctrl-C, divergence and runaway activity end a training; the result says so."""
        result = self.result
        try:
            yield
        except KeyboardInterrupt:
            result.status, result.reason = (
                "interrupted",
                f"stopped by the user after {len(self.times)} of {self.steps} steps",
            )
        except Diverged as error:
            result.status, result.reason = "diverged", str(error)
        except Runaway as error:
            result.status, result.reason = "overflow", str(error)
