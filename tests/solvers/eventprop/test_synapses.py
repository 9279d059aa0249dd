"""Parts of the kernels for delays of each synapse, against NumPy; the whole is in ``test_delays``."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numba import njit
from small_layers import assert_close

from solvers.delays import Delays
from solvers.eventprop import lif_layer
from solvers.eventprop.engines.numba.delays import in_blocks, layer_with_silent, with_silent
from solvers.eventprop.engines.numba.kernels import vectors
from solvers.eventprop.engines.numba.kernels.arguments import Layer
from solvers.eventprop.engines.numba.kernels.series import expand
from solvers.eventprop.engines.numba.kernels.synapses import arrival_of, bring, in_fixed_point
from solvers.events import pad_events
from solvers.neurons.lif import lif_params

SINGLE_AND_DOUBLE = [np.float32, np.float64]


@njit
def _scatter(ring, places, currents, voltages):
    for n in range(0, len(places), 8):
        vectors.add_to_places(ring, places, currents, voltages, np.uint64(n))


@njit
def _gather(ring, places, first, second):
    for n in range(0, len(places), 8):
        vectors.take_pairs(ring, places, first, second, np.uint64(n))
    return vectors.not_numbers(first, np.uint64(8))


@pytest.mark.parametrize("dtype", SINGLE_AND_DOUBLE)
def test_places_receive_what_is_added_and_what_of_it_is_negative(dtype):
    rng = np.random.default_rng(0)
    ring, places = rng.normal(size=(20, 4)).astype(dtype), rng.integers(0, 20, 16)
    current, voltage = rng.normal(size=(2, 16)).astype(dtype)
    expected = ring.copy()
    np.add.at(expected, places, np.stack([current, voltage, np.minimum(current, 0), np.minimum(voltage, 0)], 1))
    _scatter(ring, (2 * places).astype(np.uint32), current, voltage)  # they count pairs of numbers
    np.testing.assert_allclose(ring, expected, rtol=1e-6)
    assert len(set(places.tolist())) < 16  # some twice


@pytest.mark.parametrize("dtype", SINGLE_AND_DOUBLE)
def test_pairs_are_taken_from_places(dtype):
    rng = np.random.default_rng(0)
    ring, places = rng.normal(size=(20, 2)).astype(dtype), rng.permutation(20)[:16].astype(np.uint32)
    ring[places[[9, 12]], 0] = np.nan
    first, second = np.empty((2, 16), dtype)
    assert _gather(ring, places, first, second) == 0b10010
    np.testing.assert_array_equal([first, second], ring[places].T)


@njit
def _turn(rows, columns, place):
    for n in range(0, rows.shape[1], 8):
        vectors.turn_bytes(rows, np.uint64(n), columns, np.uint64(place))


@njit
def _find(columns, byte):
    bits = vectors.equal_bytes(columns, np.uint64(64), byte)
    return bits, vectors.trailing_zeros(bits)


def test_bytes_are_transposed_and_found():
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 256, (8, 16)).astype(np.uint8), rng.integers(0, 8, (16, 64)).astype(np.uint8)
    expected = columns.copy()
    expected[:, 24:32] = rows.T
    _turn(rows, columns, 24)
    np.testing.assert_array_equal(columns, expected)
    found = np.flatnonzero(columns[1] == 3)
    assert _find(columns, np.uint8(3)) == (sum(1 << int(k) for k in found), found[0])
    assert _find(columns, np.uint8(max(set(range(256)) - set(columns[1].tolist())))) == (0, 64)


def some_layer(dtype, neurons=5, inputs=3):
    rng = np.random.default_rng(1)
    tau_mem, tau_syn = rng.uniform(10e-3, 20e-3, neurons).astype(dtype), rng.uniform(5e-3, 9e-3, neurons).astype(dtype)
    weights = rng.normal(size=(inputs + neurons, neurons)).astype(dtype)
    return Layer(weights, True, tau_mem, tau_syn, np.ones(neurons, dtype), np.zeros(neurons, dtype), False)


def test_silent_neurons_have_no_synapses():
    layer = some_layer(np.float64)
    more = layer_with_silent(layer)
    assert more.weights.shape == (11, 8) and len(more.tau_mem) == len(more.reset) == 8
    np.testing.assert_array_equal(more.weights[:8, :5], layer.weights)
    assert np.count_nonzero(more.weights) == np.count_nonzero(layer.weights)
    assert layer_with_silent(more) is more and with_silent(more.tau_mem) is more.tau_mem


@njit
def _arrive(synapses, row, position, powers, found):
    _, at = in_fixed_point(synapses, position)
    kind = synapses.delays.dtype.type
    for n in range(found.shape[1]):
        slot, x = arrival_of(kind(synapses.delays[row, n] + at), synapses.size, synapses.bits, found.dtype.type)
        found[0, n] = slot
        found[1, n], found[2, n] = bring(x, powers, n, False)


@pytest.mark.parametrize(("dtype", "accuracy"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_arrivals_in_fixed_point_bring_what_they_should(dtype, accuracy):
    layer, duration = some_layer(dtype), 1.0
    rng = np.random.default_rng(2)
    lags = 1e-3 + rng.uniform(0, 0.15, layer.weights.shape)
    lags[0, 0] = 7.0  # longer than the trial
    synapses = in_blocks(lags, layer_with_silent(layer), duration)
    length = synapses.length
    assert duration / length == pytest.approx(synapses.blocks) and length <= 0.2 * layer.tau_syn.min() < lags[3:].min()
    mem, syn = layer.tau_mem.astype(float), layer.tau_syn.astype(float)
    powers = expand(layer.tau_mem, layer.tau_syn, length, False)[3]
    assert powers.shape[1] == {np.float32: 4, np.float64: 12}[dtype]  # as ``bring`` expects
    found = np.empty((3, 5), dtype)
    for position in rng.uniform(0, 1000, 20):
        for row in range(1, 8):
            _arrive(synapses, row, position, powers, found)
            arrival = position + lags[row] / length
            rest = (np.ceil(arrival) - arrival) * length
            np.testing.assert_array_equal(found[0], np.floor(arrival) % synapses.slots)
            np.testing.assert_allclose(found[1], np.exp(-rest / syn), rtol=0, atol=accuracy)
            kappa = syn / (mem - syn) * (np.exp(-rest / mem) - np.exp(-rest / syn))
            np.testing.assert_allclose(found[2], kappa, rtol=0, atol=accuracy)


@pytest.mark.usefixtures("float64")
@pytest.mark.slow  # compiles for long
@pytest.mark.parametrize("shared", [True, False])
def test_single_precision_is_near_double(shared):
    """With a multiple of eight neurons, and of spikes in flight."""
    neurons, inputs, duration = 16, 20, 0.2
    rng = np.random.default_rng(3)
    size = () if shared else neurons
    tau_mem, tau_syn = rng.uniform(10e-3, 20e-3, size), rng.uniform(5e-3, 9e-3, size)
    lags = rng.uniform(0, 50e-3, (inputs, neurons)), rng.uniform(0, 50e-3, (neurons, neurons))
    w_in, w_rec = rng.normal(0.2, 0.3, (inputs, neurons)), rng.normal(0, 0.1, (neurons, neurons))
    times, units = rng.uniform(0, duration, 150), rng.integers(0, inputs, 150)

    def value(params, events):
        spikes = lif_layer(params, events, duration=duration, capacity=256)
        return jnp.sum(jnp.where(spikes.valid, jnp.sin(100 * spikes.times + spikes.units), 0)), spikes

    def run(dtype):
        real = lambda x: jnp.asarray(x, dtype)  # noqa: E731
        params = lif_params(
            real(w_in), real(w_rec), tau_mem=real(tau_mem), tau_syn=real(tau_syn), delays=Delays(*map(real, lags))
        )
        events = jax.tree.map(lambda x: x[0], pad_events([(times, units)]))
        (_, spikes), gradient = jax.value_and_grad(value, has_aux=True)(
            params, events._replace(times=real(events.times))
        )
        return spikes, gradient

    (single, by_single), (double, by_double) = run(np.float32), run(np.float64)
    assert single.count == double.count > 30 and single.times.dtype == np.float32
    np.testing.assert_array_equal(single.units, double.units)
    np.testing.assert_allclose(single.times, double.times, rtol=0, atol=2e-6)
    assert_close(by_single, by_double, rtol=1e-3)
