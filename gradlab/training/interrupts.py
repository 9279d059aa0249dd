"""Ctrl-C while XLA programs run."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Ctrl-C adds to a list, and only the second one raises, unless the caller handles it in a way of its own.

    Python raises ``KeyboardInterrupt`` wherever it happens to be: mostly in a call back from a running XLA program, and
    JAX makes another error of it.
    """
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        pressed.clear()
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
