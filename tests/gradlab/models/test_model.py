"""Trained networks as objects: saved, loaded, run, and looked into."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import DURATION, assert_same, tiny_data

import gradlab
from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig
from gradlab.methods import BPTT, METHODS, EventProp
from gradlab.models import Model
from gradlab.training import archive, checkpoints
from gradlab.training.objective import Objective
from solvers.events import pad_events

DATA = tiny_data(12, 2)
SETTINGS = dict(hidden=(8, 6), duration=DURATION, initialiser="fluctuation-driven", input_rate=15.8)
CONFIG = TrainConfig(epochs=1, batch_size=8, rate_strength=0.0)
OTHERS = {
    "delays": dict(input_delays="channels", recurrent_delays="neurons", longest_delay=0.01),
    "gamma": dict(constants="gamma", pool=2, delay_line=2, delay_step=0.005),
    "spiking outputs": dict(loss="ttfs", recurrent=False),
    "clamp": dict(neuron="clamp", other_constants=(("refractory", 2e-3),)),
    "adaptive": dict(neuron="adaptive", other_constants=(("tau_adapt", 0.1),)),
}


def made(method, **changes):
    network = Network(DATA.inputs, DATA.classes, **SETTINGS | changes)
    params = network.init(jax.random.key(0))
    if network.readout.spiking:  # strong enough to spike often
        layers = tuple(layer._replace(w_in=2 * layer.w_in) for layer in params.layers)
        params = params._replace(layers=layers, readout=params.readout._replace(w_in=jnp.abs(3 * params.readout.w_in)))
    return Model(network, params, method, CONFIG, DATA.name, ("a", "b"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("others", [{}, *OTHERS.values()], ids=["plain", *OTHERS])
def test_saved_and_loaded_without_data(method, others, tmp_path):
    model = made(METHODS[method](), **others)
    model.save(tmp_path / "params.npz")
    for path in (tmp_path, str(tmp_path / "params.npz")):
        read = gradlab.load(path)
        assert_same(read.params, model.params)
        for field in ("network", "method", "config", "data", "class_names"):
            assert getattr(read, field) == getattr(model, field)
    assert list(tmp_path.iterdir()) == [tmp_path / "params.npz"]


def test_options_of_a_method_are_kept(tmp_path):
    method = BPTT(dt=0.5e-3, reset_gradient=False)
    made(dataclasses.replace(method, surrogate=dataclasses.replace(method.surrogate, slope=3.0))).save(tmp_path / "x")
    assert gradlab.load(tmp_path / "x").method.surrogate.slope == 3.0


def damaged(what, path):
    model, text = made(EventProp()), {"kind": "model", "layout": 1}
    model.save(path)
    content = path.read_bytes()
    if what == "one bit":
        path.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif what == "cut":
        path.write_bytes(content[:-100])
    elif what == "foreign":
        np.savez(path, w=np.zeros(3))
    elif what == "checkpoint":
        checkpoints.save(path, model.params, {}, {})
    else:
        text, arrays = archive.read(path, len(content))
        match what:
            case "newer":
                text["layout"] = 2
            case "newer setting":
                text["network"]["spines"] = 3
            case "newer method":
                text["method"] = "magic"
            case "another shape":
                arrays["readout.w"] = arrays["readout.w"][:, :1]
            case "nothing in it":
                text = {"kind": "model", "layout": 1}
        path.write_bytes(archive.packed(text, arrays))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("one bit", "is no model file of gradlab .*checksum is wrong"),
        ("cut", "is no model file of gradlab"),
        ("foreign", "is no model file of gradlab"),
        ("checkpoint", "is another file of gradlab, such as a checkpoint, expected params.npz of a run"),
        ("newer", r"by another version of gradlab \(layout 2, this one reads 1\): update"),
        ("newer setting", "cannot be read by this version of gradlab .*unknown setting 'spines'.*: update"),
        ("newer method", "method is 'magic', expected one of eventprop"),
        ("another shape", r"readout.w has shape \(6, 1\), expected \(6, 2\)"),
        ("nothing in it", "cannot be read by this version of gradlab .*'method'"),
    ],
)
def test_other_files_are_refused(what, message, tmp_path):
    path = tmp_path / "x.npz"
    damaged(what, path)
    with pytest.raises(ValueError, match=rf"x.npz .*{message}|{message}") as error:
        gradlab.load(path)
    assert str(path) in str(error.value)


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="params.npz does not exist, expected the folder of a run"):
        gradlab.load(tmp_path)


@pytest.mark.parametrize("trainer", [EventPropTrainer, BPTTTrainer])
def test_recordings_of_each_form_are_classified_alike(trainer):
    model = made(trainer(Network(DATA.inputs, DATA.classes, **SETTINGS), CONFIG).method)
    samples = [DATA.sample(k) for k in range(len(DATA))]
    found = model.predict(DATA)
    accuracy = trainer(model.network, CONFIG).evaluate(model.params, DATA)["accuracy"]
    assert found.shape == (12,) and (found == DATA.labels).mean() == accuracy
    assert np.array_equal(model.predict(samples), found)
    as_lists = [(list(map(float, times)), list(map(int, units))) for times, units in samples]
    assert np.array_equal(model.predict(as_lists), found)
    assert model.predict(samples[3]) == found[3:4]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "the recordings are no pairs"),
        ([[0.1, 0.2, 0.3]], "the recordings are no pairs"),
        (([0.1], [99]), "channels run from 99 to 99, expected integers 0 to"),
        (([5.0, 6.0], [0, 1]), "duration"),
    ],
)
def test_what_is_no_recording_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        made(EventProp()).predict(given)


def gradient(model, sample, label):
    """Of the engine, in double precision."""
    objective = Objective(model.network, model.config, model.method)
    times, units = model.network.encode(sample)
    events = pad_events([(np.asarray(times, np.float64), units)])
    params = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), model.params)
    return objective.gradient(params, events, np.array([label]))[0], (np.asarray(times, np.float64), units)


def sampled(trace, layer, train, times):
    """The gradient of a layer's input weights from its adjoint at the arrivals, which a user would compute."""
    found = np.zeros(layer.w_in.shape)
    at = np.searchsorted(times, train[0])
    np.add.at(found, np.asarray(train[1]), -np.asarray(layer.tau_syn, np.float64) * trace.i[at])
    return found


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("changes", [dict(loss="mean"), dict(loss="exp"), dict(loss="max"), OTHERS["spiking outputs"],
                                     OTHERS["gamma"], pytest.param(OTHERS["clamp"], marks=pytest.mark.slow)],
                         ids=["mean", "exp", "max", "ttfs", "gamma", "clamp"])  # fmt: skip
def test_the_adjoint_gives_the_gradient_of_eventprop(changes):
    model, sample = made(EventProp(), **changes), DATA.sample(1)
    label = 1 - int(model.predict(sample)[0])  # of a wrong answer there is more to see
    expected, inputs = gradient(model, sample, label)
    spikes = model.spikes(sample)[0]
    times = np.unique(np.concatenate([inputs[0], *(each[0] for each in spikes)]))
    traces = model.adjoint(sample, "ab"[label], times)
    leaky = changes.get("loss") != "ttfs"
    assert len(traces) == 3 and all(len(times) for times, _ in spikes)
    for layer, by_engine, trace, heard in zip(
        model.network.spiking_layers(model.params), model.network.spiking_layers(expected), traces, [inputs, *spikes],
        strict=False,
    ):  # fmt: skip
        found = sampled(trace, layer, heard, times)
        np.testing.assert_allclose(found, by_engine.w_in, rtol=1e-7, atol=1e-9 * np.abs(by_engine.w_in).max())
    if leaky:
        tau = float(model.params.readout.tau_syn)
        at = np.searchsorted(times, spikes[1][0])
        found = np.zeros((6, 2))
        np.add.at(found, spikes[1][1], -tau * traces[2].i[at])
        np.testing.assert_allclose(found, expected.readout.w, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.slow
@pytest.mark.parametrize("loss", ["exp", "ttfs"])
def test_the_adjoint_on_a_grid_gives_the_surrogate_gradient(loss):
    model, sample = made(BPTT(), loss=loss), DATA.sample(1)
    expected, inputs = gradient(model, sample, 1)
    grid = np.arange(round(DURATION / 1e-3) + 1) * 1e-3
    traces = model.adjoint(sample, 1, grid)
    heard = [(np.rint(inputs[0] / 1e-3) * 1e-3, inputs[1]), *model.spikes(sample)[0]]
    for layer, by_bptt, trace, train in zip(model.params.layers, expected.layers, traces, heard, strict=False):
        found = sampled(trace, layer, train, grid + 1e-6)
        np.testing.assert_allclose(found, by_bptt.w_in, rtol=1e-7, atol=1e-9 * np.abs(by_bptt.w_in).max())


@pytest.mark.usefixtures("float64")
def test_the_voltage_adjoint_is_that_of_two_currents_which_leave_only_a_voltage():
    model, sample, time, lag = made(EventProp(), hidden=(8,)), DATA.sample(1), 10e-3, 1e-3
    (hidden, _) = model.adjoint(sample, 1, [time, time + lag])
    # A probe of weight w, and one of -w exp(-lag/tau_syn) a lag later, leave only a voltage, w kappa(lag).
    layer, own = model.params.layers[0], model.spikes(sample)[0][0]
    tau_mem, tau_syn = float(layer.tau_mem), float(layer.tau_syn)
    keep = np.exp(-lag / tau_syn)
    by_current, kappa = -tau_syn * hidden.i, tau_syn / (tau_mem - tau_syn) * (np.exp(-lag / tau_mem) - keep)
    soon = (own[0] >= time) & (own[0] <= time + lag)
    quiet = np.setdiff1d(np.arange(8), own[1][soon])
    assert len(quiet) > 4 and np.abs(hidden.v[1][quiet]).max() > 0
    expected = (by_current[0] - keep * by_current[1]) / kappa
    np.testing.assert_allclose(-tau_mem * hidden.v[1][quiet], expected[quiet], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("method", [EventProp(), BPTT()], ids=["eventprop", "bptt"])
def test_voltages_at_the_spikes(method):
    model, sample = made(method), DATA.sample(2)
    (first, second), times = model.spikes(sample)[0], np.linspace(0, DURATION, 31)
    for depth, (when, unit) in enumerate((first, second)):
        v = model.voltages(sample, when)[depth][np.arange(len(when)), unit]
        assert len(when) > 3
        assert np.abs(v - 1).max() < 1e-9 if isinstance(method, EventProp) else (v >= 1 - 1e-12).all()
    readout = model.voltages(sample, times)[-1]
    assert readout.shape == (31, 2) and not readout[0].any() and np.abs(readout[-1]).max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_looked_into_in_its_own_simulator(method):
    method = METHODS[method]()
    model = made(method, **{"hidden": (8,)})
    (times, _), *_ = model.spikes(DATA.sample(0))[0]
    on_grid = np.allclose(times, 1e-3 * np.rint(1e3 * times), rtol=0, atol=1e-9)
    assert len(times) > 3 and on_grid == (method.simulator == "clock-driven")
    asked = np.linspace(0, DURATION, 20)
    for trace in model.adjoint(DATA.sample(0), 1, asked):
        assert trace.v.shape[0] == 20 and np.all(np.isfinite(trace.v))


def test_one_of_an_engine_for_single_precision_is_looked_into_in_double():
    found, expected = (made(EventProp(engine)).spikes(DATA.sample(0)) for engine in ("cuda", "auto"))
    assert_same(found, expected)


def test_a_long_recording_is_cut_at_the_end_of_the_trial():
    model, (times, units) = made(EventProp()), DATA.sample(2)
    longer = np.append(times, [DURATION + 0.01]), np.append(units, [0])
    assert_same(model.spikes(longer), model.spikes((times, units)))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (made(EventProp(), **OTHERS["adaptive"]), "neuron is adaptive, expected one with voltages in closed form"),
        (made(BPTT(), **OTHERS["delays"]), "delays as parameters, which a time grid interpolates"),
    ],
)
def test_what_has_no_closed_form_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.voltages(DATA.sample(0), [0.0])


def test_classes_that_do_not_exist_are_refused():
    for label in (2, -1, "c"):
        with pytest.raises(ValueError, match="label is"):
            made(EventProp()).adjoint(DATA.sample(0), label, [0.0])
