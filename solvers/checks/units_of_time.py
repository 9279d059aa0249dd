"""Time constants that make sense as milliseconds, but not as seconds, which they are taken for."""

_LONG = 1.0  # [s]; no membrane or synapse is as slow
_TRIALS = {"tau_mem": 3, "tau_syn": 3}  # longest time constants, in trials
_OTHERS = 100  # as above; adaptation, for one, may be slower than any trial


def in_milliseconds(name: str, value: float, duration: float) -> str | None:
    """What to say of a time constant [s] in a trial of some duration [s]; None if it makes sense.

    The limits are ours: one is refused if it is at least 1 s and spans many trials, for then a neuron hardly leaves its
    resting voltage.
    """
    most = _TRIALS.get(name, _OTHERS) * duration
    if value < _LONG or value <= most:
        return None
    return (
        f"{name} is {value:g} s, expected at most {most:g} s in a trial of {duration:g} s: are these milliseconds? "
        "divide by 1,000, for times are in seconds"
    )
