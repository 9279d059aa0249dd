"""Runs side by side."""

from made_runs import made, printed

from gradlab.runs import comparison


def test_two_runs_side_by_side(tmp_path, capsys):
    samples = {"train_loss": [2.0, 1.0], "train_accuracy": [0.3, 0.6], "epoch_s": [1.0, 1.0]}
    runs = [
        made(tmp_path, name, seed, samples=samples, config={"same": 1, "training": {"seed": seed}}).path
        for name, seed in (("a", 3), ("b", 4))
    ]
    status, out, errors = printed(comparison.main, capsys, *runs, "--to", tmp_path / "to")
    assert status == 0, errors
    lines = out.splitlines()
    assert lines[0] == f"EventProp, seed 3: {runs[0]}" and lines[1] == f"EventProp, seed 4: {runs[1]}"
    assert lines[2] == "training.seed: 3, 4" and lines[3] == ""  # the only difference
    assert lines[4].split("  ")[-2:] == ["EventProp, seed 3", "EventProp, seed 4"]
    assert any(line.startswith("test accuracy") and line.count("50.0%") == 2 for line in lines)
    assert (tmp_path / "to/curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_setting_that_one_run_lacks_is_a_difference():
    first, second = {"config": {"a": {"b": 1}, "c": 2}}, {"config": {"a": {"b": 1}}}
    assert comparison.differences([first, second]) == {"c": [2, "-"]}


def test_what_is_no_run_is_refused(tmp_path, capsys):
    for given, message in (([], "no run is named"), ([tmp_path], "is no folder of a run with a record")):
        status, _, errors = printed(comparison.main, capsys, *given, "--to", tmp_path / "to")
        assert status == 2 and message in errors and not (tmp_path / "to").exists()
