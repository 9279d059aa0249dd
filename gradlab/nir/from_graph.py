"""From a NIR graph to the parameters of a network."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from solvers.delays import Delays
from solvers.neurons.lif import LIFParams, lif_params

from ..networks.readouts import ReadoutParams
from .chains import Graph, Path
from .to_graph import ROUNDING


class Content(NamedTuple):
    """What a graph holds.

    Attributes:
        layers: parameters of each, from the input on; constants are shared where all neurons have the same.
        readout: of a leaky readout, or None.
        delay: of recurrent transmission, that is shared by all layers [s].
        encoder: weights and delays before the first layer, through which each input reaches rows of its own; or None.
    """

    layers: tuple[LIFParams, ...]
    readout: ReadoutParams | None
    delay: float
    encoder: tuple[np.ndarray, np.ndarray | None] | None


def from_graph(graph: Any, *, dt: float | None = None) -> Content:
    """Layers of LIF neurons in a row, each with itself as a second input or not, and a leaky readout.

    Args:
        graph: a ``nir.NIRGraph``.
        dt: step of the clock-driven simulator for which it was made [s], see ``to_graph``; None for NIR's own meaning.

    Raises:
        ImportError: if the package ``nir`` is missing.
        ValueError: for other nodes or connections; names them.
    """
    found = Graph(graph)
    name, kind, node = found.before_output()
    readout, last = None, name
    if kind == "CubaLI":
        (path,) = found.paths_to(name)
        readout, last = _readout(path, node, dt), path.source
    layers: list[LIFParams] = []
    loops: list[tuple[float, np.ndarray | None]] = []
    encoder = None
    while last != found.input:
        node = found.neurons(last)
        forward, loop = found.forward_and_loop(last)
        encoder = forward.encoder
        if loop is not None:
            loops.insert(0, _split(loop.delays, dt))
        layers.insert(0, _layer(node, forward, loop, dt))
        last = forward.source
    found.require_all_seen()
    delay = min((shared for shared, _ in loops), default=1e-3)
    return Content(_with_own_delays(layers, loops, delay), readout, delay, encoder)


def _layer(node: Any, forward: Path, loop: Path | None, dt: float | None) -> LIFParams:
    scale = _scale(node, dt)
    leak = np.asarray(node.v_leak)
    constants = {
        "tau_mem": node.tau_mem,
        "tau_syn": node.tau_syn,
        "threshold": _less(node.v_threshold, leak),
        "reset": _less(node.v_reset, leak),
    }
    w_in = _weights(forward, scale)
    w_rec = None if loop is None else _weights(loop, scale)
    inputs = None if not forward.delays else jnp.asarray(sum(forward.delays), w_in.dtype)
    delays = None if inputs is None else Delays(inputs)
    return lif_params(w_in, w_rec, delays=delays, **{name: _shared(x) for name, x in constants.items()})


def _readout(path: Path, node: Any, dt: float | None) -> ReadoutParams:
    if np.any(np.asarray(node.v_leak) != 0):
        raise ValueError("the readout has a v_leak, expected 0: add it to the voltages instead")
    constants = [_shared(x) for x in (node.tau_mem, node.tau_syn)]
    if path.delays or any(x.ndim for x in constants):
        raise ValueError("the readout has delays or several time constants, expected none, and one for all its outputs")
    w = _weights(path, _scale(node, dt))
    return ReadoutParams(w, *(jnp.asarray(x, w.dtype) for x in constants))


def _scale(node: Any, dt: float | None) -> np.ndarray:
    """By how much a spike of weight one makes the current jump, in units of voltage."""
    area = 1.0 if dt is None else dt
    scale = np.asarray(node.r, np.float64) * node.w_in * area / np.asarray(node.tau_syn, np.float64)
    return np.where(np.abs(scale - 1) < ROUNDING, 1.0, scale)


def _weights(path: Path, scale: np.ndarray) -> Any:
    weight = np.asarray(path.weight)
    return jnp.asarray((weight.T * scale).astype(weight.dtype))


def _less(values: Any, leak: np.ndarray) -> Any:
    """Voltages from the resting voltage on."""
    return values if not np.any(leak) else values - leak


def _shared(values: Any) -> np.ndarray:
    """A scalar if all neurons have the same."""
    values = np.asarray(values)
    return values[:1].reshape(()) if values.ndim and np.all(values == values[0]) else values


def _split(delays: list[np.ndarray], dt: float | None) -> tuple[float, np.ndarray | None]:
    """Delays of a loop [s]: the shared one, a first node in which all are equal, and those of each neuron."""
    shared, own = 0.0, None
    for number, values in enumerate(delays):
        if number == 0 and np.ptp(values) == 0:
            shared = float(values[0])
        else:
            own = values if own is None else own + values
    return shared + (0.0 if dt is None else dt), own


def _with_own_delays(
    layers: list[LIFParams], loops: list[tuple[float, np.ndarray | None]], delay: float
) -> tuple[LIFParams, ...]:
    """Layers with what their recurrent delays have beyond the shared one."""
    left, done = list(loops), []
    for params in layers:
        if params.w_rec is not None:
            shared, own = left.pop(0)
            if shared > delay + ROUNDING:
                own = np.full(params.neurons, shared - delay) + (0 if own is None else own)
            if own is not None:
                inputs = None if params.delays is None else params.delays.inputs
                params = params._replace(delays=Delays(inputs, jnp.asarray(own, params.w_in.dtype)))
        done.append(params)
    return tuple(done)
