"""``killed_command.py CALL NUMBER WHEN SIGNAL [options]``: gradlab.bench, which gets a signal as it writes.

CALL is a function of ``os``; the signal comes at its NUMBER-th call, WHEN: before or after.
"""

import itertools
import os
import runpy
import signal
import sys

import gradlab.bench  # noqa: F401  what imports write is not counted


def signalled(function, number, when, kind):
    """The same function, during one call of which this process gets a signal."""
    calls = itertools.count(1)

    def call(*arguments):
        now = next(calls) == number
        if now and when == "before":
            signal.raise_signal(kind)
        result = function(*arguments)
        if now and when == "after":
            signal.raise_signal(kind)
        return result

    return call


if __name__ == "__main__":
    name, number, when, kind = sys.argv[1:5]
    setattr(os, name, signalled(getattr(os, name), int(number), when, signal.Signals[kind]))
    sys.argv = ["gradlab.bench", *sys.argv[5:]]
    runpy.run_module("gradlab.bench", run_name="__main__")
