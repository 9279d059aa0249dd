"""Run by ``test_neurons.py`` in a process of its own, with two or four devices: trainings whose neurons they share.

    python shared_neurons.py gradient               of a tiny network
    python shared_neurons.py training CASE FOLDER   two epochs, which change devices half way, and a gradient
    python shared_neurons.py command OPTION ...     of the main command, on tiny data

The first two print the largest relative errors against one device, and what a device has of the weights.
"""

import dataclasses
import json
import sys
from pathlib import Path

import jax
from conftest import SMALL
from tiny_data import tiny_network, tiny_splits
from two_devices import SETTINGS, changing, error, gradient, reached, start

from gradlab import bench, configuration
from gradlab.methods import EventProp
from gradlab.training.devices import mesh_of
from gradlab.training.loop import Trainer

CASES = {
    "recurrent": (lambda: mesh_of(2, 2), tiny_network(), SETTINGS),
    "spiking-outputs": (
        lambda: jax.make_mesh((2, 2), ("neurons", "batch"), 2 * (jax.sharding.AxisType.Auto,)),
        tiny_network((4, 6), recurrent=False, loss="ttfs", constants="gamma"),
        dataclasses.replace(SETTINGS, train_constants=True, patience=2),
    ),
}


def trainers(case, engine):
    """One on a single device, and one on several."""
    mesh, network, settings = CASES[case]
    return Trainer(network, settings, EventProp(engine)), Trainer(network, settings, EventProp("xla"), mesh=mesh())


def of_gradient():
    one, more = trainers("recurrent", "numba")
    found = {"gradient": error(gradient(more), gradient(one)), "on a CPU": more.devices.weights_in_one_memory(5)}
    try:
        Trainer(tiny_network((5,)), SETTINGS, EventProp(), mesh=mesh_of(2, 2))
    except ValueError as refusal:
        found["refused"] = str(refusal)
    jax.default_backend = lambda: "gpu"
    return found | {"on a card": more.devices.weights_in_one_memory(5)}


def of_training(case, folder):
    one, more = trainers(case, "xla")
    hidden = one.network.hidden
    parts, step, shape = [], more._jit_step, (hidden[0], hidden[-1])  # of weights between hidden neurons

    def noted(*arguments, **static):
        result = step(*arguments, **static)
        parts.extend(x.sharding.shard_shape(x.shape) for x in jax.tree.leaves(result) if x.shape == shape)
        return result

    more._jit_step = noted
    alone = reached(one.fit(tiny_splits(), start(one.network), progress=False))
    return {
        "gradient": error(gradient(more), gradient(one)),
        "one, then more": error(reached(changing(one, more, Path(folder) / "1.npz")), alone),
        "more, then one": error(reached(changing(more, one, Path(folder) / "2.npz")), alone),
        "parts": sorted(set(parts)),
    }


def main(call, *arguments):
    if call == "command":
        configuration.load = lambda *_: tiny_splits()
        jax.config.update("jax_enable_x64", False)
        sys.argv = ["bench", *SMALL, *arguments]
        return bench.main()
    print(json.dumps({"gradient": of_gradient, "training": of_training}[call](*arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
