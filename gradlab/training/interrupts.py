"""Ctrl-C and SIGTERM, also while XLA programs run."""

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any]
_LATER = 0.1  # [s], when the collector has most likely ended


class Ending:
    """A handler of signals: the first one is a ``KeyboardInterrupt``, the second one ends the process at once."""

    def __init__(self) -> None:
        """Before any signal."""
        self.signals: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if _in_garbage_collection(frame):  # Python would ignore what is raised there
            threading.Timer(_LATER, os.kill, (os.getpid(), number)).start()
            return
        self.signals.append(number)
        if len(self.signals) > 1:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        raise KeyboardInterrupt


def _in_garbage_collection(frame: FrameType | None) -> bool:
    """Whether a frame belongs to a call back of the garbage collector; JAX has one."""
    codes = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None and frame.f_code not in codes:
        frame = frame.f_back
    return frame is not None


@contextmanager
def ended_by_signals() -> Iterator[Ending]:
    """SIGTERM, which job schedulers send, ends what is done here like Ctrl-C, unless the caller handles it already."""
    ending = Ending()
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    with _handled({number: ending for number, handler in usual.items() if signal.getsignal(number) is handler}):
        yield ending


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Signals add to a list, and only the second one has its effect, unless the caller handles it in a way of its own.

    Python raises ``KeyboardInterrupt`` wherever it happens to be: mostly in a call back from a running XLA program, and
    JAX makes another error of it.
    """
    pressed: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = {n: h for n, h in handlers.items() if h is signal.default_int_handler or isinstance(h, Ending)}

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        try:
            ours[signal.Signals(number)](number, frame if len(pressed) > 1 else None)
        except KeyboardInterrupt:
            if len(pressed) > 1:
                raise

    with _handled(dict.fromkeys(ours, note)):
        try:
            yield pressed
        finally:
            pressed.clear()


@contextmanager
def _handled(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    """These handlers, in the main thread, where alone there can be some; afterwards those of before."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
