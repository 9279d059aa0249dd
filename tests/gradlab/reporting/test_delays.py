"""The figure of delays shows the delays and the arrivals."""

import numpy as np
import pytest

from gradlab.reporting.delays import delays
from gradlab.reporting.style import save
from solvers.delays import Delays, Positions
from solvers.neurons.lif import lif_params

W_IN, W_REC = np.array([[1.0, 0.5], [2.0, -3.0], [0.0, 1.0]]), np.array([[0.0, 0.1], [0.2, 0.0]])
INPUTS = np.array([0.01, 0.02, 0.03]), np.array([1, 0, 1])
SPIKES = np.array([0.015, 0.04, 0.05]), np.array([0, 1, 1])
OF_SYNAPSES = np.array([[1e-3, 4e-3], [2e-3, 5e-3], [3e-3, 6e-3]])


def dots(ax):
    return np.ma.getdata(ax.collections[0].get_offsets())


@pytest.mark.parametrize("lags", [OF_SYNAPSES, OF_SYNAPSES[:, 1]], ids=["synapses", "channels"])
def test_inputs_leave_and_arrive(lags, tmp_path):
    layer = lif_params(W_IN, W_REC, delays=Delays(lags, np.array([7e-3, 8e-3])))
    figure = delays(layer, INPUTS, SPIKES)
    inputs, recurrent, leaving, arriving = figure.get_axes()
    expected = np.broadcast_to(lags if lags.ndim == 2 else lags[:, None], W_IN.shape)
    assert {tuple(x) for x in np.round(dots(inputs), 5)} == set(
        zip(np.round(1e3 * expected, 5).ravel(), W_IN.ravel(), strict=True)
    )
    np.testing.assert_allclose(sorted(dots(recurrent)[:, 0]), [7, 7, 8, 8], rtol=1e-5)
    np.testing.assert_allclose(dots(leaving)[:, 0], INPUTS[0])
    np.testing.assert_allclose(dots(arriving)[:, 0], INPUTS[0] + OF_SYNAPSES[INPUTS[1], 1], rtol=1e-5)  # of neuron 1
    assert [line.get_xdata()[0] for line in arriving.lines] == [0.04, 0.05]
    save(figure, tmp_path / "x.png")


def test_only_what_there_is_is_drawn():
    (ax,) = delays(lif_params(W_IN, W_REC, delays=Delays(recurrent=np.zeros(2))), INPUTS, SPIKES).get_axes()
    assert ax.get_title() == "recurrent connections"
    positions = lif_params(W_IN, delays=Positions(np.zeros((3, 2)), np.array([[3e-3, 4e-3], [0, 0]])))
    inputs, *others = delays(positions, INPUTS, SPIKES).get_axes()
    assert len(others) == 2
    np.testing.assert_allclose(sorted(dots(inputs)[:, 0]), [0, 0, 0, 5, 5, 5], rtol=1e-5)
