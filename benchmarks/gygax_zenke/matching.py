"""Spike-train matching: two layers learn to draw a picture in spikes, by surrogates with and without escape noise.

The paper's task and network, with the same slope in both layers and a picture of ours (the paper's is not ours to
copy). The loss is van Rossum's distance: half the squared difference of both spike trains, filtered.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from gradlab.networks.initialisers import psp_energy
from solvers.bptt import simulate
from solvers.escape import Escape
from solvers.events import Events, pad_events
from solvers.neurons.lif import LIFParams, lif_params
from solvers.surrogates import Surrogate

NEURONS, STEPS, DT = 200, 189, 1e-3
_RATE = 50.0  # of each input [Hz]
_TAU_MEM, _TAU_SYN = 10e-3, 5e-3  # of the neurons and, as two exponentials, of the filter [s]
_SLOPE = 10.0
_LEARNING_RATE = 1e-3  # of Adam
_SHOWN = 10  # one epoch in so many is recorded

#: What stands in for the derivative of a spike, the noise that spikes are drawn with, and the number of trials.
VARIANTS: dict[str, tuple[Surrogate | Escape, int]] = {
    "deterministic, SuperSpike": (Surrogate("superspike", _SLOPE), 1),
    "stochastic, its own derivative": (Escape("sigmoid", _SLOPE), 10),
    "stochastic, exponential escape": (Escape("exponential", _SLOPE), 10),
}


class Distance(NamedTuple):
    """An observer that sums up the squared difference to a target over time, and keeps the spikes where asked to.

    Attributes:
        target: raster, 0 or 1.
        keep: whether the spikes are kept, too.
    """

    target: Float[Array, "steps neurons"]
    keep: bool = False

    def init(self, batch: int, neurons: int, dtype: Any) -> Any:
        """See ``Observer``: two filters, the sum, and the spikes."""
        zeros = jnp.zeros((batch, neurons), dtype)
        kept = jnp.zeros((batch, STEPS if self.keep else 0, neurons), dtype)
        return zeros, zeros, jnp.zeros(batch, dtype), kept

    def step(self, state: Any, spikes: Array, time: Array, lag: Array) -> Any:
        """See ``Observer``."""
        slow, fast, total, kept = state
        number = jnp.round(time / DT).astype(int)
        off = spikes - self.target[number]
        slow = slow * jnp.exp(-DT / _TAU_MEM) + off
        fast = fast * jnp.exp(-DT / _TAU_SYN) + off
        if self.keep:
            kept = kept.at[:, number].set(spikes)
        return slow, fast, total + 0.5 * jnp.sum((slow - fast) ** 2, 1), kept


def picture() -> Float[np.ndarray, "steps neurons"]:
    """The target: a closed curve that turns three times while time goes to and fro twice."""
    angle = np.linspace(0, 2 * np.pi, 20_000)
    neuron = np.round((NEURONS - 1) * (0.5 + 0.42 * np.sin(3 * angle))).astype(int)
    step = np.round((STEPS - 1) * (0.5 + 0.4 * np.sin(2 * angle + 0.5))).astype(int)
    target = np.zeros((STEPS, NEURONS))
    target[step, neuron] = 1
    return target


def frozen_input(rng: np.random.Generator, trials: int) -> Events:
    """One Poisson input, the same in every trial."""
    counts = rng.poisson(NEURONS * _RATE * STEPS * DT)
    times = np.sort(rng.uniform(0, (STEPS - 1) * DT, counts))
    return pad_events([(times, rng.integers(NEURONS, size=counts))] * trials, dtype=np.float64)


def initial_weights(rng: np.random.Generator) -> list[LIFParams]:
    """Two layers whose voltages fluctuate by a threshold, with presynaptic spikes at the rate of the input."""
    deviation = (NEURONS * _RATE * psp_energy(_TAU_MEM, _TAU_SYN)) ** -0.5
    return [
        lif_params(jnp.asarray(rng.normal(0, deviation, (NEURONS, NEURONS))), tau_mem=_TAU_MEM, tau_syn=_TAU_SYN)
        for _ in range(2)
    ]


def run(layers: Any, events: Events, observer: Distance, kind: Surrogate | Escape, key: Any) -> Any:
    """The observer's last state."""
    drawn = key if isinstance(kind, Escape) else None
    return simulate(
        layers, events, observer, duration=(STEPS - 1) * DT, dt=DT, delay=0.0, surrogate=kind, reset_gradient=False,
        key=drawn,
    )[0]  # fmt: skip


def learn(kind: Surrogate | Escape, trials: int, epochs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Loss of every epoch, mean over trials, and the raster of one trial after the last.

    Args:
        kind: of surrogate or noise.
        trials: whose mean gradient is followed.
        epochs: steps.
        seed: of input, weights and noise; those of the first two are the same for each kind.
    """
    rng, target = np.random.default_rng(seed), jnp.asarray(picture())
    events, layers = frozen_input(rng, trials), initial_weights(rng)
    weights = [layer.w_in for layer in layers]
    adam = optax.adam(_LEARNING_RATE)

    def with_weights(weights: list[Array]) -> list[LIFParams]:
        return [layer._replace(w_in=w) for layer, w in zip(layers, weights, strict=True)]

    def loss(weights: list[Array], key: Any) -> Array:
        return run(with_weights(weights), events, Distance(target), kind, key)[2].mean()

    def epoch(carry: tuple[Any, Any], key: Any) -> tuple[tuple[Any, Any], Array]:
        weights, state = carry
        value, gradient = jax.value_and_grad(loss)(weights, key)
        updates, state = adam.update(gradient, state, weights)
        return (optax.apply_updates(weights, updates), state), value

    keys = jax.random.split(jax.random.key(seed), epochs + 1)
    (weights, _), losses = jax.jit(lambda start: jax.lax.scan(epoch, start, keys[1:]))((weights, adam.init(weights)))
    last = run(with_weights(weights), events, Distance(target, keep=True), kind, keys[0])[3]
    return np.asarray(losses), np.asarray(last[0])


def matching(epochs: int, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """All variants.

    Args:
        epochs: of each.
        seed: see ``learn``.

    Returns:
        Loss after the last epoch over that before the first, by variant; curves and rasters.
    """
    metrics, curves, rasters = {}, [], [_drawn("target", picture())]
    for name, (kind, trials) in VARIANTS.items():
        losses, raster = learn(kind, trials, epochs, seed)
        tail = losses[-max(epochs // 20, 1) :].mean()
        metrics[f"matching_loss_ratio_{name.replace(', ', '_').replace(' ', '_')}"] = float(tail / losses[0])
        curves.append({"name": name, "loss": losses[::_SHOWN]})
        rasters.append(_drawn(name, raster))
    return metrics, {"epochs_shown": _SHOWN, "curves": curves, "rasters": rasters}


def _drawn(name: str, raster: Float[np.ndarray, "steps neurons"]) -> dict[str, Any]:
    """A raster for the record."""
    step, neuron = np.nonzero(raster)
    return {"name": name, "step": step, "neuron": neuron}
