"""The whole recipe, and how each ingredient is taken away."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from gradlab import configuration
from gradlab.data import DATASETS, AugmentationConfig, chosen_dataset
from gradlab.training.presets import PRESETS

from ..sweeps import only_method

PRESET = "shd-256"
_HETEROGENEOUS = "shd-128-het"  # whose constants the recipe has, too
Change = Callable[[configuration.Config], configuration.Config]


def network(**changes: Any) -> Change:
    """A change of the settings of the network."""
    return lambda config: replace(config, network=replace(config.network, **changes))


def training(**changes: Any) -> Change:
    """A change of the settings of the training."""
    return lambda config: replace(config, training=replace(config.training, **changes))


#: How each ingredient is taken away.
INGREDIENTS: dict[str, Change] = {
    "loss shaping": network(loss="mean"),
    "rate regularisation": training(rate_strength=0.0),
    "lift of silent neurons": training(lift_silent=0.0),
    "augmentation": training(**asdict(AugmentationConfig())),
    "delay line": network(delay_line=1),
    "heterogeneity": lambda config: network(constants="shared")(training(train_constants=False)(config)),
    "recurrence": network(recurrent=False),
}


def whole_recipe(config: configuration.Config) -> configuration.Config:
    """All ingredients: a configuration with the constants of the preset ``shd-128-het``, and held-out groups."""
    known = DATASETS[chosen_dataset(config.dataset, config.data_dir)]
    constants = PRESETS[_HETEROGENEOUS]
    trained = {name: constants.training[name] for name in ("train_constants", "constants_factor")}
    config = replace(config, validation_groups=None if known.group is None else known.held_out)
    return training(**trained)(network(constants=constants.network["constants"])(config))


def check(config: configuration.Config) -> None:
    """Refuse a sweep that would show nothing.

    Raises:
        ValueError: for several methods at once, or a recipe that lacks an ingredient.
    """
    only_method(config, "ablation")
    missing = [name for name, remove in INGREDIENTS.items() if remove(config) == config]
    if missing:
        raise ValueError(f"the recipe has no {missing[0]}, so that it cannot be taken away: change the options")
