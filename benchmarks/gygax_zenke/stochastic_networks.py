"""Figures 2 and 3 in networks of two hidden layers of neurons that spike at random: how far the surrogate is off."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .enumeration import by_surrogate, exact_gradient, path_gradients, path_probabilities, smoothed
from .sampling import independent_deviation, sampled_differences

_WIDTHS = 2, 3, 3, 1  # inputs, which are 1, two hidden layers, output
_MEAN, _SPREAD = 0.3, 0.5  # of the weights
_NUMBER = 100  # of networks
BETAS = 1.0, 2.0, 5.0, 10.0, 20.0  # of neurons and surrogate
_BETA = 5.0  # of the network that is sampled
_DIFFERENCE = 0.01  # of a weight to both sides; its error is far below that of the sampling
_DIFFERENCES = 0.3, 0.1, 0.03, 0.01  # whose variance is measured


class Gradients(NamedTuple):
    """Of the expected output with respect to all weights, ``[*networks, weights]`` each.

    Attributes:
        exact: by the sum over all paths.
        surrogate: mean over all paths.
        deviation: of the surrogate, from path to path.
        smoothed: mean of the smoothed stochastic derivative over all paths.
    """

    exact: Array
    surrogate: Array
    deviation: Array
    smoothed: Array

    @property
    def bias(self) -> np.ndarray:
        """Length of the difference of the surrogate's mean from the exact gradient, relative to the latter."""
        off = np.linalg.norm(self.surrogate - self.exact, axis=-1)
        return np.asarray(off / np.linalg.norm(self.exact, axis=-1))

    @property
    def cosine(self) -> np.ndarray:
        """Of the angle between both."""
        sizes = np.linalg.norm(self.exact, axis=-1) * np.linalg.norm(self.surrogate, axis=-1)
        return np.asarray(np.sum(np.asarray(self.exact * self.surrogate), -1) / sizes)


def draw_networks(seed: int) -> list[Float[Array, "networks pre post"]]:
    """Weights of all networks, normally distributed, by layer."""
    rng = np.random.default_rng(seed)
    shapes = zip(_WIDTHS, _WIDTHS[1:], strict=False)
    return [jnp.asarray(rng.normal(_MEAN, _SPREAD, (_NUMBER, *shape))) for shape in shapes]


def gradients(weights: list[Array], beta: float) -> Gradients:
    """Of one network."""
    x = jnp.ones(_WIDTHS[0])
    likely = path_probabilities(weights, x, beta)[0]
    each = path_gradients(weights, x, by_surrogate(beta))
    mean = likely @ each
    deviation = jnp.sqrt(likely @ (each - mean) ** 2)
    return Gradients(
        exact_gradient(weights, x, beta), mean, deviation, likely @ path_gradients(weights, x, smoothed(beta))
    )


def networks(trials: int, seed: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Bias of the surrogate in many networks by slope; one of them sampled, that of the median bias.

    Args:
        trials: for each difference.
        seed: of the weights and of all that is random.
    """
    many, x = draw_networks(seed), jnp.ones(_WIDTHS[0])
    metrics, quartiles, found = {}, [], {}
    for beta in BETAS:
        found[beta] = jax.jit(jax.vmap(lambda weights, beta=beta: gradients(weights, beta)))(many)
        quartiles.append(np.quantile(found[beta].bias, (0.25, 0.5, 0.75)))
        metrics[f"networks_median_bias_beta_{beta:g}"] = float(np.median(found[beta].bias))
        metrics[f"networks_median_cosine_beta_{beta:g}"] = float(np.median(found[beta].cosine))
        metrics[f"networks_lowest_cosine_beta_{beta:g}"] = float(found[beta].cosine.min())
    metrics["networks_smoothed_minus_surrogate"] = max(
        float(np.abs(each.smoothed - each.surrogate).max()) for each in found.values()
    )
    chosen = np.argsort(found[_BETA].bias)[_NUMBER // 2]
    one = [layer[chosen] for layer in many]
    own = Gradients(*(field[chosen] for field in found[_BETA]))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    estimate, spread = sampled_differences(one, x, _BETA, trials, _DIFFERENCE, rng)
    # A trial changes by -1, 0 or 1, so that theory knows a least variance; rare changes may not be seen at all.
    error = np.sqrt(np.maximum(spread**2, np.abs(own.exact) / (2 * _DIFFERENCE)) / trials)
    metrics |= {
        "network_difference_deviation_se": float(np.abs((estimate - own.exact) / error).max()),
        "network_bias": float(own.bias),
        "network_bias_rms": _rms(own.surrogate - own.exact),
        "network_surrogate_deviation_rms": _rms(own.deviation),
    }
    fewer = trials // 10  # are enough for a variance
    shared = [_rms(sampled_differences(one, x, _BETA, fewer, width, rng)[1]) for width in _DIFFERENCES]
    return metrics, {
        "beta": BETAS, "bias_quartiles": quartiles, "sampled_beta": _BETA,
        "exact": own.exact, "smoothed": own.surrogate, "difference": estimate, "difference_error": error,
        "width": _DIFFERENCES, "shared_deviation_rms": shared,
        "independent_deviation_rms": [independent_deviation(one, x, _BETA, width) for width in _DIFFERENCES],
    }  # fmt: skip


def _rms(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
