"""The devices of one training: each batch is spread over them, and what they find is put together.

Parameters and optimiser are the same on all. Inside ``jax.shard_map`` a device has its part of the batch; ``mean``,
``total`` and ``greatest`` are those over the parts, and change nothing where the batch is whole. As the derivative of a
mean over devices is taken on each of them, the mean of their gradients is the gradient of the whole batch.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from ..methods.spread import SAMPLES, is_spread

AXIS = "neurons"  # of a mesh, over which neurons are spread and not samples
Function = TypeVar("Function", bound=Callable[..., Any])


def mesh_of(count: int | None, neurons: int | None = None) -> Mesh:
    """A mesh of so many devices, as many of each process; of all that there are with None.

    Args:
        count: of devices.
        neurons: of how many devices there is an axis for neurons, see ``gradlab.training.neurons``.

    Raises:
        ValueError: if there are not so many, or they do not fill the axis for neurons.
    """
    by_process: dict[int, list[Any]] = {}
    for device in jax.devices():
        by_process.setdefault(device.process_index, []).append(device)
    count, processes = len(jax.devices()) if count is None else count, len(by_process)
    if count % processes:
        raise ValueError(f"devices is {count}, expected a multiple of {processes}, the number of processes")
    each = count // processes
    if each > (there := min(map(len, by_process.values()))):
        force = f", or set XLA_FLAGS=--xla_force_host_platform_device_count={each} before the start"
        raise ValueError(
            f"devices is {count}, but JAX has {there * processes} ({jax.default_backend()}): lower it"
            + (force if jax.default_backend() == "cpu" else "")
        )
    chosen = [device for own in by_process.values() for device in own[:each]]
    if neurons is None:
        return jax.make_mesh((count,), (SAMPLES,), (AxisType.Auto,), devices=chosen)
    if count % neurons:
        raise ValueError(f"devices is {count}, expected a multiple of neuron_devices, which is {neurons}")
    return jax.make_mesh((count // neurons, neurons), (SAMPLES, AXIS), 2 * (AxisType.Auto,), devices=chosen)


def order(device: Any) -> tuple[int, int]:
    """By what devices are sorted, so that those of a process stand together."""
    return device.process_index, device.id


def mean(tree: Any) -> Any:
    """Mean over the parts of a batch."""
    return _over_parts(lax.pmean, tree)


def total(tree: Any) -> Any:
    """Sum over the parts of a batch."""
    return _over_parts(lax.psum, tree)


def greatest(tree: Any) -> Any:
    """The largest in any part of a batch."""
    return _over_parts(lax.pmax, tree)


def _over_parts(reduce: Callable[[Any, str], Any], tree: Any) -> Any:
    return reduce(tree, SAMPLES) if is_spread() else tree


class Devices:
    """Where the batches of a training are computed.

    Attributes:
        count: of devices.
        neurons: how many of them have the same samples, and share the neurons of each layer.
        processes: to how many processes they belong.
        is_first: whether this process is the one that writes and shows what all of them do.
    """

    def __init__(self, mesh: Mesh | None, batch_size: int):
        """Bind devices.

        Args:
            mesh: of devices, of any shape; None for JAX's default device alone.
            batch_size: samples of a batch.

        Raises:
            ValueError: if the devices cannot have the same number of samples each.
        """
        self._mesh = None if mesh is None else self._arranged(mesh)
        here = jax.process_index()
        owners = np.array([[here]])  # of the devices, by part of a batch
        if self._mesh is not None:
            parts = self._mesh.devices.reshape(len(self._mesh.devices), -1)
            owners = np.array([[device.process_index for device in part] for part in parts])
        every = list(dict.fromkeys(owners.flat))
        self._parts, self.neurons = owners.shape
        self.count, self.processes = owners.size, len(every)
        self._own = np.flatnonzero((owners == here).any(1))  # parts
        self.is_first = every.index(here) == 0
        if batch_size % self._parts:
            raise ValueError(
                f"batch_size is {batch_size}, expected a multiple of {self._parts}, the devices that it is spread over"
            )

    def _arranged(self, mesh: Mesh) -> Mesh:
        """The devices in rows, of which each has a part of a batch, in order of the processes."""
        return Mesh(sorted(mesh.devices.flat, key=order), (SAMPLES,))

    def own(self, batch: int) -> slice:
        """The samples of a batch that go to devices of this process."""
        each = batch // self._parts
        return slice(self._own[0] * each, (self._own[-1] + 1) * each)

    def in_one_memory(self, batch: int) -> int:
        """How many samples of a batch share a memory: those of a process on CPUs, of a device on others."""
        return batch // self._parts * (len(self._own) if jax.default_backend() == "cpu" else 1)

    def weights_in_one_memory(self, arrays: float) -> float:
        """How many of so many arrays of the size of all weights share a memory."""
        return arrays / (1 if jax.default_backend() == "cpu" else self.neurons)

    def at_rest(self) -> AbstractContextManager[None]:
        """Where JAX computes what is not fed to the devices: the start of a training and the ends of its epochs."""
        return nullcontext()

    def spread(self, function: Function, *of_samples: int) -> Function:
        """A function that each device calls with its part of a batch; what it returns must be the same on all.

        Args:
            function: of arrays; keyword arguments are static.
            *of_samples: places of the arguments that have a row for each sample.
        """
        mesh = self._mesh
        if mesh is None:
            return function

        @wraps(function)
        def on_each(*args: Any, **static: Any) -> Any:
            specs = tuple(P(SAMPLES) if place in of_samples else P() for place in range(len(args)))
            # Unchecked: what is the same on all devices is so by the means above, not by the types of the loops inside.
            one = jax.shard_map(partial(function, **static), mesh=mesh, in_specs=specs, out_specs=P(), check_vma=False)
            return one(*args)

        return on_each  # type: ignore[return-value]

    def feed(self, own: Any) -> Any:
        """The samples of a batch that this process has, as arrays of a whole batch on the devices."""
        if self._mesh is None:
            return own
        samples = NamedSharding(self._mesh, P(SAMPLES))
        return jax.tree.map(lambda x: jax.make_array_from_process_local_data(samples, np.asarray(x)), own)

    def everywhere(self, tree: Any) -> Any:
        """Arrays that are the same in all processes, on each device."""
        if self._mesh is None:
            return tree
        return jax.device_put(jax.tree.map(np.asarray, tree), NamedSharding(self._mesh, P()))

    def here(self, tree: Any) -> Any:
        """The same arrays for this process alone, on JAX's default device."""
        return tree if self._mesh is None else jax.tree.map(lambda x: jnp.asarray(np.asarray(x)), tree)

    def agreed(self, number: int) -> int:
        """The largest number that any of the processes gives; all have to ask."""
        return int(multihost_utils.process_allgather(np.int32(number)).max()) if self.processes > 1 else number

    def require_same(self, digest: str) -> None:
        """Refuse to go on if the processes give different digests, which are as long; all have to ask.

        Raises:
            ValueError: says what to do.
        """
        if self.processes > 1:
            given = multihost_utils.process_allgather(np.frombuffer(digest.encode(), np.uint8))
            if (given != given[0]).any():
                raise ValueError(
                    "the processes have different settings, data or checkpoints: start all with the same options, "
                    "and let them see the same folders"
                )
