"""One worker of a search: begins trials until every method has as many as asked for; others may work beside it."""

import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import numpy as np
import optuna
from optuna import Study, Trial, TrialPruned
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, PartialFixedSampler, TPESampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from .life import RETRY_OF, Watch, beating, retry
from .storage import patiently

POLL_S = 2.0  # between two looks at the trials of other workers [s]
_UNPRUNED = 5  # complete trials before any is pruned
_WARM_UP = 0.25  # share of the epochs before a trial is pruned

Evaluate = Callable[[str, Trial], float]


class Effort(NamedTuple):
    """The same for every method of a search.

    Attributes:
        trials: of each method.
        epochs: of each trial, unless it is pruned.
        seed: of the settings that are drawn.
    """

    trials: int
    epochs: int
    seed: int


def study_of(storage: BaseStorage, name: str, epochs: int) -> Study:
    """A study of one method, made if it is not there.

    A trial is pruned if, after a quarter of its epochs or later, the best accuracy that it has had is below the median
    of what the complete trials of its method had after that epoch.

    Args:
        storage: that all workers share.
        name: of the study; those of other searches have other names.
        epochs: of a trial.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = MedianPruner(_UNPRUNED, n_warmup_steps=int(epochs * _WARM_UP))
    return patiently(
        lambda: optuna.create_study(
            storage=storage, study_name=name, direction="maximize", pruner=pruner, load_if_exists=True
        )
    )


def search(
    studies: Mapping[str, Study], effort: Effort, evaluate: Evaluate, first: Mapping[str, Mapping[str, float]]
) -> None:
    """Work until every study has its trials, complete or pruned; the next one is that of the method with the fewest.

    Trials whose worker was killed are marked as failed and tried again; where nothing else is left to do, the end of
    those of other workers is waited for.

    Args:
        studies: by method.
        effort: how many trials, and so on.
        evaluate: gives the accuracy that is reached by a method in a trial; TrialPruned ends the trial.
        first: by method, settings of its first trial.

    Raises:
        OSError: if the storage cannot be used any more.
        Exception: what ``evaluate`` raises; its trial will be tried again.
    """
    watches, waits = {name: Watch() for name in studies}, False
    while True:
        begun, finished = {}, {}
        for name, study in studies.items():
            trials = patiently(partial(study.get_trials, deepcopy=False))
            for number in watches[name].silent(trials):
                print(f"{name} trial {number} gives no sign of life: it is tried again", flush=True)
                patiently(partial(retry, study, number))
            finished[name] = sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
            begun[name] = finished[name] + sum(trial.state == TrialState.RUNNING for trial in trials)
        name = min(begun, key=begun.__getitem__)
        if begun[name] < effort.trials:
            _one(name, studies[name], effort, evaluate, first[name])
        elif min(finished.values()) >= effort.trials:
            return
        else:
            if not waits:
                print("all trials are begun: waiting for those of other workers", flush=True)
            waits = True
            time.sleep(POLL_S)


def _one(name: str, study: Study, effort: Effort, evaluate: Evaluate, first: Mapping[str, float]) -> None:
    """Begin a trial, and end it."""
    trial = patiently(study.ask)  # if it is begun twice, the first one falls silent
    if _place(study, trial) >= effort.trials:  # several workers began the last one
        patiently(partial(study.tell, trial, state=TrialState.FAIL, skip_if_finished=True))
        return
    study.sampler = _sampler(effort.seed, trial.user_attrs.get(RETRY_OF, trial.number), first)
    value, state = None, TrialState.PRUNED
    try:
        with beating(trial), suppress(TrialPruned):
            value, state = evaluate(name, trial), TrialState.COMPLETE
    except UpdateFinishedTrialError:
        print(f"{name} trial {trial.number} was taken for dead by another worker, which tries it again", flush=True)
        return
    except BaseException:
        with suppress(Exception):  # else it falls silent
            retry(study, trial.number)
        raise
    ended = patiently(partial(study.tell, trial, value, state, skip_if_finished=True))
    print(_in_words(name, ended), flush=True)


def _in_words(name: str, trial: FrozenTrial) -> str:
    """What a trial came to."""
    reached = "no epoch" if trial.value is None else f"{trial.value:.1%} after epoch {trial.last_step}"
    settings = ", ".join(f"{setting} {value:.3g}" for setting, value in trial.params.items())
    return f"{name} trial {trial.number}, {trial.state.name.lower()}: {reached} with {settings}"


def _place(study: Study, trial: Trial) -> int:
    """How many trials before this one count."""
    trials = patiently(partial(study.get_trials, deepcopy=False))
    return sum(each.number < trial.number and each.state != TrialState.FAIL for each in trials)


def _sampler(seed: int, number: int, first: Mapping[str, float]) -> BaseSampler:
    """Draws the settings of one trial: which worker does it makes no difference, and no two draw the same."""
    drawn = TPESampler(seed=int(np.random.SeedSequence((seed, number)).generate_state(1)[0]))
    if number > 0:
        return drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(dict(first), drawn)
