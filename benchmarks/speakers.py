"""Leave-one-speaker-out: how well do settings serve a new speaker? ``python -m benchmarks.speakers --data-dir DIR``.

To choose settings by, before the test set is touched: the same training once for each speaker of the training set, who
is held out of it. Takes the options of ``gradlab.bench``, of which ``--validation-speakers`` names those who are held
out in turn; all by default. Each training has a checkpoint in OUT/speakers; with ``--resume``, a stopped sweep goes on
where it was. The test set is not used.
"""

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from gradlab import bench, plots, recipe_plots, records
from gradlab.command import prepare, run_command
from gradlab.data import Splits, by_speaker, load

_RECORDS = "speakers.jsonl"
_CURVES = ("train_loss", "train_accuracy", "validation_accuracy")


def table(runs: dict[str, dict[str, Any]], mean: float, spread: float | None) -> str:
    """Accuracies as text."""
    lines = [f"{'held-out speaker':20}{'samples':>8}{'accuracy':>10}{'training':>10}{'epoch':>7}{'status':>12}"]
    for speaker, each in runs.items():
        held_out, train = (
            "-" if each[key] is None else f"{each[key]:.1%}" for key in ("validation_accuracy", "train_accuracy")
        )
        lines.append(
            f"{speaker:20}{each['samples']:8}{held_out:>10}{train:>10}{each['kept_epoch']:7}{each['status']:>12}"
        )
    return "\n".join([*lines, f"{'mean':28}{mean:10.1%}" + ("" if spread is None else f" ± {100 * spread:.1f}")])


def run(config: bench.Config) -> dict[str, Any]:
    """Train once for each speaker, print, record, draw; returns the record.

    Raises:
        ValueError: for two methods at once, an impossible configuration or an unknown speaker, damaged data, or if no
            training completed an epoch.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; trainings so far are kept.
    """
    if config.method == "both":
        raise ValueError("method is both, expected eventprop or bptt: run one sweep for each")
    bench.check(config)
    splits = load(config.dataset, config.data_dir, ())
    speakers = config.validation_speakers or tuple(np.unique(splits.train.speakers).tolist())
    parts = {speaker: by_speaker(splits.train, [speaker]) for speaker in speakers}
    prepare(config.out, _RECORDS)
    network = bench.network_of(config, splits.train)
    runs: dict[str, dict[str, Any]] = {}
    curves = {}
    for speaker, (train, held_out) in parts.items():
        print(
            f"speaker {speaker} is held out: {len(train)} training samples, {len(held_out)} of the speaker", flush=True
        )
        trainer = bench.trainer_of(config.method, config, network)
        checkpoint = config.out / "speakers" / f"{config.method}-{speaker}-seed{config.train.seed}.npz"
        result = trainer.fit(Splits(train, held_out, splits.test), checkpoint=checkpoint, resume=config.resume)
        if result.status == "interrupted":
            raise KeyboardInterrupt
        accuracies = {key: result.kept_figure(key) for key in _CURVES[1:]}
        figures = {"status": result.status, "samples": len(held_out), "kept_epoch": result.kept}
        runs[str(speaker)] = figures | accuracies
        curves[str(speaker)] = {key: result.history.get(key) for key in _CURVES}
    found = [each["validation_accuracy"] for each in runs.values() if each["validation_accuracy"] is not None]
    if not found:
        raise ValueError("no training completed an epoch: lower the learning rate or the initial weights")
    mean, spread = float(np.mean(found)), float(np.std(found, ddof=1)) if len(found) > 1 else None
    print(table(runs, mean, spread))
    metrics = {"runs": runs, "mean": mean, "spread": spread}
    status = next((each["status"] for each in runs.values() if each["status"] != "ok"), "ok")
    record = records.make_record(
        "speakers", preset=config.preset, method=config.method, dataset=splits.train.name, hidden=sum(config.hidden),
        seed=config.train.seed, status=status, config=records.recorded(config), metrics=metrics, samples=curves,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    name = f"speakers-{config.method}-{config.preset or splits.train.name}.png"
    plots.save(recipe_plots.speakers(record), config.out / "figures" / name)
    return record


def main() -> int:
    """The command line; returns the exit status."""
    default = replace(bench.of_preset(bench.named_preset(sys.argv[1:])), validation_speakers=())
    return run_command("benchmarks.speakers", bench.Config, run, _RECORDS, default=default)


if __name__ == "__main__":
    sys.exit(main())
