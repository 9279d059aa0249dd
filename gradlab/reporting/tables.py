"""Figures of finished trainings as text."""

from collections.abc import Mapping
from typing import Any

from .style import label_of


def training_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The figures of each method, or of each label, as text."""
    lines = [
        ("test accuracy", "test_accuracy", "{:.1%}"),
        ("  mean over classes (balanced)", "test_balanced_accuracy", "{:.1%}"),
        ("  unseen groups", "test_accuracy_unseen_groups", "{:.1%}"),
        ("  samples in which it runs away", "runaway_share", "{:.1%}"),
        ("accuracy in the other simulator", "transfer_accuracy", "{:.1%}"),
        ("  samples in which it runs away", "transfer_runaway_share", "{:.1%}"),
        ("validation accuracy", "validation_accuracy", "{:.1%}"),
        ("training accuracy", "train_accuracy", "{:.1%}"),
        ("seconds a step (median)", "seconds_per_step", "{:.4f}"),
        ("training time [s]", "training_s", "{:.0f}"),
        ("  of it, compiling [s]", "compile_s", "{:.1f}"),
        ("hidden spikes a sample", "spikes_per_sample", "{:.0f}"),
        ("rate of a hidden neuron [Hz]", "hidden_rate_hz", "{:.1f}"),
        ("silent hidden neurons", "silent_fraction", "{:.1%}"),
        ("bytes kept for backward", "residual_bytes", "{:,}"),
        ("parameters trained", "parameters", "{:,}"),
    ]

    def show(figures: Mapping[str, Any], key: str, form: str) -> str:
        return "-" if figures.get(key) is None else form.format(figures[key])

    width = max([16, *(len(label_of(method)) + 2 for method in rows)])
    text = [f"{'':34}" + "".join(f"{label_of(method):>{width}}" for method in rows)]
    for label, key, form in lines:
        text.append(f"{label:34}" + "".join(f"{show(figures, key, form):>{width}}" for figures in rows.values()))
    return "\n".join(text)
