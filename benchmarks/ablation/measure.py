"""Trainings with the whole recipe, and without each ingredient."""

from dataclasses import replace
from typing import Any

from gradlab import bench, configuration
from gradlab.command import Outcome

from .recipe import INGREDIENTS, check

_METRICS = (
    "test_accuracy", "test_accuracy_unseen_groups", "test_accuracy_known_groups", "validation_accuracy",
    "train_accuracy", "epochs", "training_s", "spikes_per_sample", "parameters",
)  # fmt: skip
_CURVES = ("train_loss", "train_accuracy", "validation_accuracy", "silent_fraction")


def measure(config: configuration.Config) -> Outcome:
    """Train with everything and without each ingredient.

    Raises:
        ValueError: as ``check``, and for an impossible configuration or damaged data.
        OSError: for data that are not there, or a folder that cannot be written to.
        KeyboardInterrupt: after Ctrl-C; trainings so far are kept.
    """
    check(config)
    configs = {"(whole recipe)": config} | {name: remove(config) for name, remove in INGREDIENTS.items()}
    runs: dict[str, dict[str, Any]] = {}
    curves: dict[str, dict[str, Any]] = {}
    for name, each in configs.items():
        print(f"without {name}" if runs else "the whole recipe", flush=True)
        folder = config.out / "ablation" / name.strip("()").replace(" ", "-")
        record = bench.run(replace(each, out=folder))
        if record["status"] == "interrupted":
            raise KeyboardInterrupt
        runs[name] = {"status": record["status"]} | {key: record["metrics"].get(key) for key in _METRICS}
        curves[name] = {key: record["samples"].get(key) for key in _CURVES}
    return Outcome(
        {"runs": runs}, curves, method=record["method"], dataset=record["dataset"], preset=config.preset,
        hidden=sum(config.network.hidden), seed=config.training.seed,
    )  # fmt: skip
