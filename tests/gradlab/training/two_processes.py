"""Run by ``test_processes.py``: a training by two processes, in double precision.

    python two_processes.py METHOD CHECKPOINT PORT NUMBER    two of these, at a time
    python two_processes.py METHOD CHECKPOINT                one alone, which goes on from the checkpoint

With METHOD:neurons the two share the neurons of each layer, and each has all samples.

The first one prints the largest relative error of a gradient and of a training, against one device. Then they train
again, with a checkpoint; in the second epoch the second one is killed.
"""

import json
import sys
from pathlib import Path

from killed_training import NETWORK, dying
from tiny_data import tiny_splits
from two_devices import SETTINGS, error, gradient, reached, start

from gradlab.command import exit_with, with_clear_errors
from gradlab.methods import METHODS
from gradlab.training.devices import mesh_of
from gradlab.training.loop import Trainer
from gradlab.training.processes import Placement, joined


def fit(trainer, **settings):
    return reached(trainer.fit(tiny_splits(), start(), progress=False, **settings))


def together(method, path, number, shared):
    mesh = mesh_of(None, 2 if shared else None)
    both, alone = Trainer(NETWORK, SETTINGS, method, mesh=mesh), Trainer(NETWORK, SETTINGS, method)
    found = gradient(both), fit(both)
    if number == 0:
        errors = error(found[0], gradient(alone)), error(found[1], fit(alone))
        print(json.dumps([both.devices.count, *errors]), flush=True)
    else:
        both._jit_step = dying(both._jit_step, 8)
    fit(both, checkpoint=path)


def main(method, path, port=None, number=None):
    method, _, shared = method.partition(":")
    made, path = METHODS[method](), Path(path)
    if port is not None:
        with joined(Placement(coordinator=f"127.0.0.1:{port}", processes=2, process_id=int(number))):
            together(made, path, int(number), shared)
    else:
        alone = Trainer(NETWORK, SETTINGS, made)
        print(json.dumps(error(fit(alone, checkpoint=path, resume=True), fit(alone))))
    return 0


if __name__ == "__main__":
    exit_with(with_clear_errors(lambda: main(*sys.argv[1:])))
