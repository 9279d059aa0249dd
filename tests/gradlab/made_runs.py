"""Folders of runs without a training, and what a command prints of them."""

from gradlab.reporting import records
from gradlab.runs import RunFolder


def made(out, name, seed, **changes):
    """A run with a record and a figure."""
    run = RunFolder.of(out, name, {"seed": seed})
    with run.held({"seed": seed}):
        metrics = {"epochs": 3, "test_accuracy": 0.5, "spikes_per_sample": 1234.4, "training_s": 9.6}
        given = {"status": "ok", "config": {"seed": seed}, "metrics": metrics, "samples": {"raster": [1], "loss": [2]}}
        record = records.make_record("train", None, "eventprop", "tiny", 8, seed, **given | changes)
        run.write_record(record, resumed=False)
        (run.path / "figures").mkdir()
        (run.path / "figures" / "curves.png").write_bytes(b"png")
    return run


def printed(main, capsys, *arguments):
    status = main([str(each) for each in arguments])
    out, errors = capsys.readouterr()
    return status, out, errors
