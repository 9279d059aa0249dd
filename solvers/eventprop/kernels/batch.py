"""Entry points of the kernels: loops over the samples of one thread."""

import hashlib
from pathlib import Path

from numba import njit

from .arrivals import block_length, reach
from .backward import adjoint
from .flow import ALLOCATING
from .forward import simulate
from .series import expand


def _sources() -> str:
    here = Path(__file__).parent
    files = [here.parent / "wrong_input.py", *sorted(here.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _entry_points(sources: str):
    """The compiled entry points, cached on disk.

    numba's cache looks only at the file of the cached function, not at those that it calls; but also at the values that
    it closes over, so a hash of all sources makes it compile again when any kernel has changed.
    """

    @njit(cache=True, **ALLOCATING)
    def simulate_batch(
        weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, times, units, count, duration, delay,
        out, spikes, first, stride,
    ):  # fmt: skip
        """``forward.simulate`` for samples first, first + stride, ...; their numbers of spikes go to ``spikes``."""
        sources  # noqa: B018
        longest = block_length(tau_mem, tau_syn, delay)
        expanded = expand(tau_mem, tau_syn, longest, shared)
        for b in range(first, len(count), stride):
            spikes[b] = simulate(
                weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, longest, expanded, times[b], units[b],
                count[b], duration, delay, (out[0][b], out[1][b], out[2][b]),
            )  # fmt: skip

    @njit(cache=True, **ALLOCATING)
    def adjoint_batch(
        weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, times, units, count, delay, stored, outer,
        trains_tau, wants_times, gradient, d_times, first, stride,
    ):  # fmt: skip
        """``backward.adjoint`` likewise; a sample that had no room for its spikes is left out."""
        sources  # noqa: B018
        spike_times, spike_units, spike_current, spikes = stored
        at_times, at_counts = outer
        length = reach(tau_mem, tau_syn)
        expanded = expand(tau_mem, tau_syn, length, shared)
        for b in range(first, len(count), stride):
            if spikes[b] <= spike_times.shape[1]:
                adjoint(
                    weights, recurrent, tau_mem, tau_syn, threshold, reset, shared, length, expanded, times[b],
                    units[b], count[b], delay, spike_times[b], spike_units[b], spike_current[b], spikes[b],
                    at_times[b], at_counts[b], trains_tau, wants_times,
                    (gradient[0], gradient[1], gradient[2], gradient[3], gradient[4], d_times[b]),
                )  # fmt: skip

    return simulate_batch, adjoint_batch


simulate_batch, adjoint_batch = _entry_points(_sources())
