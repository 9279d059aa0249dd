"""What the presets reached: table and figure from the records of ``gradlab.bench``. ``python -m benchmarks.accuracy``.

Trains nothing. Takes every completed training of a preset on the whole training set of SHD, averages over seeds, and
sets the linear baseline of ``benchmarks.linear`` beside it.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from gradlab import plots, records
from gradlab.command import prepare, run_command

_RECORDS = "accuracy.jsonl"
_ACCURACIES = {
    "test_accuracy": ("test set", "o", 8),
    "test_accuracy_unseen_speakers": ("unseen speakers", "v", 5),
    "test_accuracy_known_speakers": ("known speakers", "^", 5),
    "train_accuracy": ("training", "|", 10),
}
_MEANS = (*_ACCURACIES, "spikes_per_sample", "epoch_s", "parameters", "residual_bytes")
_COLUMNS = (
    "preset", "method", "seeds", "test", "unseen", "known", "training", "other world", "epochs", "s an epoch",
    "spikes a sample", "parameters", "bytes kept",
)  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class Config:
    """Accuracy of all presets, from records.

    Attributes:
        records: of gradlab.bench.
        linear: records of benchmarks.linear, the last of which on SHD is the baseline.
        out: folder for the record and the figure.
        json: print the record as one JSON object in the last line.
    """

    records: Path = Path("results/bench.jsonl")
    linear: Path = Path("results/linear.jsonl")
    out: Path = Path("results")
    json: bool = False


def rows(trainings: list[dict[str, Any]]) -> list[Row]:
    """Mean and standard deviation over seeds, for each preset, method and number of epochs.

    Args:
        trainings: records; those that are no completed training of a preset on the whole training set are left out.

    Returns:
        A row each, in order of preset: of every figure the mean, and of the test accuracy also ``spread``, None for a
        single seed. A seed that was trained twice counts with its last record.
    """
    found: dict[tuple[str, str, int], dict[int, dict[str, Any]]] = defaultdict(dict)
    for record in trainings:
        if record["benchmark"] != "train" or record["status"] != "ok" or record["method"] not in plots.METHOD_LABELS:
            continue
        if record["preset"] is None or record["dataset"] != "shd" or record["config"]["validation_speakers"]:
            continue
        metrics = record["metrics"] | {"epoch_s": float(np.median(record["samples"]["epoch_s"]))}
        found[record["preset"], record["method"], metrics["epochs"]][record["seed"]] = metrics
    result = []
    for (preset, method, epochs), seeds in sorted(found.items()):
        means = {name: float(np.mean([metrics[name] for metrics in seeds.values()])) for name in _MEANS}
        tests = [metrics["test_accuracy"] for metrics in seeds.values()]
        spread = float(np.std(tests, ddof=1)) if len(tests) > 1 else None
        result.append(
            {"preset": preset, "method": method, "epochs": epochs, "seeds": sorted(seeds), "spread": spread}
            | {"other_world": _other_world(list(seeds.values()))} | means
        )  # fmt: skip
    return result


def _other_world(seeds: list[dict[str, Any]]) -> str:
    """Accuracy of the same weights in the other method's time, in words; empty if a record has none."""
    if any(metrics.get("runs_away_in_other_world") for metrics in seeds):
        return "runs away"
    if any(metrics.get("test_accuracy_other_world") is None for metrics in seeds):
        return ""
    return f"{100 * np.mean([metrics['test_accuracy_other_world'] for metrics in seeds]):.1f} %"


def table(found: list[Row], linear: dict[str, Any] | None) -> str:
    """The rows in Markdown, and the baseline below them."""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|---" * len(_COLUMNS) + "|"]
    for row in found:
        spread = "" if row["spread"] is None else f" ± {100 * row['spread']:.1f}"
        test, *others = (f"{100 * row[name]:.1f}" for name in _ACCURACIES)
        cells = [row["preset"], plots.METHOD_LABELS[row["method"]], str(len(row["seeds"])), f"{test}{spread} %"]
        cells += [f"{other} %" for other in others] + [row["other_world"], str(row["epochs"]), f"{row['epoch_s']:.0f}"]
        cells += [f"{row[name]:,.0f}" for name in ("spikes_per_sample", "parameters", "residual_bytes")]
        lines.append("| " + " | ".join(cells) + " |")
    if linear is not None:
        cells = [f"{100 * linear[name]:.1f} %" for name in _ACCURACIES]
        rest = ["", "", "", "", f"{linear['parameters']:,}", ""]
        lines.append("| " + " | ".join(["linear baseline", "", "", *cells, *rest]) + " |")
    return "\n".join(lines)


def figure(record: dict[str, Any]) -> Figure:
    """Accuracies of each preset and method; a dotted line is the linear baseline on the test set."""
    found, linear = record["metrics"]["rows"], record["metrics"]["linear"]
    drawn = Figure(figsize=(8, 1.3 + 0.42 * len(found)), layout="constrained")
    ax = drawn.subplots()
    for place, row in enumerate(found):
        colour = plots.METHOD_COLOURS[row["method"]]
        for name, (_, marker, size) in _ACCURACIES.items():
            ax.plot(100 * row[name], place, marker, color=colour, markersize=size, linestyle="")
        if row["spread"] is not None:
            ax.errorbar(100 * row["test_accuracy"], place, xerr=100 * row["spread"], color=colour, capsize=3)
    shown = [
        Line2D([], [], color="black", linestyle="", marker=marker, label=label)
        for label, marker, _ in _ACCURACIES.values()
    ]
    if linear is not None:
        x = 100 * linear["test_accuracy"]
        shown.append(ax.axvline(x, color="black", linestyle=":", linewidth=1, label="linear baseline"))
    ax.set_yticks(range(len(found)), [f"{row['preset']}, {plots.METHOD_LABELS[row['method']]}" for row in found])
    ax.invert_yaxis()
    ax.set_xlabel("accuracy on SHD [%]")
    drawn.legend(handles=shown, loc="outside upper center", ncols=5, frameon=False)
    plots.tidy(ax, "x")
    return drawn


def _read(path: Path) -> list[dict[str, Any]]:
    """All records of a file; none of a file that is not there."""
    return records.read(path) if path.exists() else []


def run(config: Config) -> dict[str, Any]:
    """Read, print, record, draw; returns the record.

    Raises:
        ValueError: for a damaged record, or if there is no training of a preset.
        OSError: for a file that cannot be read, or a folder that cannot be written to.
    """
    found = rows(_read(config.records))
    if not found:
        raise ValueError(
            f"{config.records} has no completed training of a preset on the whole training set: run "
            "python -m gradlab.bench --preset NAME first"
        )
    linear = next((r["metrics"] for r in reversed(_read(config.linear)) if r["dataset"] == "shd"), None)
    prepare(config.out, _RECORDS)
    print(table(found, linear))
    record = records.make_record(
        "accuracy", preset=None, method="both", dataset="shd", hidden=None, seed=None, status="ok", config={},
        metrics={"rows": found, "linear": linear}, samples={},
    )  # fmt: skip
    records.append(record, config.out / _RECORDS)
    plots.save(figure(record), config.out / "figures" / "accuracy.png")
    return record


def main() -> int:
    """The command line; returns the exit status."""
    return run_command("benchmarks.accuracy", Config, run, _RECORDS)


if __name__ == "__main__":
    sys.exit(main())
