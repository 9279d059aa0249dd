"""Tests that settings in milliseconds are refused, and that no sensible ones are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradlab.data import DATASETS
from gradlab.networks.settings import NetworkSettings
from gradlab.training.presets import PRESETS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau_mem": 20}, "tau_mem is 20 s, expected at most 3 s in a trial of 1 s: are these milliseconds"),
        ({"tau_syn": 5}, "tau_syn is 5 s, expected at most 3 s"),
        ({"tau_mem": 2, "duration": 0.06}, "tau_mem is 2 s, expected at most 0.18 s"),
        ({"delay": 1}, "delay is 1 s, expected less than the duration, 1 s, or nothing arrives: are these milli"),
        ({"delay_step": 30, "delay_line": 10}, "delay_step is 30 s, expected less than the duration"),
        ({"neuron": "adaptive", "other_constants": (("tau_adapt", 200),)}, "tau_adapt is 200 s, expected at most 100"),
    ],
)
def test_milliseconds_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NetworkSettings(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"tau_mem": 2.0},  # hardly leaky
        {"tau_mem": 0.9, "tau_syn": 0.9, "duration": 0.01},
        {"delay": 1, "recurrent": False},
        {"delay_step": 30},  # there is no delay line
        {"neuron": "adaptive", "other_constants": (("tau_adapt", 20),)},  # slow adaptation
        {"tau_mem": 20, "tau_syn": 5, "duration": 1000, "delay": 1},  # all in another unit, which is consistent
    ],
)
def test_unusual_settings_are_taken(settings):
    NetworkSettings(**settings)


@given(st.floats(1e-2, 1e3), st.floats(1e-3, 0.3), st.floats(1e-3, 0.3), st.floats(1e-5, 0.009))
def test_usual_settings_are_taken_whatever_the_duration(duration, tau_mem, tau_syn, delay):
    NetworkSettings(duration=duration, tau_mem=tau_mem, tau_syn=tau_syn, delay=delay)


def test_defaults_of_data_sets_and_presets_are_taken():
    for each in (*DATASETS.values(), *PRESETS.values()):
        NetworkSettings(**each.network)
