"""NIR: networks come back to the last bit, and what cannot be expressed or read is refused."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gradlab import Model, Network
from gradlab import nir as ours
from gradlab.methods import BPTT, EventProp
from solvers.neurons.lif import lif_params

nir = pytest.importorskip("nir")
USUAL = dict(hidden=(6,), duration=0.2, input_rate=50.0)
DELAYS = dict(input_delays="channels", recurrent_delays="neurons", longest_delay=5e-3)
NETWORKS = {
    "plain": {},
    "feed-forward": dict(recurrent=False),
    "constants": dict(constants="gamma"),
    "delays": DELAYS,
    "pool": dict(pool=3),
    "delay line": dict(pool=3, delay_line=2, delay_step=10e-3) | DELAYS,
    "first spikes": dict(loss="ttfs", delay=2e-3),
    "two layers": dict(hidden=(6, 5), loss="mean") | DELAYS,
}


def some_model(**settings):
    network = Network(20, 3, **USUAL | settings)
    return Model(network, network.init(jax.random.key(0)), EventProp())


def assert_same(found, expected):
    """To the last bit."""
    named = lambda tree: [(path, x.shape, x.dtype) for path, x in jax.tree.leaves_with_path(tree)]  # noqa: E731
    assert named(found) == named(expected)
    jax.tree.map(np.testing.assert_array_equal, found, expected)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dt", [None, 1e-3, 3e-4])
def test_networks_come_back(name, dt, tmp_path):
    model = some_model(**NETWORKS[name])
    ours.write(tmp_path / "network.nir", model, dt=dt)
    found = ours.read(tmp_path / "network.nir", method=BPTT())
    assert_same(found.params, model.params)
    for setting in ("inputs", "hidden", "recurrent", "loss", "duration", "pool", "delay_line", "delay_step"):
        assert getattr(found.network, setting) == getattr(model.network, setting)
    assert np.isclose(found.network.delay, model.network.delay, rtol=1e-12)
    found.save(tmp_path / "params.npz")


def test_the_same_answers(tmp_path):
    model, rng = some_model(**NETWORKS["delay line"]), np.random.default_rng(0)
    ours.write(tmp_path / "network.nir", model)
    recording = rng.uniform(0, 0.2, 200), rng.integers(0, 20, 200)
    logits = model.logits(recording)
    np.testing.assert_array_equal(ours.read(tmp_path / "network.nir").logits(recording), logits)
    assert np.all(logits != 0)


def test_what_the_file_does_not_say_is_asked_for(tmp_path):
    model = some_model()
    graph = ours.to_graph(model.params.layers, model.params.readout, delay=1e-3)
    nir.write(tmp_path / "network.nir", graph)
    with pytest.raises(ValueError, match="duration is not in the file, for NIR does not know it: give duration"):
        ours.read(tmp_path / "network.nir")
    with pytest.raises(ValueError, match="loss is 'ttfs', expected for the graph's output mean or exp or max"):
        ours.read(tmp_path / "network.nir", duration=0.2, loss="ttfs")
    assert_same(ours.read(tmp_path / "network.nir", duration=0.2, loss="max").params, model.params)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(neuron="dead-time"), "NIR has no refractory period"),
        (dict(neuron="adaptive"), "got AdaptiveParams, expected LIFParams"),
        (dict(input_delays="synapses"), "delays of synapses"),
        (dict(input_delays="positions", recurrent_delays="positions"), "delays of synapses"),
    ],
)
def test_what_nir_cannot_express_is_refused(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        ours.write(tmp_path / "network.nir", some_model(**settings))


def neurons(n=2, **changes):
    of_all = lambda value: np.full(n, value)  # noqa: E731
    usual = dict(tau_mem=0.02, tau_syn=0.01, r=1.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0, w_in=0.01)
    return nir.CubaLIF(**{name: of_all(value) for name, value in (usual | changes).items()})


def graph_of(lif, edges=(), type_check=True, **nodes):
    nodes = {"input": nir.Input({"input": np.array([3])}), "w": nir.Linear(np.ones((2, 3))), "lif": lif} | nodes
    nodes["output"] = nir.Output({"output": np.array([2])})
    return nir.NIRGraph(
        nodes=nodes, edges=[("input", "w"), ("w", "lif"), ("lif", "output"), *edges], type_check=type_check
    )


def test_other_conventions_are_understood():
    """A resistance, a weight of the input, a resting voltage; a loop in a subgraph, as snnTorch writes it."""
    found = ours.from_graph(graph_of(neurons(r=2.0, w_in=0.03, v_leak=0.5, v_threshold=2.0, v_reset=0.25)))
    expected = lif_params(6 * jnp.ones((3, 2)), tau_mem=0.02, tau_syn=0.01, threshold=1.5, reset=-0.25)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6), found.layers[0], expected)
    inner = nir.NIRGraph(
        nodes={
            "in": nir.Input({"input": np.array([2])}), "lif": neurons(w_in=0.01 / 1e-3),
            "w_rec": nir.Affine(2 * np.ones((2, 2)), np.zeros(2)), "out": nir.Output({"output": np.array([2])}),
        },
        edges=[("in", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "out")],
    )  # fmt: skip
    found = ours.from_graph(graph_of(inner), dt=1e-3)
    np.testing.assert_array_equal(found.layers[0].w_rec, 2 * np.ones((2, 2)))
    assert found.delay == 1e-3 and found.layers[0].tau_mem.shape == ()


def test_what_is_no_row_of_layers_is_refused():
    one = np.ones(2)
    lif = nir.LIF(tau=one, r=one, v_leak=0 * one, v_threshold=one)
    with pytest.raises(ValueError, match="the output hears a LIF, expected CubaLIF or CubaLI"):
        ours.from_graph(graph_of(lif))
    biased = dict(b=nir.Affine(np.ones((2, 2)), one), edges=[("lif", "b"), ("b", "lif")])
    with pytest.raises(ValueError, match="node 'b' is a Affine, expected Linear, Delay and CubaLIF"):
        ours.from_graph(graph_of(neurons(), **biased))
    twice = dict(w2=nir.Linear(np.ones((2, 3))), edges=[("input", "w2"), ("w2", "lif")])
    with pytest.raises(ValueError, match="hear input, input, expected one node before them, and themselves"):
        ours.from_graph(graph_of(neurons(), **twice))
    aside = dict(other=nir.Linear(np.ones((4, 2))), edges=[("lif", "other")], type_check=False)
    with pytest.raises(ValueError, match="node 'other' is not in the row of layers"):
        ours.from_graph(graph_of(neurons(), **aside))


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"the package nir is missing: pip install 'gradlab\[nir\]'"):
        ours.write(tmp_path / "network.nir", some_model())
