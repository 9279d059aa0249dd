"""What all contestants share: the problem, and how its gradient is timed. Runs in a peer's environment: NumPy only.

A contestant runs in a process of its own, ``python -m benchmarks.peers.adapters.NAME PROBLEM REPEATS ...``, and prints
one line of JSON. Memory is what a gradient adds to a process that has everything loaded and compiled, and its input.
"""

import ctypes
import gc
import importlib.metadata
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

_STATUS = Path("/proc/self/status")  # Linux; elsewhere memory is unknown
_FACTORS = (0.5, 2.0)  # between which input weights are scaled to reach the rate
_EVALUATIONS = 8
_CLOSE_ENOUGH = 0.1  # relative error of the rate
_TOLERATED = 0.25  # if that cannot be reached


class Problem(NamedTuple):
    """Input, network and what to reach; everything that a contestant gets.

    Attributes:
        times: of input spikes, ascending in each sample, padded with infinity [s]; ``[batch, capacity]``.
        units: input channel of each.
        labels: class of each sample.
        w_in: ``[inputs, hidden]``, for current-based LIF neurons with ``tau_mem dV/dt = I - V``.
        w_rec: ``[hidden, hidden]``.
        w_out: ``[hidden, outputs]``, of a leaky readout with the same time constants.
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
        threshold: firing threshold; neurons are reset to 0.
        delay: of recurrent transmission [s]; one step on a grid.
        duration: of a sample [s].
        dt: step of a time grid [s].
        rate: of the hidden neurons, to be reached by scaling ``w_in`` [Hz].
    """

    times: np.ndarray
    units: np.ndarray
    labels: np.ndarray
    w_in: np.ndarray
    w_rec: np.ndarray
    w_out: np.ndarray
    tau_mem: float
    tau_syn: float
    threshold: float
    delay: float
    duration: float
    dt: float
    rate: float

    @classmethod
    def load(cls, path: str | Path) -> "Problem":
        """Read a file written by ``save``."""
        with np.load(path) as file:
            return cls(*(file[name] if file[name].ndim else file[name].item() for name in cls._fields))

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file."""
        np.savez(path, **self._asdict())

    def part(self, samples: int, duration: float) -> "Problem":
        """The first samples, up to a time [s]."""
        times = np.where(self.times[:samples] < duration, self.times[:samples], np.inf)
        room = max(1, int(np.isfinite(times).sum(1).max()))
        return self._replace(
            times=times[:, :room], units=self.units[:samples, :room], labels=self.labels[:samples], duration=duration
        )

    def grid(self) -> np.ndarray:
        """Number of input spikes in each step, ``[steps, batch, inputs]``, float32."""
        counts = np.zeros((round(self.duration / self.dt), len(self.times), len(self.w_in)), np.float32)
        sample, event = np.nonzero(np.isfinite(self.times))
        step = np.minimum((self.times[sample, event] / self.dt).astype(int), len(counts) - 1)
        np.add.at(counts, (step, sample, self.units[sample, event]), 1)
        return counts

    def rate_of(self, spikes: float) -> float:
        """Mean rate of a hidden neuron [Hz] from the spikes of the whole batch."""
        return float(spikes) / (len(self.labels) * len(self.w_rec) * self.duration)


class Contestant(NamedTuple):
    """What an adapter builds from a problem.

    Attributes:
        gradient: of the loss with respect to all weights; returns when they are there.
        rate: of the hidden neurons [Hz]; infinite if there is no room for all spikes.
        input_bytes: of the input spikes, in the form that the gradient takes.
        limits: what of the problem it leaves out; empty if nothing.
    """

    gradient: Callable[[], Sequence[Any]]
    rate: Callable[[], float]
    input_bytes: int
    limits: str = ""


Build = Callable[[Problem], Contestant]


def tune(build: Build, problem: Problem) -> tuple[Problem, float]:
    """The problem with input weights scaled so that the hidden rate is about the wanted one, and the rate [Hz].

    Raises:
        ValueError: if it cannot be reached.
    """
    (low, high), factor, found = _FACTORS, 1.0, []
    for _ in range(_EVALUATIONS):
        scaled = problem._replace(w_in=(factor * problem.w_in).astype(np.float32))
        found.append((scaled, build(scaled).rate()))
        reached = found[-1][1]
        if abs(reached / problem.rate - 1) < _CLOSE_ENOUGH:
            break
        low, high = (factor, high) if reached < problem.rate else (low, factor)
        factor = (low * high) ** 0.5
    best = min(found, key=lambda entry: abs(entry[1] - problem.rate))
    if not abs(best[1] / problem.rate - 1) < _TOLERATED:
        raise ValueError(f"hidden neurons fire at {best[1]:.1f} Hz, expected about {problem.rate:g} Hz")
    return best


def check(gradients: Sequence[Any]) -> None:
    """Make sure that there is something to time.

    Raises:
        ValueError: for a gradient that is zero or not finite.
    """
    for number, gradient in enumerate(np.asarray(g) for g in gradients):
        if not np.isfinite(gradient).all() or not gradient.any():
            raise ValueError(f"gradient {number} of shape {gradient.shape} is zero or not finite: nothing to time")


def measure(build: Build, problem: Problem, repeats: int) -> dict[str, Any]:
    """Time and memory of a contestant's gradient.

    Args:
        build: of the adapter.
        problem: the whole one.
        repeats: timed gradients, after one that is not.

    Returns:
        ``seconds`` of each gradient, ``peak_bytes`` of the process over what it had just before, plus the input (None
        if unknown), ``rate_hz`` of the hidden neurons and ``limits``, see ``Contestant``.

    Raises:
        ValueError: for a gradient that is zero or not finite, or a rate that cannot be reached.
    """
    problem, rate = tune(build, problem)
    contestant = build(problem)
    check(contestant.gradient())  # loads and compiles
    _hand_back()
    before = _resident("VmRSS")
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        contestant.gradient()
        seconds.append(time.perf_counter() - start)
    peak = _resident("VmHWM")
    added = None if peak is None or before is None else peak - before + contestant.input_bytes
    return {"seconds": seconds, "peak_bytes": added, "rate_hz": rate, "limits": contestant.limits}


def main(build: Build, package: str | None = None) -> None:
    """The process of a contestant: arguments from the command line, the result as the last line.

    Args:
        build: of the adapter.
        package: whose version is told; None for ours, which the record's commit tells.
    """
    result = measure(build, Problem.load(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps(result | {"version": package and importlib.metadata.version(package)}))


def _resident(field: str) -> int | None:
    """``VmRSS`` (now) or ``VmHWM`` (peak) of this process [bytes]; what gradlab has for this is not to be had here."""
    found = re.search(rf"^{field}:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    return 1024 * int(found[1]) if found else None


def _hand_back() -> None:
    """Give unused memory back to the system, and let its peak count from now on."""
    gc.collect()
    if _STATUS.exists():
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)
        Path("/proc/self/clear_refs").write_text("5")
