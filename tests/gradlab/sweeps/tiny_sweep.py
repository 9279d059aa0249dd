"""A sweep of tiny trainings as a user would start it, and what its runs have recorded."""

import os
import sys
from pathlib import Path

from gradlab.reporting import records

ROOT = Path(__file__).parents[3]
TINY = "dataset=yin-yang hidden=4 epochs=2 batch_size=1000 duration=0.06 engine=numba".split()
TIMES = ("training_s", "compile_s", "seconds_per_step", "epoch_s")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}


def command(out, *arguments):
    return [sys.executable, "-m", "gradlab", "sweep", "--set", *TINY, "--out", str(out), *arguments]


def recorded(out):
    """By folder the record of each run, without what differs between two trainings that are the same."""
    found = {}
    for path in sorted(out.glob("*/record.json")):
        (record,) = records.read(path)
        assert not list(path.parent.glob("record.*.json"))
        kept = {name: value for name, value in record.items() if name not in ("time", "env")}
        for part in ("metrics", "samples"):
            kept[part] = {name: value for name, value in kept[part].items() if name not in TIMES}
        found[path.parent.name] = kept
    return found
