"""Figures about the recipe show what the records hold."""

import numpy as np

from gradlab import plots, recipe_plots
from gradlab.constants import QUANTILES

METHODS = ("eventprop", "bptt")


def text_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_constants_have_a_row_for_each_layer(tmp_path):
    levels = np.arange(1.0, 6)  # of five quantiles
    samples = {f"{name}_quantiles": [[levels, 2 * levels]] * 3 for name in ("tau_mem", "tau_syn", "threshold")}
    figure = recipe_plots.constants({"method": "bptt", "samples": samples})
    assert len(figure.axes) == 6 and len(QUANTILES) == 5
    assert text_of(figure) == ["5% to 95%", "25% to 75%", "median"]
    for ax, median in zip(figure.axes, (3e3, 3e3, 3, 6e3, 6e3, 6), strict=True):
        (line,) = ax.lines
        np.testing.assert_allclose(line.get_xydata(), [[1, median], [2, median], [3, median]])
        heights = [band.get_paths()[0].vertices[:, 1] for band in ax.collections]
        for found, low, high in zip(heights, (1, 2), (5, 4), strict=True):
            np.testing.assert_allclose([found.min(), found.max()], [low * median / 3, high * median / 3])
    plots.save(figure, tmp_path / "x.png")


def test_initialisation_shows_every_method_and_initialiser(tmp_path):
    values = {"rate_hz": [1.0, 2.0], "silent_fraction": [0.25, 0.5], "gradient_norms": {"w": [1e-3, 1e-2, 1.0]}}
    record = {"metrics": {name: dict.fromkeys(METHODS, values) for name in ("a", "b")}}
    figure = recipe_plots.initialisation(record)
    rates, silent, norms = figure.axes
    assert text_of(figure) == ["EventProp", "BPTT-SG", "a", "b"]
    assert [list(line.get_ydata()) for line in rates.lines] == [[1, 2]] * 4
    assert [list(line.get_ydata()) for line in silent.lines] == [[25, 50]] * 4
    assert [list(line.get_ydata()) for line in norms.lines] == [[1e-3, 1], [1e-2]] * 4
    places = [line.get_xdata()[0] for line in rates.lines]
    assert len(set(places)) == 4 and max(np.abs(places)) < 0.5
    assert [tick.get_text() for tick in norms.get_xticklabels()] == ["w"]
    plots.save(figure, tmp_path / "x.png")


def test_ablation_has_a_row_for_each_training(tmp_path):
    runs = {
        "(whole recipe)": {"status": "ok", "test_accuracy": 0.9, "validation_accuracy": 0.8},
        "lift": {"status": "overflow", "test_accuracy": None, "validation_accuracy": 0.7},
    }
    figure = recipe_plots.ablation({"method": "eventprop", "metrics": {"runs": runs}})
    (ax,) = figure.axes
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["(whole recipe)", "without lift\n(ran away)"]
    points = {line.get_label(): line.get_xydata() for line in ax.lines if not line.get_label().startswith("_")}
    np.testing.assert_allclose(points["test set"], [[90, 0], [np.nan, 1]])
    np.testing.assert_allclose(points["held-out speakers"], [[80, 0], [70, 1]])
    plots.save(figure, tmp_path / "x.png")


def test_speakers_are_shown_epoch_by_epoch_and_at_the_end(tmp_path):
    runs = {"0": {"validation_accuracy": 0.6}, "7": {"validation_accuracy": 0.8}, "9": {"validation_accuracy": None}}
    curves = {
        "0": {"validation_accuracy": [0.5, 0.6]},
        "7": {"validation_accuracy": [0.7, 0.8, 0.7]},
        "9": {"validation_accuracy": None},
    }
    record = {"method": "bptt", "metrics": {"runs": runs, "mean": 0.7}, "samples": curves}
    figure = recipe_plots.speakers(record)
    by_epoch, last = figure.axes
    *curves, mean = by_epoch.lines
    assert [list(line.get_ydata()) for line in curves] == [[50, 60], [70, 80, 70]]
    np.testing.assert_allclose(mean.get_xydata(), [[1, 60], [2, 70]])
    np.testing.assert_allclose(last.lines[0].get_xydata(), [[60, 0], [80, 1], [np.nan, 2]])
    assert last.lines[1].get_xdata()[0] == 70
    assert [tick.get_text() for tick in last.get_yticklabels()] == ["speaker 0", "speaker 7", "speaker 9"]
    plots.save(figure, tmp_path / "x.png")
