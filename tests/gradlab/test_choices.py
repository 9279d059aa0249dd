"""Every choice of a command line is that of its registry."""

import dataclasses
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from benchmarks.data_settings import DataSettings
from gradlab import check, configuration
from gradlab.data import DATASETS
from gradlab.loggers import LOGGERS
from gradlab.methods import METHODS
from gradlab.methods.options import MethodOptions
from gradlab.networks.delays import DISTRIBUTIONS, OF_INPUTS, OF_NEURONS
from gradlab.networks.heterogeneity import KINDS
from gradlab.networks.initialisers import INITIALISERS
from gradlab.networks.readouts import READOUTS
from gradlab.networks.settings import NetworkSettings
from gradlab.training.presets import PRESETS
from solvers.escape import ESCAPES
from solvers.eventprop import ENGINES
from solvers.neurons import NEURONS
from solvers.surrogates import SURROGATES

CHOICES = {
    (configuration.Config, "preset"): PRESETS,
    (configuration.Config, "method"): (*METHODS, "all", "both"),
    (configuration.Config, "dataset"): ("auto", *DATASETS),
    (configuration.Config, "log"): LOGGERS,
    (NetworkSettings, "neuron"): NEURONS,
    (NetworkSettings, "loss"): READOUTS,
    (NetworkSettings, "constants"): KINDS,
    (NetworkSettings, "initialiser"): INITIALISERS,
    (NetworkSettings, "input_delays"): OF_INPUTS,
    (NetworkSettings, "recurrent_delays"): OF_NEURONS,
    (NetworkSettings, "initial_delays"): DISTRIBUTIONS,
    (MethodOptions, "engine"): ("auto", *ENGINES),
    (MethodOptions, "surrogate"): SURROGATES,
    (MethodOptions, "smoothing"): ("triangle", "boxcar"),
    (MethodOptions, "parts"): ("both", "existence", "timing"),
    (MethodOptions, "escape"): ESCAPES,
    (MethodOptions, "feedback"): ("symmetric", "random"),
    (check.Config, "engine"): ("auto", *ENGINES),
    (DataSettings, "dataset"): ("auto", *DATASETS),
}


def literal_of(hint):
    """The choices inside a type such as ``tuple[Literal[...], ...] | None``; empty if there are none."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(choice for part in get_args(hint) if part is not Ellipsis for choice in literal_of(part))


@pytest.mark.parametrize(("config", "name"), CHOICES)
def test_choices_are_those_of_the_registry(config, name):
    assert set(literal_of(get_type_hints(config)[name])) == set(CHOICES[config, name])


@pytest.mark.parametrize("config", list(dict.fromkeys(config for config, _ in CHOICES)))
def test_no_choice_is_forgotten(config):
    hints = get_type_hints(config)
    found = {f.name for f in dataclasses.fields(config) if literal_of(hints[f.name])}
    assert found == {name for each, name in CHOICES if each is config}


def test_a_method_has_the_name_under_which_it_is_registered():
    assert {name: method.name for name, method in METHODS.items()} == {name: name for name in METHODS}
    assert len({method.colour for method in METHODS.values()}) == len(METHODS)
