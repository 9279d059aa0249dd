"""Voltages and adjoint in closed form, against the engines and the spike-response form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_layers import INPUTS, NEURONS, SETTINGS, some_events, some_params

from solvers.delays import Delays
from solvers.eventprop import lif_layer
from solvers.neurons.lif import kappa
from solvers.neurons.refractory import Clamp, DeadTime
from solvers.reference import traces

pytestmark = pytest.mark.usefixtures("float64")
DELAY = SETTINGS["delay"]


def with_refractory(model, params, period):
    given = params._asdict()
    given.pop("delays")
    return model().make_params(given.pop("w_in"), given.pop("w_rec"), **given, refractory=period)


LAYERS = {
    "shared constants": lambda: some_params(shared=True),
    "constants of each neuron": lambda: some_params(seed=1),
    "equal time constants": lambda: some_params(seed=2, tau_syn=None),
    "feed-forward": lambda: some_params(seed=3, recurrent=False),
    "delays": lambda: some_params(seed=4, delays=6e-3),
    "dead time": lambda: with_refractory(DeadTime, some_params(seed=5), 4e-3),
    "clamp": lambda: with_refractory(Clamp, some_params(seed=6), 3e-3),
}


@pytest.fixture(scope="module", params=LAYERS)
def layer(request):
    """A layer, its input, and its spikes by an engine."""
    params, events = LAYERS[request.param](), jax.tree.map(lambda x: x[0], some_events(batch=1))
    spikes = jax.jit(lambda: lif_layer(params, events, **SETTINGS))()
    return params, events, spikes, train(events), train(spikes)


def train(events):
    used = int(events.count)
    return np.asarray(events.times)[:used], np.asarray(events.units)[:used]


def test_voltages_reach_the_threshold_at_the_spikes(layer):
    params, _, _, inputs, spikes = layer
    threshold = np.broadcast_to(params.threshold, NEURONS)[spikes[1]]
    v = traces.states(params, inputs, spikes, spikes[0], delay=DELAY).v[np.arange(len(spikes[0])), spikes[1]]
    forced = v > threshold + 1e-9
    assert len(v) > 10 and np.abs(v - threshold)[~forced].max() < 1e-9
    if hasattr(params, "refractory"):
        for time, unit in zip(spikes[0][forced], spikes[1][forced], strict=True):
            gaps = time - spikes[0][spikes[1] == unit]
            assert np.abs(gaps - np.max(params.refractory)).min() < 1e-12
    else:
        assert not forced.any()


def test_voltages_are_those_of_the_spike_response_form():
    """Sums of postsynaptic potentials and decaying resets: nothing of how the layer was run."""
    params, events = some_params(seed=1), jax.tree.map(lambda x: x[0], some_events(batch=1))
    inputs, spikes = train(events), train(jax.jit(lambda: lif_layer(params, events, **SETTINGS))())
    times = np.linspace(1e-4, SETTINGS["duration"], 57)
    found = traces.states(params, inputs, spikes, times, delay=DELAY)
    for n in range(NEURONS):
        expected = np.zeros(len(times))
        for arrivals, weights in (
            (inputs[0], params.w_in[inputs[1], n]),
            (spikes[0] + DELAY, params.w_rec[spikes[1], n]),
        ):
            since = times[:, None] - arrivals
            psp = kappa(np.maximum(since, 0), params.tau_mem[n], params.tau_syn[n])
            expected += np.where(since > 0, psp, 0) @ np.asarray(weights)
        since = times[:, None] - spikes[0][spikes[1] == n]
        fall = float(params.threshold[n] - params.reset[n])
        expected -= fall * np.where(since > 0, np.exp(-since / params.tau_mem[n]), 0).sum(1)
        assert np.abs(found.v[:, n] - expected).max() < 1e-12


def test_adjoint_gives_the_gradient_of_the_engine(layer):
    params, events, spikes, inputs, own = layer
    weights = jnp.asarray(np.random.default_rng(0).normal(size=len(own[0])))

    def loss(params, times):
        found = lif_layer(params, events._replace(times=times), **SETTINGS)
        return weights @ found.times[: len(own[0])]

    expected, by_times = jax.jit(jax.grad(loss, (0, 1)))(params, events.times)
    at = inputs[0] + (0 if getattr(params, "delays", None) is None else np.asarray(params.delays.inputs)[inputs[1]])
    found = traces.adjoint(params, inputs, own, at, delay=DELAY, by_spikes=weights)
    close = dict(rtol=1e-7, atol=1e-9 * np.abs(expected.w_in).max())
    np.testing.assert_allclose(found.w_in, expected.w_in, **close)
    np.testing.assert_allclose(found.times, by_times[: len(inputs[0])], rtol=1e-6, atol=1e-9 * np.abs(by_times).max())
    if params.w_rec is not None:
        np.testing.assert_allclose(found.w_rec, expected.w_rec, **close)
    # What a user does with the adjoint: the gradient of a weight is its sum over the arrivals.
    sampled = np.zeros((INPUTS, NEURONS))
    np.add.at(sampled, inputs[1], -np.asarray(params.tau_syn) * found.trace.i)
    np.testing.assert_allclose(sampled, expected.w_in, **close)


def test_a_moment_before_what_happens_then():
    params, events = some_params(seed=1), jax.tree.map(lambda x: x[0], some_events(batch=1))
    inputs, spikes = train(events), train(jax.jit(lambda: lif_layer(params, events, **SETTINGS))())
    at, unit = spikes[0][3], spikes[1][3]
    before, after = traces.states(params, inputs, spikes, [at, at + 1e-12], delay=DELAY).v[:, unit]
    threshold, reset = float(params.threshold[unit]), float(params.reset[unit])
    assert before == pytest.approx(threshold) and after == pytest.approx(reset, abs=1e-6)


def test_delays_of_synapses_are_refused():
    params = some_params()._replace(delays=Delays(jnp.zeros((INPUTS, NEURONS))))
    with pytest.raises(ValueError, match="delays of synapses, expected those of channels"):
        traces.states(params, ([], []), ([], []), [0.0], delay=DELAY)
