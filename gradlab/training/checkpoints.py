"""Checkpoints: all that a training needs to go on exactly where it was, in one file that is never broken.

The file is a NumPy archive: one array for each leaf of the state, by its path, and a JSON text with the settings that
the state belongs to and the numbers that are no arrays. No code is stored in it.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..networks.params import named_leaves

LAYOUT = 2  # of the settings and the names of the arrays; files of another one are refused
_TEXT = "text"
_FIRST = 4  # differing settings that a message names


def save(path: Path, state: PyTree, settings: Mapping[str, Any], progress: Mapping[str, Any]) -> None:
    """Replace a checkpoint, at once: whenever the process or the machine stops, the old or the new one is there.

    Args:
        path: of the file; its folder is created.
        state: pytree of arrays.
        settings: JSON types; what the state belongs to, see ``load``.
        progress: JSON types; kept beside the arrays.

    Raises:
        OSError: if it cannot be written; the old one stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"layout": LAYOUT, "settings": settings, "progress": progress})
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(file, **{_TEXT: np.array(text)}, **_arrays(state))  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path, like: PyTree, settings: Mapping[str, Any]) -> tuple[PyTree, dict[str, Any]]:
    """State and progress of a checkpoint.

    Args:
        path: of the file.
        like: a state of the same structure, shapes and types, such as the initial one.
        settings: what must have been saved with it.

    Returns:
        ``(state, progress)`` as they were saved.

    Raises:
        ValueError: if it was made with other settings (says which) or by another version, or is no checkpoint.
        OSError: if it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            saved = dict(file)
        text = json.loads(str(saved.pop(_TEXT)))
        layout, settings_saved, progress = text.get("layout", 1), text["settings"], text["progress"]
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is no checkpoint of gradlab ({error}): remove it, or choose another folder"
        ) from error
    if layout != LAYOUT:
        raise ValueError(
            f"{path} is a checkpoint of another version of gradlab (layout {layout}, this one writes {LAYOUT}): go on "
            "with that version, or remove the file and start anew"
        )
    refuse_others(path, settings_saved, settings)
    expected = _arrays(like)
    if _kinds(saved) != _kinds(expected):
        raise ValueError(f"{path} holds arrays of other names, shapes or types than this training: start it anew")
    leaves = [jax.numpy.asarray(saved[name]) for name in expected]
    return jax.tree.unflatten(jax.tree.structure(like), leaves), progress


def refuse_others(path: Path, saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of other settings.

    Raises:
        ValueError: names the settings that differ.
    """
    saved, wanted = _flat(saved), _flat(json.loads(json.dumps(wanted)))
    names = [name for name in {**saved, **wanted} if saved.get(name) != wanted.get(name)]
    if names:
        some = [f"{name} {saved.get(name)} (now {wanted.get(name)})" for name in names[:_FIRST]]
        more = ", ..." if len(names) > _FIRST else ""
        raise ValueError(
            f"{path} is of a training with other settings: {', '.join(some)}{more}. Give the same settings to go on "
            "with it, or start anew without resuming"
        )


def _arrays(state: PyTree) -> dict[str, np.ndarray]:
    return {name: np.asarray(leaf) for name, leaf in named_leaves(state).items()}


def _kinds(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and type of each array."""
    return {name: (array.shape, array.dtype.name) for name, array in arrays.items()}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat
