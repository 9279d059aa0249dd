"""Stands in for a training that takes no time: ``stand_in.py FOLDER EPOCHS WHAT``.

It keeps each epoch, goes on where it was stopped, and notes each start in ``starts`` beside its folder. WHAT it does is
``ends``; ``waits``: for ever, after its first epoch; ``fails``: before it keeps anything.
"""

import json
import os
import sys
import time
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))  # before anything is imported that may take others

from gradlab.training import archive, files  # noqa: E402


def kept(folder):
    path = folder / "checkpoint.npz"
    return archive.read(path, path.stat().st_size)[0]["progress"]["epochs"] if path.exists() else 0


def record(folder, **entries):
    line = {"schema_version": 2, "time": str(time.time()), "metrics": {}, "reason": None} | entries
    files.replace(folder / "record.json", (json.dumps(line) + "\n").encode())


def train(folder, epochs, what):
    with files.in_charge_of_folder(folder):
        files.replace(folder / "config.json", b"{}")
        for number in range(kept(folder) + 1, epochs + 1):
            files.replace(folder / "checkpoint.npz", archive.packed({"progress": {"epochs": number}}, {}))
            if what == "waits" and number == 1:
                time.sleep(600)
        record(folder, status="ok")


if __name__ == "__main__":
    folder, epochs, what = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    place = {"cores": CORES, "numba": os.environ.get("NUMBA_NUM_THREADS")}
    start = {"run": folder.name, "epochs": kept(folder), "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"), **place}
    with (folder.parent / "starts").open("a") as file:
        file.write(json.dumps(start) + "\n")
    if what == "fails":
        sys.exit("error: no luck")
    train(folder, epochs, what)
