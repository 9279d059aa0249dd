"""Which trials are still worked on: each worker gives signs of life, and the others notice when they cease.

Optuna has heartbeats of its own, but for databases only, and a trial whose worker is killed before the first one is
never missed. These are attributes of trials, which any storage keeps. Clocks of machines are not compared: a trial is
silent when another worker has seen the same sign for ``SILENT_S`` by its own clock.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from optuna import Study, Trial
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

BEAT_S = 20.0  # between two signs [s]
SILENT_S = 150.0  # after which a trial's worker is taken for dead [s]
BEAT, RETRY_OF = "beat", "retry_of"  # attributes of a trial: number of the last sign; of the trial that is tried again


@contextmanager
def beating(trial: Trial) -> Iterator[None]:
    """Give signs of life of a trial meanwhile."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(trial, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(trial: Trial, over: threading.Event) -> None:
    number = 0
    while True:
        number += 1
        try:
            trial.set_user_attr(BEAT, number)
        except UpdateFinishedTrialError:  # taken for dead; the trial itself is told when it reports
            return
        except (StorageInternalError, OSError):
            pass  # the storage does not answer: later
        if over.wait(BEAT_S):
            return


def retry(study: Study, number: int) -> None:
    """Mark a running trial as failed, and put its settings in line to be tried again.

    Args:
        study: that it belongs to.
        number: of the trial; one that has finished meanwhile is left as it is.
    """
    try:
        study.tell(number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # finished, or another worker was faster
        return
    failed = next(trial for trial in study.get_trials(deepcopy=False) if trial.number == number)
    study.enqueue_trial(failed.params, user_attrs={RETRY_OF: failed.user_attrs.get(RETRY_OF, number)})


class Watch:
    """Notices the silent trials of a study."""

    def __init__(self) -> None:
        """Nothing is seen yet."""
        self._seen: dict[int, tuple[int | None, float]] = {}

    def silent(self, trials: Iterable[FrozenTrial]) -> list[int]:
        """Numbers of running trials that give no sign of life; ``trials`` are those of the study, as they are now."""
        now, found = time.monotonic(), []
        for trial in trials:
            if trial.state != TrialState.RUNNING:
                continue
            beat = trial.user_attrs.get(BEAT)
            before, since = self._seen.get(trial.number, (beat, now))
            self._seen[trial.number] = beat, since if beat == before else now
            if beat == before and now - since > SILENT_S:
                found.append(trial.number)
        return found
