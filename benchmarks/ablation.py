"""What does each ingredient of the recipe add? ``python -m benchmarks.ablation --data-dir DIR``.

The whole recipe, and the same without one ingredient at a time, for the same number of epochs from the same seed. Takes
the options of ``gradlab.bench``, which change all trainings alike; its defaults are the preset ``shd-256`` with
heterogeneous neurons, and a held-out speaker. Each training has a folder of its own in OUT/ablation with its records,
figures and checkpoint; with ``--resume``, a stopped sweep goes on where it was, and finished trainings are only
read and tested again.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from gradlab import bench, plots, recipe_plots, records
from gradlab.command import prepare, run_command
from gradlab.data import VALIDATION_SPEAKERS, Changes

_RECORDS = "ablation.jsonl"
_PRESET = "shd-256"
_HETEROGENEOUS = "shd-128-het"  # whose constants the recipe has, too
_METRICS = (
    "test_accuracy", "test_accuracy_unseen_speakers", "test_accuracy_known_speakers", "validation_accuracy",
    "train_accuracy", "epochs", "training_s", "spikes_per_sample", "parameters",
)  # fmt: skip
_CURVES = ("train_loss", "train_accuracy", "validation_accuracy", "silent_fraction")
Change = Callable[[bench.Config], bench.Config]


def training(**changes: Any) -> Change:
    """A change of the settings of the training."""
    return lambda config: replace(config, train=replace(config.train, **changes))


#: How each ingredient is taken away.
INGREDIENTS: dict[str, Change] = {
    "loss shaping": lambda config: replace(config, loss="mean"),
    "rate regularisation": training(rate_strength=0.0),
    "lift of silent neurons": training(lift_silent=0.0),
    "augmentation": training(**asdict(Changes())),
    "delay line": lambda config: replace(config, delay_line=1),
    "heterogeneity": lambda config: replace(training(train_constants=False)(config), constants="shared"),
    "recurrence": lambda config: replace(config, recurrent=False),
}


def whole_recipe(preset: str) -> bench.Config:
    """All ingredients: a preset with the constants of the preset ``shd-128-het``, and a held-out speaker."""
    heterogeneous = bench.of_preset(_HETEROGENEOUS)
    config = replace(
        bench.of_preset(preset), constants=heterogeneous.constants, validation_speakers=VALIDATION_SPEAKERS
    )
    return training(train_constants=True, constants_factor=heterogeneous.train.constants_factor)(config)


def check(config: bench.Config) -> None:
    """Refuse a sweep that would show nothing.

    Raises:
        ValueError: for two methods at once, or a recipe that lacks an ingredient.
    """
    if config.method == "both":
        raise ValueError("method is both, expected eventprop or bptt: run one ablation for each")
    missing = [name for name, remove in INGREDIENTS.items() if remove(config) == config]
    if missing:
        raise ValueError(f"the recipe has no {missing[0]}, so that it cannot be taken away: change the options")


def table(runs: dict[str, dict[str, Any]]) -> str:
    """Accuracies as text."""
    show = lambda value: "-" if value is None else f"{value:.1%}"  # noqa: E731
    lines = [f"{'without':24}{'test':>8}{'unseen':>8}{'held out':>10}{'training':>10}{'status':>12}"]
    for name, each in runs.items():
        test, unseen, held_out, train = (show(each[key]) for key in (*_METRICS[:2], *_METRICS[3:5]))
        lines.append(f"{name:24}{test:>8}{unseen:>8}{held_out:>10}{train:>10}{each['status']:>12}")
    return "\n".join(lines)


def run(config: bench.Config) -> dict[str, Any]:
    """Train with everything and without each ingredient, print, record, draw; returns the record.

    Raises:
        ValueError: as ``check``, and for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; trainings so far are kept.
    """
    check(config)
    prepare(config.out, _RECORDS)
    configs = {"(whole recipe)": config} | {name: remove(config) for name, remove in INGREDIENTS.items()}
    runs: dict[str, dict[str, Any]] = {}
    curves = {}
    for name, each in configs.items():
        print(f"without {name}" if runs else "the whole recipe", flush=True)
        folder = config.out / "ablation" / name.strip("()").replace(" ", "-")
        record = bench.run(replace(each, out=folder))
        if record["status"] == "interrupted":
            raise KeyboardInterrupt
        runs[name] = {"status": record["status"]} | {key: record["metrics"].get(key) for key in _METRICS}
        curves[name] = {key: record["samples"].get(key) for key in _CURVES}
    print(table(runs))
    record = records.make_record(
        "ablation", preset=config.preset, method=config.method, dataset=record["dataset"], hidden=sum(config.hidden),
        seed=config.train.seed, status="ok", config=records.recorded(config), metrics={"runs": runs}, samples=curves,
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(recipe_plots.ablation(record), config.out / "figures" / f"ablation-{config.preset}.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    default = whole_recipe(bench.named_preset(sys.argv[1:]) or _PRESET)
    return run_command("benchmarks.ablation", bench.Config, run, _RECORDS, default=default)


if __name__ == "__main__":
    sys.exit(main())
