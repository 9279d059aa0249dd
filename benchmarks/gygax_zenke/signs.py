"""Figure 4: signs of the surrogate gradient in a network that is differentiable."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .activations import sigmoid
from .deterministic import gradient_field, output, true_field

BETA = 100.0  # of the network, for the scan of w
_U = 1.0, -1.0
_V = 0.05, 0.1
_SCAN = np.linspace(-0.2, 0.2, 10001)  # of w
_SHOWN = 25  # one point of the scan in so many is recorded
_LEAST = 1e-3  # of the largest derivative; where the true one is smaller, its sign does not count
_SWEEP = np.append(np.arange(10.0, 60.0, 2.5), 100.0)  # of the surrogate's slope
MAP_BETA, MAP_BETAS = 20.0, (2.0, 4.0, 20.0)  # of the network, and of the surrogates of the maps
_SIDE = np.linspace(-2, 2, 41)  # of v1 and v2
_MAP_W = 1.0


def scan_points() -> Float[np.ndarray, "points 5"]:
    """Weights along the scan."""
    return np.stack([_SCAN, *(np.full(_SCAN.size, value) for value in (*_V, *_U))], 1)


def wrong_signs(surrogate: np.ndarray, true: np.ndarray) -> float:
    """Share of all points at which the true derivative counts and the surrogate has another sign."""
    counts = np.abs(true) > _LEAST * np.abs(true).max()
    return float(np.mean(counts & (np.sign(surrogate) != np.sign(true))))


def opposite(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where the signs differ; 0 has none."""
    return np.asarray(np.sign(first) * np.sign(second) < 0)


def integrated(derivative: np.ndarray) -> np.ndarray:
    """Over the scan, from its left end, by the trapezoidal rule."""
    return np.concatenate([[0], np.cumsum((derivative[1:] + derivative[:-1]) / 2)]) * (_SCAN[1] - _SCAN[0])


def scan(surrogate_betas: Sequence[float]) -> tuple[dict[str, float], dict[str, Any]]:
    """The output over w, its derivative and the surrogates.

    Args:
        surrogate_betas: slopes of the surrogates.

    Returns:
        Shares of wrong signs, and where the output and the integrals of the surrogates are lowest.
    """
    points = jnp.asarray(scan_points())

    def field(beta: float) -> np.ndarray:
        return np.asarray(gradient_field(sigmoid(BETA, beta))(points)[:, 0])

    true = np.asarray(true_field(BETA)(points)[:, 0])
    y = np.asarray(jax.vmap(lambda weights: output(weights, sigmoid(BETA, BETA)))(points))
    metrics, lines = {"minimum_w": float(_SCAN[y.argmin()])}, []
    for beta in surrogate_betas:
        surrogate = field(beta)
        total = integrated(surrogate)
        metrics[f"sign_flip_share_beta_{beta:g}"] = wrong_signs(surrogate, true)
        metrics[f"integrated_minimum_w_beta_{beta:g}"] = float(_SCAN[total.argmin()])
        lines.append({"beta": beta, "derivative": surrogate[::_SHOWN], "integral": total[::_SHOWN]})
    shares = [wrong_signs(field(beta), true) for beta in _SWEEP]
    samples = {
        "w": _SCAN[::_SHOWN], "output": y[::_SHOWN], "derivative": true[::_SHOWN], "surrogates": lines,
        "sweep_beta": _SWEEP, "sweep_share": shares,
    }  # fmt: skip
    return metrics, samples


def maps() -> tuple[dict[str, float], dict[str, Any]]:
    """The surrogate derivatives with respect to w over v1 and v2; with the network's own slope it is the true one."""
    v1, v2 = np.meshgrid(_SIDE, _SIDE)
    fixed = (np.full(v1.size, value) for value in _U)
    points = jnp.asarray(np.stack([np.full(v1.size, _MAP_W), v1.ravel(), v2.ravel(), *fixed], 1))
    found = {}
    for beta in MAP_BETAS:
        derivative = np.asarray(gradient_field(sigmoid(MAP_BETA, beta))(points)[:, 0]).reshape(v1.shape)
        found[beta] = np.where(v1 == v2, 0, derivative)  # there both hidden neurons cancel, up to rounding
    true = found[MAP_BETA]
    metrics = {}
    for beta, values in found.items():
        metrics[f"map_wrong_sign_share_beta_{beta:g}"] = float(np.mean(opposite(values, true)))
        metrics[f"map_median_size_beta_{beta:g}"] = float(np.median(np.abs(values)))
    return metrics, {"v": _SIDE, "maps": [{"beta": beta, "derivative": values} for beta, values in found.items()]}
