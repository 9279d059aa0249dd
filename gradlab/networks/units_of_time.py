"""Settings that make sense as milliseconds, but not as seconds, which they are taken for."""

from collections.abc import Mapping

from solvers.checks import in_milliseconds


def check_times(duration: float, time_constants: Mapping[str, float], lags: Mapping[str, float]) -> None:
    """Refuse times with which a network would do nothing in a trial.

    A time constant is refused as in ``solvers.checks.in_milliseconds``; a lag if what it delays cannot arrive.

    Args:
        duration: of a trial [s].
        time_constants: by name [s].
        lags: delays of something that should arrive within the trial, by name [s].

    Raises:
        ValueError: names the time, and the likely unit.
    """
    for name, value in time_constants.items():
        if words := in_milliseconds(name, value, duration):
            raise ValueError(words)
    for name, value in lags.items():
        if value >= duration:
            raise ValueError(
                f"{name} is {value:g} s, expected less than the duration, {duration:g} s, or nothing arrives: are "
                "these milliseconds? divide by 1,000, for times are in seconds"
            )
