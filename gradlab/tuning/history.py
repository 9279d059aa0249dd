"""What a search has done and found, by method: what its record holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from .evaluation import ENDED
from .life import RETRY_OF

COMPLETE, PRUNED = "complete", "pruned"
_STATES = {TrialState.COMPLETE: COMPLETE, TrialState.PRUNED: PRUNED}


def history_of(trials: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """The finished trials of a study in the order in which they ended, in JSON types.

    Returns:
        Of each its ``number``, ``state``, ``accuracy`` (the last one; None without an epoch), ``epochs``, ``settings``,
        ``curve`` (accuracy after each epoch), ``seconds``, and why it ``ended`` early by itself, or None.
    """
    finished = [trial for trial in trials if trial.state in _STATES]
    return [_described(trial) for trial in sorted(finished, key=lambda trial: (trial.datetime_complete, trial.number))]


def _described(trial: FrozenTrial) -> dict[str, Any]:
    duration = trial.duration
    return {
        "number": trial.number,
        "state": _STATES[trial.state],
        "accuracy": trial.value,
        "epochs": len(trial.intermediate_values),
        "settings": dict(trial.params),
        "curve": [value for _, value in sorted(trial.intermediate_values.items())],
        "seconds": None if duration is None else duration.total_seconds(),
        "ended": trial.user_attrs.get(ENDED),
    }


def summary_of(trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """The single figures of a study.

    Returns:
        ``trials`` that are finished, how many of them were ``pruned``; those begun anew after a worker was stopped
        (``retried``); ``epochs`` trained in finished trials, and in those that were stopped (``lost_epochs``);
        ``best_accuracy`` of the complete trials, with the ``best_trial`` and its ``best_settings``, None without one.
    """
    finished = history_of(trials)
    complete = [each for each in finished if each["state"] == COMPLETE]
    best: Mapping[str, Any] = max(complete, key=lambda each: each["accuracy"], default={})
    return {
        "trials": len(finished),
        "pruned": sum(each["state"] == PRUNED for each in finished),
        "retried": sum(RETRY_OF in trial.user_attrs for trial in trials),
        "epochs": sum(each["epochs"] for each in finished),
        "lost_epochs": sum(len(each.intermediate_values) for each in trials if each.state == TrialState.FAIL),
        "best_accuracy": best.get("accuracy"),
        "best_trial": best.get("number"),
        "best_settings": best.get("settings"),
    }
