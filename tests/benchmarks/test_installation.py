"""Size of an installation, and time of imports."""

from importlib.metadata import distribution

import pytest

from benchmarks.installation import measure as installation
from benchmarks.installation.__main__ import COMMAND
from gradlab.reporting import records


def test_requirements_are_followed():
    found = installation.required(["jaxtyping", "numpy; extra == 'other'", "h5py; python_version < '3'"])
    assert "wadler-lindig" in found and not {"numpy", "h5py"} & set(found)
    with pytest.raises(ValueError, match="no-such-package is not installed: pip install no_such_package"):
        installation.required(["no_such_package"])


def test_it_is_measured_and_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(installation, "STATEMENTS", {"import_gradlab_s": "import gradlab"})
    monkeypatch.setattr(installation, "required", lambda _: {"gradlab": None, "numpy": distribution("numpy")})
    metrics = COMMAND.run(installation.Config(repeats=2, out=tmp_path))["metrics"]
    (record,) = records.read(tmp_path / "installation.jsonl")
    assert record["metrics"] == metrics and 0 < metrics["import_gradlab_s"] < 60
    assert 2e5 < metrics["own_bytes"] < 1e7 < metrics["required_bytes"] and metrics["required_packages"] == 1
    assert "MB" in capsys.readouterr().out
