"""A configuration as a command line of ``gradlab train``."""

import dataclasses
import shlex
from collections.abc import Mapping
from typing import Any

from ..configuration import Config, configure
from ..data import chosen_dataset
from ..methods.options import names_of_options
from .space import with_values


def train_command(config: Config, method: str, settings: Mapping[str, float]) -> str:
    """The command line that trains a method with some settings.

    What the preset or data set has by itself is left out; so are held-out groups, for settings that are chosen are
    trained with as the preset or data set has it.

    Args:
        config: of the search.
        method: key of ``METHODS``.
        settings: those that were found, by name of the field.
    """
    chosen = with_values(config, settings)
    usual = configure(config.preset, config.dataset, config.data_dir, config.data)
    words = ["gradlab", "train"]
    if config.preset:
        words += ["--preset", config.preset]
    words += ["--method", method]
    if config.data is None:
        words += ["--dataset", chosen_dataset(config.dataset, config.data_dir)]
    for name in ("data", "test_data", "data_dir"):
        if (path := getattr(config, name)) is not None:
            words += [_option(name), str(path)]
    for part in ("network", "training", "options"):
        for field in dataclasses.fields(getattr(chosen, part)):
            value = getattr(getattr(chosen, part), field.name)
            if part == "options" and field.name not in names_of_options(method):
                continue
            if value != getattr(getattr(usual, part), field.name):
                words += _given(field.name, value)
    return shlex.join(words)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _given(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [_option(name if value else f"no_{name}")]
    return [_option(name), *_words(value)]


def _words(value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [word for entry in value for word in _words(entry)]
    return [str(value)]
