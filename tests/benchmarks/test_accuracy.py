"""The summary of the presets' trainings."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.accuracy import measure as accuracy
from benchmarks.accuracy.__main__ import COMMAND
from benchmarks.accuracy.changes import changes
from benchmarks.accuracy.figure import accuracy_over_spikes, figures, table
from benchmarks.transfer.summary import summary, summary_figure, summary_table
from gradlab.reporting import records


def training(
    preset="shd-200", method="bptt", seed=0, epochs=3, status="ok", held_out=(), dataset="shd", strength=1e-7, **metrics
):
    given = dict.fromkeys(accuracy.MEANS, 0.5) | {"epochs": epochs} | metrics
    config = {"validation_groups": held_out, "training": {"rate_strength": strength}}
    samples = {"epoch_s": [9.0, 1.0, 2.0]}
    return records.make_record("train", preset, method, dataset, 200, seed, status, config, given, samples)


def test_seeds_are_averaged_and_the_last_of_a_seed_counts():
    trainings = [training(test_accuracy=0.1), training(test_accuracy=0.7), training(seed=1, test_accuracy=0.9)]
    (row,) = accuracy.rows(trainings, "shd")
    assert (row["seeds"], row["epoch_s"]) == ([0, 1], 2.0)
    assert row["test_accuracy"] == pytest.approx(0.8) and row["spread"] == pytest.approx(0.02**0.5)


def with_network(training_changes=None, /, **changes):
    record = training()
    record["config"]["network"] = {"hidden": [200], "loss": "exp", "input_rate": 15.8, "neuron": "lif"} | changes
    record["config"]["training"] |= training_changes or {}
    return record


def with_options(**changes):
    record = with_network()
    record["config"]["options"] = {"dt": 1e-3, "slope": 10.0, "checkpoint": False, "half_width": 0.5} | changes
    return record


def test_what_the_data_set_sets_is_no_change_of_the_preset():
    record = with_network(hidden=[200], recurrent=False, duration=0.06) | {"preset": "yin-yang"}
    assert changes(record) == ""
    record["config"]["network"]["duration"] = 0.07
    assert changes(record) == "--duration 0.07"


@pytest.mark.parametrize(
    ("record", "changed"),
    [
        (with_network(), ""),
        (with_network(input_rate=3.0), ""),
        (with_network(neuron="dead-time"), "--neuron dead-time"),
        (with_network(hidden=[100, 50]), "--hidden 100 50"),
        (with_network({"train_delays": False}, input_delays="channels"), "--input-delays channels --no-train-delays"),
        (with_network({"train_constants": True}), "--train-constants"),
        (with_network({"learning_rate": 0.4, "epochs": 7, "seed": 3}), "--learning-rate 0.4"),
        (with_options(slope=100.0, checkpoint=True, half_width=1.0), "--slope 100.0"),
    ],
)
def test_trainings_with_another_network_than_their_preset_are_controls(record, changed):
    (row,) = accuracy.rows([record], "shd")
    assert row["changed"] == changed
    other = transferred(continuous=(0.5, 0.0))
    other["config"] |= {
        name: given | other["config"].get(name, {})
        for name, given in record["config"].items()
        if isinstance(given, dict)
    }
    assert bool(summary([other])) == (not changed)


def test_controls_have_a_table_and_a_figure_of_their_own(tmp_path):
    config = accuracy.Config(*(tmp_path / f"{name}.jsonl" for name in ("bench", "linear", "transfer")), out=tmp_path)
    for record in (training(test_accuracy=0.9), with_network(recurrent=False)):
        records.append(record, config.records)
    record = COMMAND.run(config)
    assert [row["changed"] for kind in ("rows", "controls") for row in record["metrics"][kind]] == [
        "",
        "--no-recurrent",
    ]
    first, second = table(record).split("\n\n")
    assert "--no-recurrent" not in first and "| `--no-recurrent` | shd-200 | BPTT-SG | 1e-07 | 1 | 50.0 % |" in second
    (ax,) = figures(record)["controls-shd-200.png"].axes
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "preset shd-200\nBPTT-SG, 1e-07, 3 epochs", "--no-recurrent\nBPTT-SG, 1e-07, 3 epochs"
    ]  # fmt: skip
    assert (tmp_path / "figures" / "controls-shd-200.png").exists()


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ({"accuracy": 0.5, "runaway_share": 0.0}, {"accuracy": 0.6, "runaway_share": 0.0}, "55.0 %"),
        ({"accuracy": 0.5, "runaway_share": 0.0}, {"accuracy": 0.6, "runaway_share": 0.4}, "55.0 % of 80 %"),
        ({"accuracy": None, "runaway_share": 1.0}, {"accuracy": None, "runaway_share": 1.0}, "runs away"),
        ({"accuracy": 0.5, "runs_away": False}, {"accuracy": 0.6, "runs_away": False}, "55.0 %"),  # older records
        ({"accuracy": 0.5, "runs_away": False}, {"accuracy": None, "runs_away": True}, "runs away"),
        ({"accuracy": 0.5, "runaway_share": 0.0}, {"accuracy": None, "runaway_share": None}, ""),
    ],
)
def test_weights_in_the_other_simulator(first, second, text):
    trainings = [
        training(seed=seed, **{f"transfer_{name}": value for name, value in figures.items()})
        for seed, figures in enumerate((first, second))
    ]
    assert accuracy.rows(trainings, "shd")[0]["transfer"] == text


def test_only_completed_trainings_of_presets_on_everything_count():
    others = [training(preset=None), training(status="diverged"), training(held_out=[8]), training(dataset="tiny")]
    assert accuracy.rows([*others, training(method="both")], "shd") == []
    assert len(accuracy.rows(others, "tiny")) == 1
    alone = accuracy.rows([training(), training(epochs=4), training(method="eventprop")], "shd")
    assert [(row["method"], row["epochs"], row["spread"]) for row in alone] == [
        ("bptt", 3, None), ("bptt", 4, None), ("eventprop", 3, None)
    ]  # fmt: skip


def test_strengths_of_the_rate_regularisation_are_kept_apart():
    trainings = [training(), training(seed=1), training(strength=1e-5, spikes_per_sample=100.0)]
    found = accuracy.rows(trainings, "shd")
    assert [(row["rate_strength"], len(row["seeds"])) for row in found] == [(1e-7, 2), (1e-5, 1)]
    record = {"metrics": {"rows": found, "linear": None}, "dataset": "shd"}
    assert "| shd-200 | BPTT-SG | 1e-05 | 1 |" in table(record)
    (ax,) = accuracy_over_spikes(record).axes
    (bars,) = ax.containers
    assert list(bars.lines[0].get_xdata()) == [0.5, 100]  # both strengths on one line


def test_table_figure_and_record(tmp_path, capsys):
    files = (tmp_path / f"{name}.jsonl" for name in ("bench", "linear", "transfer"))
    config = accuracy.Config(*files, out=tmp_path)
    with pytest.raises(ValueError, match="bench.jsonl has no completed training of a preset"):
        COMMAND.run(config)  # there is no such file
    records.append(training(preset=None), config.records)
    with pytest.raises(ValueError, match="no completed training of a preset"):
        COMMAND.run(config)
    for seed in (0, 1):
        records.append(training(seed=seed, test_accuracy=0.8 + 0.02 * seed, train_accuracy=1.0), config.records)
    names = "test_accuracy", "test_accuracy_known_speakers", "test_accuracy_unseen_speakers", "train_accuracy"
    baseline = dict.fromkeys(names, 0.75) | {"parameters": 20000}
    other = baseline | {"test_accuracy": 0.5}
    for dataset, metrics in (("shd", baseline), ("synthetic", other)):
        old = {"schema_version": 1, "benchmark": "linear", "dataset": dataset, "metrics": metrics}
        records.append(old, config.linear)
    records.append(transferred(continuous=(0.5, 0.0)), config.transfer)
    record = COMMAND.run(config)
    assert records.read(tmp_path / "accuracy.jsonl") == [record]
    assert (tmp_path / "figures" / "transfer.png").exists()
    today = {name.replace("speakers", "groups"): value for name, value in baseline.items()}
    assert record["metrics"]["linear"] == today
    assert (tmp_path / "figures" / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "| shd-200 | BPTT-SG | 1e-07 | 2 | 81.0 ± 1.4 % | 50.0 % | 50.0 % | 100.0 % |  | 3 |" in printed
    assert "| linear baseline |  |  |  | 75.0 %" in printed and "20,000" in printed


def transferred(method="bptt", strength=1e-7, epochs=3, preset="shd-200", status="ok", **simulators):
    tested = {name: {"accuracy": accuracy, "runaway_share": away} for name, (accuracy, away) in simulators.items()}
    metrics = {"spikes_per_sample": 1234.0, "simulators": tested}
    config = {"training": {"rate_strength": strength, "epochs": epochs}}
    return records.make_record("transfer", preset, method, "shd", 200, 0, status, config, metrics, {})


def test_transfer_of_all_trainings():
    found = summary([
        transferred(continuous=(0.1, 0.0)), transferred(continuous=(0.5, 0.25), continuous_dead_time=(0.9, 0.0)),
        transferred(strength=1e-4, continuous=(None, 1.0)), transferred(status="diverged"), transferred(preset=None),
        transferred(epochs=6, continuous=(0.6, 0.0)),
    ])  # fmt: skip
    heads, _, *lines = summary_table(found).splitlines()
    assert "| continuous time | with dead time |" in heads
    assert lines == [
        "| shd-200 | BPTT-SG | 1e-07 | 3 | 0 | 1,234 | 50.0 % of 75 % | 90.0 % |",
        "| shd-200 | BPTT-SG | 1e-07 | 6 | 0 | 1,234 | 60.0 % |  |",
        "| shd-200 | BPTT-SG | 0.0001 | 3 | 0 | 1,234 | runs away |  |",
    ]
    (ax,) = summary_figure(found).axes
    assert [line.get_linestyle() for line in ax.lines] == ["-", "-", "--"]
    shown = [line.get_ydata() for line in ax.lines]
    np.testing.assert_array_equal(shown, [[50, 90], [60, np.nan], [np.nan, np.nan]])
    with pytest.raises(ValueError, match="a record has no metrics.spikes_per_sample as this version writes it"):
        summary([transferred() | {"metrics": None}])


def test_a_foreign_record_is_named_with_its_file(tmp_path):
    config = accuracy.Config(*(tmp_path / f"{name}.jsonl" for name in ("bench", "linear", "transfer")), out=tmp_path)
    records.append(training(), config.records)
    records.append(transferred() | {"config": {}}, config.transfer)
    with pytest.raises(ValueError, match=r"transfer\.jsonl: a record has no config\.training\.rate_strength"):
        accuracy.measure(config)
    records.append(training(seed=None), config.records)
    with pytest.raises(ValueError, match=r"bench\.jsonl: a record has no seed"):
        accuracy.measure(config)


JUNK = (
    st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False), max_size=2)
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_foreign_records(data):
    """Any part of a record may be another thing or missing: it is averaged, left out, or refused by name."""
    record = json.loads(json.dumps(training()))
    part = data.draw(st.sampled_from([record, record["metrics"], record["samples"], record["config"]]))
    name = data.draw(st.sampled_from(sorted(part)))
    if data.draw(st.booleans()):
        del part[name]
    else:
        part[name] = data.draw(JUNK)
    try:
        found = accuracy.rows([record], "shd")
    except ValueError as error:
        assert re.match(r"a record has no [\w.]+ as this version writes it", str(error))
        return
    assert table({"metrics": {"rows": found, "linear": None}})


@pytest.mark.parametrize("metrics", [None, {}, {"test_accuracy": "0.9", "parameters": 3}, {"test_accuracy": 0.9}])
def test_foreign_baseline(metrics, tmp_path):
    config = accuracy.Config(tmp_path / "bench.jsonl", tmp_path / "linear.jsonl", out=tmp_path)
    records.append(training(), config.records)
    records.append({"schema_version": 2, "dataset": "shd", "metrics": metrics}, config.linear)
    with pytest.raises(ValueError, match="a record has no metrics"):
        COMMAND.run(config)


def test_data_set_without_groups(tmp_path, capsys):
    """Accuracies by group are neither shown nor drawn."""
    groups = dict.fromkeys(("test_accuracy_unseen_groups", "test_accuracy_known_groups"))
    config = accuracy.Config(tmp_path / "bench.jsonl", tmp_path / "none.jsonl", dataset="flowers", out=tmp_path)
    with pytest.raises(ValueError, match="on the whole training set of flowers"):
        COMMAND.run(config)
    records.append(training(dataset="flowers", held_out=None, **groups), config.records)
    record = COMMAND.run(config)
    assert (record["dataset"], record["metrics"]["linear"]) == ("flowers", None)
    assert "| shd-200 | BPTT-SG | 1e-07 | 1 | 50.0 % |  |  | 50.0 % |  | 3 |" in capsys.readouterr().out
