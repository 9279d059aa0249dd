"""Memory that a training needs at least, estimated before anything is compiled, and what there is.

The estimate is a lower bound: what is refused would not fit. What XLA adds for itself, and the data, are not in it.
"""

import sys
from pathlib import Path

import jax
import psutil

from ..methods import Method
from ..methods.base import Capacities
from ..networks.network import Network

_BYTES = 4  # of a number in single precision
#: Arrays of the size of all weights: these and their gradient; in a training also the new ones and two moments of Adam.
GRADIENT, TRAINING = 2, 5
_CGROUP = Path("/sys/fs/cgroup")  # Linux, version 2: where a job's or a container's limit stands


def weight_bytes(network: Network) -> int:
    """Bytes of all weights, without the constants of the neurons."""
    sizes = (network.rows, *network.hidden, network.outputs)
    forward = sum(pre * post for pre, post in zip(sizes[:-1], sizes[1:], strict=True))
    return _BYTES * (forward + network.recurrent * sum(n * n for n in network.hidden))


def available_bytes() -> int:
    """Bytes that this process can still get, on the accelerator if there is one; as far as the system tells."""
    device = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in device:
        return int(device["bytes_limit"])
    machine = psutil.virtual_memory().available + psutil.swap_memory().free
    return min([machine, *_limits()])


def _limits() -> list[int]:
    """What limits this process beside the machine: a control group, or ``ulimit -v``."""
    found = []
    own = Path("/proc/self/cgroup")
    if own.exists():
        group = _CGROUP / own.read_text().splitlines()[-1].rpartition(":")[2].lstrip("/")
        texts = [(each / "memory.max") for each in (group, *group.parents) if each.is_relative_to(_CGROUP)]
        found += [int(text) for path in texts if path.exists() and (text := path.read_text().strip()).isdecimal()]
    if sys.platform != "win32":
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        if soft != resource.RLIM_INFINITY:
            found.append(soft - psutil.Process().memory_info().vms)
    return found


def require_memory(network: Network, method: Method, batch_size: int, capacities: Capacities, weights: float) -> None:
    """Refuse what cannot fit.

    Args:
        network: structure and settings.
        method: how it is differentiated.
        batch_size: samples of a step.
        capacities: room for spikes at first, by spiking layer.
        weights: how many arrays of the size of all weights there are, such as ``TRAINING``.

    Raises:
        ValueError: gives the estimate, what is available, and what to lower.
    """
    matrices, kept = weights * weight_bytes(network), method.kept_bytes(network, batch_size, capacities)
    available = available_bytes()
    if matrices + kept > available:
        relief = "lower hidden or delay_line, or raise pool" if matrices > kept else method.relief
        raise ValueError(
            f"memory of {_gb(matrices + kept)} is needed at least ({_gb(matrices)} for {weights:g} times the weights, "
            f"as gradient and the like, {_gb(kept)} kept for the backward pass of {batch_size} samples), but "
            f"{_gb(max(available, 0))} are available: {relief}"
        )


def _gb(number: float) -> str:
    return f"{number / 1e9:,.1f} GB" if number < 1e15 else f"{number / 1e9:.1e} GB"
