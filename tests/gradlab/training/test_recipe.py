"""Settings, schedule, and which parameters are trained."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny_data import CLASSES, INPUTS

from gradlab import Network, TrainConfig
from gradlab.training.optimiser import schedule
from gradlab.training.trained import split_params


@pytest.mark.parametrize("loss", ["mean", "ttfs"])
def test_split_params(loss):
    params = Network(INPUTS, CLASSES, hidden=(6, 5), loss=loss).init(jax.random.key(0))
    trained, constant = split_params(params)
    names = lambda tree: {path[-1].name for path, _ in jax.tree_util.tree_leaves_with_path(tree)}  # noqa: E731
    assert names(trained) == ({"w_in", "w_rec", "w"} if loss == "mean" else {"w_in", "w_rec"})
    assert names(constant) == {"tau_mem", "tau_syn", "threshold", "reset"}
    assert len(jax.tree.leaves(trained)) + len(jax.tree.leaves(constant)) == len(jax.tree.leaves(params))
    assert len(jax.tree.leaves(trained)) == 5


@pytest.mark.parametrize(("steps", "ease_in"), [(5000, 140), (200, 20), (3, 1)])
def test_schedule(steps, ease_in):
    rate = np.array(schedule(TrainConfig(learning_rate=0.5), steps)(jnp.arange(steps)))
    assert rate[0] == pytest.approx(0.5e-3)
    assert np.all(np.diff(rate[: ease_in + 1]) > 0) and np.all(np.diff(rate[ease_in:]) < 0)
    assert np.argmax(rate) == ease_in
    assert rate[ease_in] == pytest.approx(0.25 * (1 + np.cos(np.pi * ease_in / steps)), rel=1e-5)
    if steps > 3:
        assert 0 < rate[-1] < 1e-3 * rate.max()


@pytest.mark.parametrize("name", ["epochs", "batch_size", "learning_rate", "clip"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_settings_that_must_be_positive(name, value):
    with pytest.raises(ValueError, match=rf"{name} is {value}, expected a .* number >=? [01]"):
        TrainConfig(**{name: value})


@pytest.mark.parametrize("name", ["patience", "rate_strength", "rate_target", "lift_silent", "pull_silent", "seed"])
def test_settings_that_must_not_be_negative(name):
    assert getattr(TrainConfig(**{name: 0}), name) == 0
    with pytest.raises(ValueError, match=f"{name} is -1, expected a .* number >= 0"):
        TrainConfig(**{name: -1})
