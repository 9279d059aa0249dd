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
def _part(array, begin, end):
    """A sample of an array that may be None."""
    if array is None:
        return None
    return array[begin:end]


@njit(**ALLOCATING)
def _input_of(events, b):
    """Of one sample."""
    begin, count = events.start[b], events.count[b]
    return Input(events.times[begin : begin + count], events.units[begin : begin + count], count)


@njit(**ALLOCATING)
def _watch_of(watch, begin, end):
    """Of one sample; None if there is none."""
    if watch is None:
        return None
    return Watch(watch.margins[begin:end], watch.half_width, watch.dip)


@njit(**ALLOCATING)
def _marks_of(marks, events, spikes, b):
    """Of one sample; None if there is none."""
    if marks is None:
        return None
    begin, end = spikes.start[b], spikes.start[b] + spikes.count[b]
    e_begin, e_end = events.start[b], events.start[b] + events.count[b]
    return Marks(
        marks.there[begin:end], marks.margins[begin:end], marks.at_amplitudes[begin:end], marks.inputs[e_begin:e_end],
        marks.d_inputs[e_begin:e_end], marks.half_width, marks.floor, marks.timing, marks.existence,
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
    def simulate_batch(
        layer, refractory, events, duration, delays, synapses, capacity, found, release, watch, first, stride
    ):
        """``forward.simulate`` for samples first, first + stride, ..., whose spikes follow each other in ``found``.

        Once its slots are taken, but for those of one more sample, spikes are only counted: it starts from the front.
        """
        sources  # noqa: B018
        longest = _length(layer, delays, synapses, False)
        expanded = expand(layer.tau_mem, layer.tau_syn, longest, layer.shared)
        most = capacity
        for b in range(first, len(events.count), stride):
            most = max(most, capacity + events.count[b])
        under_way = room_under_way(synapses, layer.weights.shape[1], most, layer.weights.dtype.type)
        begin = 0
        for b in range(first, len(events.count), stride):
            if begin + capacity > len(found.times):
                begin = 0
            end = begin + capacity
            out = found.times[begin:end], found.units[begin:end], found.current[begin:end]
            of_sample, seen = _part(release, begin, end), _watch_of(watch, begin, end)
            found.start[b] = begin
            found.count[b] = simulate(
                layer, refractory, longest, expanded, _input_of(events, b), duration, delays, synapses, under_way, out,
                of_sample, seen,
            )  # fmt: skip
            if found.count[b] <= capacity:
                begin += found.count[b]

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
        """``backward.adjoint`` likewise, of spikes that all threads share."""
        sources  # noqa: B018
        length = _length(layer, delays, synapses, True)
        expanded = expand(layer.tau_mem, layer.tau_syn, length, layer.shared)
        g = gradient
        for b in range(first, len(events.count), stride):
            begin, end = stored.start[b], stored.start[b] + stored.count[b]
            e_begin, e_end = events.start[b], events.start[b] + events.count[b]
            sample = _input_of(events, b)
            spikes = Stored(
                stored.times[begin:end], stored.units[begin:end], stored.current[begin:end], stored.count[b]
            )
            outer = Cotangents(cotangents.times[begin:end], cotangents.counts[b])
            own = Gradient(
                g.weights, g.tau_mem, g.tau_syn, g.threshold, g.reset, g.delays, g.refractory, g.times[e_begin:e_end]
            )
            of_sample, seen = _part(release, begin, end), _marks_of(marks, events, stored, b)
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
