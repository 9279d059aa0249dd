"""Settings that make sense as milliseconds, but not as seconds, which they are taken for."""

from collections.abc import Mapping

_LONG = 1.0  # [s]; no membrane or synapse is as slow
_TRIALS = {"tau_mem": 3, "tau_syn": 3}  # longest time constants, in trials
_OTHERS = 100  # as above; adaptation, for one, may be slower than any trial


def check_times(duration: float, time_constants: Mapping[str, float], lags: Mapping[str, float]) -> None:
    """Refuse times with which a network would do nothing in a trial.

    The limits are ours: a time constant is refused if it is at least 1 s and spans many trials, for then a neuron
    hardly leaves its resting voltage; a lag if what it delays cannot arrive.

    Args:
        duration: of a trial [s].
        time_constants: by name [s].
        lags: delays of something that should arrive within the trial, by name [s].

    Raises:
        ValueError: names the time, and the likely unit.
    """
    for name, value in time_constants.items():
        most = _TRIALS.get(name, _OTHERS) * duration
        if value >= _LONG and value > most:
            raise ValueError(
                f"{name} is {value:g} s, expected at most {most:g} s in a trial of {duration:g} s: are these "
                "milliseconds? divide by 1,000, for times are in seconds"
            )
    for name, value in lags.items():
        if value >= duration:
            raise ValueError(
                f"{name} is {value:g} s, expected less than the duration, {duration:g} s, or nothing arrives: are "
                "these milliseconds? divide by 1,000, for times are in seconds"
            )
