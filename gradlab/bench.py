"""The main job: train a spiking network with one method or several, measure and compare.

    python -m gradlab.bench --method eventprop
    python -m gradlab.bench --method all --dataset shd --data-dir DIR
    python -m gradlab.bench --preset shd-256 --data-dir DIR --resume

Ends with a table, appends a record for each training to OUT/bench.jsonl and draws figures into OUT/figures.
"""

import dataclasses
import sys
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from solvers.delays import delays_of
from solvers.events import Events

from .command import Outcome, Record, draw, exit_with, prepare, record_of, run_command, write_record
from .configuration import Config, check, configured_by, network_of
from .data import SpikeData, Splits, load
from .measuring.evaluation import compare_gradients, measure, transfer_objectives
from .methods import EVENT_DRIVEN
from .methods.options import make_method
from .networks.params import NetworkParams
from .reporting import records
from .reporting.constants import constants
from .reporting.delays import delays
from .reporting.learning_curves import learning_curves
from .reporting.raster import raster
from .reporting.similarity import AFTER, BEFORE, gradient_similarity, similarity_table
from .reporting.tables import training_table
from .training import checkpoints
from .training.json_types import digest
from .training.loop import Trainer
from .training.objective import Objective
from .training.result import Result
from .training.room import Runaway

_RECORDS = "bench.jsonl"


def figures_of_sample(objective: Objective, params: NetworkParams, data: SpikeData) -> dict[str, Figure]:
    """Of the first sample: its spikes in continuous time, and what delays do; none if there are too many spikes."""
    events, labels = objective.batch(data, np.arange(1))
    try:
        output = objective.forward(params, events)
    except Runaway:
        return {}
    inputs, spikes = map(_first_sample, (events, output.spikes[0]))
    words = f"class {data.class_name(labels[0])}, answer {data.class_name(np.argmax(output.logits[0]))}"
    figures = {"raster": raster(*inputs, *spikes, words)}
    if any(x is not None for x in delays_of(params.layers[0])):
        figures["delays"] = delays(params.layers[0], inputs, spikes)
    return figures


def _first_sample(events: Events) -> tuple[np.ndarray, np.ndarray]:
    used = int(events.count[0])
    return np.asarray(events.times[0])[:used], np.asarray(events.units[0])[:used]


def run(config: Config) -> Record:
    """Train, measure, record, draw.

    Returns:
        The record that was written last: of the training, or of the comparison if there were several.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
    """
    check(config)
    splits = load(config.dataset, config.data_dir, config.validation_groups)
    prepare(config.out, _RECORDS)
    data, network = splits.train, network_of(config, splits.train)
    make = partial(make_method, options=config.options)
    trainers = {name: Trainer(network, config.training, make(name)) for name in config.methods}
    others = transfer_objectives(trainers, network, config.training, make)
    print(
        f"data set {data.name}: {len(data)} training, {len(splits.validation or ())} validation, "
        f"{len(splits.test)} test samples; {data.spikes_per_sample.mean():.0f} input spikes a sample"
    )
    shared = Outcome(
        {}, preset=config.preset, dataset=data.name, hidden=sum(config.network.hidden), seed=config.training.seed,
        config=records.recorded(config) | {"samples": [len(part or ()) for part in splits]},
    )  # fmt: skip
    chosen, what = "-".join(config.method), config.describe(data)
    written: dict[str, Record] = {}
    reached = {BEFORE: next(iter(trainers.values())).init(data)}
    try:
        for name, trainer in trainers.items():
            checkpoint = checkpoint_of(config, trainer, splits)
            result = trained(trainer, splits, checkpoint, config.resume)
            reached[f"{AFTER}{name}"] = result.params
            written[name] = record_of("train", config, _outcome(shared, trainer, others, splits, result))
            records.append(written[name], config.out / _RECORDS)
            figures = _figures(written[name], others, result.params, splits.test)
            draw(config.out, {f"{kind}-{checkpoint.stem}.png": figure for kind, figure in figures.items()})
            if result.status == "interrupted":
                break
    finally:  # also if a disk is full
        if written:
            print(training_table({name: record["metrics"] for name, record in written.items()}), flush=True)
    what = f"{chosen}-{what}-{digest(*(trainer.describe(splits) for trainer in trainers.values()))}"
    draw(config.out, {f"curves-{what}.png": learning_curves(list(written.values()))})
    failed = [record for record in written.values() if record["status"] != "ok"]
    if failed or len(written) < 2:
        return (failed or list(written.values()))[0]
    agreement = {stage: compare_gradients(trainers, params, data) for stage, params in reached.items()}
    print(similarity_table(agreement), flush=True)
    metrics = {name: record["metrics"] for name, record in written.items()} | {"agreement": agreement}
    record = write_record("train", config, dataclasses.replace(shared, method=chosen, metrics=metrics), _RECORDS)
    draw(config.out, {f"agreement-{what}.png": gradient_similarity(record)})
    return record


def checkpoint_of(config: Config, trainer: Trainer, splits: Splits) -> Path:
    """The checkpoint of a training that this command does."""
    about = f"{trainer.method.name}-{config.describe(splits.train)}"
    return checkpoints.path_of(config.out / "checkpoints", about, trainer.describe(splits))


def trained(trainer: Trainer, splits: Splits, checkpoint: Path, resume: bool) -> Result:
    """One training; tells the user what there is to know about its checkpoint. Raises as ``Trainer.fit``."""
    if said := checkpoints.found(checkpoint, trainer.describe(splits), resume):
        print(said, file=sys.stderr)
    result = trainer.fit(splits, checkpoint=checkpoint, resume=resume)
    if result.status != "ok":
        print(f"{trainer.method.name} ended early: {result.reason}", file=sys.stderr)
        kept = f"the state after epoch {result.epochs} is kept in {checkpoint}, see --resume"
        print(kept if result.epochs else "no epoch is complete, and nothing is kept", file=sys.stderr)
    return result


def _outcome(
    shared: Outcome, trainer: Trainer, others: dict[str, Objective], splits: Splits, result: Result
) -> Outcome:
    """What a training has reached."""
    # A time for each step of a long training would be most of its record.
    curves = {key: values for key, values in result.history.items() if key != "step_s"}
    return dataclasses.replace(
        shared, method=trainer.method.name, status=result.status, reason=result.reason, samples=curves,
        metrics=measure(trainer, others, result, splits),
    )  # fmt: skip


def _figures(record: Record, others: dict[str, Objective], params: NetworkParams, test: SpikeData) -> dict[str, Figure]:
    """What is drawn of one training, by kind."""
    figures = figures_of_sample(others[EVENT_DRIVEN], params, test) if EVENT_DRIVEN in others else {}
    if any(key.endswith("_quantiles") for key in record["samples"]):
        figures["constants"] = constants(record)
    return figures


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("gradlab.bench", Config, run, _RECORDS, default=configured_by(sys.argv[1:]))


if __name__ == "__main__":
    exit_with(main())
