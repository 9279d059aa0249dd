"""Entry points of the kernels: loops over the samples of one thread."""

import hashlib
from pathlib import Path

from numba import njit

from .arguments import Cotangents, Gradient, Input, Stored
from .arrivals import block_length, reach
from .backward import adjoint
from .flow import ALLOCATING
from .forward import simulate
from .ghosts import Marks, Watch
from .series import expand
from .synapses_backward import of_delays, synaptic_adjoint
from .synapses_forward import room_under_way


@njit(**ALLOCATING)
def _row(array, b):
    """A sample of an array that may be None."""
    if array is None:
        return None
    return array[b]


@njit(**ALLOCATING)
def _watch_of(watch, b):
    """Of one sample; None if there is none."""
    if watch is None:
        return None
    return Watch(watch.margins[b], watch.half_width, watch.dip)


@njit(**ALLOCATING)
def _marks_of(marks, b):
    """Of one sample; None if there is none."""
    if marks is None:
        return None
    return Marks(
        marks.there[b], marks.margins[b], marks.at_amplitudes[b], marks.inputs[b], marks.d_inputs[b],
        marks.half_width, marks.floor, marks.timing, marks.existence,
    )  # fmt: skip


@njit(**ALLOCATING)
def _length(layer, delays, synapses, back):
    """Length of a block [s]: that of the backward pass is only limited by the delays of synapses."""
    if synapses is not None:
        return synapses.length
    if back:
        return reach(layer.tau_mem, layer.tau_syn)
    return block_length(layer.tau_mem, layer.tau_syn, delays.min())


def _sources() -> str:
    here = Path(__file__).parent
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(here.glob("*.py")))).hexdigest()


def _entry_points(sources: str):
    """The compiled entry points, cached on disk.

    numba's cache looks only at the file of the cached function, not at those that it calls; but also at the values that
    it closes over, so a hash of all sources makes it compile again when any kernel has changed.
    """

    @njit(cache=True, **ALLOCATING)
    def simulate_batch(layer, refractory, events, duration, delays, synapses, stored, release, watch, first, stride):
        """``forward.simulate`` for samples first, first + stride, ...; numbers of spikes go to ``stored.count``."""
        sources  # noqa: B018
        longest = _length(layer, delays, synapses, False)
        expanded = expand(layer.tau_mem, layer.tau_syn, longest, layer.shared)
        most = events.times.shape[1] + stored.times.shape[1]
        under_way = room_under_way(synapses, layer.weights.shape[1], most, layer.weights.dtype.type)
        for b in range(first, len(events.count), stride):
            sample = Input(events.times[b], events.units[b], events.count[b])
            out = stored.times[b], stored.units[b], stored.current[b]
            of_sample = _row(release, b)
            seen = _watch_of(watch, b)
            stored.count[b] = simulate(
                layer, refractory, longest, expanded, sample, duration, delays, synapses, under_way, out, of_sample,
                seen,
            )  # fmt: skip

    @njit(cache=True, **ALLOCATING)
    def adjoint_batch(
        layer,
        refractory,
        events,
        duration,
        delays,
        synapses,
        stored,
        release,
        cotangents,
        wanted,
        gradient,
        marks,
        first,
        stride,
    ):
        """``backward.adjoint`` likewise; a sample that had no room for its spikes is left out."""
        sources  # noqa: B018
        length = _length(layer, delays, synapses, True)
        expanded = expand(layer.tau_mem, layer.tau_syn, length, layer.shared)
        g = gradient
        for b in range(first, len(events.count), stride):
            if stored.count[b] <= stored.times.shape[1]:
                sample = Input(events.times[b], events.units[b], events.count[b])
                spikes = Stored(stored.times[b], stored.units[b], stored.current[b], stored.count[b])
                outer = Cotangents(cotangents.times[b], cotangents.counts[b])
                own = Gradient(
                    g.weights, g.tau_mem, g.tau_syn, g.threshold, g.reset, g.delays, g.refractory, g.times[b]
                )
                of_sample = _row(release, b)
                seen = _marks_of(marks, b)
                if synapses is None:
                    adjoint(
                        layer, refractory, length, expanded, sample, delays, spikes, of_sample, outer, wanted, own, seen
                    )
                else:
                    synaptic_adjoint(
                        layer,
                        refractory,
                        length,
                        expanded,
                        sample,
                        synapses,
                        spikes,
                        of_sample,
                        outer,
                        wanted,
                        own,
                        seen,
                    )
        if synapses is not None:
            of_delays(layer, expanded, gradient)

    return simulate_batch, adjoint_batch


simulate_batch, adjoint_batch = _entry_points(_sources())
