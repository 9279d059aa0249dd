"""Starts the runs of a sweep, looks after them, and starts again what failed."""

import re
import time
from collections.abc import Sequence

from ..training import files
from .entry import DONE, ELSEWHERE, FAILED, RUNNING, WAITING, Entry
from .launchers import Job, Launcher
from .plan import Run
from .view import View

_AGAIN = ("diverged", "overflow")  # what a training would do again: it goes on from the same state
_SHOWN = 200  # characters of a reason
_ERROR = re.compile(r"error: |\w+(Error|Exception)\b")


class Sweep:
    """All runs of a sweep."""

    def __init__(self, runs: Sequence[Run], launcher: Launcher, tries: int, view: View):
        """Bind runs.

        Args:
            runs: in the order in which they are started.
            launcher: that starts them.
            tries: times in a row that a run may fail without a further epoch.
            view: that shows how far they are.
        """
        self.entries = [Entry(run) for run in runs]
        self._launcher, self._tries, self._view = launcher, tries, view

    def run(self) -> None:
        """Until nothing is left to do.

        Raises:
            OSError: if nothing can be started.
            KeyboardInterrupt: after Ctrl-C.
        """
        for entry in self.entries:
            entry.look()
            if entry.run.finished:
                entry.state = DONE
        adopted = self._launcher.adopted([entry.run for entry in self._in(WAITING)])
        for entry in self._in(WAITING):
            if entry.run.path in adopted:
                entry.begin()
                entry.state, entry.job = RUNNING, adopted[entry.run.path]
        try:
            while self._in(WAITING, RUNNING, ELSEWHERE):
                self._settle()
                self._start()
                self._view.show(self.entries)
                time.sleep(self._launcher.period)
            self._view.show(self.entries)
        except KeyboardInterrupt:
            jobs = [entry.job for entry in self._in(RUNNING) if entry.job is not None]
            self._launcher.stop(jobs, self._view.say)
            raise

    def _in(self, *states: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.state in states]

    def _start(self) -> None:
        """What is not done elsewhere, as far as there is room."""
        chosen: list[Entry] = []
        for entry in self._in(WAITING, ELSEWHERE):
            if len(chosen) == self._launcher.room():
                break
            if files.is_in_charge_of_folder(entry.run.path):
                entry.state = ELSEWHERE
            elif entry.run.finished:  # by another process, meanwhile
                self._done(entry)
            else:
                entry.begin()
                chosen.append(entry)
        jobs = self._launcher.start([entry.run for entry in chosen]) if chosen else []
        for entry, job in zip(chosen, jobs, strict=True):
            entry.state, entry.job = RUNNING, job

    def _settle(self) -> None:
        """Look at all that run, and at what has become of those that ended."""
        for entry in self._in(RUNNING, ELSEWHERE):
            entry.look()
            if entry.job is None or not entry.job.done():
                continue
            job, entry.job = entry.job, None
            self._launcher.released(job)
            if entry.run.finished:
                self._done(entry)
            elif files.is_in_charge_of_folder(entry.run.path):  # a training that has survived its worker
                entry.state = ELSEWHERE
            else:
                self._ended(entry, job)

    def _done(self, entry: Entry) -> None:
        entry.state = DONE
        self._view.say(f"{entry.run.path.name}: done")

    def _ended(self, entry: Entry, job: Job) -> None:
        """A job has ended, and its run is not finished."""
        entry.tries = 0 if entry.got_on else entry.tries + 1
        record = entry.new_record()
        if record is not None:
            reason = f"{record['status']}: {record['reason']}"
        else:
            reason = _last_words(job)
        final = record is not None and record["status"] in _AGAIN
        if final or entry.tries >= self._tries or self._launcher.cancelled(job):
            entry.state, entry.reason = FAILED, f"{reason} (log: {job.paths.stderr})"
            self._view.say(f"{entry.run.path.name}: failed")
        else:
            entry.state = WAITING
            self._view.say(f"{entry.run.path.name}: goes on after {entry.epochs} epochs; {reason}")


def _last_words(job: Job) -> str:
    """The last error that a job reported."""
    said = [line.strip() for line in (job.stderr() or "").splitlines()]
    errors = [line for line in said if _ERROR.match(line)]
    return f"{errors[-1]:.{_SHOWN}}" if errors else "killed, or ended without a message"
