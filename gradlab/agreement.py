"""How well two gradients of the same parameters agree, parameter by parameter."""

from typing import Any

import jax
import numpy as np


def compare(exact: Any, other: Any) -> dict[str, dict[str, float | None]]:
    """Agreement of two gradients, for every array that both have.

    Args:
        exact: pytree of arrays, the gradient to compare with; absent parameters are None.
        other: pytree of the same structure, the gradient that is judged.

    Returns:
        For each parameter, by its path such as ``"w_in"`` or ``"layers[0].w_in"``: ``cosine``, ``norm_ratio``
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
    """The arrays of a pytree in double precision, by their path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(path): np.asarray(leaf, np.float64) for path, leaf in leaves}


def _name(path: tuple[Any, ...]) -> str:
    """A path as one would write it: attributes and keys joined by dots, positions in brackets."""
    parts = []
    for entry in path:
        if isinstance(entry, jax.tree_util.SequenceKey):
            parts.append(f"[{entry.idx}]")
        else:
            parts.append("." + jax.tree_util.keystr((entry,), simple=True))
    return "".join(parts).removeprefix(".")
