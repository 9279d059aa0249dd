"""Trainings of one configuration with some settings changed, each method in turn, each in a folder of its own."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gradlab import configuration

from .trainings import Settings, Training, training_of


class Variant(NamedTuple):
    """What differs from the configuration.

    Attributes:
        network: fields of ``NetworkSettings``.
        training: fields of ``TrainConfig``.
    """

    network: Mapping[str, Any]
    training: Mapping[str, Any]


def varied(config: Settings, method: str, sweep: str, name: str, variant: Variant) -> Settings:
    """The configuration of one training, in the folder ``OUT/sweep/name``."""
    return dataclasses.replace(
        config,
        method=(method,),
        network=dataclasses.replace(config.network, **variant.network),
        training=dataclasses.replace(config.training, **variant.training),
        out=config.out / sweep / name.replace(", ", "-").replace(" ", "-"),
    )


def train_variants(
    config: Settings, sweep: str, variants: Mapping[str, Variant]
) -> Iterator[tuple[str, str, Training]]:
    """Method, name and training of each, trained where that is not done yet.

    Raises what ``training_of`` does.
    """
    for method in config.methods:
        for name, variant in variants.items():
            print(f"{sweep}: {method}, {name}", flush=True)
            yield method, name, training_of(varied(config, method, sweep, name, variant))


def reached(training: Training) -> dict[str, Any]:
    """What the record of a sweep has of each training."""
    trainer, splits, result = training
    tested = trainer.evaluate(result.params, splits.test, strict=False)
    return {
        "status": result.status,
        "test_accuracy": tested["accuracy"],
        "spikes_per_sample": tested["spikes_per_sample"],
        **{name: result.kept_figure(name) for name in ("train_accuracy", "validation_accuracy")},
    }


def status_of(runs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The first status of a sweep's trainings that is not ``ok``, by method and name."""
    return next((each["status"] for of in runs.values() for each in of.values() if each["status"] != "ok"), "ok")


def methods_of(runs: Mapping[str, Any]) -> str:
    """What stands for the methods of a sweep in its record."""
    return configuration.BOTH if len(runs) > 1 else next(iter(runs))
