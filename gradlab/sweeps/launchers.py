"""Where the trainings of a sweep run: workers of this machine, or a cluster; both by submitit."""

import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import submitit

from ..training import files
from .job import Place, Training
from .options import Config
from .plan import Run

TRAIN = (sys.executable, "-m", "gradlab.bench")
_FOLDER = "sweeps"  # in that of the runs: scripts, logs and pickles of submitit
_ENDLESS = 60 * 24 * 365  # minutes: local jobs have no limit
_TIMEOUTS = 100  # of one job, each of which goes on where the one before was stopped
_NOTICE = 120  # [s] before its limit, when a job of SLURM is told
_LISTS = ("setup", "teardown", "srun_args")  # what submitit wants as lists
Job = submitit.Job[None]


@runtime_checkable
class Launcher(Protocol):
    """Starts trainings.

    Attributes:
        period: seconds after which it is worth to look at them again.
    """

    period: float

    def room(self) -> int:
        """How many more it takes."""

    def start(self, runs: Sequence[Run]) -> list[Job]:
        """Start some, at most as many as there is room for."""

    def adopted(self, runs: Sequence[Run]) -> dict[Path, Job]:
        """Jobs of an earlier sweep that will still do some of them, by the folder of the run."""

    def released(self, job: Job) -> None:
        """Take note that a job has ended."""

    def cancelled(self, job: Job) -> bool:
        """Whether somebody has taken a job off the queue."""

    def stop(self, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
        """The sweep is stopped; says what becomes of its jobs."""


class Local:
    """Workers on this machine. Each has cores of its own, so that a training has the same number of threads on all."""

    period = 1.0

    def __init__(self, config: Config):
        """Divide this machine.

        Args:
            config: of the sweep; more workers or threads than there are cores share them.
        """
        named = hasattr(os, "sched_getaffinity")  # Linux
        cores = sorted(os.sched_getaffinity(0)) if named else list(range(os.cpu_count() or 1))
        workers = config.workers or len(cores)
        threads = min(config.threads or max(1, len(cores) // workers), len(cores))
        several = [[cores[(first * threads + k) % len(cores)] for k in range(threads)] for first in range(workers)]
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
        self._free = [Place(tuple(each) if named else (), threads, gpus) for each in several]
        self._taken: dict[str, Place] = {}
        # Jobs are named after processes, whose numbers come again: each sweep has a folder of its own.
        self._executor = submitit.LocalExecutor(config.out / _FOLDER / f"local-{secrets.token_hex(4)}")
        self._executor.update_parameters(timeout_min=_ENDLESS)

    def room(self) -> int:
        """See ``Launcher``: workers without a training."""
        return len(self._free)

    def start(self, runs: Sequence[Run]) -> list[Job]:
        """See ``Launcher``."""
        jobs = []
        # Ctrl-C in a terminal reaches all processes; trainings are told by ``stop``, once.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for run in runs:
                place = self._free.pop(0)
                job = self._executor.submit(Training((*TRAIN, *run.arguments), place, _NOTICE / 2))
                self._taken[job.job_id] = place
                jobs.append(job)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return jobs

    def adopted(self, runs: Sequence[Run]) -> dict[Path, Job]:
        """See ``Launcher``: none, for what another sweep has started is in charge of its folder."""
        return {}

    def released(self, job: Job) -> None:
        """See ``Launcher``."""
        self._free.append(self._taken.pop(job.job_id))

    def cancelled(self, job: Job) -> bool:
        """See ``Launcher``."""
        return False

    def stop(self, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
        """See ``Launcher``: waits for the trainings, which end like after Ctrl-C."""
        say("the trainings end after the step under way; the same sweep goes on with them")
        for job in jobs:
            with suppress(ProcessLookupError):
                os.kill(int(job.job_id), signal.SIGTERM)
        while not all(job.done() for job in jobs):
            time.sleep(self.period)


class Slurm:
    """Arrays of jobs of SLURM. A job that reaches its time limit, or is preempted, goes on in another one."""

    period = 10.0

    def __init__(self, config: Config):
        """Bind what the jobs ask for.

        Raises:
            ValueError: if there is no SLURM here, or an option is none of submitit's.
        """
        if shutil.which("srun") is None:
            raise ValueError("launcher is slurm, but there is no srun here: run it where sbatch runs, or choose local")
        folder = config.out / _FOLDER / "slurm"
        self._known = folder / "jobs.json"  # by the name of the run
        self._executor = submitit.SlurmExecutor(folder, max_num_timeout=_TIMEOUTS)
        asked: dict[str, Any] = {
            "job_name": "gradlab", "time": config.time_limit, "cpus_per_task": config.threads or 1,
            "array_parallelism": config.workers or 256, "signal_delay_s": _NOTICE,
            "additional_parameters": {"requeue": True},
        }  # fmt: skip
        self._executor.update_parameters(**asked | dict(map(_option, config.slurm)))

    def room(self) -> int:
        """See ``Launcher``: SLURM has the queue."""
        return sys.maxsize

    def start(self, runs: Sequence[Run]) -> list[Job]:
        """See ``Launcher``: one array.

        Raises:
            ValueError: if SLURM refuses it.
        """
        grace = float(self._executor.parameters["signal_delay_s"]) / 2
        trainings = [Training((*TRAIN, *run.arguments), None, grace) for run in runs]
        try:
            jobs = self._executor.submit_array(trainings)
        except RuntimeError as error:  # submitit's, with what sbatch said
            raise ValueError(f"SLURM does not take the jobs: {error}") from error
        names = {run.path.name: job.job_id for run, job in zip(runs, jobs, strict=True)}
        files.replace(self._known, json.dumps(self._jobs() | names, indent=1).encode())
        return jobs

    def _jobs(self) -> dict[str, str]:
        return json.loads(self._known.read_text()) if self._known.exists() else {}

    def adopted(self, runs: Sequence[Run]) -> dict[Path, Job]:
        """See ``Launcher``."""
        known = self._jobs()
        paths = [run.path for run in runs if run.path.name in known]
        # All of them first: SLURM is asked once about those that are known by then.
        jobs = {path: submitit.SlurmJob[None](self._executor.folder, known[path.name]) for path in paths}
        return {path: job for path, job in jobs.items() if job.state != "UNKNOWN" and not job.done()}

    def released(self, job: Job) -> None:
        """See ``Launcher``."""

    def cancelled(self, job: Job) -> bool:
        """See ``Launcher``."""
        return job.state.startswith("CANCELLED")

    def stop(self, jobs: Sequence[Job], say: Callable[[str], None]) -> None:
        """See ``Launcher``."""
        numbers = sorted({job.job_id.split("_")[0] for job in jobs})
        say(f"the jobs go on, and the same sweep finds them again; to end them: scancel {' '.join(numbers)}")


def _option(given: str) -> tuple[str, Any]:
    """An option of sbatch."""
    name, equals, value = given.partition("=")
    if not equals:
        raise ValueError(f"slurm is {given!r}, expected NAME=VALUE, such as partition=gpu")
    name = name.strip().replace("-", "_")
    return name, [value] if name in _LISTS else True if value == "True" else value


LAUNCHERS: dict[str, type[Local] | type[Slurm]] = {"local": Local, "slurm": Slurm}
