"""One training: its data, its state and what it reached so far, kept in a checkpoint after every epoch."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ..data import Augmentation, Splits
from ..networks.network import Network
from ..networks.params import NetworkParams
from . import checkpoints
from .config import TrainConfig
from .early_stopping import kept_of
from .files import in_charge, keep_aside
from .hints import Hints
from .json_types import digest
from .optimiser import optimiser
from .result import Result, State
from .room import Room, Runaway
from .trained import constrained_params, unconstrained_params


class Diverged(Exception):
    """The loss, a gradient or a parameter is not finite."""


class Run:
    """A training under way.

    Attributes:
        network: structure and settings, with the rate of its input.
        data: training set.
        hints: to the user.
        rng: source of the order of the samples and of the augmentation.
        sample: gives a variant of a training sample.
        per_epoch: steps of an epoch.
        steps: of the whole training.
        result: so far.
        state: all arrays.
    """

    def __init__(
        self, network: Network, config: TrainConfig, splits: Splits, params: NetworkParams, room: Room,
        checkpoint: Path | None, settings: dict[str, Any], writes: bool,
    ):  # fmt: skip
        """Make the state at the start.

        Args:
            network: structure and settings, with the rate of its input.
            config: of the training.
            splits: training and validation set.
            params: to start from.
            room: for spikes; part of what is kept.
            checkpoint: file, or None.
            settings: what the checkpoint belongs to.
            writes: whether this process writes it, of several that train together.
        """
        self.network, self._config, self._room = network, config, room
        self._checkpoint, self._settings, self._writes = checkpoint, settings, writes
        self._earlier = False  # whether the checkpoint is that of another start
        self.data = splits.train
        self.hints = Hints(config, splits.train.inputs)
        self.rng = np.random.default_rng(config.seed)
        self.sample = Augmentation(splits.train, self.rng, config)
        self.per_epoch = len(splits.train) // config.batch_size
        self.steps = config.epochs * self.per_epoch
        self.result = Result(params)
        trained, constant = unconstrained_params(params, network, config)
        moments = optimiser(config, self.steps, network).init(trained)
        self.state = State(trained, constant, moments, trained if config.patience else None)

    @property
    def params(self) -> NetworkParams:
        """The present ones."""
        return constrained_params(self.state.trained, self.state.constant, self.network)

    @property
    def times(self) -> list[float]:
        """Seconds of each step."""
        return self.result.history.setdefault("step_s", [])

    @contextmanager
    def begun(self, resume: bool) -> Iterator[None]:
        """Be in charge of the checkpoint, and take the state from it, if it is there and wanted.

        Raises:
            ValueError: if the checkpoint is of other settings or data, or of another version, or damaged.
            OSError: if it cannot be read or written, or another process writes it.
        """
        path = self._checkpoint
        if path is None:
            yield
            return
        if path.exists() and not path.is_file():
            raise OSError(f"{path} is no file: remove it, or choose another name")
        with in_charge(path) if self._writes else nullcontext():
            self._earlier = path.exists() and not resume
            if path.exists() and resume:
                self.state, progress = checkpoints.load(path, self.state, self._settings)
                try:
                    self._take(progress)
                except Exception as error:  # of a file that is whole, but was not written here
                    raise ValueError(f"{path} holds an impossible state ({error}): remove it and start anew") from error
            yield

    def _take(self, progress: dict[str, Any]) -> None:
        """Go on from the state, and what is kept beside it; all of that is checked."""
        result, best, patience = self.result, self.state.best, self._config.patience
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(self.state)):
            raise ValueError("a number is not finite")
        result.history, result.epochs = progress["history"], progress["epochs"]
        if type(result.epochs) is not int or not 0 <= result.epochs <= self._config.epochs:
            raise ValueError(f"epochs are {result.epochs}, expected 0 to {self._config.epochs}")
        for name, values in result.history.items():
            expected = result.epochs * (self.per_epoch if name == "step_s" else 1)
            if not isinstance(values, list) or len(values) != expected or np.asarray(values).dtype.kind not in "iuf":
                raise ValueError(f"its history of {name} is not {expected} numbers")
        # Without pools, which earlier files do not have, each sample has the room of the busiest.
        self._room.restore(progress["capacities"], progress.get("means", progress["capacities"]))
        self.rng.bit_generator.state = progress["random_state"]
        if digest(self.rng.bit_generator.state) != digest(progress["random_state"]):
            raise ValueError("its random state is none")
        result.kept = kept_of(result, patience)
        kept = self.state.trained if best is None else best
        result.params = constrained_params(kept, self.state.constant, self.network)

    def complete(self, entry: dict[str, Any], params: NetworkParams) -> None:
        """Take in the figures and the parameters of a whole epoch, and keep the state."""
        result, patience = self.result, self._config.patience
        result.note(entry)
        result.kept = kept_of(result, patience)
        if result.kept == result.epochs:
            result.params = params
            self.state = self.state._replace(best=self.state.trained if patience else None)
        if self._checkpoint is not None and self._writes:
            self._save(self._checkpoint)

    def _save(self, path: Path) -> None:
        if self._earlier and path.exists():
            keep_aside(path)
        self._earlier = False
        progress = {
            "epochs": self.result.epochs,
            "history": self.result.history,
            "random_state": self.rng.bit_generator.state,
            "capacities": self._room.capacities,
            "means": self._room.means,
        }
        checkpoints.save(path, self.state, self._settings, progress)

    @contextmanager
    def endings(self) -> Iterator[None]:
        """Ctrl-C or SIGTERM, divergence and runaway activity end a training; the result says so."""
        result = self.result
        try:
            yield
        except KeyboardInterrupt as stop:
            by = "SIGTERM" if signal.SIGTERM in stop.args else "the user"
            result.status = "interrupted"
            result.reason = f"stopped by {by} after {len(self.times)} of {self.steps} steps"
        except Diverged as error:
            result.status, result.reason = "diverged", str(error)
        except Runaway as error:
            result.status, result.reason = "overflow", str(error)
