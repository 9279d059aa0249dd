"""Plain oracles of the LIF layer: spikes event by event, their derivatives by implicit differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ..events import Events, pad_events
from ..neurons.lif import LIFParams, flow, kappa, next_crossing


@jax.jit
def _advance(
    state: tuple[ArrayLike, ArrayLike], lag: ArrayLike, tau_mem: ArrayLike, tau_syn: ArrayLike, threshold: ArrayLike
) -> tuple[tuple[Array, Array], Array]:
    """State after a lag, and every neuron's lag to its next crossing from now."""
    return flow(*state, lag, tau_mem, tau_syn), next_crossing(*state, tau_mem, tau_syn, threshold)


def simulate(params: LIFParams, events: Events, *, duration: float, delay: float) -> Events:
    """Spikes of one sample: all neurons are advanced to the next arrival or crossing, whichever comes first.

    Args:
        params: of one layer; use double precision.
        events: one sample, ``[capacity]``.
        duration: end of the simulation [s].
        delay: of the recurrent connections [s].

    Returns:
        The output spikes, with as much room as there are spikes.
    """
    queue = [(float(t), np.asarray(params.w_in[u])) for t, u in zip(events.times, events.units, strict=True) if u >= 0]
    w_rec = None if params.w_rec is None else np.asarray(params.w_rec)
    each = lambda x: np.broadcast_to(x, params.neurons)  # noqa: E731
    constants, reset = (each(params.tau_mem), each(params.tau_syn), each(params.threshold)), each(params.reset)
    v, i, now, spikes = np.zeros(params.neurons), np.zeros(params.neurons), 0.0, []
    while True:
        arrival = min((t for t, _ in queue), default=np.inf)
        crossing = np.asarray(_advance((v, i), 0.0, *constants)[1])
        then = min(arrival, now + crossing.min(), duration)
        if then >= duration:
            break
        v, i = (np.array(x) for x in _advance((v, i), then - now, *constants)[0])
        if then < arrival:
            neuron = int(crossing.argmin())
            v[neuron] = reset[neuron]
            spikes.append((then, neuron))
            if w_rec is not None:
                queue.append((then + delay, w_rec[neuron]))
        else:
            i = i + sum(w for t, w in queue if t == arrival)
            queue = [(t, w) for t, w in queue if t != arrival]
        now = then
    times, units = np.array([t for t, _ in spikes]), np.array([u for _, u in spikes], int)
    return jax.tree.map(lambda x: x[0], pad_events([(times, units)], capacity=max(len(spikes), 1)))


@jax.jit
def implicit_gradient(
    params: LIFParams,
    events: Events,
    spikes: Events,
    time_cotangents: Float[Array | np.ndarray, " capacity"],
    *,
    delay: ArrayLike,
) -> tuple[LIFParams, Float[Array, " events"]]:
    """Gradient of a function of the spike times, by implicit differentiation of v(t_k) = threshold for all spikes.

    In the spike-response form, the voltage of a neuron is the sum of ``kappa`` over all earlier arrivals and of the
    decaying resets after its earlier spikes. The spike times t solve F(t, parameters) = 0, so that
    dt/dparameters = -(dF/dt)^-1 dF/dparameters. Shares only ``kappa`` with EventProp.

    Args:
        params: of one layer; use double precision.
        events: one sample.
        spikes: its output spikes.
        time_cotangents: derivative of the function with respect to each spike time.
        delay: of the recurrent connections [s].

    Returns:
        Gradients with respect to the parameters and to the input times (zero at padding).
    """
    times, sources = jnp.where(spikes.valid, spikes.times, 0), jnp.where(spikes.valid, spikes.units, 0)
    fixed, numbers = times, jnp.arange(spikes.capacity)
    arrived = events.valid & (events.times < fixed[:, None])
    returned = spikes.valid & (times + delay < fixed[:, None])
    own = (sources == sources[:, None]) & (numbers < numbers[:, None])

    def missing_voltage(times: Array, params: LIFParams, input_times: Array) -> Array:
        each = lambda x: jnp.broadcast_to(x, (params.neurons,))[sources]  # noqa: E731
        tau_mem, tau_syn = each(params.tau_mem)[:, None], each(params.tau_syn)[:, None]

        def response(weights: Array, arrivals: Array, earlier: Array) -> Array:
            lag = jnp.where(earlier, times[:, None] - arrivals, 0.0)
            return jnp.sum(jnp.where(earlier, weights * kappa(lag, tau_mem, tau_syn), 0.0), axis=1)

        v = response(params.w_in[events.units][:, sources].T, input_times, arrived)
        if params.w_rec is not None:
            v += response(params.w_rec[sources][:, sources].T, times + delay, returned)
        lag = jnp.where(own, times[:, None] - times, 0.0)
        drop = each(params.threshold) - each(params.reset)
        v -= jnp.sum(jnp.where(own, drop[:, None] * jnp.exp(-lag / tau_mem), 0.0), axis=1)
        return jnp.where(spikes.valid, v - each(params.threshold), times)  # padding: stays where it is

    arguments = (params, events.times)
    by_time = jax.jacobian(missing_voltage)(times, *arguments)
    _, pull_back = jax.vjp(lambda *arguments: missing_voltage(times, *arguments), *arguments)
    d_params, d_times = pull_back(-jnp.linalg.solve(by_time.T, jnp.where(spikes.valid, time_cotangents, 0)))
    return d_params, d_times
