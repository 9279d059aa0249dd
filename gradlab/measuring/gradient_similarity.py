"""How similar two gradients of the same parameters are, parameter by parameter."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..networks.params import named_leaves


def compare(exact: Any, other: Any) -> dict[str, dict[str, float | None]]:
    """Agreement of two gradients, for every array that both have.

    Args:
        exact: pytree of arrays, the gradient to compare with; absent parameters are None.
        other: pytree of the same structure, the gradient that is judged.

    Returns:
        For each parameter, by its name such as ``"layers.0.w_in"`` (``leaf_name``): ``cosine``, ``norm_ratio``
        (``other`` over ``exact``) and ``sign_agreement``; None where one of them is not defined.

    Raises:
        ValueError: if an array differs in shape.
    """
    exact_leaves, other_leaves = _named_leaves(exact), _named_leaves(other)
    result = {}
    for name, a in exact_leaves.items():
        if name not in other_leaves:
            continue
        b = other_leaves[name]
        if a.shape != b.shape:
            raise ValueError(f"{name} has shape {b.shape}, expected {a.shape} as in the exact gradient")
        result[name] = {
            "cosine": cosine(a, b),
            "norm_ratio": norm_ratio(a, b),
            "sign_agreement": sign_agreement(a, b),
        }
    return result


def per_neuron(exact: Any, other: Any) -> dict[str, np.ndarray]:
    """Cosine of the weights that lead to each neuron, for every weight matrix ``[pre, post]`` that both have.

    Args:
        exact: pytree of arrays.
        other: pytree of the same structure.

    Returns:
        For each matrix, by name, ``[post]``; NaN where one of the gradients is zero.
    """
    ours, others = _named_leaves(exact), _named_leaves(other)
    pairs = {name: (a, others[name]) for name, a in ours.items() if a.ndim == 2 and name in others}
    columns = {name: zip(a.T, b.T, strict=True) for name, (a, b) in pairs.items()}
    return {name: np.array([cosine(x, y) for x, y in both], np.float64) for name, both in columns.items()}


def over_batches(exact: Sequence[Any], other: Sequence[Any]) -> dict[str, dict[str, float | None]]:
    """Bias of the second gradient apart from the noise of both, from several batches at the same parameters.

    Products of gradients of two *different* batches have no noise in their mean, so that the cosine of the true mean
    gradients is estimated without the bias that comparing two noisy means would have.

    Args:
        exact: gradient of each batch, at least two; pytrees of arrays.
        other: gradient of each batch by the method that is judged.

    Returns:
        For each parameter, by name: ``cosine`` of the mean gradients without noise; ``cosine_same``, the mean
        cosine of both gradients of the same batch; ``cosine_exact`` and
        ``cosine_other``, the mean cosine of one batch's gradient to the mean exact gradient of all other batches;
        ``noise_exact`` and ``noise_other``, the variance between batches over the squared mean; ``uphill``, the share
        of batches on which the other gradient has a negative product with the exact one. None where noise hides the
        mean.

    Raises:
        ValueError: for fewer than two batches, or different numbers.
    """
    if not 2 <= len(exact) == len(other):
        raise ValueError(f"got {len(exact)} and {len(other)} gradients, expected as many of each, at least two")
    ours, others = ([_named_leaves(tree) for tree in trees] for trees in (exact, other))
    result = {}
    for name in ours[0]:
        a, b = (np.stack([tree[name].ravel() for tree in trees]) for trees in (ours, others))
        means = (a.sum(0) - a) / (len(a) - 1)  # of all other batches
        aa, bb, ab = _cross(a, a), _cross(b, b), _cross(a, b)
        result[name] = {
            "cosine": ab / float(np.sqrt(aa * bb)) if aa > 0 and bb > 0 else None,
            "cosine_same": _mean_cosine(a, b),
            "cosine_exact": _mean_cosine(a, means),
            "cosine_other": _mean_cosine(b, means),
            "noise_exact": float(np.mean(np.sum(a * a, 1)) / aa - 1) if aa > 0 else None,
            "noise_other": float(np.mean(np.sum(b * b, 1)) / bb - 1) if bb > 0 else None,
            "uphill": float(np.mean(np.sum(a * b, 1) < 0)),
        }
    return result


def _cross(a: np.ndarray, b: np.ndarray) -> float:
    """Mean product of rows ``i`` of one and ``j`` of the other, over all pairs with ``i != j``."""
    return float((a.sum(0) @ b.sum(0) - np.sum(a * b)) / (len(a) * (len(a) - 1)))


def _mean_cosine(a: np.ndarray, b: np.ndarray) -> float | None:
    """Mean cosine of the rows of two matrices; None where one of them is zero."""
    cosines = [cosine(x, y) for x, y in zip(a, b, strict=True)]
    return None if None in cosines else float(np.mean(cosines))  # type: ignore[arg-type]


def cosine(a: np.ndarray, b: np.ndarray) -> float | None:
    """Cosine of the angle between two arrays seen as vectors; None if one of them is zero."""
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return None if norms == 0 else float(np.vdot(a, b) / norms)


def norm_ratio(a: np.ndarray, b: np.ndarray) -> float | None:
    """Euclidean norm of ``b`` over that of ``a``; None if ``a`` is zero."""
    norm = np.linalg.norm(a)
    return None if norm == 0 else float(np.linalg.norm(b) / norm)


def sign_agreement(a: np.ndarray, b: np.ndarray) -> float | None:
    """Fraction of the non-zero entries of ``a`` whose sign ``b`` shares; None if ``a`` is zero.

    Entries that are zero in ``a`` say nothing about a direction: weights of inputs without a spike, for instance.
    """
    matters = a != 0
    return float(np.mean(np.sign(a[matters]) == np.sign(b[matters]))) if np.any(matters) else None


def _named_leaves(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a pytree in double precision, by name."""
    return {name: np.asarray(leaf, np.float64) for name, leaf in named_leaves(tree).items()}
