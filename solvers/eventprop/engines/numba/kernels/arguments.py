"""What kernels take, as named tuples: what belongs together goes by one name.

Arrays are those of a batch at the entry points, and those of one sample inside. Of what comes by event or by spike, a
batch has one sample after the other along the only axis, and ``count`` and ``start`` say how many and from where on;
otherwise the samples are the first axis.
"""

from typing import Any, NamedTuple


class Layer(NamedTuple):
    """Parameters of a layer.

    Attributes:
        weights: ``[pre (+ post), post]``, the recurrent rows below those of the inputs [voltage].
        recurrent: whether there are recurrent rows.
        tau_mem: ``[post]`` [s].
        tau_syn: ``[post]`` [s].
        threshold: ``[post]`` [voltage].
        reset: ``[post]`` [voltage].
        shared: whether all neurons have the same time constants.
    """

    weights: Any
    recurrent: bool
    tau_mem: Any
    tau_syn: Any
    threshold: Any
    reset: Any
    shared: bool


class Pool(NamedTuple):
    """The events of a batch.

    Attributes:
        times: ``[slots]`` [s], ascending in each sample.
        units: ``[slots]``, rows of the input weights.
        start: first slot of each sample.
        count: number of events of each sample.
    """

    times: Any
    units: Any
    start: Any
    count: Any


class Found(NamedTuple):
    """Room for the spikes of those samples of a batch that a thread has.

    Attributes:
        times: ``[slots]``, as in ``Stored``, likewise the following.
        units: ``[slots]``.
        current: ``[slots]``.
        start: receives the first slot of each sample.
        count: receives the number of spikes of each sample; above the capacity if there was no room.
    """

    times: Any
    units: Any
    current: Any
    start: Any
    count: Any


class Input(NamedTuple):
    """Input events.

    Attributes:
        times: ``[events]`` [s], ascending.
        units: ``[events]``, rows of the input weights.
        count: number of events.
    """

    times: Any
    units: Any
    count: Any


class Block(NamedTuple):
    """A stretch of time, and what arrives in it.

    Attributes:
        begin: [s].
        end: [s].
        arrive: times of the arrivals [s].
        rows: of the stacked weights, of each arrival.
        count: number of arrivals.
    """

    begin: Any
    end: Any
    arrive: Any
    rows: Any
    count: Any


class Stored(NamedTuple):
    """The spikes of a layer.

    Attributes:
        times: ``[capacity]`` [s], in double precision where that of the layer is too coarse.
        units: ``[capacity]``, neurons of the layer.
        current: ``[capacity]``, of the spiking neuron [voltage].
        count: number of spikes; above the capacity if there was no room.
    """

    times: Any
    units: Any
    current: Any
    count: Any


class Cotangents(NamedTuple):
    """Derivatives of the loss.

    Attributes:
        times: with respect to each spike time, ``[capacity]``.
        counts: with respect to the spike count of each neuron, ``[post]`` (a heuristic, see ``backward._spike``).
    """

    times: Any
    counts: Any


class Wanted(NamedTuple):
    """Which optional gradients are wanted, and which part of them is.

    Attributes:
        tau: of the time constants.
        times: of the input times.
        reset: whether resets move with the spikes, or their times are held fixed.
    """

    tau: bool
    times: bool
    reset: bool


class Gradient(NamedTuple):
    """Gradients that a kernel adds to.

    Attributes:
        weights: of the stacked weights.
        tau_mem: ``[post]``.
        tau_syn: ``[post]``.
        threshold: ``[post]``.
        reset: ``[post]``.
        delays: of the recurrent connections, by the neuron that they come from, ``[post]``; or those of all synapses,
            in the shape of the stacked weights.
        refractory: ``[post]``; empty without a refractory period.
        times: of the input times, ``[events]``; empty if they are not wanted.
    """

    weights: Any
    tau_mem: Any
    tau_syn: Any
    threshold: Any
    reset: Any
    delays: Any
    refractory: Any
    times: Any
