"""Hostile calls of the simulators, one for each seed; run by ``test_library_calls.py`` in a process of its own."""

import json
import sys
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

from solvers import bptt, clear_errors
from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params
from solvers.surrogates import Surrogate

INPUTS, NEURONS, BATCH, ROOM = 4, 3, 3, 6
SETTINGS = {"duration": 0.02, "delay": 1e-3}
SIMULATORS = ("numba", "xla", "bptt", "ode")
NOT_FINITE = (np.nan, np.inf, -np.inf)


def simulate(simulator, params, events, settings):
    if simulator == "bptt":
        usual = {"dt": 1e-3, "surrogate": Surrogate()}
        return bptt.lif_layer(params, events, **usual | settings)
    return lif_layer(params, events, **{"capacity": 32, "engine": simulator} | settings)


# One program for each simulator; what is wrong with values must be found when it runs.
COMPILED = {
    name: jax.jit(lambda params, events, name=name: simulate(name, params, events, SETTINGS))
    for name in SIMULATORS[:-1]
}


def clean(rng):
    params = lif_params(rng.normal(3, 1, (INPUTS, NEURONS)), rng.normal(0, 0.3, (NEURONS, NEURONS)))
    samples = [(rng.uniform(1e-3, 0.018, n), rng.integers(0, INPUTS, n)) for n in (4, 0, 5)]
    return params, pad_events(samples, ROOM), dict(SETTINGS)


def _at(array, index, value):
    changed = np.array(array)
    changed[index] = value
    return jnp.asarray(changed)


# What is wrong with values: each gives the changed call and the names of which the error must tell one.
def a_time(rng, params, events, settings):
    value = rng.choice([np.nan, -np.inf, -1e-3, -1.0])
    return params, events._replace(times=_at(events.times, (2, rng.integers(5)), value)), settings, ["times"]


def order(rng, params, events, settings):
    times = np.array(events.times)
    times[0, :4] = times[0, [1, 0, 2, 3]]
    return params, events._replace(times=jnp.asarray(times)), settings, ["times"]


def a_unit(rng, params, events, settings):
    value = rng.choice([-1, -(2**31), INPUTS, INPUTS + NEURONS, 10**6, 2**31 - 1])
    return params, events._replace(units=_at(events.units, (0, rng.integers(4)), value)), settings, ["units"]


def a_count(rng, params, events, settings):
    value = rng.choice([-1, -7, -(2**31)])
    return params, events._replace(count=_at(events.count, rng.integers(BATCH), value)), settings, ["count"]


def a_weight(rng, params, events, settings):
    name = str(rng.choice(["w_in", "w_rec"]))
    index = rng.integers(NEURONS), rng.integers(NEURONS)
    return (
        params._replace(**{name: _at(getattr(params, name), index, rng.choice(NOT_FINITE))}),
        events,
        settings,
        [name],
    )


def a_constant(rng, params, events, settings):
    name = str(rng.choice(["tau_mem", "tau_syn", "threshold"]))
    values = [*NOT_FINITE, 0.0, -0.01, *([1e-17, 1e-30] if name.startswith("tau") else [])]
    return params._replace(**{name: jnp.float32(rng.choice(values))}), events, settings, [name, "reset"]


def reset(rng, params, events, settings):
    return params._replace(reset=jnp.float32(rng.choice([1.0, 2.0, *NOT_FINITE]))), events, settings, ["reset"]


# What is wrong with types, shapes and settings.
def a_shape(rng, params, events, settings):
    field, array = [
        ("count", np.ones(BATCH + 2, np.int32)), ("count", np.ones(BATCH - 1, np.int32)), ("count", np.int32(1)),
        ("units", np.zeros((BATCH, ROOM - 3), np.int32)), ("units", np.zeros((BATCH + 1, ROOM), np.int32)),
        ("units", np.zeros(ROOM, np.int32)), ("times", np.zeros((BATCH, ROOM, 1), np.float32)),
        ("times", np.zeros((BATCH, ROOM + 4), np.float32)), ("times", np.float32(0.01)),
    ][rng.integers(9)]  # fmt: skip
    return params, events._replace(**{field: array}), settings, ["events."]


def a_type(rng, params, events, settings):
    field = str(rng.choice(["times", "units", "count"]))
    array = getattr(events, field)
    other = [array.tolist(), None, "0.01", np.asarray(array).astype(complex), np.asarray(array).astype(bool), 7][
        rng.integers(6)
    ]
    return params, events._replace(**{field: other}), settings, [f"events.{field}"]


def no_events(rng, params, events, settings):
    other = [tuple(events), None, [([0.01], [0])], events.times, 3][rng.integers(5)]
    return params, other, settings, ["events"]


def a_parameter(rng, params, events, settings):
    name = str(rng.choice(params._fields))
    n = NEURONS
    others = [
        np.ones((n + 1, n + 2, 1), np.float32),
        "1",
        1.0,
        np.ones((2, n, n), np.int32),
        np.ones(n + 3, np.float16),
    ]
    return params._replace(**{name: others[rng.integers(5)]}), events, settings, [name, "w_in"]


def no_parameters(rng, params, events, settings):
    return [tuple(params), None, params.w_in, [params], {}][rng.integers(5)], events, settings, ["parameters"]


def a_setting(rng, params, events, settings):
    name = str(rng.choice(["duration", "delay"]))
    values = [*NOT_FINITE, -1.0, "0.1", None, True, [0.1, 0.2], np.ones(3), 1j, 10**400, 1e39, jnp.ones((2, 2))]
    return params, events, settings | {name: values[rng.integers(len(values))]}, [name]


def capacity(rng, params, events, settings):
    values = [0, -1, 1.5, "8", None, True, 2**31, 10**30, np.nan, np.ones(3, int)]
    return params, events, settings | {"capacity": values[rng.integers(len(values))]}, ["capacity"]


def engine(rng, params, events, settings):
    return params, events, settings | {"engine": [5, None, "gpu", ["numba"], b"xla"][rng.integers(5)]}, ["engine"]


def of_the_grid(rng, params, events, settings):
    name, value = [
        ("dt", 0.0), ("dt", -1e-3), ("dt", np.nan), ("dt", np.inf), ("dt", "1"), ("dt", None), ("dt", 1e-30),
        ("surrogate", "superspike"), ("surrogate", None), ("reset_gradient", "no"), ("checkpoint", 2), ("dt", 3e-4),
    ][rng.integers(12)]  # fmt: skip
    return params, events, settings | {name: value}, [name]


# What looks strange, but means the same.
def rubbish_in_the_padding(rng, params, events, settings):
    there = np.arange(ROOM) < np.asarray(events.count)[:, None]
    times = np.where(there, events.times, rng.choice([np.nan, np.inf, -1.0, 0.01]))
    units = np.where(there, events.units, rng.choice([-5, 0, INPUTS, 2**31 - 1]))
    return params, events._replace(times=jnp.asarray(times), units=jnp.asarray(units, jnp.int32)), settings, []


def other_numbers(rng, params, events, settings):
    duration, delay = SETTINGS.values()
    durations = [np.float64(duration), np.array(duration), Fraction(1, 50)]
    delays = [np.float64(delay), np.array(delay), Fraction(1, 1000)]
    return params, events, {"duration": durations[rng.integers(3)], "delay": delays[rng.integers(3)]}, []


def other_arrays(rng, params, events, settings):
    units = np.asarray(events.units).clip(0).astype(rng.choice([np.int64, np.uint8, np.uint32, np.int16]))
    count = np.asarray(events.count).astype(rng.choice([np.int64, np.uint64, np.int8]))
    times = np.asarray(events.times).astype(rng.choice([np.float32, np.float64]))
    return type(params)(*map(np.asarray, params)), type(events)(times, units, count), settings, []


def an_event_that_never_comes(rng, params, events, settings):
    times, units = _at(events.times, (0, 4), rng.choice([np.inf, 5.0])), _at(events.units, (0, 4), 0)
    return params, events._replace(times=times, units=units, count=_at(events.count, 0, 5)), settings, []


VALUES = [a_time, order, a_unit, a_count, a_weight, a_constant, reset]
FORMS = [a_shape, a_type, no_events, a_parameter, no_parameters, a_setting]
THE_SAME = [rubbish_in_the_padding, other_numbers, other_arrays, an_event_that_never_comes]


def outcome(seed):
    """What a hostile call was, and in which way it failed; None if it ended as it should."""
    rng = np.random.default_rng(seed)
    simulator = SIMULATORS[seed % 4]
    special = [of_the_grid] if simulator == "bptt" else [capacity, engine]
    kind = ("values", "compiled", "forms", "same")[seed // 4 % 4]
    if kind == "compiled" and simulator not in COMPILED or kind == "same" and simulator == "ode":
        kind = "forms"  # the program of this engine compiles for minutes
    changes = {"values": VALUES, "compiled": VALUES, "forms": FORMS + special, "same": THE_SAME}[kind]
    if kind == "same" and simulator != "numba":
        changes = [rubbish_in_the_padding, an_event_that_never_comes]  # others would be compiled anew
    call, names = clean(rng), []
    wanted = COMPILED[simulator](*call[:2]) if kind == "same" else None
    twice = kind in ("values", "compiled") and rng.random() < 0.3
    chosen = [changes[i] for i in rng.choice(len(changes), 1 + twice, replace=False)]
    for change in chosen:
        *call, named = change(rng, *call)
        names += named
    what = f"seed {seed}: {simulator}, {kind}, {', '.join(change.__name__ for change in chosen)}"
    try:
        with clear_errors():
            compiled = kind == "compiled" or (kind == "same" and simulator != "numba")
            got = COMPILED[simulator](*call[:2]) if compiled else simulate(simulator, *call)
            got = jax.block_until_ready(got)
    except (TypeError, ValueError) as error:
        clear = "\n" not in str(error) and len(str(error)) < 300 and any(name in str(error) for name in names)
        return what, None if clear else f"tracebacks: {type(error).__name__}: {str(error)[:300]}"
    except Exception as error:
        return what, f"tracebacks: {type(error).__name__}: {str(error)[:300]}"
    if wanted is None:
        return what, "silent: accepted"
    same = all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True))
    return what, None if same else "silent: another result"


if __name__ == "__main__":
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps(outcome(seed)), flush=True)
