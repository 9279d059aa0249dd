"""What a training shows while it runs: a bar over its steps, and a line for each epoch, on standard error."""

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from tqdm import tqdm

_SHOWN = ("train_loss", "train_accuracy", "hidden_rate_hz", "silent_fraction", "validation_accuracy")


class Progress:
    """A progress bar; a context manager."""

    def __init__(self, name: str, steps: int, done: int, shown: bool):
        """Start the bar.

        Args:
            name: of what is done.
            steps: in all.
            done: of them, before.
            shown: whether anything is shown.
        """
        interval = 0.1 if sys.stderr.isatty() else 10
        self._shown = shown
        self._bar = tqdm(
            unit="step",
            desc=name,
            dynamic_ncols=True,
            mininterval=interval,
            total=steps,
            initial=done,
            disable=not shown,
        )

    def __enter__(self) -> "Progress":
        """Show the bar."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bar."""
        self._bar.close()

    def step(self, loss: float, accuracy: float, rate: float) -> None:
        """One step is done: its loss, and of its epoch so far the mean accuracy and the rate in Hz."""
        self._bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.1%}", rate=f"{rate:.1f}Hz", refresh=False)
        self._bar.update()

    def epoch(self, number: int, entry: Mapping[str, Any]) -> None:
        """A line with the main figures of an epoch."""
        figures = ", ".join(f"{name} {value:.3g}" for name, value in entry.items() if name in _SHOWN)
        self.say(f"epoch {number}: {figures}")

    def say(self, text: str) -> None:
        """A line above the bar."""
        if self._shown:
            self._bar.write(text, file=sys.stderr)
