"""Exported graphs in norse, whose spikes approach ours in continuous time as its step goes to zero.

norse is in the environment that ``python -m benchmarks.peers --install`` makes.
"""

import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.peers.environments import python_of
from gradlab.networks.readouts import ReadoutParams
from gradlab.nir import to_graph
from solvers.delays import Delays
from solvers.eventprop import lif_layer
from solvers.events import pad_events
from solvers.neurons.lif import lif_params
from solvers.voltages import voltages

ROOT = Path(__file__).parents[3]
PYTHON = python_of(ROOT / "build/peers/norse")
INPUTS, NEURONS, DURATION, DELAY = 20, 10, 0.1, 1e-3
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="norse is not installed: python -m benchmarks.peers --install"),
    pytest.mark.usefixtures("float64"),
]


def some_input(rng):
    """Times on all grids."""
    times = np.sort(rng.integers(1, 80, 60)) * 1e-3
    return times, rng.integers(0, INPUTS, 60)


def some_layer(rng, recurrent, delays):
    lags = Delays(jnp.asarray(rng.integers(0, 5, INPUTS) * 1e-3), jnp.asarray(rng.integers(0, 4, NEURONS) * 1e-3))
    return lif_params(
        rng.normal(0.4, 0.4, (INPUTS, NEURONS)),
        rng.normal(0, 0.2, (NEURONS, NEURONS)) if recurrent else None,
        tau_mem=rng.uniform(0.01, 0.02, NEURONS),
        tau_syn=rng.uniform(4e-3, 9e-3, NEURONS),
        threshold=rng.uniform(0.8, 1.2, NEURONS),
        delays=lags if delays else None,
    )


def in_norse(graph, train, dt, folder):
    """Outputs at each step."""
    import nir

    given = np.zeros((round(DURATION / dt) + 1, INPUTS), np.float32)
    np.add.at(given, (np.rint(train[0] / dt).astype(int), train[1]), 1)
    nir.write(folder / "graph.nir", graph)
    np.save(folder / "input.npy", given)
    script = Path(__file__).parent / "run_in_norse.py"
    files = [folder / name for name in ("graph.nir", "input.npy", "output.npy")]
    subprocess.run([PYTHON, script, *files, str(dt)], check=True)
    return np.load(files[2])


@pytest.mark.parametrize(("recurrent", "delays"), [(False, False), (True, False), (True, True)])
def test_spikes_approach_ours(recurrent, delays, tmp_path):
    rng = np.random.default_rng(0)
    layer, train = some_layer(rng, recurrent, delays), some_input(rng)
    spikes = lif_layer(layer, pad_events([train]), duration=DURATION, capacity=500, delay=DELAY)
    assert spikes.count[0] > 40
    ours = [np.asarray(spikes.times[0])[np.asarray(spikes.units[0]) == n] for n in range(NEURONS)]
    lags, missed = [], []
    for dt in (2e-4, 5e-5):
        found = in_norse(to_graph([layer], delay=DELAY, dt=dt), train, dt, tmp_path)
        theirs = [np.flatnonzero(found[:, n]) * dt for n in range(NEURONS)]
        missed.append(sum(abs(len(a) - len(b)) for a, b in zip(ours, theirs, strict=True)))
        both = [np.abs(a - b) for a, b in zip(ours, theirs, strict=True) if len(a) == len(b)]
        lags.append(np.median(np.concatenate(both)))
    assert missed[1] <= 0.02 * spikes.count[0] and missed[1] <= missed[0]
    assert lags[1] < 0.7 * lags[0] and lags[1] < 1.2e-4


def test_readout_voltages_approach_ours(tmp_path):
    rng = np.random.default_rng(1)
    layer, train, dt = some_layer(rng, True, True), some_input(rng), 5e-5
    readout = ReadoutParams(jnp.asarray(rng.normal(0, 0.3, (NEURONS, 2))), jnp.asarray(0.02), jnp.asarray(0.01))
    found = in_norse(to_graph([layer], readout, delay=DELAY, dt=dt), train, dt, tmp_path)
    spikes = lif_layer(layer, pad_events([train]), duration=DURATION, capacity=500, delay=DELAY)
    times = np.arange(0, len(found), 20) * dt
    exact = voltages(lif_params(readout.w, tau_mem=0.02, tau_syn=0.01), spikes, None, times)[0]
    assert np.max(np.abs(exact)) > 0.2
    np.testing.assert_allclose(found[::20], exact, atol=0.05 * np.max(np.abs(exact)))
