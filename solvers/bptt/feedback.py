"""A product with weights whose reverse pass goes back through others.

Source: Lillicrap et al. 2016, Nat. Commun. 7:13276 (feedback alignment).
"""

import jax
from jaxtyping import Array, Float

from ..own_rules import own_rules


@own_rules()
def product(
    x: Float[Array, "batch pre"], weights: Float[Array, "pre post"], back: Float[Array, "pre post"] | None = None
) -> Float[Array, "batch post"]:
    """``x @ weights``; with ``back``, the derivative with respect to ``x`` is that of ``x @ back``.

    The derivative with respect to the weights is the usual one. Differentiable in reverse mode.
    """
    return x @ weights if back is None else _product(x, weights, back)


@jax.custom_vjp
def _product(x: Array, weights: Array, back: Array) -> Array:
    return x @ weights


@own_rules()
def _forward(x: Array, weights: Array, back: Array) -> tuple[Array, tuple[Array, Array]]:
    return x @ weights, (x, back)


@own_rules()
def _backward(residuals: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array, None]:
    x, back = residuals
    return cotangent @ back.T, x.T @ cotangent, None


_product.defvjp(_forward, _backward)
