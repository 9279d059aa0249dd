"""One run of a sweep, and how far it is."""

from dataclasses import dataclass
from typing import Any

from .launchers import Job
from .plan import Run

WAITING, RUNNING, ELSEWHERE, DONE, FAILED = "waiting", "under way", "under way elsewhere", "done", "failed"


@dataclass
class Entry:
    """A run, and how far it is.

    Attributes:
        run: what it is.
        state: one of those above.
        epochs: that were complete when it was last looked at.
        tries: the last ones, of which none has completed an epoch.
        job: that does it.
        reason: why it failed.
    """

    run: Run
    state: str = WAITING
    epochs: int = 0
    tries: int = 0
    job: Job | None = None
    reason: str = ""
    _changed: int = 0  # when the checkpoint was, that was looked at
    _before: tuple[int, Any] = 0, None  # epochs, and time of the record, when the job was started

    def look(self) -> None:
        """How many epochs are complete, if there is a new checkpoint."""
        try:
            changed = self.run.folder.checkpoint.stat().st_mtime_ns
        except OSError:
            return
        if changed != self._changed:
            self._changed, self.epochs = changed, self.run.folder.epochs() or 0

    def begin(self) -> None:
        """A job is about to be started, or was found."""
        record = self.run.folder.record()
        self._before = self.epochs, record and record["time"]

    @property
    def got_on(self) -> bool:
        """Whether the job has completed an epoch."""
        return self.epochs > self._before[0]

    def new_record(self) -> dict[str, Any] | None:
        """What the job has recorded."""
        record = self.run.folder.record()
        return None if record is None or record["time"] == self._before[1] else record
