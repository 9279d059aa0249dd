"""What does each initialiser give, before any training? ``python -m benchmarks.initialisation``.

Firing rates and silent neurons of each hidden layer, and norms of the gradient of each weight matrix, for every
initialiser and with both methods, from the same weights. The gradients are those of the cross-entropy alone. Their
norms are taken batch by batch: gradients that blow up now and then show in the largest, not in the median.
"""

import sys
from dataclasses import dataclass
from typing import Any, Literal

import jax
import numpy as np

from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig, plots, recipe_plots, records
from gradlab.command import prepare, run_command
from gradlab.data import SpikeData, load
from gradlab.initialisers import INITIALISERS
from gradlab.train import Trainer

from .settings import DataSettings

_RECORDS = "initialisation.jsonl"


@dataclass(frozen=True)
class Config(DataSettings):
    """Firing rates, silent neurons and gradient norms of untrained networks.

    Attributes:
        hidden: neurons of each hidden layer.
        loss: as for gradlab.bench.
        duration: of a trial [s].
        batches: of training samples; a gradient each.
        batch_size: samples of a batch.
        seed: of the weights and of the choice of samples.
    """

    hidden: tuple[int, ...] = (128, 128)
    loss: Literal["mean", "exp", "max", "ttfs"] = "exp"
    duration: float = 1.0
    batches: int = 8
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self):
        """Refuse an impossible number."""
        if self.batches < 1:
            raise ValueError(f"batches is {self.batches}, expected at least 1")


def measure(trainer: Trainer, data: SpikeData, batches: int) -> dict[str, Any]:
    """Of the initial weights: ``rate_hz`` and ``silent_fraction`` by layer, ``gradient_norms`` of each batch by name.

    Raises:
        Runaway: if there are too many spikes.
        ValueError: if there are fewer samples than asked for.
    """
    size = trainer.config.batch_size
    if batches * size > len(data):
        raise ValueError(f"{len(data)} samples, but {batches} batches of {size}: lower one of them")
    params, norms = trainer.init(), []
    order = np.random.default_rng(trainer.config.seed).permutation(len(data))[: batches * size]
    totals = [np.zeros(n) for n in trainer.network.hidden]
    for indices in order.reshape(batches, size):
        gradient, output = trainer.gradient(params, *trainer.batch(data, indices))
        totals = [total + np.asarray(count).sum(0) for total, count in zip(totals, output.counts, strict=True)]
        leaves, _ = jax.tree_util.tree_flatten_with_path(gradient)
        norms.append({jax.tree_util.keystr(p, simple=True, separator="."): np.linalg.norm(x) for p, x in leaves})
    return {
        "rate_hz": [float(total.mean()) / order.size / trainer.network.duration for total in totals],
        "silent_fraction": [float(np.mean(total == 0)) for total in totals],
        "gradient_norms": {name: [float(each[name]) for each in norms] for name in norms[0]},
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """The figures as text."""
    names = next(iter(next(iter(found.values())).values()))["gradient_norms"]
    lines = [f"{'':32}{'rate [Hz]':>16}{'silent':>16}  gradient norm, median (largest)"]
    lines.append(f"{'':64}" + "".join(f"{name:>24}" for name in names))
    for initialiser, methods in found.items():
        for method, values in methods.items():
            rates = " ".join(f"{rate:.1f}" for rate in values["rate_hz"])
            silent = " ".join(f"{share:.0%}" for share in values["silent_fraction"])
            norms = "".join(f"{f'{np.median(x):.2e} ({np.max(x):.1e})':>24}" for x in values["gradient_norms"].values())
            lines.append(f"{initialiser:20}{plots.METHOD_LABELS[method]:12}{rates:>16}{silent:>16}{norms}")
    return "\n".join(lines)


def run(config: Config) -> dict[str, Any]:
    """Measure, print, record, draw; returns the record.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
    """
    data = load(config.dataset, config.data_dir).train
    prepare(config.out, _RECORDS)
    train = TrainConfig(batch_size=config.batch_size, rate_strength=0.0, seed=config.seed)
    found: dict[str, dict[str, Any]] = {}
    for initialiser in INITIALISERS:
        network = Network(
            data.inputs, config.hidden, data.classes, loss=config.loss, duration=config.duration,
            initialiser=initialiser,
        )  # fmt: skip
        trainers = [EventPropTrainer(network, train), BPTTTrainer(network, train)]
        found[initialiser] = {trainer.method: measure(trainer, data, config.batches) for trainer in trainers}
    print(table(found))
    record = records.make_record(
        "initialisation", preset=None, method="both", dataset=data.name, hidden=sum(config.hidden), seed=config.seed,
        status="ok", config=records.recorded(config), metrics=found, samples={},
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(recipe_plots.initialisation(record), config.out / "figures" / f"initialisation-{data.name}.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.initialisation", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
