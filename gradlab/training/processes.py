"""Several processes that train together, on one machine or many, by JAX's own distributed runtime.

All do the same, each with the devices of its own; the first one alone writes and shows anything.
"""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import jax
from jax.sharding import Mesh

from solvers.fields import Count, CountOrNone, check_fields

from .devices import mesh_of

AUTO = "auto"
_HEARTBEAT = 60  # [s] without a sign of life, after which a process counts as ended
_ENDED = ("Gloo", "coordination service", "distributed service", "NCCL")  # in errors of JAX after the end of another


@dataclass(frozen=True)
class Placement:
    """Where a training is computed; its result does not depend on it, but for rounding.

    Attributes:
        devices: over which each batch is spread, of all processes together; by default one, or with a coordinator all
            that there are. The batch size must be a multiple.
        neuron_devices: so many devices at a time share a part of the batch, and each has the weights to its part of the
            neurons of each layer, for weights that do not fit one device; eventprop with the engine xla. ``devices``
            counts them all, by default these alone, and the batch size must be a multiple of devices / neuron_devices.
        coordinator: address of the first of several processes that train together, HOST:PORT, with a port that is free
            there; or auto where JAX finds it by itself, such as in a job of SLURM.
        processes: how many there are; not with auto.
        process_id: of this one, counted from 0; not with auto.
    """

    devices: Count | None = None
    coordinator: str | None = None
    processes: Count | None = None
    process_id: CountOrNone | None = None
    neuron_devices: Count | None = None

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_fields(self)
        named = self.processes is not None and self.process_id is not None
        if named != (self.coordinator not in (None, AUTO)) or (self.processes is None) != (self.process_id is None):
            raise ValueError(
                f"coordinator is {self.coordinator}, processes {self.processes} and process_id {self.process_id}: give "
                "all three, the coordinator auto alone, or none of them"
            )
        if self.coordinator not in (None, AUTO) and not re.fullmatch(r".+:\d{1,5}", self.coordinator, re.ASCII):
            raise ValueError(f"coordinator is {self.coordinator!r}, expected HOST:PORT or auto")
        if self.process_id is not None and self.processes is not None and self.process_id >= self.processes:
            raise ValueError(f"process_id is {self.process_id}, expected < {self.processes}, the number of processes")

    @property
    def mesh(self) -> Mesh | None:
        """The devices; None for JAX's default device alone.

        Raises:
            ValueError: as ``mesh_of``, and if the processes are not ``joined``.
        """
        if self.coordinator is not None and not jax.distributed.is_initialized():
            raise ValueError("coordinator is given, but several processes do gradlab train only: leave it out")
        count = self.devices or (None if self.coordinator else self.neuron_devices)
        return None if count is None and self.coordinator is None else mesh_of(count, self.neuron_devices)


@contextmanager
def joined(placement: Placement) -> Iterator[None]:
    """Be one of the processes that train together, before JAX computes anything.

    Raises:
        ValueError: if JAX does not find the others by itself.
        OSError: if the port is taken, the others cannot be reached, or one of them ends.
    """
    if placement.coordinator is None:
        yield
        return
    automatic = placement.coordinator == AUTO
    if placement.process_id == 0:
        _require_free(placement.coordinator)
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM for itself
    try:
        jax.distributed.initialize(
            None if automatic else placement.coordinator, placement.processes, placement.process_id,
            heartbeat_timeout_seconds=_HEARTBEAT, cluster_detection_method=None if automatic else "deactivate",
        )  # fmt: skip
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"coordinator is {placement.coordinator}, but JAX finds no processes that belong together ({error}): name "
            "coordinator, processes and process_id"
        ) from error
    except RuntimeError as error:
        raise ConnectionError(f"{placement.coordinator}: the processes did not find each other ({error})") from error
    with ExitStack() as stack:
        if jax.process_index():
            nowhere = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
        try:
            yield
            jax.distributed.shutdown()  # waits for the others
        except Exception as error:
            if not any(words in str(error) for words in _ENDED):
                raise
            raise ConnectionError(
                f"another process of this training has ended: start all again with --resume, or one alone ({error})"
            ) from error


def _require_free(coordinator: str) -> None:
    """Refuse a port that is taken, with which JAX would crash."""
    port = int(coordinator.rpartition(":")[2])
    try:
        socket.create_server(("", port)).close()
    except (OSError, OverflowError) as error:
        raise OSError(f"coordinator is {coordinator}, whose port cannot be used here ({error}): name another") from None
