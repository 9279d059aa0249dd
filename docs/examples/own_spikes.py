"""Train on one's own spike lists: two classes of recordings, at 2 Hz and at 200 Hz a channel.

The classes differ in which channels spike more. Initial weights are made to the measured rate, so that the same
settings do for both. Run: ``python docs/examples/own_spikes.py``.
"""

import numpy as np

import gradlab
from gradlab.data import SpikeData, Splits, from_lists


def recordings(rate: float, count: int, seed: int) -> SpikeData:
    """Of one second; four in five spikes are on one half of the forty channels."""
    rng, labels = np.random.default_rng(seed), np.arange(count) % 2
    times = [rng.uniform(0, 1, rng.poisson(40 * rate)) for _ in labels]
    others = [(rng.random(len(each)) < 0.2) ^ label for each, label in zip(times, labels, strict=True)]
    units = [20 * half + rng.integers(0, 20, len(half)) for half in others]
    return from_lists(times, units, np.array(["low", "high"])[labels], inputs=40)


for rate in (2.0, 200.0):
    train, test = recordings(rate, 128, seed=0), recordings(rate, 64, seed=1)
    network = gradlab.Network(train.inputs, train.classes, hidden=(16,))
    trainer = gradlab.EventPropTrainer(network, gradlab.TrainConfig(epochs=4, batch_size=16))
    result = trainer.fit(Splits(train, None, test), progress=False)
    print(f"{rate:g} Hz: {trainer.evaluate(result.params, test)['accuracy']:.1%} of the test recordings are right")
