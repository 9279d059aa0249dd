"""A training under JAX's own checks, all at once: it ends as it does without them."""

import jax
import pytest
from tiny_data import tiny_network, tiny_splits

from gradlab import BPTTTrainer, EventPropTrainer, TrainConfig

CHECKS = {
    "jax_debug_nans": True,
    "jax_debug_infs": True,
    "jax_enable_checks": True,
    "jax_numpy_dtype_promotion": "strict",
    "jax_numpy_rank_promotion": "raise",
}


@pytest.fixture
def all_checks():
    before = {name: getattr(jax.config, name) for name in CHECKS}
    for name, value in CHECKS.items():
        jax.config.update(name, value)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.mark.slow
@pytest.mark.usefixtures("all_checks")
@pytest.mark.parametrize("make", [EventPropTrainer, lambda *a: EventPropTrainer(*a, engine="xla"), BPTTTrainer])
def test_training_under_all_checks(make):
    trainer = make(tiny_network(), TrainConfig(epochs=1, batch_size=8))
    trainer.room.capacities = (2,)  # overflows at first, which is no error
    result = trainer.fit(tiny_splits(), progress=False)
    assert (result.status, result.reason, result.epochs) == ("ok", None, 1)
    if trainer.method.needs_room:
        assert trainer.room.capacities > (2,)
