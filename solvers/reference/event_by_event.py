"""A plain oracle of the LIF layer: its spikes, event by event."""

import jax
import numpy as np
from jaxtyping import Array, ArrayLike

from ..events import Events, pad_events
from ..neurons.lif import LIFParams, flow, next_crossing


@jax.jit
def _advance(
    state: tuple[ArrayLike, ArrayLike], lag: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike, threshold: ArrayLike
) -> tuple[tuple[Array, Array], Array]:
    """State after a lag, and every neuron's lag to its next crossing from now."""
    return flow(*state, lag, tau_mem, tau_syn), next_crossing(*state, tau_mem, tau_syn, threshold)


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
        delay: of the recurrent connections [s].
        inserted: time, neuron and amplitude of a spike put in by hand; its reset and what arrives are in proportion to
            the amplitude.

    Returns:
        The output spikes, with as much room as there are spikes; with amplitudes if one was put in.
    """
    amplitudes = np.ones(events.capacity) if events.amplitudes is None else np.asarray(events.amplitudes)
    queue = [
        (float(t), a * np.asarray(params.w_in[u]))
        for t, u, a in zip(events.times, events.units, amplitudes, strict=True)
        if u >= 0
    ]
    w_rec = None if params.w_rec is None else np.asarray(params.w_rec)
    each = lambda x: np.broadcast_to(x, params.neurons)  # noqa: E731
    constants, reset = (each(params.tau_mem), each(params.tau_syn), each(params.threshold)), each(params.reset)
    v, i, now, spikes = np.zeros(params.neurons), np.zeros(params.neurons), 0.0, []
    kick = np.inf if inserted is None else inserted[0]
    while True:
        arrival = min((t for t, _ in queue), default=np.inf)
        crossing = np.asarray(_advance((v, i), 0.0, *constants)[1])
        then = min(arrival, now + crossing.min(), kick, duration)
        if then >= duration:
            break
        v, i = (np.array(x) for x in _advance((v, i), then - now, *constants)[0])
        if then == kick and inserted is not None:
            _, neuron, amplitude = inserted
            v[neuron] -= amplitude * (constants[2][neuron] - reset[neuron])
            spikes.append((then, neuron, amplitude))
            if w_rec is not None:
                queue.append((then + delay, amplitude * w_rec[neuron]))
            kick = np.inf
        elif then < arrival:
            neuron = int(crossing.argmin())
            v[neuron] = reset[neuron]
            spikes.append((then, neuron, 1.0))
            if w_rec is not None:
                queue.append((then + delay, w_rec[neuron]))
        else:
            i = i + sum(w for t, w in queue if t == arrival)
            queue = [(t, w) for t, w in queue if t != arrival]
        now = then
    times, units = np.array([t for t, _, _ in spikes]), np.array([u for _, u, _ in spikes], int)
    found = jax.tree.map(lambda x: x[0], pad_events([(times, units)], capacity=max(len(spikes), 1)))
    return found if inserted is None else found._replace(amplitudes=np.array([a for _, _, a in spikes]))
