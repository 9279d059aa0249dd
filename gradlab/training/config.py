"""Settings of a training, the same for all methods."""

from dataclasses import dataclass

from solvers.fields import Count, CountOrNone, NotNegative, Positive, Seed

from ..data import AugmentationConfig


@dataclass(frozen=True)
class TrainConfig(AugmentationConfig):
    """Settings of a training, the same for all methods; those of ``AugmentationConfig`` are among them.

    Attributes:
        epochs: passes over the training samples.
        patience: epochs without a better validation accuracy, after which a training ends early, with the parameters of
            the best epoch; 0: all epochs, and the parameters of the last one.
        batch_size: samples a step.
        learning_rate: of Adam, at its highest; see gradlab.training.optimiser.
        clip: largest global norm of a gradient.
        train_constants: train membrane and synaptic time constants and thresholds, too, also those of the readout; one
            for a layer or for each neuron, as the network has them. Within bounds, see gradlab.networks.transforms.
        constants_factor: learning rate of the constants, as a multiple of that of the weights.
        train_delays: train delays that are parameters of the network.
        delays_factor: learning rate of delays in milliseconds, as a multiple of that of the weights.
        rate_strength: of the rate regularisation, a heuristic; 0 turns it off.
        rate_target: spikes of a neuron in a sample that the regularisation aims at.
        lift_silent: added after each epoch to the input weights of neurons that never spiked, a heuristic; 0: off. In
            the unit of ``gradlab.networks.drive``, which is 1 on SHD, and at most the weight that one spike needs.
        pull_silent: weight of a pull on output neurons that stay silent in a sample of their class, a heuristic; only
            for losses that read output spikes (ttfs), see gradlab.training.heuristics; 0: off.
        seed: of the initial weights, the order of the samples and the augmentation.

    Raises:
        ValueError: for a field of another type or out of range.
    """

    epochs: Count = 30
    patience: CountOrNone = 0
    batch_size: Count = 32
    learning_rate: Positive = 4e-3
    clip: Positive = 1.0
    train_constants: bool = False
    constants_factor: Positive = 1.0
    train_delays: bool = True
    delays_factor: Positive = 25.0
    rate_strength: NotNegative = 1e-7
    rate_target: NotNegative = 14.0
    lift_silent: NotNegative = 2e-3
    pull_silent: NotNegative = 100.0
    seed: Seed = 0
