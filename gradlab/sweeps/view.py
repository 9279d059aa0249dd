"""All runs of a sweep in one view: a bar over their epochs, and a line for what happens, on standard error."""

import sys
from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from tqdm import tqdm

from .entry import DONE, ELSEWHERE, FAILED, RUNNING, WAITING, Entry


class View:
    """A progress bar; a context manager."""

    def __init__(self) -> None:
        """Nothing is shown before there is something to show."""
        self._bar: tqdm[None] | None = None

    def __enter__(self) -> "View":
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def show(self, entries: Sequence[Entry]) -> None:
        """How far all runs are; one that ended early counts whole."""
        complete = sum(entry.run.epochs if entry.state == DONE else entry.epochs for entry in entries)
        if self._bar is None:
            self._bar = tqdm(
                desc="sweep", unit="epoch", dynamic_ncols=True, mininterval=0.1 if sys.stderr.isatty() else 10,
                total=sum(entry.run.epochs for entry in entries), initial=complete,
            )  # fmt: skip
        states = Counter(entry.state for entry in entries)
        shown = [f"{states[name]} {name}" for name in (DONE, RUNNING, ELSEWHERE, WAITING, FAILED) if states[name]]
        self._bar.set_postfix_str(", ".join(shown), refresh=False)
        self._bar.update(complete - self._bar.n)

    def say(self, text: str) -> None:
        """A line above the bar."""
        tqdm.write(text, file=sys.stderr)
