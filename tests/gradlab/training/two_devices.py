"""Run by ``test_devices.py`` in a process of its own: trainings over two devices of a host against one.

    python two_devices.py FOLDER METHOD[:ENGINE] ...

Prints, for each method, the largest relative error of a gradient, and of trainings that change devices half way.
"""

import jax

jax.config.update("jax_enable_x64", True)
import dataclasses  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from killed_training import CONFIG, NETWORK  # noqa: E402
from tiny_data import tiny_splits, without_times  # noqa: E402

from gradlab.methods import METHODS  # noqa: E402
from gradlab.training.devices import mean, mesh_of  # noqa: E402
from gradlab.training.loop import Trainer  # noqa: E402
from gradlab.training.trained import unconstrained_params  # noqa: E402

SETTINGS = dataclasses.replace(CONFIG, epochs=2, rate_strength=1e-3, rate_target=3.0)


def start(network=NETWORK):
    return network.init(jax.random.key(0), np.float64)


def gradient(trainer):
    """Loss and gradient of a batch, in double precision."""

    def of_batch(trained, constant, events, labels, *, room):
        (loss, _), gradient = trainer.value_and_grad(trained, constant, events, labels, trainer.key, room=room)
        return mean((loss, gradient))

    own = trainer.devices.own(CONFIG.batch_size)
    fed = trainer.devices.feed(trainer.batch(tiny_splits().train, np.arange(CONFIG.batch_size)[own]))
    state = trainer.devices.everywhere(unconstrained_params(start(trainer.network), trainer.network, trainer.config))
    whole = jax.jit(trainer.devices.spread(of_batch, 2, 3), static_argnames="room")
    return trainer.devices.here(whole(*state, *fed, room=trainer.room.capacities))


def error(one, other):
    """The largest difference of two pytrees, relative to the largest number of a leaf."""
    pairs = [map(np.asarray, pair) for pair in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)]
    return max(float(abs(a - b).max() / max(abs(b).max(), 1e-300)) for a, b in pairs)


def reached(result):
    return result.params, without_times(result.history)


def changing(first, second, path):
    """A training whose first epoch is that of one trainer, its second that of another."""

    def stop(epoch):
        raise KeyboardInterrupt

    params = start(first.network)
    assert first.fit(tiny_splits(), params, progress=False, checkpoint=path, on_epoch=stop).epochs == 1
    return second.fit(tiny_splits(), params, progress=False, checkpoint=path, resume=True)


def main(folder, *names):
    found = {}
    try:
        Trainer(NETWORK, dataclasses.replace(CONFIG, batch_size=7), METHODS["bptt"](), mesh=mesh_of(2))
    except ValueError as refusal:
        found["refused"] = str(refusal)
    for name in names:
        method, _, engine = name.partition(":")
        made = METHODS[method](engine=engine) if engine else METHODS[method]()
        one, two = Trainer(NETWORK, SETTINGS, made), Trainer(NETWORK, SETTINGS, made, mesh=mesh_of(2))
        alone = reached(one.fit(tiny_splits(), start(), progress=False))
        path = Path(folder) / name.replace(":", "-")
        found[name] = {
            "gradient": error(gradient(two), gradient(one)),
            "one, then two": error(reached(changing(one, two, path / "1.npz")), alone),
            "two, then one": error(reached(changing(two, one, path / "2.npz")), alone),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
