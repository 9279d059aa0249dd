"""The figure of the constants shows what the records hold."""

import numpy as np

from gradlab.networks.heterogeneity import QUANTILES
from gradlab.reporting.constants import constants
from gradlab.reporting.style import save


def text_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_constants_have_a_row_for_each_layer(tmp_path):
    levels = np.arange(1.0, 6)  # of five quantiles
    samples = {f"{name}_quantiles": [[levels, 2 * levels]] * 3 for name in ("tau_mem", "tau_syn", "threshold")}
    figure = constants({"method": "bptt", "config": {}, "samples": samples})
    assert len(figure.axes) == 6 and len(QUANTILES) == 5
    assert text_of(figure) == ["5% to 95%", "25% to 75%", "median"]
    for ax, median in zip(figure.axes, (3e3, 3e3, 3, 6e3, 6e3, 6), strict=True):
        (line,) = ax.lines
        np.testing.assert_allclose(line.get_xydata(), [[1, median], [2, median], [3, median]])
        heights = [band.get_paths()[0].vertices[:, 1] for band in ax.collections]
        for found, low, high in zip(heights, (1, 2), (5, 4), strict=True):
            np.testing.assert_allclose([found.min(), found.max()], [low * median / 3, high * median / 3])
    save(figure, tmp_path / "x.png")


def test_labels_are_those_of_the_neuron():
    samples = {"tau_adapt_quantiles": [[[0.1] * 5]]}
    record = {"method": "bptt", "config": {"network": {"neuron": "adaptive"}}, "samples": samples}
    (ax,) = constants(record).axes
    assert ax.get_ylabel().endswith("[ms]") and "adapt" in ax.get_ylabel()
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [100])
