"""Devices over which a training spreads the neurons of each layer, for weights that do not fit one of them.

A device has the columns of the weights to its own neurons, their gradient, and what the optimiser keeps of them. Only
the layers know of it (``gradlab.methods.spread``): the rest of a step is written for whole arrays, and JAX computes it
where their parts are, norms over all weights included.
"""

from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from solvers.eventprop import neuron_specs

from ..methods import Method
from ..methods.spread import NEURONS, SAMPLES
from ..networks.network import Network
from ..networks.params import NetworkParams
from ..networks.readouts import ReadoutParams
from .devices import AXIS, Devices, Function, order


def devices_of(mesh: Mesh | None, batch_size: int, network: Network, method: Method) -> Devices:
    """The devices of a training.

    Args:
        mesh: of devices; those along an axis "neurons" share the neurons of each layer, all others have samples of
            their own. None for JAX's default device alone.
        batch_size: samples of a batch.
        network: that is trained.
        method: by which.

    Raises:
        ValueError: if network, method or batch cannot be spread so, or JAX is kept from the memory of the host.
    """
    if mesh is None:
        return Devices(None, batch_size)
    method.check_apart(network)
    if AXIS not in mesh.axis_names:
        return Devices(mesh, batch_size)
    method.check_neurons_apart(network)
    for neurons in network.spiking_sizes:
        if neurons % mesh.shape[AXIS]:
            raise ValueError(
                f"a layer has {neurons} spiking neurons, expected a multiple of {mesh.shape[AXIS]}, the devices that "
                "neurons are spread over: change hidden, the loss, or neuron_devices"
            )
    return NeuronDevices(mesh, batch_size)


class NeuronDevices(Devices):
    """Devices of a mesh with an axis for neurons."""

    _mesh: Mesh
    _host: Any

    def _arranged(self, mesh: Mesh) -> Mesh:
        """See ``Devices``: the devices of a row share neurons."""
        try:
            self._host = jax.local_devices(backend="cpu")[0]
        except RuntimeError:
            raise ValueError(
                "JAX_PLATFORMS leaves out cpu, in whose memory whole weights are where neurons are spread over "
                "devices: add it, such as JAX_PLATFORMS=cuda,cpu"
            ) from None
        rows = np.moveaxis(mesh.devices, mesh.axis_names.index(AXIS), -1).reshape(-1, mesh.shape[AXIS])
        return Mesh(sorted(rows, key=lambda row: order(row[0])), (SAMPLES, NEURONS))

    def at_rest(self) -> AbstractContextManager[None]:
        """See ``Devices``: in the memory of the host, for all weights need not fit a device."""
        return jax.default_device(self._host)

    def spread(self, function: Function, *of_samples: int) -> Function:
        """See ``Devices``; the function sees whole arrays."""

        @wraps(function)
        def on_all(*args: Any, **static: Any) -> Any:
            with jax.sharding.use_abstract_mesh(self._mesh.abstract_mesh):
                result = function(*args, **static)
            return lax.with_sharding_constraint(result, self._places(result))

        return on_all  # type: ignore[return-value]

    def everywhere(self, tree: Any) -> Any:
        """See ``Devices``; of a layer's parameters, a device gets those of its neurons."""
        return jax.device_put(jax.tree.map(np.asarray, tree), self._places(tree))

    def here(self, tree: Any) -> Any:
        """See ``Devices``."""
        return jax.tree.map(lambda x: jnp.asarray(multihost_utils.process_allgather(x, tiled=True)), tree)

    def _places(self, tree: Any) -> Any:
        """Where each array belongs: those of spiking layers by neuron, moments of the optimiser too; all else whole."""

        def specs(node: Any) -> Any:
            if not isinstance(node, NetworkParams):
                return P()
            of_neurons = neuron_specs(node, NEURONS)
            if not isinstance(node.readout, ReadoutParams):
                return of_neurons
            return of_neurons._replace(readout=jax.tree.map(lambda _: P(), node.readout))

        spread = jax.tree.map(specs, tree, is_leaf=lambda node: isinstance(node, NetworkParams))
        return jax.tree.map(lambda spec: NamedSharding(self._mesh, spec), spread)
