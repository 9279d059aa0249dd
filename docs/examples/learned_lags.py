"""Coincidences at learned lags: eight melodies of six notes, each note played once, told apart by their order alone.

Neurons forget within some milliseconds, notes are 25 ms apart: without delays there is nothing to tell them apart by.
With a delay for each synapse a neuron can make the notes of a melody arrive together. Prints the test accuracy without
delays, with random ones that stay as they are, and with trained ones. Run: ``python docs/examples/learned_lags.py``.
"""

import sys

import numpy as np

from gradlab import Network, TrainConfig
from gradlab.data import SpikeData, Splits
from gradlab.methods.eventprop_smooth import EventPropSmooth
from gradlab.training.loop import Trainer

MELODIES, NOTES, GAP = 8, 6, 25e-3  # [s]


def draw(rng: np.random.Generator, orders: np.ndarray, samples: int) -> SpikeData:
    """Melodies that begin at a random time, each note up to a millisecond early or late."""
    labels = rng.integers(0, len(orders), samples)
    begin = rng.uniform(2e-3, 22e-3, (samples, 1))
    times = begin + GAP * orders[labels] + rng.normal(0, 0.3e-3, (samples, NOTES)).clip(-1e-3, 1e-3)
    units = np.argsort(times, axis=1)
    return SpikeData.from_samples(
        "melodies", np.sort(times, axis=1), units, labels, inputs=NOTES, classes=len(orders)
    )  # fmt: skip


def accuracy(splits: Splits, delays: str, train_delays: bool, epochs: int) -> float:
    """Of four hidden neurons on the test set."""
    network = Network(
        NOTES, MELODIES, hidden=(4,), recurrent=False, loss="mean", duration=0.33, tau_mem=3e-3, tau_syn=2e-3,
        input_delays=delays, longest_delay=0.15,
    )  # fmt: skip
    config = TrainConfig(
        epochs=epochs, learning_rate=0.01, delays_factor=100, train_delays=train_delays, rate_strength=1e-4,
        rate_target=4, channel_shift=0, blend=0,
    )  # fmt: skip
    trainer = Trainer(network, config, EventPropSmooth())
    return trainer.evaluate(trainer.fit(splits).params, splits.test)["accuracy"]


def main(epochs: int = 80) -> dict[str, float]:
    """Accuracy by kind of delays."""
    rng = np.random.default_rng(0)
    orders = np.stack([rng.permutation(NOTES) for _ in range(MELODIES)])
    splits = Splits(draw(rng, orders, 512), None, draw(rng, orders, 512))
    kinds = {"none": ("none", False), "random": ("synapses", False), "trained": ("synapses", True)}
    return {name: accuracy(splits, *kind, epochs) for name, kind in kinds.items()}


if __name__ == "__main__":
    for name, reached in main(*map(int, sys.argv[1:])).items():
        print(f"delays {name}: {reached:.1%}")
