"""The table of what is searched, against the settings themselves; and found settings as a command line."""

import dataclasses
import shlex

import pytest
import tyro

from gradlab.configuration import Config, configure, configured_by, network_of
from gradlab.data import DATASETS, make_synthetic
from gradlab.methods import METHODS
from gradlab.methods.options import MethodOptions, make_method, names_of_options
from gradlab.networks.settings import NetworkSettings
from gradlab.training.config import TrainConfig
from gradlab.training.presets import PRESETS
from gradlab.tuning.command_line import train_command
from gradlab.tuning.space import SPACE, given_values, searched, with_values

FIRST = {"learning_rate": 0.0123, "rate_strength": 3e-5, "tau_syn": 0.0071, "slope": 7.5}


@pytest.mark.parametrize("name", SPACE)
def test_a_field_is_one_of_the_settings_which_take_its_bounds(name):
    (owner,) = (each for each in (NetworkSettings, TrainConfig, MethodOptions) if name in each.__dataclass_fields__)
    for bound in SPACE[name]:
        assert getattr(with_values(Config(), {name: bound}), _part_of(owner)) != owner()
    assert SPACE[name].low < getattr(owner(), name) < SPACE[name].high


def _part_of(owner):
    return {NetworkSettings: "network", TrainConfig: "training", MethodOptions: "options"}[owner]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_searched_by_what_it_has(method):
    config = Config()
    found = set(searched(config, method))
    assert found >= {"learning_rate", "rate_strength", "rate_target", "tau_syn"} and "delays_factor" not in found
    made = make_method(method, config.options)
    for name in set(SPACE) & set(MethodOptions.__dataclass_fields__):
        assert (name in found) == (name in names_of_options(method))
        if name in found:  # and it makes a difference
            assert make_method(method, with_values(config, {name: SPACE[name].high}).options) != made


def test_delays_are_searched_where_they_are_trained():
    delays = dataclasses.replace(Config(), network=NetworkSettings(input_delays="channels"))
    assert "delays_factor" in searched(delays, "eventprop")
    fixed = dataclasses.replace(delays, training=TrainConfig(train_delays=False))
    assert "delays_factor" not in searched(fixed, "eventprop")


# SpyTorch's penalty has a target of 0 Hz, which no search on a logarithmic scale holds, and is stronger than what is
# searched, as that of Yin-Yang with first spikes is: both are refused by name.
REFUSED = {"shd-spytorch": "rate_strength", "yin-yang-ttfs": "rate_strength"}
USUAL = [name for name in PRESETS if name not in REFUSED]


@pytest.mark.parametrize("method", ["eventprop-smooth", "bptt"])
@pytest.mark.parametrize(("preset", "dataset"), [*((name, None) for name in USUAL), *((None, d) for d in DATASETS)])
def test_presets_and_data_sets_lie_within(preset, dataset, method):
    config = configure(preset, dataset)
    assert given_values(config, method)["learning_rate"] == config.training.learning_rate
    for bounds in zip(*SPACE.values(), strict=True):
        with_values(config, dict(zip(SPACE, bounds, strict=True)))  # is not refused


@pytest.mark.parametrize("preset", REFUSED)
def test_presets_that_lie_outside_are_refused_by_name(preset):
    with pytest.raises(ValueError, match=f"{REFUSED[preset]} is .*, but is searched from"):
        given_values(configure(preset, None), "eventprop")


def test_given_values_out_of_bounds_are_refused():
    config = dataclasses.replace(Config(), training=TrainConfig(rate_strength=0.0))
    with pytest.raises(ValueError, match="rate_strength is 0, but is searched from 1e-08 to 0.001, and the first"):
        given_values(config, "eventprop")


@pytest.mark.parametrize(
    "given",
    [
        ["--preset", "shd-256"],
        "--dataset yin-yang --hidden 8 9 --no-recurrent --dt 5e-4".split(),
        "--dataset synthetic --neuron adaptive --other-constants tau_adapt 0.3 --train-constants".split(),
    ],
)
def test_the_command_line_trains_with_what_was_found(given):
    parse = lambda words: tyro.cli(Config, args=words, default=configured_by(words))  # noqa: E731
    config = parse(given)
    command, name, *words = shlex.split(train_command(config, "bptt", FIRST))
    assert (command, name) == ("gradlab", "train")
    read, wanted = parse(words), with_values(config, FIRST)
    assert read.method == ("bptt",)
    assert (read.network, read.training, read.options) == (wanted.network, wanted.training, wanted.options)
    data, _ = make_synthetic(train=20, test=20)
    assert network_of(read, data) == network_of(wanted, data)
