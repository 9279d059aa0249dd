"""Times of the gradients of several batches, and the bytes that one keeps."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gradlab.command import Outcome, Record
from gradlab.measuring.evaluation import kept_bytes
from gradlab.measuring.timing import summary, time_calls
from gradlab.networks.losses import Labels
from gradlab.reporting.style import label_of
from gradlab.training.trained import unconstrained_params
from solvers.events import Events
from solvers.fields import Count

from ..trainings import TrainingConfig, training_of


@dataclass(frozen=True)
class Config(TrainingConfig):
    """Time one training's gradients; trains first, or goes on, where it is not finished.

    Attributes:
        batches: of the training set, each timed once.
    """

    batches: Count = 15


def measure(config: Config) -> Outcome:
    """Train, or take a finished training, and time its gradients. Raises as ``training_of``."""
    trainer, splits, result = training_of(config)
    size, data = config.training.batch_size, splits.train
    order = np.random.default_rng(config.training.seed).permutation(len(data))
    room, spikes, times = trainer.room.now, [], []
    trained, constant = unconstrained_params(result.params, trainer.network, config.training)

    @jax.jit
    def gradient(trained: Any, events: Events, labels: Labels) -> tuple[Any, Any]:
        return trainer.value_and_grad(trained, constant, events, labels, trainer.key, room=room)

    for number in range(config.batches):
        chosen = np.resize(np.roll(order, -number * size), size)
        events, labels = jax.tree.map(jnp.asarray, trainer.batch(data, chosen))
        (_, output), _ = gradient(trained, events, labels)  # compiles, and warms up
        times += time_calls(gradient, trained, events, labels, repeats=1, warmup=0)
        spikes.append(float(sum(count.sum() for count in output.counts)) / size)
    return Outcome(
        {"step_s": summary(times)["median"], "residual_bytes": kept_bytes(trainer, result.params, data),
         "spikes_per_sample": float(np.mean(spikes)),
         "event_capacity": [each.busiest for each in room] if trainer.method.needs_room else None,
         "event_pool": [each.mean for each in room] if trainer.method.needs_room else None},
        {"step_s": times}, method=trainer.method.name, preset=config.preset, dataset=data.name,
        hidden=sum(config.network.hidden), seed=config.training.seed, status=result.status, reason=result.reason,
    )  # fmt: skip


def table(record: Record) -> str:
    """The figures as text."""
    metrics, time = record["metrics"], summary(record["samples"]["step_s"])
    kept, room = metrics["residual_bytes"], metrics["event_capacity"]
    return "\n".join([
        f"{label_of(record['method'])}, {record['preset'] or record['dataset']}, trained: "
        f"{metrics['spikes_per_sample']:.0f} hidden spikes a sample",
        f"time of a gradient: {time['median']:.4f} s (quartiles {time['q25']:.4f}-{time['q75']:.4f})",
        f"bytes kept for the backward pass: {'-' if kept is None else f'{kept:,}'}",
        *([] if room is None else [f"room for spikes of a sample, by layer: {room}"]),
    ])  # fmt: skip
