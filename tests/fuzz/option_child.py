"""Answers command lines inside one process, up to where the work would begin: ``option_child.py LINES ANSWERS``.

What stands in for the work raises ``Accepted``: the training behind its check of the data, the making of weights, the
first pass of a network, a fit, a compilation for another machine, and every other process than git. Data sets are made
once. All else is as in a command of its own, with little memory and no network. A line that takes too long ends it all.
"""

import contextlib
import functools
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

from option_lines import entry_of

MEMORY = 12 * 2**30  # of addresses, of which JAX and numba take several gigabytes
LIMIT = 60  # [s] for a line
GIVEN = {
    "a_file": "in the way", "records.jsonl": '{"schema_version": 2, "benchmark": "train"}\n',
    "cut.jsonl": '{"schema_version": 2, "bench', "foreign.jsonl": '[1, 2]\n{"a": {}}\n',
}  # fmt: skip


class Accepted(BaseException):
    """The work would begin."""


def accept(*_, **__):
    raise Accepted


def stand_ins():
    """Put ``accept`` in place of all work."""
    from sklearn.linear_model import LogisticRegression

    import benchmarks.gradient_agreement.measure as agreement
    import benchmarks.memory_scaling.measure as memory_scaling
    import gradlab.check
    from gradlab.data import DATASETS
    from gradlab.networks.network import Network
    from gradlab.training import loop
    from gradlab.training.objective import Objective

    for home, names in {
        LogisticRegression: ("fit",), agreement: ("circulations",), memory_scaling: ("compare", "activity"),
        gradlab.check: ("check_gradients",), Network: ("init",), loop: ("Run",),
        Objective: ("gradient", "forward", "evaluate"),
    }.items():  # fmt: skip
        for name in names:
            assert hasattr(home, name)
            setattr(home, name, accept)
    loop.Trainer.init = lambda self, data: None
    for name, known in DATASETS.items():
        if known.is_in is None:
            DATASETS[name] = replace(known, load=functools.cache(known.load))
    run = subprocess.run
    subprocess.run = lambda command, *a, **k: run(command, *a, **k) if command[0] == "git" else accept()


def fresh_folder(folder):
    """The current folder holds what is given and nothing else."""
    for path in folder.iterdir():
        path.chmod(0o700) if path.is_dir() else None
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "empty").mkdir()
    for name, text in GIVEN.items():
        (folder / name).write_text(text)


def changes(folder):
    """Files that are not as they were given; new folders do no harm."""
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return sorted(name for name in {*found, *GIVEN} if found.get(name) != GIVEN.get(name))


def answer(command, line):
    sys.argv = [command, *line]
    out, errors, raised, status = io.StringIO(), io.StringIO(), "", 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            status = entry_of(command)()
        except Accepted:
            pass
        except SystemExit as end:
            status = end.code
        except BaseException:
            raised = traceback.format_exc()
    return {"status": status, "errors": errors.getvalue(), "raised": raised}


if __name__ == "__main__":
    lines, answers = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()
    workspace = answers.parent / "workspace"
    workspace.mkdir(exist_ok=True)
    os.chdir(workspace)
    stand_ins()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for command, line in json.loads(lines.read_text()):
        fresh_folder(workspace)
        signal.alarm(LIMIT)  # nobody handles it, so that it ends the process even inside a library
        given = answer(command, line)
        signal.alarm(0)
        with answers.open("a") as file:
            file.write(json.dumps(given | {"changed": changes(workspace)}) + "\n")
