"""A plain oracle of the LIF layer: its spikes, event by event."""

import heapq
import itertools

import jax
import numpy as np
from jaxtyping import Array, ArrayLike

from ..delays import delays_of
from ..events import Events, pad_events
from ..neurons.lif import LIFParams, flow, next_crossing


@jax.jit
def _advance(
    state: tuple[ArrayLike, ArrayLike], lag: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike, threshold: ArrayLike
) -> tuple[tuple[Array, Array], Array]:
    """State after a lag, and every neuron's lag to its next crossing from now."""
    return flow(*state, lag, tau_mem, tau_syn), next_crossing(*state, tau_mem, tau_syn, threshold)


class Neurons:
    """Neurons at rest at first, which go on from where they are; what a spike sends to whom is the caller's.

    Attributes:
        now: where they are [s].
        v: voltages.
        i: synaptic currents [voltage].
        threshold: of each neuron.
        reset: of each neuron.
    """

    def __init__(self, params: LIFParams):
        """Bind the constants of a layer; use double precision."""
        each = lambda x: np.broadcast_to(x, params.neurons)  # noqa: E731
        self.threshold, self.reset = each(params.threshold), each(params.reset)
        self._constants = each(params.tau_mem), each(params.tau_syn), self.threshold
        self.now, self.v, self.i = 0.0, np.zeros(params.neurons), np.zeros(params.neurons)
        self._queue: list[tuple[float, int, np.ndarray]] = []
        self._number = itertools.count()  # so that the queue never compares weights

    def expect(self, time: float, weights: np.ndarray) -> None:
        """Something will arrive at a time [s], with a weight for each neuron."""
        heapq.heappush(self._queue, (time, next(self._number), weights))

    def spike_before(self, end: float) -> int | None:
        """Go on to the next spike, of which the neuron is returned; or to the end [s], short of what arrives there."""
        while True:
            arrival = self._queue[0][0] if self._queue else np.inf
            crossing = np.asarray(_advance((self.v, self.i), 0.0, *self._constants)[1])
            then = min(arrival, self.now + crossing.min(), end)
            state, _ = _advance((self.v, self.i), max(then - self.now, 0.0), *self._constants)
            self.v, self.i = (np.array(x) for x in state)
            self.now = then
            if then >= end:
                return None
            if then < arrival:
                neuron = int(crossing.argmin())
                self.v[neuron] = self.reset[neuron]
                return neuron
            while self._queue and self._queue[0][0] == arrival:
                self.i += heapq.heappop(self._queue)[2]


def simulate(
    params: LIFParams,
    events: Events,
    *,
    duration: float,
    delay: float,
    inserted: tuple[float, int, float] | None = None,
) -> Events:
    """Spikes of one sample: all neurons are advanced to the next arrival or crossing, whichever comes first.

    Args:
        params: of one layer; use double precision.
        events: one sample, ``[capacity]``; amplitudes, if there are any, of any size.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s]; the ``delays`` of the parameters, of any kind, come on top.
        inserted: time, neuron and amplitude of a spike put in by hand; its reset and what arrives are in proportion to
            the amplitude.

    Returns:
        The output spikes, with as much room as there are spikes; with amplitudes if one was put in.
    """
    amplitudes = np.ones(events.capacity) if events.amplitudes is None else np.asarray(events.amplitudes)
    w_in = np.asarray(params.w_in)
    w_rec, of_inputs, of_own = (None if x is None else np.asarray(x) for x in (params.w_rec, *delays_of(params)))
    neurons, spikes = Neurons(params), []

    def send(time: float, weights: np.ndarray, lags: ArrayLike) -> None:
        """What a spike brings: arrivals at all neurons with the same lag together."""
        lags = np.broadcast_to(lags, params.neurons)
        for lag in np.unique(lags):
            neurons.expect(time + lag, np.where(lags == lag, weights, 0))

    for t, u, a in zip(events.times, events.units, amplitudes, strict=True):
        if u >= 0:
            send(float(t), a * w_in[u], 0.0 if of_inputs is None else of_inputs[u])

    def note(neuron: int, amplitude: float) -> None:
        spikes.append((neurons.now, neuron, amplitude))
        if w_rec is not None:
            send(neurons.now, amplitude * w_rec[neuron], delay + (0.0 if of_own is None else of_own[neuron]))

    def run(end: float) -> None:
        while (neuron := neurons.spike_before(end)) is not None:
            note(neuron, 1.0)

    if inserted is not None and inserted[0] < duration:
        kick, neuron, amplitude = inserted
        run(kick)
        neurons.v[neuron] -= amplitude * (neurons.threshold[neuron] - neurons.reset[neuron])
        note(neuron, amplitude)
    run(duration)
    times, units = np.array([t for t, _, _ in spikes]), np.array([u for _, u, _ in spikes], int)
    found = jax.tree.map(lambda x: x[0], pad_events([(times, units)], capacity=max(len(spikes), 1)))
    return found if inserted is None else found._replace(amplitudes=np.array([a for _, _, a in spikes]))
