"""The training loop, one for all methods."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from jax.sharding import Mesh
from jaxtyping import Array

from solvers import InputError
from solvers.events import Events
from solvers.fields import LARGEST
from solvers.own_rules import own_rules

from ..data import Splits, check_splits, epoch_batches, with_input_rate
from ..methods import Method
from ..methods.base import Capacities
from ..networks.delays import delay_quantiles
from ..networks.heterogeneity import quantiles
from ..networks.losses import Labels, accuracy
from ..networks.network import Network
from ..networks.params import NetworkParams
from .callbacks import Epoch, OnEnd, OnEpoch, OnStep, Step
from .config import TrainConfig
from .devices import greatest, mean, total
from .early_stopping import is_over
from .epoch import EpochFigures, StepMetrics
from .heuristics import lift_silent, pull_silent_outputs
from .interrupts import noted_interrupts
from .json_types import digest, to_json
from .memory import TRAINING
from .objective import Objective
from .optimiser import optimiser
from .progress import Progress
from .result import Result
from .run import Diverged, Run
from .trained import projected_params


class Trainer(Objective):
    """Trains a network by a method; see also ``EventPropTrainer`` and ``BPTTTrainer``."""

    def __init__(self, network: Network, config: TrainConfig, method: Method, *, mesh: Mesh | None = None):
        """Bind a network, settings, a method and devices, see ``Objective``; nothing is computed yet.

        Raises:
            ValueError: as ``Objective``, and if the training cannot fit into memory.
        """
        super().__init__(network, config, method, mesh=mesh)
        self.require_memory(TRAINING)
        self._pressed: list[int] = []  # signals
        step = self.devices.spread(self._step, 3, 4)
        self._jit_step = jax.jit(step, static_argnames=("room", "steps", "network"))

    @own_rules()
    def fit(
        self, splits: Splits, params: NetworkParams | None = None, *, progress: bool = True,
        checkpoint: str | Path | None = None, resume: bool = False,
        on_step: OnStep | None = None, on_epoch: OnEpoch | None = None, on_end: OnEnd | None = None,
    ) -> Result:  # fmt: skip
        """Train.

        Args:
            splits: training set, and a validation set which may be None; of the test set, which may be None too, only
                the form is looked at.
            params: to start from; by default ``init(splits.train)``.
            progress: show a progress bar on standard error.
            checkpoint: file that holds the whole state after the last completed epoch, replaced after every epoch. One
                of an earlier start is kept as NAME.1.npz or the next free number. One process at a time writes it.
            resume: go on from that file if it exists. Parameters and history are those of an uninterrupted training, to
                the last bit on the same machine with the same number of threads; times are not.
            on_step: called with a ``Step`` after each step of the optimiser.
            on_epoch: called with an ``Epoch`` after each epoch, when its state is kept. In either, an error ends the
                training with that error, and a KeyboardInterrupt ends it like Ctrl-C; the checkpoint stays.
            on_end: called with what is returned, however the training ended.

        Returns:
            What was reached; also after Ctrl-C, a loss that is not finite, or runaway activity (see ``status``).

        Raises:
            ValueError: if the data do not fit the network, there are fewer samples than in one batch, there is patience
                but no validation set, or the checkpoint is of other settings or data, or of another version.
            OSError: if the checkpoint cannot be read or written, or another process writes it.
        """
        self.check(splits)
        config, network = self.config, with_input_rate(self.network, splits.train)
        path = None if checkpoint is None else Path(checkpoint)
        shown = progress and self.devices.is_first
        with self.devices.at_rest():
            start = network.init(self.key) if params is None else params
            run = Run(network, config, splits, start, self.room, path, self.describe(splits), self.devices.is_first)
        result = run.result
        with (
            self.devices.at_rest(),
            noted_interrupts() as self._pressed,
            run.begun(resume),
            Progress(self.method.name, run.steps, result.epochs * run.per_epoch, shown) as bar,
            run.endings(),
        ):
            self.devices.require_same(digest(self.describe(splits), result.epochs))
            for number in range(result.epochs + 1, config.epochs + 1):
                if is_over(result, config.patience):
                    bar.say(f"no better epoch than {result.kept} in {config.patience}: ends early")
                    break
                entry = self._epoch(run, bar, on_step)
                params = run.params
                if splits.validation is not None:
                    entry["validation_accuracy"] = self.evaluate(params, splits.validation)["accuracy"]
                if config.train_constants:
                    entry |= quantiles(params.layers, self.network.bounds)
                if network.has_delays:
                    entry |= delay_quantiles(params.layers)
                run.complete(entry, params)
                if on_epoch is not None:
                    on_epoch(Epoch(number, entry, params))
                bar.epoch(number, entry)
            self._stop_if_asked()
            run.hints.at_end(result.history.get("train_accuracy", []), splits.train.labels)
        if on_end is not None:
            on_end(result)
        return result

    def _epoch(self, run: Run, bar: Progress, on_step: OnStep | None) -> dict[str, Any]:
        """One pass over the training set; returns its figures."""
        figures = EpochFigures(self.network, self.config.batch_size)
        first, own = run.result.epochs * run.per_epoch, self.devices.own(self.config.batch_size)
        run.state = self.devices.everywhere(run.state)
        for number, indices in enumerate(epoch_batches(len(run.data), self.config.batch_size, run.rng), first):
            start = time.perf_counter()
            variants = {index: run.sample(index) for index in indices}  # random numbers are those of all samples
            batch = self.batch(run.data, indices[own], variants.__getitem__)
            call = partial(
                self._jit_step, *run.state[:3], *self.devices.feed(batch), np.uint32(number),
                steps=run.steps, network=run.network,
            )  # fmt: skip
            try:
                trained, moments, metrics = self.with_room(
                    lambda room: call(room=room),  # noqa: B023
                    lambda result: result[2].needed,
                )
            except InputError:
                _require_finite(run.state.trained, len(run.times))
                raise
            run.state = run.state._replace(trained=trained, optimiser=moments)
            loss, norm = float(metrics.loss), float(metrics.gradient_norm)
            run.times.append(time.perf_counter() - start)
            if not np.isfinite(loss) or not np.isfinite(norm):
                at = f"with a gradient of norm {norm:g} at step {len(run.times)}"
                raise Diverged(f"the loss is {loss:g} {at}: lower the learning rate")
            figures.add(loss, metrics)
            figures.see(run.data.spikes_per_sample[indices[own]], np.asarray(batch[0].count))
            bar.step(loss, figures.accuracy, figures.rate)
            if on_step is not None:
                hits, rate = float(metrics.accuracy), figures.rate_of(metrics.counts, self.config.batch_size)
                on_step(Step(len(run.times), run.result.epochs + 1, loss, hits, rate, norm, run.times[-1]))
        run.state = self.devices.here(run.state)
        self.room.shrink(figures.needed.tolist())
        by = run.network.lifts(self.config.lift_silent)
        lifted = lift_silent(run.state.trained, figures.counts, by, run.rng)
        run.state = run.state._replace(trained=lifted)
        _require_finite(lifted, len(run.times))
        entry = figures.entry()
        run.hints.after_epoch(entry["silent_fraction"], figures.emptied)
        return entry

    def _step(
        self, trained: Any, constant: NetworkParams, state: Any, events: Events, labels: Labels, number: Any,
        *, room: Capacities, steps: int, network: Network,
    ) -> tuple[Any, Any, StepMetrics]:  # fmt: skip
        """One step of the optimiser; ``number`` counts them from the start of the training."""
        key = jax.random.fold_in(self.key, number)
        (loss, output), gradient = self.value_and_grad(trained, constant, events, labels, key, room=room)
        if self.network.readout.spiking:
            gradient = pull_silent_outputs(gradient, output, labels, self.config.pull_silent)
        loss, gradient = mean((loss, gradient))
        rules = optimiser(self.config, steps, network)
        updates, state = rules.update(gradient, state)
        counts = total(tuple(count.sum(0) for count in output.spiking_counts))
        norm, right = optax.tree.norm(gradient), mean(accuracy(output.logits, labels))
        metrics = StepMetrics(loss, right, greatest(output.needed), counts, norm)
        return projected_params(optax.apply_updates(trained, updates), self.network), state, metrics

    def with_room(
        self, call: Callable[[Capacities], Any], needed_by: Callable[[Any], Array], strict: bool = True
    ) -> Any:
        """See ``Room.call``; ends a training after Ctrl-C or SIGTERM."""
        self._stop_if_asked()
        return super().with_room(call, needed_by, strict)

    def _stop_if_asked(self) -> None:
        if pressed := self.devices.agreed(self._pressed[0] if self._pressed else 0):
            raise KeyboardInterrupt(pressed)

    def describe(self, splits: Splits) -> dict[str, Any]:
        """Everything that determines a training, in JSON types."""
        parts = {"training_data": splits.train, "validation_data": splits.validation}
        settings = {"method": self.method.name, "network": self.network, "training": self.config}
        settings |= {"options": self.method}
        return to_json(settings | {name: data and f"{data.name} {data.checksum}" for name, data in parts.items()})

    def check(self, splits: Splits) -> None:
        """Refuse data that the training cannot be done with. Raises as ``fit``."""
        check_splits(self.network, splits)
        data = splits.train
        if len(data) < self.config.batch_size:
            raise ValueError(f"{len(data)} training samples, but batches of {self.config.batch_size}: lower batch_size")
        steps = self.config.epochs * (len(data) // self.config.batch_size)
        if steps > LARGEST:
            raise ValueError(
                f"epochs is {self.config.epochs}, that is {steps} steps, expected <= {LARGEST}: lower epochs"
            )
        if self.config.patience and splits.validation is None:
            raise ValueError(
                f"patience is {self.config.patience}, but nothing is held out to judge an epoch by: name validation "
                "groups, or set patience to 0"
            )


def _require_finite(trained: Any, steps: int) -> None:
    if not all(np.isfinite(x).all() for x in jax.tree.leaves(trained)):
        raise Diverged(f"a parameter is not finite after step {steps}: lower the learning rate")
