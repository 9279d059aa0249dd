"""Delays as the kernels take them: by the neuron that they come from, or of all synapses in blocks of time.

The kernels for those of all synapses take neurons by the eight: a layer gets silent ones beside its own.
"""

import math
from collections.abc import Mapping

import numpy as np

from .arrays import aligned, read_only
from .kernels.arguments import Layer
from .kernels.flow import SHORT
from .kernels.synapses import Synapses
from .kernels.vectors import LANES


def total_delays(
    delay: float, given: Mapping[str, np.ndarray], shape: tuple[int, int], recurrent: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Of the recurrent connections, by the neuron that they come from; of all synapses, None if these have none [s].

    Args:
        delay: of recurrent transmission [s].
        given: further ones, ``delays`` of recurrent and ``input_delays`` of input connections.
        shape: of the stacked weights.
        recurrent: whether there are recurrent rows.
    """
    rows, post = shape
    inputs = rows - post if recurrent else rows
    own, of_inputs = given.get("delays", np.zeros(post)), given.get("input_delays")
    if of_inputs is None and own.ndim == 1:
        return delay + own.astype(np.float64), None
    lags = np.full(shape, delay)
    lags[:inputs] = 0 if of_inputs is None else of_inputs
    if recurrent:
        lags[inputs:] += own[:, None] if own.ndim == 1 else own
    return np.full(post, delay), lags


def with_silent(array: np.ndarray) -> np.ndarray:
    """An array over neurons, the last axis, with the entries of the last one for silent ones up to a multiple."""
    missing = -array.shape[-1] % LANES
    more = [(0, 0)] * (array.ndim - 1) + [(0, missing)]
    return read_only([np.pad(array, more, mode="edge")])[0] if missing else array


def layer_with_silent(layer: Layer) -> Layer:
    """A layer with silent neurons beside its own: no synapse leads to them, or from them."""
    missing = -layer.weights.shape[1] % LANES
    if not missing:
        return layer
    weights = np.pad(layer.weights, [(0, missing if layer.recurrent else 0), (0, missing)])
    tau_mem, tau_syn, threshold, reset = map(with_silent, (layer.tau_mem, layer.tau_syn, layer.threshold, layer.reset))
    weights = aligned(read_only([weights])[0])
    return Layer(weights, layer.recurrent, tau_mem, tau_syn, threshold, reset, layer.shared)


def in_blocks(lags: np.ndarray, layer: Layer, duration: float) -> Synapses:
    """The delays ``[rows, post]`` of all synapses [s] in blocks of time, of which the trial has a whole number.

    A block is short against the time constants, and no longer than the shortest of the recurrent delays. Delays are
    numbers in fixed point, as fine as the type of the weights has bits for.

    Args:
        lags: without those of silent neurons.
        layer: with them.
        duration: of the trial [s].
    """
    rows, post = lags.shape
    longest = SHORT * float(min(layer.tau_mem.min(), layer.tau_syn.min()))
    if layer.recurrent:
        longest = min(longest, lags[rows - post :].min())
    count = math.ceil(duration / longest)
    count += duration / count > longest  # by rounding
    length = duration / count
    blocks = lags / length
    np.minimum(blocks, count + 2, out=blocks)  # in place: arrays of their own would take most of the time
    slots = int(blocks.max(initial=0)) + 2
    kind = np.uint32 if layer.weights.dtype == np.float32 else np.uint64
    bits = 8 * np.dtype(kind).itemsize - 1 - (slots - 1).bit_length()
    delays = np.zeros(layer.weights.shape, kind)
    blocks *= 2.0**bits
    delays[:rows, :post] = blocks
    return Synapses(read_only([delays])[0], length, count, slots, kind(slots << bits), bits)
