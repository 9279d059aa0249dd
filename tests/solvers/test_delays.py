"""Delays as parameters: what they may be, and events that come later."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import InputError, clear_errors
from solvers.delays import Delays, Positions, delays_of
from solvers.eventprop import lif_layer
from solvers.eventprop.later import later
from solvers.events import pad_events
from solvers.neurons import NEURONS
from solvers.neurons.lif import lif_params

EVENTS = pad_events([([1e-3, 2e-3, 2e-3], [0, 2, 1]), ([5e-3], [1])])
W_IN, W_REC = np.full((3, 2), 4.0), np.full((2, 2), 0.1)


def test_later_events_are_in_order_and_keep_their_units():
    moved = later(EVENTS, jnp.array([2e-3, 0.0, 1e-3]))
    np.testing.assert_array_equal(moved.units, [[1, 0, 2], [1, -1, -1]])
    np.testing.assert_allclose(moved.times, [[2e-3, 3e-3, 3e-3], [5e-3, np.inf, np.inf]], rtol=1e-6)
    np.testing.assert_array_equal(moved.count, EVENTS.count)


def test_later_events_are_differentiable():
    weights = jnp.array([[1.0, 10.0, 100.0], [1000.0, 0.0, 0.0]])

    def value(delays):
        moved = later(EVENTS, delays)
        return jnp.sum(jnp.where(moved.valid, weights * moved.times, 0))

    np.testing.assert_allclose(jax.grad(value)(jnp.array([2e-3, 0.0, 1e-3])), [10.0, 1001.0, 100.0])


@pytest.mark.parametrize(
    ("delays", "message"),
    [
        (Delays(np.zeros(2)), r"delays.inputs has shape \(2,\), expected \(3,\), one for each source, or \(3, 2\)"),
        (Delays(recurrent=np.zeros(3)), r"delays.recurrent has shape \(3,\), expected \(2,\)"),
        (Delays(np.array([0, -1e-3, 0])), "delays.inputs holds a delay below 0"),
        (Delays(recurrent=np.array([np.nan, 0])), "delays.recurrent holds a delay below 0 or not finite"),
        (Positions(np.zeros((2, 3)), np.zeros((2, 3))), r"positions.inputs have shape \(2, 3\), expected \(3, 3\)"),
        (Positions(np.zeros((3, 2)), np.zeros((2, 3))), r"positions.inputs have shape \(3, 2\), expected \(3, 3\)"),
        (Positions(np.zeros((3, 3)), np.zeros(2)), r"positions.neurons have shape \(2,\), expected \(2, 3\)"),
        (Positions(np.full((3, 1), np.nan), np.zeros((2, 1))), "delays.inputs holds a delay below 0 or not finite"),
    ],
)
def test_impossible_delays_are_refused(delays, message):
    with pytest.raises(ValueError, match=message):
        lif_params(W_IN, W_REC, delays=delays)


def test_delays_follow_from_positions():
    positions = Positions(np.array([[0, 0], [3, 4], [1, 0]]), np.array([[0.0, 0], [0, 1]]))
    expected = Delays(np.array([[0, 1], [5, 18**0.5], [1, 2**0.5]]), np.array([[0, 1], [1, 0]]))
    for found, distances in zip(delays_of(lif_params(W_IN, W_REC, delays=positions)), expected, strict=True):
        np.testing.assert_allclose(found, distances, rtol=1e-6)
    assert delays_of(lif_params(W_IN, delays=positions)).recurrent is None


def test_positions_at_one_place_have_finite_derivatives():
    def total(positions):
        return sum(x.sum() for x in delays_of(lif_params(W_IN, W_REC, delays=positions)))

    gradient = jax.grad(total)(Positions(jnp.zeros((3, 2)), jnp.zeros((2, 2))))
    assert all(np.all(np.isfinite(x)) for x in gradient)


def test_delays_of_what_is_not_there_are_refused():
    with pytest.raises(ValueError, match="delays.recurrent are given, but no weights w_rec"):
        lif_params(W_IN, delays=Delays(recurrent=np.zeros(2)))
    with pytest.raises(ValueError, match="got delays for Adaptive neurons, which have none"):
        NEURONS["adaptive"].make_params(W_IN, W_REC, delays=Delays(np.zeros(3)))


def test_a_compiled_program_refuses_impossible_delays():
    @jax.jit
    def run(delays):
        return lif_layer(lif_params(W_IN, W_REC, delays=delays), EVENTS, duration=0.02, capacity=16).count

    jax.block_until_ready(run(Delays(jnp.zeros(3), jnp.zeros(2))))
    with pytest.raises(InputError, match="delays.recurrent holds a delay below 0"), clear_errors():
        jax.block_until_ready(run(Delays(jnp.zeros(3), jnp.array([0.0, -1e-3]))))
