"""One run of a sweep, and how far it is."""

from dataclasses import dataclass
from typing import Any

from .launchers import Job
from .plan import Run

WAITING, RUNNING, ELSEWHERE, DONE, FAILED = "waiting", "running", "running elsewhere", "done", "failed"


@dataclass
class Entry:
    """A run, and how far it is.

    Attributes:
        run: what it is.
        state: one of those above.
        epochs: that were complete when it was last looked at.
        tries: of which none has completed another epoch.
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
    _recorded: Any = None  # time of the record that was there before

    def look(self) -> None:
        """How many epochs are complete, if there is a new checkpoint."""
        try:
            changed = self.run.folder.checkpoint.stat().st_mtime_ns
        except OSError:
            return
        if changed != self._changed:
            self._changed, self.epochs = changed, self.run.folder.epochs() or 0

    def start(self, job: Job) -> None:
        """A job begins, or is found."""
        record = self.run.folder.record()
        self.state, self.job, self._recorded = RUNNING, job, record and record["time"]

    def new_record(self) -> dict[str, Any] | None:
        """What the job has recorded."""
        record = self.run.folder.record()
        return None if record is None or record["time"] == self._recorded else record
