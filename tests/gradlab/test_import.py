"""What ``import gradlab`` does: it loads nothing heavy, and names another package that is called ``solvers``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(folder, code="import gradlab"):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["solvers.py", "solvers/__init__.py"])
def test_another_solvers_is_named(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    last = imported(tmp_path).stderr.splitlines()[-1]
    assert "ImportError: gradlab needs its own package 'solvers'" in last and str(tmp_path / name) in last


def test_nothing_heavy_is_loaded(tmp_path):
    done = imported(
        tmp_path, "import sys, gradlab; print(sorted({'jax', 'numpy', 'numba', 'tyro'} & set(sys.modules)))"
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_optional_packages_are_loaded_when_they_are_used(tmp_path):
    """The commands load none of them."""
    optional = "sklearn", "tonic", "librosa", "diffrax", "pandas", "mkdocs", "tensorboardX", "wandb", "mlflow", "optuna"
    optional += "submitit", "pyarrow", "sqlalchemy"
    commands = "gradlab.bench, gradlab.sweeps.sweep, gradlab.sweeps.collect, gradlab.tuning.__main__"
    commands += ", benchmarks.linear.__main__"
    code = f"import sys, {commands}; print(sorted(set({optional}) & set(sys.modules)))"
    done = imported(tmp_path, code)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
