"""Settings of a training, the same for all methods."""

from dataclasses import dataclass

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
        rate_strength: of the rate regularisation, a heuristic; 0 turns it off.
        rate_target: spikes of a neuron in a sample that the regularisation aims at.
        lift_silent: added after each epoch to the input weights of neurons that never spiked, a heuristic; 0: off.
        seed: of the initial weights, the order of the samples and the augmentation.

    Raises:
        ValueError: for an impossible setting.
    """

    epochs: int = 30
    patience: int = 0
    batch_size: int = 32
    learning_rate: float = 4e-3
    clip: float = 1.0
    train_constants: bool = False
    constants_factor: float = 1.0
    rate_strength: float = 1e-7
    rate_target: float = 14.0
    lift_silent: float = 2e-3
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        for name in ("epochs", "batch_size", "learning_rate", "clip", "constants_factor"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected > 0")
        for name in ("patience", "rate_strength", "rate_target", "lift_silent", "seed"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name):g}, expected >= 0")
        super().__post_init__()
