"""The main job: train a spiking network with one method or several, measure and compare.

    python -m gradlab.bench --method eventprop
    python -m gradlab.bench --method all --dataset shd --data-dir DIR
    python -m gradlab.bench --preset shd-256 --data-dir DIR --resume

Ends with a table. Each training has a folder of its own in OUT, see ``gradlab.runs``; so has a comparison of several.
"""

import dataclasses
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from solvers.delays import delays_of

from .command import Outcome, Record, draw, exit_with, record_of, run_command
from .configuration import Config, check, configured_by, network_of, splits_of, trainer_of
from .data import SpikeData, Splits, with_input_rate
from .loggers.log import Log
from .measuring.evaluation import compare_gradients, measure, transfer_objectives
from .methods import EVENT_DRIVEN, METHODS
from .methods.options import make_method
from .models import Model
from .networks.params import NetworkParams
from .reporting import records
from .reporting.confusion import confusion
from .reporting.constants import constants
from .reporting.delays import delays
from .reporting.environment import code_state
from .reporting.learning_curves import learning_curves
from .reporting.raster import raster
from .reporting.similarity import AFTER, BEFORE, gradient_similarity, similarity_table
from .reporting.tables import training_table
from .runs import FIGURES, RASTER, RunFolder
from .training import checkpoints
from .training.callbacks import Epoch
from .training.json_types import to_json
from .training.loop import Trainer
from .training.objective import Objective
from .training.processes import joined
from .training.result import Result
from .training.room import Runaway

_DIGITS = 6  # of the times of a raster [s]
_LAST_DRAWN = "curves.png"


def raster_of(objective: Objective, params: NetworkParams, data: SpikeData) -> dict[str, Any] | None:
    """Spikes of the first sample in continuous time, the arguments of ``raster``; None if they are too many."""
    events, labels = objective.batch(data, np.arange(1))
    try:
        output = objective.forward(params, events)
    except Runaway:
        return None
    size, (spikes, *_) = int(events.count[0]), output.spikes
    used = int(spikes.count[0])
    rounded = lambda times: np.round(np.asarray(times, np.float64), _DIGITS)  # noqa: E731
    return {
        "input_times": rounded(events.times[0, :size]),
        "input_units": events.units[0, :size],
        "hidden_times": rounded(spikes.times[0, :used]),
        "hidden_units": spikes.units[0, :used],
        "title": f"class {data.class_name(labels[0])}, answer {data.class_name(np.argmax(output.logits[0]))}",
    }


def run(config: Config) -> Record:
    """Train, measure, record, draw.

    Returns:
        The record that was written last: of the training, or of the comparison if there were several.

    Raises:
        ValueError: for an impossible configuration or damaged data.
        OSError: for data that are not there, a folder that cannot be written to, or a run that is under way already.
    """
    with joined(config.placement):
        return _run(config)


def _run(config: Config) -> Record:
    check(config)
    splits = splits_of(config)
    code_state()  # which code does the work, before it may change
    data, network = splits.train, network_of(config, splits.train)
    make = partial(make_method, options=config.options)
    trainers = {name: trainer_of(config, network, name) for name in config.methods}
    first = next(iter(trainers.values())).devices.is_first
    others = transfer_objectives(trainers, network, config.training, make)
    runs = {name: configuration_of(config, trainer, splits) for name, trainer in trainers.items()}
    folders = {name: folder_of(config, trainer, splits) for name, trainer in trainers.items()}
    chosen, held = "-".join(config.method), {folders[name]: runs[name] for name in runs}
    together = RunFolder.of(config.out, f"{chosen}-{config.describe(data)}", runs)
    if len(runs) > 1:
        held[together] = {name: folder.path.name for name, folder in folders.items()}
    shared = Outcome(
        {}, preset=config.preset, dataset=data.name, hidden=sum(config.network.hidden), seed=config.training.seed,
        config=records.recorded(config) | {"samples": [len(part or ()) for part in splits]},
    )  # fmt: skip
    written: dict[str, Record] = {}
    added = False  # whether anything was not finished before
    reached = {BEFORE: next(iter(trainers.values())).init(data)}
    with ExitStack() as stack:
        for folder, configuration in held.items() if first else ():
            stack.enter_context(folder.held(configuration))
        print(
            f"data set {data.name}: {len(data)} training, {len(splits.validation or ())} validation, "
            f"{len(splits.test)} test samples; {data.spikes_per_sample.mean():.0f} input spikes a sample"
        )
        try:
            for name, trainer in trainers.items():
                log = stack.enter_context(Log(config.log if first else (), folders[name].path, runs[name]))
                result, finished = trained(trainer, splits, folders[name], config.resume, log)
                reached[f"{AFTER}{name}"] = result.params
                written[name] = finished or record_of(
                    "train", config, _outcome(shared, trainer, others, splits, result)
                )
                if finished is None:
                    added = True
                if finished is None and first:
                    model_of(trainer, result, data).save(folders[name].params)
                    folders[name].write_record(written[name], config.resume)
                figures = folders[name].path / FIGURES
                # A training that was killed after its record was written is finished, but was not drawn.
                if first and (finished is None or not (figures / _LAST_DRAWN).exists()):
                    draw(folders[name].path, _figures(written[name], result.params))
                if finished is None and first:
                    log.end(written[name], figures)
                if result.status == "interrupted":
                    break
        finally:  # also if a disk is full
            if written:
                print(training_table({name: record["metrics"] for name, record in written.items()}))
                print("\n".join(f"run: {folders[name].path}" for name in written), flush=True)
        failed = [record for record in written.values() if record["status"] != "ok"]
        if failed or len(runs) < 2:
            return (failed or list(written.values()))[0]
        before = None if added else together.record()
        if before is None:
            agreement = compare_gradients(trainers, reached, data)
            metrics = {name: record["metrics"] for name, record in written.items()} | {"agreement": agreement}
            curves = {name: _without_raster(record["samples"]) for name, record in written.items()}
            compared = dataclasses.replace(shared, method=chosen, metrics=metrics, samples=curves)
            record = record_of("train", config, compared)
            if first:
                together.write_record(record, config.resume)
        else:
            record = before
        print(similarity_table(record["metrics"]["agreement"]), flush=True)
        if first and (before is None or not (together.path / FIGURES / _LAST_DRAWN).exists()):
            draw(together.path, {"agreement.png": gradient_similarity(record)})
            draw(together.path, {_LAST_DRAWN: learning_curves(list(written.values()))})
        print(f"comparison{'' if before is None else ', finished before'}: {together.path}")
        return record


def configuration_of(config: Config, trainer: Trainer, splits: Splits) -> dict[str, Any]:
    """All that determines what is in the folder of a training: the training, and the other simulators it is tested in.

    Args:
        config: of the command.
        trainer: of one of its methods.
        splits: the data.
    """
    others: dict[str, Any] = {}
    for name, method in METHODS.items():
        if method.simulator not in (trainer.method.simulator, *others):
            with suppress(ValueError):  # it is not tested there either
                others[method.simulator] = {"method": name, "options": make_method(name, config.options)}
    return trainer.describe(splits) | {"tested_in": to_json(others)}


def folder_of(config: Config, trainer: Trainer, splits: Splits) -> RunFolder:
    """The folder of a training that this command does; arguments as for ``configuration_of``."""
    about = f"{trainer.method.name}-{config.describe(splits.train)}"
    return RunFolder.of(config.out, about, configuration_of(config, trainer, splits))


def trained(
    trainer: Trainer, splits: Splits, folder: RunFolder, resume: bool, log: Log
) -> tuple[Result, Record | None]:
    """One training; tells the user what there is to know about its checkpoint. Raises as ``Trainer.fit``.

    Returns:
        What was reached; and the record of a training that had been finished before, which nothing was added to.
    """
    if said := checkpoints.found(folder.checkpoint, folder.alike, trainer.describe(splits), resume):
        print(said, file=sys.stderr)
    epochs: list[int] = []

    def on_epoch(epoch: Epoch) -> None:
        epochs.append(epoch.number)
        log.on_epoch(epoch)

    on_step = log.on_step if log.names else None  # its figures cost each step a little
    result = trainer.fit(splits, checkpoint=folder.checkpoint, resume=resume, on_step=on_step, on_epoch=on_epoch)
    if result.status != "ok":
        print(f"{trainer.method.name} ended early: {result.reason}", file=sys.stderr)
        kept = f"the state after epoch {result.epochs} is kept in {folder.checkpoint}, see --resume"
        print(kept if result.epochs else "no epoch is complete, and nothing is kept", file=sys.stderr)
    before = folder.record() if resume and not epochs and result.status == "ok" else None
    if before is None or before["status"] != "ok":
        return result, None
    print(f"{folder.path} is finished, nothing is added; without --resume it is trained anew", file=sys.stderr)
    return result, before


def model_of(trainer: Trainer, result: Result, data: SpikeData) -> Model:
    """What a training made of a network; ``data`` are those that it was trained on."""
    network = with_input_rate(trainer.network, data)
    return Model(network, result.params, trainer.method, trainer.config, data.name, data.class_names)


def _outcome(
    shared: Outcome, trainer: Trainer, others: dict[str, Objective], splits: Splits, result: Result
) -> Outcome:
    """What a training has reached."""
    # A time for each step of a long training would be most of its record.
    samples: dict[str, Any] = {key: values for key, values in result.history.items() if key != "step_s"}
    if EVENT_DRIVEN in others and (spikes := raster_of(others[EVENT_DRIVEN], result.params, splits.test)) is not None:
        samples[RASTER] = spikes
    metrics, counts = measure(trainer, others, result, splits)
    samples["confusion"] = {"counts": counts, "classes": [splits.train.class_name(k) for k in range(len(counts))]}
    return dataclasses.replace(
        shared, method=trainer.method.name, status=result.status, reason=result.reason, samples=samples,
        metrics=metrics,
    )  # fmt: skip


def _figures(record: Record, params: NetworkParams) -> dict[str, Figure]:
    """What is drawn of one training, by file name."""
    figures = {"confusion.png": confusion(record)}
    if found := record["samples"].get(RASTER):
        figures["raster.png"] = raster(**found)
        if any(x is not None for x in delays_of(params.layers[0])):
            inputs, hidden = (
                (np.array(found[f"{of}_times"]), np.array(found[f"{of}_units"])) for of in ("input", "hidden")
            )
            figures["delays.png"] = delays(params.layers[0], inputs, hidden)
    if any(key.endswith("_quantiles") for key in record["samples"]):
        figures["constants.png"] = constants(record)
    return figures | {_LAST_DRAWN: learning_curves([record])}


def _without_raster(samples: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values for name, values in samples.items() if name != RASTER}


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("gradlab.bench", Config, run, default=configured_by(sys.argv[1:]))


if __name__ == "__main__":
    exit_with(main())
