"""The first signal ends a command or a training orderly, the second one at once."""

import gc
import os
import signal
import subprocess
import sys
import time

import pytest

from gradlab.training.interrupts import ended_by_signals, noted_interrupts

CHILD = """
import time
from gradlab.training.interrupts import ended_by_signals, noted_interrupts
with ended_by_signals():
    with noted_interrupts() as noted:
        print("ready", flush=True)
        while not noted:
            time.sleep(0.01)
    print("noted", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_ends_like_after_ctrl_c(number):
    before = signal.getsignal(number)
    with ended_by_signals() as ending, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert ending.signals == [number] and signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_garbage_collection_is_not_lost(number):
    """Python ignores what a call back of the collector raises."""

    def call_back(phase, details):
        if phase == "start":
            signal.raise_signal(number)

    with ended_by_signals(), pytest.raises(KeyboardInterrupt):
        gc.callbacks.append(call_back)
        try:
            gc.collect(0)
        finally:
            gc.callbacks.remove(call_back)
        time.sleep(10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_a_training_the_first_one_is_noted(number):
    with ended_by_signals() as ending:
        with noted_interrupts() as noted:
            signal.raise_signal(number)
            assert noted == [number]
        assert ending.signals == [number] and signal.getsignal(number) is ending


def test_outside_a_command_the_second_ctrl_c_interrupts():
    with noted_interrupts() as noted:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert len(noted) == 2 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_the_caller_handles_is_left_alone(monkeypatch):
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with ended_by_signals(), noted_interrupts():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_kills(second):
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline() == "noted\n"
            process.send_signal(second)
            assert process.wait(30) == -second
        finally:
            process.kill()
