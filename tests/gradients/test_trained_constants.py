"""EventProp's gradient with respect to the free numbers of the trained constants, against central differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from tiny_data import tiny_data, tiny_network

from gradlab import EventPropTrainer, TrainConfig
from gradlab.data import batch
from gradlab.measuring.finite_differences import central_differences, stencil
from gradlab.networks.heterogeneity import KINDS
from gradlab.training.trained import unconstrained_params

pytestmark = pytest.mark.usefixtures("float64")
CONFIG = TrainConfig(batch_size=8, train_constants=True, rate_strength=0)


def combinations():
    """Two layers take most of the time, and tell little more for each kind."""
    for kind in KINDS:
        yield pytest.param(kind, (6,), id=f"{kind}, one layer")
        slow = [] if kind == "gamma" else [pytest.mark.slow]
        yield pytest.param(kind, (6, 5), id=f"{kind}, two layers", marks=slow)


@pytest.mark.parametrize(("kind", "hidden"), list(combinations()))
def test_eventprop_gradient_equals_central_differences(kind, hidden):
    network = tiny_network(hidden, constants=kind, threshold=1.5)
    trainer = EventPropTrainer(network, CONFIG)
    params = network.init(jax.random.key(2), jnp.float64)
    weaker = [layer._replace(w_in=0.4 * layer.w_in, w_rec=0.5 * layer.w_rec) for layer in params.layers[1:]]
    params = params._replace(layers=(params.layers[0], *weaker))  # few spikes, or some always change their order
    events, labels = batch(tiny_data(4), np.arange(4), 12, dtype=np.float64)
    trained, constant = unconstrained_params(params, network, CONFIG)
    room = (256,) * len(hidden)

    @jax.jit
    def loss(trained):
        value, output = trainer.value(trained, constant, events, labels, room, trainer.key)
        times = [events.times, *(x for s in output.spikes for x in (s.times, s.times + network.delay))]
        return value, (output.counts, jnp.argsort(jnp.concatenate(times, 1)))  # what comes before what

    (_, (counts, _)), gradient = jax.value_and_grad(loss, has_aux=True)(trained)
    assert all(5 < count.sum() < 150 for count in counts)
    rng, scale = np.random.default_rng(0), np.full(1, 0.1)
    leaves, structure = jax.tree.flatten(trained)
    for place, mine in enumerate(jax.tree.leaves(gradient)):
        found = []
        for _ in range(4):
            direction = rng.normal(size=mine.shape)
            points = stencil(np.zeros(1), scale)[:, 0]
            moved = ([*leaves[:place], leaves[place] + by * direction, *leaves[place + 1 :]] for by in points)
            values, order = zip(*(loss(jax.tree.unflatten(structure, each)) for each in moved), strict=True)
            order = np.stack([ravel_pytree(each)[0] for each in order])
            (slope,) = central_differences(np.array(values), order, scale)
            found += [(slope, float(jnp.vdot(mine, direction)))] if np.isfinite(slope) else []
        assert len(found) >= 2 and np.abs(mine).max() > 0
        for slope, expected in found:
            assert slope == pytest.approx(expected, rel=1e-6, abs=1e-9)
