import numpy as np
import pytest
from matplotlib.figure import Figure

from gradlab.reporting.learning_curves import accuracy_curves, learning_curves, loss_curves
from gradlab.reporting.raster import raster
from gradlab.reporting.similarity import gradient_similarity, similarity_bars
from gradlab.reporting.style import colour_of, save


def a_run(method, epochs=4, **samples):
    rising = list(np.linspace(0.2, 0.8, epochs))
    defaults = {
        "train_loss": rising[::-1], "train_accuracy": rising, "validation_accuracy": rising, "epoch_s": [2.0] * epochs,
    }  # fmt: skip
    return {"method": method, "samples": defaults | samples}


def agreement(parameters=("w_in", "w_rec"), stages=("before", "after_eventprop", "after_bptt"), **values):
    measures = {"cosine": 0.5, "norm_ratio": 4.0, "sign_agreement": 0.7} | values
    return {stage: {"bptt": {name: measures for name in parameters}} for stage in stages}


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_learning_curves_tell_runs_apart():
    figure = learning_curves([a_run("eventprop"), a_run("bptt"), a_run("mystery"), a_run("eventprop")])
    of_kinds = ["validation accuracy", "training accuracy"]
    assert legend(figure) == ["EventProp, 1", "BPTT-SG", "mystery", "EventProp, 2", *of_kinds]
    for ax in figure.axes:
        solid = [line.get_color() for line in ax.lines if line.get_linestyle() == "-"]
        assert solid[:2] == [colour_of("eventprop"), colour_of("bptt")] and len(set(solid)) == 4
    seeds = [a_run("bptt") | {"seed": seed} for seed in (3, 5)]
    assert legend(learning_curves(seeds)) == ["BPTT-SG, seed 3", "BPTT-SG, seed 5", *of_kinds]
    assert [ax.get_xlabel() for ax in figure.axes] == ["epoch", "training time [s]", "epoch"]


def test_accuracy_over_epochs_and_over_seconds():
    run = a_run("bptt", validation_accuracy=[0.1, None, 0.3, 0.4])
    line = accuracy_curves([run]).lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(line.get_ydata(), [10, np.nan, 30, 40])
    assert line.get_color() == colour_of("bptt")
    np.testing.assert_array_equal(accuracy_curves([run], over="seconds").lines[0].get_xdata(), [2, 4, 6, 8])


def test_curves_of_a_record_with_some_of_the_epochs():
    run = a_run("bptt", epoch=[1, 4, 7, 10])
    for line in (accuracy_curves([run]).lines[0], loss_curves([run]).lines[0]):
        np.testing.assert_array_equal(line.get_xdata(), [1, 4, 7, 10])
    np.testing.assert_array_equal(accuracy_curves([run], over="seconds").lines[0].get_xdata(), [2, 8, 14, 20])
    assert not accuracy_curves([a_run("bptt", epoch=[1, 4, 7, 10], epoch_s=[])], over="seconds").lines


@pytest.mark.parametrize("missing", [None, []])
def test_records_without_a_list_are_left_out(missing):
    timeless = a_run("bptt", epoch_s=missing)
    assert not accuracy_curves([timeless], over="seconds").lines
    assert len(accuracy_curves([timeless]).lines) == 2
    learning_curves([a_run("bptt", train_loss=missing, validation_accuracy=missing)])


def test_given_axes_are_drawn_on():
    ax = Figure().subplots()
    assert loss_curves([a_run("bptt")], ax) is ax
    assert len(ax.lines) == 1


def test_raster_leaves_out_padding():
    figure = raster([0.1, 0.2, np.inf], [3, 4, -1], [0.3, np.inf], [7, -1], "a sample")
    above, below = figure.axes
    np.testing.assert_allclose(above.collections[0].get_offsets(), [[0.1, 3], [0.2, 4]])
    np.testing.assert_allclose(below.collections[0].get_offsets(), [[0.3, 7]])
    assert above.get_title(loc="right") == "2 spikes"
    assert above.get_xlim() == below.get_xlim()


def test_agreement_bars_stand_at_their_parameter():
    ax = similarity_bars(agreement(), "cosine")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["w_in", "w_rec"]
    assert len(ax.patches) == 6
    centres = np.array([bar.get_x() + bar.get_width() / 2 for bar in ax.patches]).reshape(3, 2)
    np.testing.assert_allclose(centres.mean(axis=0), [0, 1], atol=1e-12)
    assert {bar.get_height() for bar in ax.patches} == {0.5}


def test_ratio_of_norms_grows_from_one():
    ax = similarity_bars(agreement(norm_ratio=0.25), "norm_ratio")
    ends = {(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches}
    assert ends == {(1.0, 0.25)} and ax.get_yscale() == "log"


def test_what_is_not_defined_has_no_bar():
    data = agreement(stages=("before",)) | {"after_bptt": {"bptt": {"w_in": {"cosine": None}}}}
    heights = [bar.get_height() for bar in similarity_bars(data, "cosine").patches]
    np.testing.assert_allclose(heights, [0.5, 0.5, np.nan, np.nan])


@pytest.mark.parametrize("values", [{}, {"norm_ratio": 0.0}, {"cosine": None, "norm_ratio": None}])
def test_every_figure_can_be_saved(tmp_path, values):
    record = {"metrics": {"agreement": agreement(**values)}}
    figures = [gradient_similarity(record), learning_curves([]), raster([], [], [], [], "silence")]
    for number, figure in enumerate(figures):
        path = tmp_path / "new" / f"{number}.png"
        save(figure, path)
        assert path.read_bytes().startswith(b"\x89PNG")


def test_cosine_axis_shows_negative_values():
    left, _ = gradient_similarity({"metrics": {"agreement": agreement(cosine=-0.5)}}).axes
    assert left.get_ylim()[0] <= -0.5
    assert gradient_similarity({"metrics": {"agreement": agreement()}}).axes[0].get_ylim()[0] == 0


def test_gradients_of_several_methods_are_a_grid():
    some = {"w_in": {"cosine": 0.9, "norm_ratio": 4.0}, "w": {"cosine": 1.0, "norm_ratio": 1.0}}
    zero = {"w_in": {"cosine": None, "norm_ratio": 0.0}, "w": {"cosine": None, "norm_ratio": None}}
    found = {"before": {"bptt": some, "true-derivative": zero}, "after_eventprop": {}}
    first, second = gradient_similarity({"metrics": {"agreement": found}}).axes
    assert [ax.get_title() for ax in (first, second)] == ["w_in", "w"]
    assert [tick.get_text() for tick in first.get_yticklabels()] == ["before training", "after EventProp"]
    assert [tick.get_text() for tick in first.get_xticklabels()] == ["BPTT-SG", "true derivative"]
    assert [text.get_text() for text in first.texts] == ["0.90\n× 4", "zero", "ran away"]
    assert [text.get_text() for text in second.texts] == ["1.00\n× 1", "-", "ran away"]
    np.testing.assert_array_equal(first.images[0].get_array().filled(np.nan), [[0.9, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize("runs", [1, 9])
def test_a_legend_stays_within_its_figure(runs):
    figure = learning_curves([a_run(f"method number {number}") for number in range(runs)])
    figure.draw_without_rendering()
    box, whole = figure.legends[0].get_window_extent(), figure.bbox
    assert box.x0 >= whole.x0 and box.x1 <= whole.x1


def test_no_global_figure_is_left_behind():
    learning_curves([a_run("bptt")])
    import matplotlib.pyplot

    assert matplotlib.pyplot.get_fignums() == []
