"""Training: one loop for both methods. A trainer differs from the other only in how it runs the network."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float
from tqdm import tqdm

from solvers.bptt import time_grid
from solvers.events import Events
from solvers.surrogates import Surrogate

from . import checkpoints
from .constants import quantiles
from .data import Augmentation, Splits, epoch_batches
from .interrupts import noted_interrupts
from .losses import accuracy
from .network import Network, NetworkParams, Output
from .recipe import TrainConfig, from_free_params, kept_epoch, lift_silent, optimiser, to_free_params
from .records import to_json
from .runner import Runaway, Runner, room_for

_SHOWN = ("train_loss", "train_accuracy", "hidden_rate_hz", "silent_fraction", "validation_accuracy")


class Metrics(NamedTuple):
    """What a step tells; sums over the batch."""

    loss: Float[Array, ""]
    accuracy: Float[Array, ""]
    largest: Float[Array, " layers"]
    counts: tuple[Float[Array, " _"], ...]
    gradient_norm: Float[Array, ""]


class State(NamedTuple):
    """All arrays of a training.

    Attributes:
        trained: see ``to_free_params``.
        constant: likewise.
        optimiser: its state.
        best: ``trained`` after the best epoch; only with patience.
    """

    trained: NetworkParams
    constant: NetworkParams
    optimiser: Any
    best: NetworkParams | None


@dataclass
class Result:
    """What a training reached.

    Attributes:
        params: those after the last completed epoch; with patience, those of the epoch with the best validation
            accuracy. That is not the default, as with few held-out speakers it picks a lucky epoch at a high rate.
        status: ``ok``, ``interrupted``, ``diverged`` or ``overflow``.
        reason: in words, if the status is not ``ok``.
        history: lists of figures by epoch (of the trained constants: quantiles by layer), and ``step_s`` by step.
        epochs: how many were completed.
        kept: the epoch of ``params``, counted from 1; 0 if none was completed.
    """

    params: NetworkParams
    status: str = "ok"
    reason: str | None = None
    history: dict[str, list[Any]] = field(default_factory=dict)
    epochs: int = 0
    kept: int = 0

    def kept_figure(self, name: str) -> Any:
        """A figure of the history at the epoch of ``params``; None if there is none."""
        return self.history[name][self.kept - 1] if self.kept and name in self.history else None


class Trainer(Runner):
    """The training loop; see ``EventPropTrainer`` and ``BPTTTrainer``."""

    def __init__(self, network: Network, config: TrainConfig):
        """Bind a network and settings; nothing is computed yet. Raises as ``Runner``."""
        super().__init__(network, config)
        self._jit_step = jax.jit(self._step, static_argnames=("capacities", "steps"))

    def _step(self, trained, constant, state, events, labels, *, capacities, steps):
        (loss, output), gradient = jax.value_and_grad(self.objective, has_aux=True)(
            trained, constant, events, labels, capacities
        )
        updates, state = optimiser(self.config, steps).update(gradient, state)
        counts = tuple(count.sum(0) for count in output.counts)
        norm = jnp.sqrt(sum(jnp.vdot(x, x) for x in jax.tree.leaves(gradient)))
        metrics = Metrics(loss, accuracy(output.logits, labels), output.largest, counts, norm)
        return optax.apply_updates(trained, updates), state, metrics

    def fit(
        self, splits: Splits, params: NetworkParams | None = None, *, progress: bool = True,
        checkpoint: Path | None = None, resume: bool = False, on_epoch: Callable[[NetworkParams], None] | None = None,
    ) -> Result:  # fmt: skip
        """Train.

        Args:
            splits: training set, and a validation set which may be None; the test set is not touched.
            params: to start from; by default ``init()``.
            progress: show a progress bar on standard error.
            checkpoint: file that holds the whole state after the last completed epoch, replaced after every epoch.
            resume: go on from that file if it exists. Parameters and history are those of an uninterrupted training, to
                the last bit on the same machine with the same number of threads; times are not.
            on_epoch: called with the parameters after each epoch.

        Returns:
            What was reached; also after Ctrl-C, a loss that is not finite, or runaway activity (see ``status``).

        Raises:
            ValueError: if the data do not fit the network, there are fewer samples than in one batch, there is patience
                but no validation set, or the checkpoint is of other settings or data.
            OSError: if the checkpoint cannot be read or written.
        """
        self._check(splits)
        params = self.init() if params is None else params
        result, rng = Result(params), np.random.default_rng(self.config.seed)
        sample = Augmentation(splits.train, rng, self.config)
        per_epoch = len(splits.train) // self.config.batch_size
        steps = self.config.epochs * per_epoch
        trained, constant = to_free_params(params, self.network, self.config)
        patience = self.config.patience
        state = State(trained, constant, optimiser(self.config, steps).init(trained), trained if patience else None)
        if checkpoint is not None:
            settings = self.describe(splits)
            if resume and checkpoint.exists():
                state = self._restore(checkpoint, state, settings, rng, result)
            else:
                self._keep(checkpoint, state, settings, rng, result)
        shown = dict(unit="step", desc=self.method, dynamic_ncols=True, mininterval=0.1 if sys.stderr.isatty() else 10)
        shown |= dict(total=steps, initial=result.epochs * per_epoch, disable=not progress)
        with noted_interrupts() as self._stop, tqdm(**shown) as bar:
            try:
                for epoch in range(result.epochs, self.config.epochs):
                    if patience and epoch - result.kept >= patience:
                        if progress:
                            bar.write(f"no better epoch than {result.kept} in {patience}: ends early", file=sys.stderr)
                        break
                    state, entry = self._epoch(splits.train, sample, state, rng, steps, bar, result)
                    params = from_free_params(state.trained, state.constant, self.network)
                    if splits.validation is not None:
                        entry["validation_accuracy"] = self.evaluate(params, splits.validation)["accuracy"]
                    if self.config.train_constants:
                        entry |= quantiles(params)
                    for name, value in entry.items():
                        result.history.setdefault(name, []).append(value)
                    result.epochs = epoch + 1
                    result.kept = self._kept_epoch(result)
                    if result.kept == result.epochs:
                        result.params = params
                        state = state._replace(best=state.trained if patience else None)
                    if checkpoint is not None:
                        self._keep(checkpoint, state, settings, rng, result)
                    if on_epoch is not None:
                        on_epoch(params)
                    if progress:
                        figures = ", ".join(f"{k} {v:.3g}" for k, v in entry.items() if k in _SHOWN)
                        bar.write(f"epoch {epoch + 1}: {figures}", file=sys.stderr)
                if self._stop:
                    raise KeyboardInterrupt
            except KeyboardInterrupt:
                done = len(result.history.get("step_s", []))
                result.status, result.reason = "interrupted", f"stopped by the user after {done} of {steps} steps"
            except _Diverged as error:
                result.status, result.reason = "diverged", str(error)
            except Runaway as error:
                result.status, result.reason = "overflow", str(error)
        return result

    def describe(self, splits: Splits) -> dict[str, Any]:
        """Everything that determines a training, in JSON types."""
        parts = {"training_data": splits.train, "validation_data": splits.validation}
        settings = {"method": self.method, "network": self.network, "training": self.config} | self.settings
        return to_json(settings | {name: data and f"{data.name} {data.checksum}" for name, data in parts.items()})

    def _keep(self, path, state, settings, rng, result):
        progress = {
            "epochs": result.epochs,
            "history": result.history,
            "random_state": rng.bit_generator.state,
            "capacities": self.capacities,
        }
        checkpoints.save(path, state, settings, progress)

    def _restore(self, path, state, settings, rng, result):
        state, progress = checkpoints.load(path, state, settings)
        rng.bit_generator.state = progress["random_state"]
        self.capacities = tuple(progress["capacities"])
        result.history, result.epochs = progress["history"], progress["epochs"]
        result.kept = self._kept_epoch(result)
        kept = state.trained if state.best is None else state.best
        result.params = from_free_params(kept, state.constant, self.network)
        return state

    def _kept_epoch(self, result):
        return kept_epoch(result.history.get("validation_accuracy", []), result.epochs, self.config.patience)

    def _epoch(self, data, sample, state, rng, steps, bar, result):
        """One pass over the training set; returns the new state and the epoch's figures."""
        began = time.perf_counter()
        losses, hits, counts, largest = [], [], None, np.zeros(len(self.capacities))
        for indices in epoch_batches(len(data), self.config.batch_size, rng):
            start = time.perf_counter()
            events, labels = self.batch(data, indices, sample)
            call = partial(self._jit_step, *state[:3], events, labels, steps=steps)
            trained, moments, metrics = self._with_room(
                lambda room: call(capacities=room),  # noqa: B023
                lambda r: r[2].largest,
            )
            state = state._replace(trained=trained, optimiser=moments)
            loss = float(metrics.loss)
            result.history.setdefault("step_s", []).append(time.perf_counter() - start)
            if not np.isfinite(loss) or not np.isfinite(float(metrics.gradient_norm)):
                raise _Diverged(
                    f"the loss is {loss:g} with a gradient of norm {float(metrics.gradient_norm):g} "
                    f"at step {len(result.history['step_s'])}: lower the learning rate"
                )
            largest = np.maximum(largest, metrics.largest)
            losses.append(loss)
            hits.append(float(metrics.accuracy))
            spiked = [np.asarray(count) for count in metrics.counts]
            counts = spiked if counts is None else [a + b for a, b in zip(counts, spiked, strict=True)]
            samples = len(losses) * self.config.batch_size
            rate = sum(c.sum() for c in counts) / samples / sum(self.network.hidden) / self.network.duration
            bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{np.mean(hits):.1%}", rate=f"{rate:.1f}Hz", refresh=False)
            bar.update()
        if self.method == "eventprop":
            self.capacities = tuple(min(x) for x in zip(self.capacities, map(room_for, largest), strict=True))
        state = state._replace(trained=lift_silent(state.trained, counts, self.config.lift_silent))
        if not all(np.isfinite(x).all() for x in jax.tree.leaves(state.trained)):
            done = len(result.history["step_s"])
            raise _Diverged(f"a parameter is not finite after step {done}: lower the learning rate")
        silent = sum(int((c == 0).sum()) for c in counts) / sum(self.network.hidden)
        entry = {
            "train_loss": float(np.mean(losses)),
            "train_accuracy": float(np.mean(hits)),
            "hidden_rate_hz": float(rate),
            "silent_fraction": silent,
            "epoch_s": time.perf_counter() - began,
        }
        return state, entry

    def _check(self, splits: Splits) -> None:
        data = splits.train
        if data.inputs != self.network.inputs:
            raise ValueError(f"data have {data.inputs} channels, the network {self.network.inputs}: make them equal")
        if data.classes > self.network.outputs:
            raise ValueError(f"data have {data.classes} classes, the network only {self.network.outputs} outputs")
        if len(data) < self.config.batch_size:
            raise ValueError(f"{len(data)} training samples, but batches of {self.config.batch_size}: lower batch_size")
        if self.config.patience and splits.validation is None:
            raise ValueError(
                f"patience is {self.config.patience}, but no speaker is held out to judge an epoch by: hold one out, "
                "such as validation speaker 8, or set patience to 0"
            )


class EventPropTrainer(Trainer):
    """Trains with EventProp: continuous time, exact gradients."""

    method = "eventprop"

    def run(self, params: NetworkParams, events: Events, capacities: tuple[int, ...]) -> Output:
        """See ``Trainer``."""
        return self.network.eventprop(params, events, capacities)


class BPTTTrainer(Trainer):
    """Trains with backpropagation through time on a grid, with surrogate gradients."""

    method = "bptt"

    def __init__(
        self,
        network: Network,
        config: TrainConfig,
        *,
        dt: float = 1e-3,
        surrogate: Surrogate | None = None,
        reset_gradient: bool = True,
        checkpoint: bool = False,
    ):
        """Bind a network and settings.

        Args:
            network: what to train.
            config: settings of both methods.
            dt: step of the grid [s]; the network's delay must be a whole number of steps.
            surrogate: by default SuperSpike with slope 10.
            reset_gradient: whether gradients pass the reset.
            checkpoint: keep only some states and compute the others again: less memory for more time.

        Raises:
            ValueError: if dt does not fit.
        """
        super().__init__(network, config)
        time_grid(network.duration, dt, network.delay)
        self.settings = {
            "dt": dt,
            "surrogate": surrogate or Surrogate(),
            "reset_gradient": reset_gradient,
            "checkpoint": checkpoint,
        }

    def run(self, params: NetworkParams, events: Events, capacities: tuple[int, ...]) -> Output:
        """See ``Trainer``; a grid needs no room for spikes."""
        return self.network.bptt(params, events, **self.settings)


class _Diverged(Exception):
    """The loss, a gradient or a parameter is not finite."""
