"""A recurrent layer simulated by two processes, which exchange their spikes once a delay."""

import math
import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import jax
import numpy as np

from solvers.neurons.lif import LIFParams
from solvers.reference import Neurons

#: A spike as it is sent: 12 bytes.
SPIKE = np.dtype([("time", "<f8"), ("neuron", "<u4")])


class Problem(NamedTuple):
    """What is simulated; arrays of NumPy, in double precision.

    Attributes:
        params: of the layer.
        times: of the input [s], in order.
        units: its units.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s], > 0.
    """

    params: LIFParams
    times: np.ndarray
    units: np.ndarray
    duration: float
    delay: float


class Exchanged(NamedTuple):
    """What one process knows at the end.

    Attributes:
        spikes: of all neurons, in order of time.
        sizes: bytes of the messages of both processes, ``[block, process]``.
    """

    spikes: np.ndarray
    sizes: np.ndarray


def simulate_together(problems: Sequence[Problem]) -> list[Exchanged]:
    """The spikes of each problem, by this process and one that it starts."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    other = processes.Process(target=_other, args=(problems, there), daemon=True)
    other.start()
    there.close()
    try:
        return [simulate_half(problem, 0, here) for problem in problems]
    finally:
        here.close()
        other.join()


def _other(problems: Sequence[Problem], wire: Connection) -> None:
    jax.config.update("jax_enable_x64", True)
    for problem in problems:
        simulate_half(problem, 1, wire)


def simulate_half(problem: Problem, half: int, wire: Connection) -> Exchanged:
    """Simulate the neurons of one half, in blocks of one delay.

    Args:
        problem: the whole layer.
        half: 0 or 1.
        wire: to the process that has the other half.

    Raises:
        EOFError: if the other process has ended.
    """
    params, delay = problem.params, problem.delay
    own = slice(half * params.neurons // 2, (half + 1) * params.neurons // 2)
    w_in, w_rec = (np.asarray(w)[:, own] for w in (params.w_in, params.w_rec))
    neurons = Neurons(_to(params, own))
    for time, unit in zip(problem.times, problem.units, strict=True):
        neurons.expect(time, w_in[unit])
    blocks, sizes = [], []
    for block in range(1, 1 + math.ceil(problem.duration / delay - 1e-9)):
        mine, end = [], min(block * delay, problem.duration)
        while (neuron := neurons.spike_before(end)) is not None:
            mine.append((neurons.now, own.start + neuron))
        messages = _exchange(np.array(mine, SPIKE).tobytes(), half, wire)
        found = np.concatenate([np.frombuffer(message, SPIKE) for message in messages])
        for time, neuron in found:  # all arrive in the next block
            neurons.expect(time + delay, w_rec[neuron])
        blocks.append(found)
        sizes.append([len(message) for message in messages])
    spikes = np.concatenate(blocks)
    return Exchanged(spikes[np.argsort(spikes["time"], kind="stable")], np.array(sizes))


def _exchange(message: bytes, half: int, wire: Connection) -> list[bytes]:
    """The messages of both processes; one sends first, so that no pipe is too small."""
    if half == 0:
        wire.send_bytes(message)
        return [message, wire.recv_bytes()]
    received = wire.recv_bytes()
    wire.send_bytes(message)
    return [received, message]


def _to(params: LIFParams, own: slice) -> Any:
    """The layer with some of its neurons only, whose recurrent input comes from outside."""
    constants = {name: getattr(params, name) for name in ("tau_mem", "tau_syn", "threshold", "reset")}
    return LIFParams(params.w_in[:, own], None, **{name: x[own] if x.ndim else x for name, x in constants.items()})
