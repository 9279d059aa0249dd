"""Impossible events and parameters: one check for both simulators and all engines, at once or when a program runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import InputError, bptt, clear_errors
from solvers.checks import checked
from solvers.eventprop import ENGINES, lif_layer
from solvers.events import Events, pad_events
from solvers.neurons.lif import LIFParams, lif_params
from solvers.surrogates import Surrogate

INPUTS, NEURONS = 3, 2
PARAMS = lif_params(np.full((INPUTS, NEURONS), 4.0), np.full((NEURONS, NEURONS), 0.1))
GOOD = pad_events([([1e-3, 2e-3], [0, 2]), ([], []), ([1e-3], [1])])
ON_GRID = dict(duration=0.02, dt=1e-3, delay=1e-3, surrogate=Surrogate())
IN_TIME = dict(duration=0.02, capacity=16, delay=1e-3)


def grid(params, events):
    return bptt.lif_layer(params, events, **ON_GRID)


SIMULATORS = {
    "bptt": grid,
    **{name: lambda p, e, name=name: lif_layer(p, e, **IN_TIME, engine=name) for name in ENGINES},
}


def changed(field, at, value):
    return GOOD._replace(**{field: getattr(GOOD, field).at[at].set(value)})


WRONG_EVENTS = {
    "out of order": (changed("times", (0, 1), 5e-4), "sample 0: events.times must be >= 0 and in order: sort"),
    "not a time": (changed("times", (2, 0), np.nan), "sample 2: events.times"),
    "negative": (changed("times", (0, 0), -1e-3), "sample 0: events.times"),
    "unit -1": (changed("units", (0, 1), -1), "sample 0: events.units holds a unit outside .* 0 to 2"),
    "unit too large": (changed("units", (2, 0), INPUTS), "sample 2: events.units"),
    "count": (changed("count", 1, -1), "sample 1: events.count is negative"),
}


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("case", WRONG_EVENTS)
def test_wrong_events_are_refused_at_once(case, simulator):
    events, message = WRONG_EVENTS[case]
    with pytest.raises(ValueError, match=message):
        SIMULATORS[simulator](PARAMS, events)


@pytest.mark.parametrize("simulator", ["bptt", "numba"])  # what others do differs only after the check
def test_compiled_programs_refuse_too(simulator):
    run = jax.jit(SIMULATORS[simulator])
    jax.block_until_ready(run(PARAMS, GOOD))
    for events, message in WRONG_EVENTS.values():
        with pytest.raises(InputError, match=f"^{message}"), clear_errors():
            jax.block_until_ready(run(PARAMS, events))
    for field, value, message in (
        ("w_in", np.nan, "w_in holds a weight that is not finite"),
        ("w_rec", np.inf, "w_rec holds a weight that is not finite"),
        ("tau_mem", -0.01, "tau_mem is out of range, expected at least 2.*e-11 s"),
        ("tau_syn", 1e-17, "tau_syn is out of range"),
        ("threshold", 0.0, "threshold is out of range, expected a finite number > 0"),
        ("reset", 1.5, "reset is not below threshold"),
    ):
        params = PARAMS._replace(**{field: jnp.full_like(getattr(PARAMS, field), value)})
        with pytest.raises(InputError, match=f"^{message}"), clear_errors():
            jax.block_until_ready(run(params, GOOD))


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize(
    ("field", "value"),
    [("w_in", np.nan), ("w_in", -np.inf), ("w_rec", np.inf), ("tau_mem", -0.01), ("tau_syn", 1e-17), ("reset", 1.0)],
)
def test_wrong_parameters_are_refused_at_once(field, value, simulator):
    array = getattr(PARAMS, field)
    params = PARAMS._replace(**{field: array.at[(0,) * array.ndim].set(value)})
    with pytest.raises(ValueError, match=field):
        SIMULATORS[simulator](params, GOOD)


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_a_time_constant_in_milliseconds_is_refused(simulator):
    params = PARAMS._replace(tau_mem=jnp.full_like(PARAMS.tau_mem, 20.0))
    with pytest.raises(ValueError, match="tau_mem is 20 s, expected at most .* are these milliseconds"):
        SIMULATORS[simulator](params, GOOD)


@pytest.mark.parametrize(
    ("field", "array", "message"),
    [
        ("count", np.array([2, 0, 1, 1]), r"events.count has shape \(4,\), expected \(3,\)"),
        ("count", np.array([2, 0]), r"events.count has shape \(2,\), expected \(3,\)"),
        ("units", np.zeros((3, 1), int), r"events.units have shape \(3, 1\), expected that of events.times, \(3, 2\)"),
        ("units", np.zeros((3, 2)), "events.units has type float64, expected integer"),
        ("count", np.zeros(3), "events.count has type float64, expected integer"),
        ("times", np.zeros((3, 2), int), "events.times has type int64, expected floating point"),
        ("times", np.zeros((1, 3, 2)), r"events.times have shape \(1, 3, 2\), expected \[.*batch, capacity\]"),
        ("times", [[0.1]], "events.times is of type list, expected an array"),
    ],
)
@pytest.mark.parametrize("simulator", ["bptt", "numba"])
def test_arrays_that_do_not_fit_together(field, array, message, simulator):
    with pytest.raises((TypeError, ValueError), match=message):
        SIMULATORS[simulator](PARAMS, GOOD._replace(**{field: array}))


def test_other_types():
    with pytest.raises(TypeError, match="events are of type tuple, expected Events"):
        lif_layer(PARAMS, tuple(GOOD), **IN_TIME)
    with pytest.raises(TypeError, match="tau_mem is of type float, expected an array"):
        lif_layer(PARAMS._replace(tau_mem=0.02), GOOD, **IN_TIME)
    with pytest.raises(ValueError, match="w_in has type int32, expected float32 or float64"):
        lif_layer(PARAMS._replace(w_in=jnp.ones((INPUTS, NEURONS), int)), GOOD, **IN_TIME)
    with pytest.raises(TypeError, match="layers are of type LIFParams, expected a list"):
        checked(PARAMS, GOOD, 1.0)


@pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.int16, np.uint8])
def test_integers_of_any_size_are_what_they_are(dtype):
    events = Events(np.asarray(GOOD.times), np.asarray(GOOD.units).clip(0).astype(dtype), GOOD.count)
    taken = checked([PARAMS], events, 1.0).events
    np.testing.assert_array_equal(taken.units, events.units)
    assert taken.units.dtype == jnp.int32 and not taken.overflowed.any()
    if np.iinfo(dtype).bits == 64:  # in 32 bits these would be 0 and 1
        with pytest.raises(ValueError, match="sample 0: events.units"):
            checked([PARAMS], events._replace(units=events.units + 2**32), 1.0)
        many = events._replace(count=np.array([2, 0, 2**32 + 1], dtype))
        assert checked([PARAMS], many, 1.0).events.overflowed.tolist() == [False, False, True]


def test_without_room_for_its_events_a_sample_has_no_result():
    many = GOOD._replace(count=jnp.array([2, 0, 3], jnp.int32))
    run = jax.jit(grid)
    spikes = run(PARAMS, many)
    assert np.isnan(spikes[2]).all()
    np.testing.assert_array_equal(spikes[:2], run(PARAMS, GOOD)[:2])
    assert lif_layer(PARAMS, many, **IN_TIME).overflowed.tolist() == [False, False, True]


@settings(deadline=None)
@given(
    times=st.lists(st.floats(-1, 1, width=32), max_size=4),
    units=st.lists(st.integers(-1, 3), min_size=4, max_size=4),
    count=st.integers(-1, 4),
)
def test_exactly_what_is_impossible_is_refused(times, units, count):
    row = np.full(4, np.inf, np.float32)
    row[: len(times)] = times
    events = Events(row[None], np.array([units], np.int32), np.array([count], np.int32))
    there, whose = row[: max(count, 0)].tolist(), units[: max(count, 0)]
    possible = count >= 0 and there == sorted(there) and all(t >= 0 for t in there) and all(0 <= u < 3 for u in whose)
    if possible:
        checked([PARAMS], events, 1.0)
    else:
        with pytest.raises(InputError, match=r"sample 0: events\."):
            checked([PARAMS], events, 1.0)


def test_other_errors_of_compiled_programs_stay_as_they_are():
    def fails(x):
        raise RuntimeError("something else")

    run = jax.jit(lambda x: jax.pure_callback(fails, jax.ShapeDtypeStruct((), jnp.float32), x))
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"), clear_errors():
        jax.block_until_ready(run(1.0))


def test_params_made_by_hand_need_no_recurrent_weights():
    params = LIFParams(*(x if name != "w_rec" else None for name, x in PARAMS._asdict().items()))
    assert checked([params], GOOD, 1.0).wrong.tolist() == [False] * 3
