"""Training: one loop for both methods. A trainer differs from the other only in how it runs the network."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float
from tqdm import tqdm

from solvers.bptt import time_grid
from solvers.events import Events
from solvers.lif import LIFParams
from solvers.surrogates import Surrogate

from .data import Augmentation, SpikeData, Splits, batch, check_changes, epoch_batches, evaluation_batches
from .interrupts import noted_interrupts
from .losses import Labels, accuracy, cross_entropy, rate_regularisation
from .network import Network, NetworkParams, Output

#: Weights are trained, constants are not.
TRAINED = ("w_in", "w_rec", "w")
_EASE_IN_STEPS = 140  # at most; from a thousandth by 5 % a step (Nowotny et al. 2025), of a short training a tenth
_HIGHEST_RATE = 500.0  # [Hz] mean rate of a layer beyond which spike buffers are not enlarged any more


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training, the same for both methods.

    Attributes:
        epochs: passes over the training samples.
        batch_size: samples a step.
        learning_rate: of Adam, at its highest; see ``schedule``.
        clip: largest global norm of a gradient.
        rate_strength: of the rate regularisation, a heuristic; 0 turns it off.
        rate_target: spikes of a neuron in a sample that the regularisation aims at.
        lift_silent: added after each epoch to the input weights of neurons that never spiked, a heuristic; 0: off.
        channel_shift: training samples are moved by up to so many input channels, at random.
        blend: share of the training samples that are blended with another of their class.
        dilation: training samples are stretched or compressed in time by up to this share of their length.
        seed: of the initial weights, the order of the samples and the shifts.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 4e-3
    clip: float = 1.0
    rate_strength: float = 1e-7
    rate_target: float = 14.0
    lift_silent: float = 2e-3
    channel_shift: int = 20
    blend: float = 0.0
    dilation: float = 0.0
    seed: int = 0

    def __post_init__(self):
        """Refuse impossible settings."""
        for name in ("epochs", "batch_size", "learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected > 0")
        for name in ("rate_strength", "rate_target", "lift_silent", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected >= 0")
        check_changes(self.channel_shift, self.blend, self.dilation)


class Metrics(NamedTuple):
    """What a step tells; sums over the batch."""

    loss: Float[Array, ""]
    accuracy: Float[Array, ""]
    largest: Float[Array, " layers"]
    counts: tuple[Float[Array, " _"], ...]
    gradient_norm: Float[Array, ""]


@dataclass
class Result:
    """What a training reached.

    Attributes:
        params: those after the last completed epoch. Not those of the epoch with the best validation accuracy: with few
            held-out speakers that picks a lucky epoch at a high learning rate.
        status: ``ok``, ``interrupted``, ``diverged`` or ``overflow``.
        reason: in words, if the status is not ``ok``.
        history: lists of figures by epoch, and ``step_s`` by step.
        epochs: how many were completed.
    """

    params: NetworkParams
    status: str = "ok"
    reason: str | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    epochs: int = 0


def _room_for(spikes: float) -> int:
    """A power of two, so that few different programs are compiled."""
    return 1 << math.ceil(math.log2(max(spikes, 128)))


def split_params(params: NetworkParams) -> tuple[NetworkParams, NetworkParams]:
    """``(trained, constant)``: two pytrees of the same structure with None where the other has its leaves."""
    trained = jax.tree_util.tree_map_with_path(lambda path, _: path[-1].name in TRAINED, params)
    return eqx.partition(params, trained)


def schedule(config: TrainConfig, steps: int) -> Callable[[Any], Any]:
    """Learning rate by step: eased in from a thousandth, by 5 % a step or faster, then a cosine down to zero."""
    ease_in = max(1, min(_EASE_IN_STEPS, steps // 10))
    rise = lambda step: jnp.minimum(1.0, 1e-3 ** (1 - step / ease_in))  # noqa: E731
    return lambda step: config.learning_rate * rise(step) * 0.5 * (1 + jnp.cos(jnp.pi * step / steps))


class Trainer:
    """The training loop; see ``EventPropTrainer`` and ``BPTTTrainer``."""

    method: str

    def __init__(self, network: Network, config: TrainConfig):
        """Bind a network and settings; nothing is computed yet."""
        self.network = network
        self.config = config
        self.capacities = tuple(_room_for(20 * n * max(network.duration, 0.1)) for n in network.spiking_sizes)
        self._stop: list[int] = []
        self._jit_step = jax.jit(self._step, static_argnames=("capacities", "steps"))
        self._gradient = jax.jit(jax.grad(self.objective, has_aux=True), static_argnums=4)
        self._jit_evaluate = jax.jit(self._evaluate, static_argnames=("capacities",))

    def run(self, params: NetworkParams, events: Events, capacities: tuple[int, ...]) -> Output:
        """The network on a batch; how it is differentiated is the method."""
        raise NotImplementedError

    def init(self) -> NetworkParams:
        """Initial parameters; those of both methods are equal under one seed."""
        return self.network.init(jax.random.key(self.config.seed))

    def objective(
        self, trained: NetworkParams, constant: NetworkParams, events: Events, labels: Labels,
        capacities: tuple[int, ...],
    ) -> tuple[Float[Array, ""], Output]:  # fmt: skip
        """Loss of a batch as a function of the trained parameters (see ``split_params``)."""
        output = self.run(eqx.combine(trained, constant), events, capacities)
        penalty = rate_regularisation(output.counts, self.config.rate_strength, self.config.rate_target)
        return cross_entropy(output.logits, labels) + penalty, output

    def gradient(self, params: NetworkParams, events: Events, labels: Labels) -> tuple[NetworkParams, Output]:
        """Gradient of a batch's loss with respect to the trained parameters, with enough room for all spikes."""
        trained, constant = split_params(params)
        return self._with_room(
            lambda room: self._gradient(trained, constant, events, labels, room), lambda r: r[1].largest
        )

    def _optimiser(self, steps: int) -> optax.GradientTransformation:
        # Gradients of a time-averaged voltage are small numbers: Adam's usual epsilon would not be small beside them.
        adam = optax.adam(schedule(self.config, steps), eps=1e-12)
        return optax.chain(optax.clip_by_global_norm(self.config.clip), adam)

    def _step(self, trained, constant, state, events, labels, *, capacities, steps):
        (loss, output), gradient = jax.value_and_grad(self.objective, has_aux=True)(
            trained, constant, events, labels, capacities
        )
        updates, state = self._optimiser(steps).update(gradient, state)
        counts = tuple(count.sum(0) for count in output.counts)
        norm = jnp.sqrt(sum(jnp.vdot(x, x) for x in jax.tree.leaves(gradient)))
        metrics = Metrics(loss, accuracy(output.logits, labels), output.largest, counts, norm)
        return optax.apply_updates(trained, updates), state, metrics

    def _evaluate(self, params, events, labels, weights, *, capacities):
        output = self.run(params, events, capacities)
        hits = (jnp.argmax(output.logits, -1) == labels) * weights
        spikes = sum(count.sum(1) for count in output.counts) * weights
        return hits.sum(), spikes.sum(), output.largest

    def _with_room(self, call, largest_of):
        """Call with the present spike buffers; while a sample overflows them, enlarge and call again."""
        while True:
            if self._stop:
                raise KeyboardInterrupt
            result = call(self.capacities)
            largest = np.asarray(largest_of(result))
            if self.method != "eventprop" or (largest <= self.capacities).all():
                return result
            grown = []
            for room, used, n in zip(self.capacities, largest, self.network.spiking_sizes, strict=True):
                most = int(_HIGHEST_RATE * n * max(self.network.duration, 0.1))
                if used > room >= most:
                    raise Runaway(
                        f"a layer of {n} neurons emits more than {most} spikes in {self.network.duration:g} s "
                        f"(mean rate above {_HIGHEST_RATE:g} Hz): lower the learning rate or the initial weights"
                    )
                grown.append(min(2 * room, most) if used > room else room)
            self.capacities = tuple(grown)

    def evaluate(self, params: NetworkParams, data: SpikeData) -> dict[str, float]:
        """Accuracy, and hidden spikes a sample, on a whole data set."""
        hits = spikes = 0.0
        for indices, weights in evaluation_batches(len(data), self.config.batch_size):
            events, labels = batch(data, indices, data.longest)
            call = lambda room: self._jit_evaluate(params, events, labels, weights, capacities=room)  # noqa: B023, E731
            hit, spiked, _ = self._with_room(call, lambda r: r[2])
            hits += float(hit)
            spikes += float(spiked)
        return {"accuracy": hits / len(data), "spikes_per_sample": spikes / len(data)}

    def fit(
        self,
        splits: Splits,
        params: NetworkParams | None = None,
        *,
        progress: bool = True,
        on_epoch: Callable[[NetworkParams], None] | None = None,
    ) -> Result:
        """Train.

        Args:
            splits: training set, and a validation set which may be None; the test set is not touched.
            params: to start from; by default ``init()``.
            progress: show a progress bar on standard error.
            on_epoch: called with the parameters after each epoch.

        Returns:
            What was reached; also after Ctrl-C, a loss that is not finite, or runaway activity (see ``status``).

        Raises:
            ValueError: if the data do not fit the network or there are fewer samples than in one batch.
        """
        self._check(splits.train)
        params = self.init() if params is None else params
        result = Result(params)
        rng = np.random.default_rng(self.config.seed)
        changes = {name: getattr(self.config, name) for name in ("channel_shift", "blend", "dilation")}
        sample = Augmentation(splits.train, rng, **changes)
        steps = self.config.epochs * (len(splits.train) // self.config.batch_size)
        state = self._optimiser(steps).init(split_params(params)[0])
        shown = dict(unit="step", desc=self.method, dynamic_ncols=True, mininterval=0.1 if sys.stderr.isatty() else 10)
        with noted_interrupts() as self._stop, tqdm(total=steps, disable=not progress, **shown) as bar:
            try:
                for epoch in range(self.config.epochs):
                    params, state, entry = self._epoch(splits.train, sample, params, state, rng, steps, bar, result)
                    if splits.validation is not None:
                        entry["validation_accuracy"] = self.evaluate(params, splits.validation)["accuracy"]
                    for name, value in entry.items():
                        result.history.setdefault(name, []).append(value)
                    result.params, result.epochs = params, epoch + 1
                    if on_epoch is not None:
                        on_epoch(params)
                    if progress:
                        figures = ", ".join(f"{k} {v:.3g}" for k, v in entry.items() if k != "epoch_s")
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

    def _epoch(self, data, sample, params, state, rng, steps, bar, result):
        """One pass over the training set; returns parameters, optimiser state and the epoch's figures."""
        began = time.perf_counter()
        trained, constant = split_params(params)
        losses, hits, counts, largest = [], [], None, np.zeros(len(self.capacities))
        for indices in epoch_batches(len(data), self.config.batch_size, rng):
            start = time.perf_counter()
            events, labels = batch(data, indices, data.longest, sample)
            call = partial(self._jit_step, trained, constant, state, events, labels, steps=steps)
            trained, state, metrics = self._with_room(
                lambda room: call(capacities=room),  # noqa: B023
                lambda r: r[2].largest,
            )
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
            self.capacities = tuple(min(x) for x in zip(self.capacities, map(_room_for, largest), strict=True))
        params = lift_silent(eqx.combine(trained, constant), counts, self.config.lift_silent)
        if not all(np.isfinite(x).all() for x in jax.tree.leaves(params)):
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
        return params, state, entry

    def _check(self, data: SpikeData) -> None:
        if data.inputs != self.network.inputs:
            raise ValueError(f"data have {data.inputs} channels, the network {self.network.inputs}: make them equal")
        if data.classes > self.network.outputs:
            raise ValueError(f"data have {data.classes} classes, the network only {self.network.outputs} outputs")
        if len(data) < self.config.batch_size:
            raise ValueError(f"{len(data)} training samples, but batches of {self.config.batch_size}: lower batch_size")


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
        self.settings: dict[str, Any] = {
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


class Runaway(Exception):
    """More spikes than any buffer should hold."""


def lift_silent(params: NetworkParams, counts: list[np.ndarray], by: float) -> NetworkParams:
    """Raise all input weights of neurons without a spike, which no exact gradient reaches. A heuristic.

    Args:
        params: of the network.
        counts: spikes of each neuron during an epoch, by hidden layer.
        by: what is added [voltage].

    Source: Nowotny et al. 2025, Neuromorph. Comput. Eng., 10.1088/2634-4386/ada852 (there 0.002).
    """
    layers: list[LIFParams] = [
        layer._replace(w_in=layer.w_in + by * jnp.asarray(count == 0, layer.w_in.dtype))
        for layer, count in zip(params.layers, counts, strict=True)
    ]
    return params._replace(layers=tuple(layers))
