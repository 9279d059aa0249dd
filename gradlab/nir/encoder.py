"""How the input reaches the first layer, as nodes of a graph: channels that share weights, and a delay line."""

from typing import Any

import numpy as np

from ..networks.network import Network
from .library import library


def add(graph: Any, network: Network) -> None:
    """Put the encoder of a network before its first layer; nothing for one without."""
    if network.pool == network.delay_line == 1:
        return
    nir = library()
    graph.nodes["input"] = nir.Input({"input": np.array([network.inputs])})
    graph.nodes["channels"] = nir.Linear(_matrix(network.inputs, network.pool, network.delay_line))
    graph.nodes["delay_line"] = nir.Delay(_delays(network.rows, network.delay_line, network.delay_step))
    first = next(after for before, after in graph.edges if before == "input")
    graph.edges = [edge for edge in graph.edges if edge != ("input", first)]
    graph.edges += [("input", "channels"), ("channels", "delay_line"), ("delay_line", first)]
    graph.infer_types()


def settings(found: tuple[np.ndarray, np.ndarray | None] | None) -> dict[str, Any]:
    """Settings of a network from its encoder.

    Raises:
        ValueError: if it is none of ours.
    """
    if found is None:
        return {}
    weight, delays = found
    rows, inputs = weight.shape
    delays = np.zeros(rows) if delays is None else delays
    copies = len(np.unique(delays))
    step = float(np.unique(delays)[1]) if copies > 1 else 0.0
    pool = int(weight[0].sum())
    expected = _matrix(inputs, pool, copies) if pool >= 1 else np.zeros(0)
    if expected.shape != weight.shape or not np.array_equal(expected, weight):
        raise ValueError("the first linear node is no pooling and no delay line, expected one: multiply the weights")
    if not np.allclose(delays, _delays(rows, copies, step)):
        raise ValueError("the delays after the first linear node are no delay line, expected steps of one length")
    return {"inputs": inputs, "pool": pool, "delay_line": copies} | ({"delay_step": step} if copies > 1 else {})


def _matrix(inputs: int, pool: int, copies: int) -> np.ndarray:
    """``[rows, inputs]``: 1 where an input reaches a row."""
    pooled = np.arange(-(-inputs // pool))[:, None] == np.arange(inputs) // pool
    return np.tile(pooled.astype(np.float32), (copies, 1))


def _delays(rows: int, copies: int, step: float) -> np.ndarray:
    return np.repeat(np.arange(copies) * step, rows // copies)
