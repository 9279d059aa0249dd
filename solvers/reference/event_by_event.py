"""A plain oracle of the LIF layer: its spikes, event by event."""

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
    each = lambda x: np.broadcast_to(x, params.neurons)  # noqa: E731
    w_in = np.asarray(params.w_in)
    w_rec, of_inputs, of_own = (None if x is None else np.asarray(x) for x in (params.w_rec, *delays_of(params)))

    def sent(time: float, weights: np.ndarray, lags: ArrayLike) -> list[tuple[float, np.ndarray]]:
        """What a spike brings: arrivals at all neurons with the same lag together."""
        lags = each(lags)
        return [(time + lag, np.where(lags == lag, weights, 0)) for lag in np.unique(lags)]

    queue = []
    for t, u, a in zip(events.times, events.units, amplitudes, strict=True):
        if u >= 0:
            queue += sent(float(t), a * w_in[u], 0.0 if of_inputs is None else of_inputs[u])

    def hear(now: float, neuron: int, amplitude: float) -> None:
        if w_rec is not None:
            lags = delay + (0.0 if of_own is None else of_own[neuron])
            queue.extend(sent(now, amplitude * w_rec[neuron], lags))

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
            hear(then, neuron, amplitude)
            kick = np.inf
        elif then < arrival:
            neuron = int(crossing.argmin())
            v[neuron] = reset[neuron]
            spikes.append((then, neuron, 1.0))
            hear(then, neuron, 1.0)
        else:
            i = i + sum(w for t, w in queue if t == arrival)
            queue = [(t, w) for t, w in queue if t != arrival]
        now = then
    times, units = np.array([t for t, _, _ in spikes]), np.array([u for _, u, _ in spikes], int)
    found = jax.tree.map(lambda x: x[0], pad_events([(times, units)], capacity=max(len(spikes), 1)))
    return found if inserted is None else found._replace(amplitudes=np.array([a for _, _, a in spikes]))
