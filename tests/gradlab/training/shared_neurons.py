"""Run by ``test_neurons.py`` in a process of its own: trainings whose neurons are spread over devices, against one.

    python shared_neurons.py FOLDER CASE

Prints the largest relative error of a gradient, and of trainings that change devices half way; and what part of the
recurrent weights a device has after a step.
"""

import dataclasses
import json
import sys
from pathlib import Path

import jax
from tiny_data import tiny_network, tiny_splits
from two_devices import SETTINGS, changing, error, gradient, reached, start

from gradlab.methods import EventProp
from gradlab.training.devices import mesh_of
from gradlab.training.loop import Trainer

CASES = {
    "recurrent": (mesh_of(2, 2), tiny_network(), SETTINGS),
    "spiking-outputs": (
        jax.make_mesh((2, 2), ("neurons", "batch")),
        tiny_network((4, 6), loss="ttfs", constants="gamma"),
        dataclasses.replace(SETTINGS, train_constants=True, patience=2),
    ),
}


def main(folder, case):
    mesh, network, settings = CASES[case]
    one, two = Trainer(network, settings, EventProp("xla")), Trainer(network, settings, EventProp("xla"), mesh=mesh)
    parts, step, square = [], two._jit_step, 2 * network.hidden[:1]  # shape of recurrent weights

    def noted(*arguments, **static):
        result = step(*arguments, **static)
        parts.extend(x.sharding.shard_shape(x.shape) for x in jax.tree.leaves(result) if x.shape == square)
        return result

    two._jit_step = noted
    alone = reached(one.fit(tiny_splits(), start(network), progress=False))
    found = {
        "gradient": error(gradient(two), gradient(one)),
        "one, then two": error(reached(changing(one, two, Path(folder) / "1.npz")), alone),
        "two, then one": error(reached(changing(two, one, Path(folder) / "2.npz")), alone),
        "parts": sorted(set(parts)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
