"""First values of the delays of a hidden layer, and how they are distributed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from solvers.delays import Delays, delays_of

from .heterogeneity import QUANTILES

SYNAPSES = "synapses"
#: What has delays of its own among the connections from the inputs, and from a layer's neurons to itself.
OF_INPUTS = ("none", "channels", SYNAPSES)
OF_NEURONS = ("none", "neurons", SYNAPSES)
DISTRIBUTIONS = ("uniform", "gaussian", "zero")
if TYPE_CHECKING:
    OfInputs = str
    OfNeurons = str
    DistributionName = str
else:
    OfInputs, OfNeurons, DistributionName = Literal[OF_INPUTS], Literal[OF_NEURONS], Literal[DISTRIBUTIONS]


def initial_delays(
    key: PRNGKeyArray, kinds: tuple[str, str], distribution: str, longest: float, shape: tuple[int, ...], dtype: Any
) -> Delays:
    """First delays of a layer.

    They are uniform up to the longest; or Gaussian with half of it as mean and a sixth as deviation, within the bounds;
    or all zero.

    Args:
        key: for those that are drawn.
        kinds: one of ``OF_INPUTS`` and one of ``OF_NEURONS``.
        distribution: one of ``DISTRIBUTIONS``.
        longest: [s].
        shape: inputs and neurons of the layer.
        dtype: floating-point type.
    """

    def drawn(key: PRNGKeyArray, kind: str, sources: int) -> Array | None:
        size = (sources, shape[1]) if kind == SYNAPSES else (sources,)
        if kind == "none":
            return None
        match distribution:
            case "uniform":
                return longest * jax.random.uniform(key, size, dtype)
            case "gaussian":
                return jnp.clip(longest * (0.5 + jax.random.normal(key, size, dtype) / 6), 0, longest)
            case _:
                return jnp.zeros(size, dtype)

    return Delays(*map(drawn, jax.random.split(key), kinds, shape))


def delay_quantiles(layers: Iterable[Any]) -> dict[str, list[list[float]]]:
    """``QUANTILES`` of the delays of each hidden layer [s], as ``[layer][quantile]``.

    Returns:
        By ``inputs_delays_quantiles`` and ``recurrent_delays_quantiles``, as far as there are such delays.
    """
    found: dict[str, list[list[float]]] = {}
    for layer in layers:
        for name, delays in delays_of(layer)._asdict().items():
            if delays is not None:
                found.setdefault(f"{name}_delays_quantiles", []).append(np.quantile(delays, QUANTILES).tolist())
    return found
