"""A training that is killed, or kills itself, at a chosen moment: ``killed_training.py METHOD CHECKPOINT MOMENT N``.

Moments: ``step`` (before the N-th gradient step), ``write`` (while the N-th checkpoint is half written), ``rename``
(before the N-th checkpoint gets its name).
"""

import os
import signal
import sys
from pathlib import Path

from tiny_data import tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig

CONFIG = TrainConfig(epochs=3, batch_size=8, learning_rate=0.01, channel_shift=1, blend=0.5, seed=3)
NETWORK = tiny_network()


def make_trainer(method):
    return (EventPropTrainer if method == "eventprop" else BPTTTrainer)(NETWORK, CONFIG)


def dying(function, at, before=lambda *_: None):
    """The same function, until it is called for the time ``at``."""
    calls = []

    def call(*arguments, **settings):
        calls.append(1)
        if len(calls) == at:
            before(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **settings)

    return call


def half_written(file):
    os.ftruncate(file, os.fstat(file).st_size // 2)


if __name__ == "__main__":
    method, path, moment, number = sys.argv[1:]
    trainer = make_trainer(method)
    if moment == "step":
        trainer._jit_step = dying(trainer._jit_step, int(number))
    elif moment == "write":
        os.fsync = dying(os.fsync, int(number), half_written)
    else:
        Path.replace = dying(Path.replace, int(number))
    trainer.fit(tiny_splits(), progress=False, checkpoint=Path(path))
