"""Trained networks in NIR files."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from solvers.delays import Delays
from solvers.neurons.lif import LIFParams

from ..methods import EventProp, Method
from ..models import Model
from ..networks.network import Network
from ..networks.params import NetworkParams
from ..networks.readouts import READOUTS, ReadoutParams
from . import encoder
from .from_graph import Content, from_graph
from .library import library
from .to_graph import to_graph

_CONSTANTS = ("tau_mem", "tau_syn", "threshold", "reset")


def write(path: str | Path, model: Model, *, dt: float | None = None) -> None:
    """Write a trained network as a NIR graph.

    What reads its output voltages or spikes, the duration and the names of classes are no part of NIR; the first two
    are in the metadata, for ``read``. On a time grid our neurons keep at a spike what the voltage has above the
    threshold, while NIR's fall to the reset.

    Args:
        path: of the file.
        model: trained network.
        dt: as for ``to_graph``.

    Raises:
        ImportError: if the package ``nir`` is missing.
        ValueError: as ``to_graph``.
        OSError: if the file cannot be written.
    """
    nir, network = library(), model.network
    layers: list[Any] = network.spiking_layers(model.params)
    readout: Any = model.params.readout
    graph = to_graph(
        layers, readout if isinstance(readout, ReadoutParams) else None,
        delay=network.delay, dt=dt,
    )  # fmt: skip
    encoder.add(graph, network)
    graph.metadata = {"duration": network.duration, "loss": network.loss} | ({} if dt is None else {"dt": dt})
    nir.write(path, graph)


def read(
    path: str | Path,
    *,
    duration: float | None = None,
    loss: str | None = None,
    method: Method = EventProp(),  # noqa: B008  immutable
    dt: float | None = None,
) -> Model:
    """A network from a NIR file, ready to predict or to be trained on.

    Args:
        path: of the file.
        duration: of a trial [s]; loss: how the answer is read, see ``gradlab.Network``; and ``dt``, as for
            ``to_graph``: by default those that ``write`` has put there.
        loss: see ``duration``.
        method: in whose simulator it runs.
        dt: see ``duration``.

    Raises:
        ImportError: if the package ``nir`` is missing.
        ValueError: for a graph that is no such network, or what is neither given nor in the file.
        OSError: if the file cannot be read.
    """
    graph = library().read(path)
    known = {name: np.asarray(value).item() for name, value in graph.metadata.items() if name in ("duration", "dt")}
    content = from_graph(graph, dt=known.get("dt") if dt is None else dt)
    duration = known.get("duration") if duration is None else duration
    loss = graph.metadata.get("loss", None if content.readout is not None else "ttfs") if loss is None else loss
    for name, value in (("duration", duration), ("loss", loss)):
        if value is None:
            raise ValueError(f"{name} is not in the file, for NIR does not know it: give {name}")
    loss = loss.decode() if isinstance(loss, bytes) else str(loss)
    network, params = _network(content, float(duration), loss)  # type: ignore[arg-type]
    method.check(network)
    return Model(network, params, method)


def _network(content: Content, duration: float, loss: str) -> tuple[Network, NetworkParams]:
    if loss not in READOUTS or READOUTS[loss].spiking == (content.readout is not None):
        fitting = [name for name, readout in READOUTS.items() if readout.spiking == (content.readout is None)]
        raise ValueError(f"loss is {loss!r}, expected for the graph's output {' or '.join(fitting)}")
    hidden = list(content.layers if content.readout is not None else content.layers[:-1])
    if not hidden:
        raise ValueError("the graph has one layer only, expected hidden layers before its output: take from_graph")
    recurrent = {layer.w_rec is not None for layer in hidden}
    if len(recurrent) > 1:
        raise ValueError("some layers are recurrent and others are not, expected all or none: take from_graph")
    readout: Any = content.readout
    if readout is None:
        readout = content.layers[-1]
        if readout.w_rec is not None or readout.delays is not None or any(getattr(readout, x).ndim for x in _CONSTANTS):
            raise ValueError("the output neurons are recurrent or differ, expected neither: take from_graph")
    settings = encoder.settings(content.encoder)
    shared = all(getattr(layer, name).ndim == 0 for layer in hidden for name in _CONSTANTS)
    shared = shared and all(len({float(getattr(layer, name)) for layer in hidden}) == 1 for name in _CONSTANTS)
    settings |= {name: float(np.mean(getattr(hidden[0], name))) for name in _CONSTANTS}
    if not shared:
        hidden = [_each(layer) for layer in hidden]
    hidden, delays = _alike(hidden, duration)
    outputs = readout.neurons if content.readout is None else readout.w.shape[1]
    network = Network(
        settings.pop("inputs", hidden[0].inputs), outputs,
        hidden=tuple(layer.neurons for layer in hidden), recurrent=recurrent == {True}, loss=loss, duration=duration,
        delay=content.delay, constants="shared" if shared else "equal", **settings, **delays,
    )  # fmt: skip
    return network, NetworkParams(tuple(hidden), readout)


def _each(layer: LIFParams) -> LIFParams:
    """With one entry of every constant for each neuron."""
    values: Any = {name: jnp.broadcast_to(getattr(layer, name), layer.neurons) for name in _CONSTANTS}
    return layer._replace(**values)


def _alike(layers: list[LIFParams], duration: float) -> tuple[list[LIFParams], dict[str, Any]]:
    """Layers that all have the delays that one has, and the settings that say so."""
    found = [layer.delays or Delays() for layer in layers]
    kinds = {name: any(getattr(each, name) is not None for each in found) for name in Delays._fields}
    if not any(kinds.values()):
        return layers, {}
    done, longest = [], 0.0
    for layer, given in zip(layers, found, strict=True):
        sizes = {"inputs": layer.inputs, "recurrent": layer.neurons}
        filled = {
            name: jnp.zeros(sizes[name], layer.w_in.dtype) if getattr(given, name) is None else getattr(given, name)
            for name, there in kinds.items()
            if there
        }
        longest = max([longest, *(float(x.max()) for x in filled.values())])
        done.append(layer._replace(delays=Delays(**filled)))
    names = {"input_delays": "channels" if kinds["inputs"] else "none"}
    names |= {"recurrent_delays": "neurons" if kinds["recurrent"] else "none"}
    usual: Any = Network.__dataclass_fields__["longest_delay"].default
    return done, names | {"longest_delay": max(longest, min(usual, duration / 2))}
