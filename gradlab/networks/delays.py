"""First values of the delays of a hidden layer, and how they are distributed."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from solvers.delays import Delays, Positions, delays_of

from .heterogeneity import QUANTILES

SYNAPSES, POSITIONS = "synapses", "positions"
#: What has delays of its own among the connections from the inputs, and from a layer's neurons to itself.
OF_INPUTS = ("none", "channels", SYNAPSES, POSITIONS)
OF_NEURONS = ("none", "neurons", SYNAPSES, POSITIONS)
DISTRIBUTIONS = ("uniform", "gaussian", "zero")
if TYPE_CHECKING:
    OfInputs = str
    OfNeurons = str
    DistributionName = str
else:
    OfInputs, OfNeurons, DistributionName = Literal[OF_INPUTS], Literal[OF_NEURONS], Literal[DISTRIBUTIONS]


_AXES = 3  # of the space of positions


def side(longest: float) -> float:
    """Of the cube in which positions are, so that no two are further apart than the longest delay [s]."""
    return longest / math.sqrt(_AXES)


def initial_delays(
    key: PRNGKeyArray, kinds: tuple[str, str], distribution: str, longest: float, shape: tuple[int, ...], dtype: Any
) -> Delays | Positions:
    """First delays of a layer.

    They are uniform up to the longest; or Gaussian with half of it as mean and a sixth as deviation, within the bounds;
    or all zero. Where they follow from positions, that holds for the coordinates in a cube of three axes (positions:
    arXiv:2512.10011; the cube is ours).

    Args:
        key: for those that are drawn.
        kinds: one of ``OF_INPUTS`` and one of ``OF_NEURONS``.
        distribution: one of ``DISTRIBUTIONS``.
        longest: [s].
        shape: inputs and neurons of the layer.
        dtype: floating-point type.
    """

    def drawn(key: PRNGKeyArray, size: tuple[int, ...], most: float) -> Array:
        match distribution:
            case "uniform":
                return most * jax.random.uniform(key, size, dtype)
            case "gaussian":
                return jnp.clip(most * (0.5 + jax.random.normal(key, size, dtype) / 6), 0, most)
            case _:
                return jnp.zeros(size, dtype)

    keys = jax.random.split(key)
    if POSITIONS in kinds:
        return Positions(*(drawn(key, (n, _AXES), side(longest)) for key, n in zip(keys, shape, strict=True)))
    sizes = ((n, shape[1]) if kind == SYNAPSES else (n,) for kind, n in zip(kinds, shape, strict=True))
    return Delays(
        *(
            None if kind == "none" else drawn(key, size, longest)
            for key, kind, size in zip(keys, kinds, sizes, strict=True)
        )
    )


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
