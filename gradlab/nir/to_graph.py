"""From the parameters of a network to a NIR graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from solvers.delays import delays_of, is_synaptic
from solvers.neurons import Parameters
from solvers.neurons.lif import LIFParams

from ..networks.readouts import ReadoutParams
from .library import library

ROUNDING = 1e-9  # of a delay [s], and relative: what is closer is equal


def to_graph(
    layers: Sequence[Parameters], readout: ReadoutParams | None = None, *, delay: float, dt: float | None = None
) -> Any:
    """A ``nir.NIRGraph`` of layers of LIF neurons, and of a leaky readout.

    In NIR a spike is a pulse of area one, which takes no time, so that ``w_in`` of a node is its synaptic time
    constant; ``r`` is 1. Simulators with a clock take a spike for a pulse of height one that lasts a step, and their
    recurrent connections take a step by themselves: for these give ``dt``.

    Args:
        layers: parameters of each, from the input on; with delays of channels and neurons, or none.
        readout: of a leaky readout.
        delay: of recurrent transmission [s].
        dt: step of the clock-driven simulator for which the graph is made [s]; None for NIR's own meaning.

    Raises:
        ImportError: if the package ``nir`` is missing.
        ValueError: for what NIR cannot express: other neurons, a refractory period, delays of synapses.
    """
    nir = library()
    for params in layers:
        _check(params)
    given: list[Any] = list(layers)
    if dt is not None and delay < dt - ROUNDING and any(params.w_rec is not None for params in given):
        raise ValueError(f"delay is {delay:g} s, expected dt = {dt:g} s or more, which a recurrent connection takes")
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array([given[0].w_in.shape[0]])})}
    edges: list[tuple[str, str]] = []

    def chain(begin: str, end: str, *between: tuple[str, Any]) -> None:
        nodes.update((name, node) for name, node in between if node is not None)
        names = [begin, *(name for name, node in between if node is not None), end]
        edges.extend(zip(names[:-1], names[1:], strict=True))

    before = "input"
    for depth, params in enumerate(given):
        name = lambda part, depth=depth: f"layers_{depth}.{part}"  # noqa: E731
        of_inputs, of_own = (None if x is None else nir.Delay(np.asarray(x)) for x in delays_of(params))
        nodes[name("lif")] = _neurons(nir, params, dt)
        weights = nir.Linear(np.asarray(params.w_in).T)
        chain(before, name("lif"), (name("input_delays"), of_inputs), (name("w_in"), weights))
        if params.w_rec is not None:
            late = delay if dt is None else delay - dt
            transmission = None if dt is not None and late < ROUNDING else nir.Delay(np.full(params.neurons, late))
            chain(
                name("lif"), name("lif"), (name("transmission"), transmission), (name("delays"), of_own),
                (name("w_rec"), nir.Linear(np.asarray(params.w_rec).T)),
            )  # fmt: skip
        before = name("lif")
    outputs = given[-1].neurons
    if readout is not None:
        outputs = readout.w.shape[1]
        constants = _constants(readout, ("tau_mem", "tau_syn"), outputs)
        nodes["readout.li"] = nir.CubaLI(**constants, w_in=_pulse(constants["tau_syn"], dt), **_usual(outputs))
        chain(before, "readout.li", ("readout.w", nir.Linear(np.asarray(readout.w).T)))
        before = "readout.li"
    nodes["output"] = nir.Output({"output": np.array([outputs])})
    edges.append((before, "output"))
    return nir.NIRGraph(nodes=nodes, edges=edges)


def _check(params: Any) -> None:
    if not isinstance(params, LIFParams):
        raise ValueError(
            f"got {type(params).__name__}, expected LIFParams: NIR has no refractory period, and only lif of ours"
        )
    if is_synaptic(params):
        raise ValueError("the layer has delays of synapses, expected those of channels or neurons: NIR has no others")


def _neurons(nir: Any, params: LIFParams, dt: float | None) -> Any:
    constants = _constants(params, ("tau_mem", "tau_syn", "threshold", "reset"), params.neurons)
    threshold, reset = constants.pop("threshold"), constants.pop("reset")
    pulse = _pulse(constants["tau_syn"], dt)
    return nir.CubaLIF(**constants, v_threshold=threshold, v_reset=reset, w_in=pulse, **_usual(params.neurons))


def _usual(neurons: int) -> dict[str, np.ndarray]:
    return {"r": np.ones(neurons), "v_leak": np.zeros(neurons)}


def _constants(params: Any, names: Sequence[str], neurons: int) -> dict[str, np.ndarray]:
    return {name: np.broadcast_to(np.asarray(getattr(params, name)), neurons).copy() for name in names}


def _pulse(tau_syn: np.ndarray, dt: float | None) -> np.ndarray:
    """What a spike is multiplied with, so that it makes the current jump by one."""
    return tau_syn.copy() if dt is None else tau_syn.astype(np.float64) / dt
