"""What a worker of submitit does: one training, which is stopped in time and goes on in the next job."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from submitit.helpers import Checkpointable, DelayedSubmission

_INTERRUPTED = 130  # exit status of a training that a signal stopped
_LOOK = 0.2  # [s] between looks at whether it has ended
_UNTIL_KILLED = 600  # [s] that a job waits for the end that its scheduler has announced
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl


@dataclass(frozen=True)
class Place:
    """Where a worker of this machine computes.

    Attributes:
        cores: that its training may use, by number; none where the system cannot keep a process to some.
        threads: how many these are.
        gpus: that the user has made visible, which submitit hides from local jobs; None for all.
    """

    cores: tuple[int, ...]
    threads: int
    gpus: str | None

    def environment(self) -> dict[str, str]:
        """That of the training. XLA and numba take as many threads as there are cores, where these can be named."""
        found = {name: value for name, value in os.environ.items() if name != _VISIBLE}
        visible = {} if self.gpus is None else {_VISIBLE: self.gpus}
        return found | visible | {"NUMBA_NUM_THREADS": str(self.threads)}


class Training(Checkpointable):
    """Runs a command line that can go on where it was stopped, as a process of its own.

    The exit status of a command that failed is that of the job, which then has no result: schedulers see that it
    failed, and submitit asks them.
    """

    def __init__(self, command: Sequence[str], place: Place | None, grace: float):
        """Bind a command.

        Args:
            command: to run.
            place: where, on this machine; None in a job of a cluster, whose scheduler has chosen it, and sends its
                signals to all processes of the job.
            grace: seconds that the command has to end, when the job does.
        """
        self.command, self._place, self._grace = tuple(command), place, grace
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> None:
        """Run it to its end."""
        place, environment = self._place, None
        if place is not None:
            environment = place.environment()
            signal.signal(signal.SIGTERM, self._end)
            _end_with_parent()
            if place.cores:
                os.sched_setaffinity(0, place.cores)
        with _blocked():
            self._process = subprocess.Popen(self.command, env=environment, preexec_fn=_end_with_parent)
        # Inside ``wait``, the process could not be waited for by ``checkpoint``, which a signal calls.
        while (status := self._process.poll()) is None:
            time.sleep(_LOOK)
        if place is None and status == _INTERRUPTED:
            # A job that ended now would not be queued again; one that is cancelled is killed meanwhile, too.
            time.sleep(_UNTIL_KILLED)
        if status:
            sys.exit(status)

    def _end(self, *_: Any) -> None:
        """SIGTERM, when the sweep is stopped, or the process above is killed."""
        if self._process is None:
            sys.exit(_INTERRUPTED)
        self._process.terminate()

    def checkpoint(self, *args: Any, **kwargs: Any) -> DelayedSubmission:
        """Stop the command, before the job is queued again. What it has completed is in its folder."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(self._grace)
            except subprocess.TimeoutExpired:
                process.kill()
        return super().checkpoint(*args, **kwargs)


def _end_with_parent() -> None:
    """This process gets SIGTERM when the one that started it is killed, so that none computes that nobody waits for."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@contextmanager
def _blocked() -> Iterator[None]:
    """Processes that are started here never get the signals by which submitit is told that a job is about to end.

    SLURM sends them to all processes of a job, and they would end a training at once.
    """
    signals = {signal.SIGUSR1, signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
