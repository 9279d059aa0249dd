"""Checkpoints: all that a training needs to go on exactly where it was, in one file that is never broken.

There is one array for each leaf of the state, by its path, and a text with the settings that the state belongs to and
the numbers that are no arrays.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from ..networks.params import named_leaves
from . import archive, files
from .json_types import flattened

LAYOUT = 3  # of the settings and the names of the arrays; files of another one are refused
_FIRST = 4  # differing settings that a message names
_SHOWN = 60  # characters of each


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
    text = {"layout": LAYOUT, "settings": settings, "progress": progress}
    files.replace(path, archive.packed(text, _arrays(state)))


def load(path: Path, like: PyTree, settings: Mapping[str, Any]) -> tuple[PyTree, dict[str, Any]]:
    """State and progress of a checkpoint.

    Args:
        path: of the file.
        like: a state of the same structure, shapes and types, such as the initial one.
        settings: what must have been saved with it.

    Returns:
        ``(state, progress)`` as they were saved.

    Raises:
        ValueError: if it was made with other settings (says which) or by another version, is no checkpoint, or was
            changed since.
        OSError: if it cannot be read.
    """
    expected = _arrays(like)
    text, saved = archive.read(path, 2 * sum(array.nbytes for array in expected.values()))
    refuse_others(path, text, settings)
    if _kinds(saved) != _kinds(expected):
        raise ValueError(f"{path} holds arrays of other names, shapes or types than this training: start it anew")
    progress = text.get("progress")
    if not isinstance(progress, dict):
        raise ValueError(f"{path} does not say how far the training was: remove it and start anew")
    leaves = [jax.numpy.asarray(saved[name]) for name in expected]
    return jax.tree.unflatten(jax.tree.structure(like), leaves), progress


def found(path: Path, like: str, settings: Mapping[str, Any], resume: bool) -> str | None:
    """What a user should know about the checkpoints that are there before a training begins.

    Args:
        path: of its own one.
        like: pattern of the folders beside its own that belong to trainings of the same name.
        settings: of the training.
        resume: whether it goes on from that one.

    Returns:
        A sentence, or None if there is nothing to tell.
    """
    if path.exists():
        kept = path.with_name(f"{path.stem}.N{path.suffix}")
        return None if resume else f"{path} is there: --resume goes on from it; now it is kept as {kept}"
    others = [each / path.name for each in path.parent.parent.glob(like) if (each / path.name).is_file()]
    if not (resume and others):
        return None
    newest = max(others, key=lambda each: each.stat().st_mtime)
    try:
        refuse_others(newest, archive.read(newest, newest.stat().st_size)[0], settings)
    except (ValueError, OSError) as error:
        return f"nothing to resume, this training starts anew; {error}"
    return f"nothing to resume, this training starts anew; {newest} has the same settings"


def refuse_others(path: Path, text: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of another version or of other settings.

    Args:
        path: of the file.
        text: that it holds.
        wanted: settings.

    Raises:
        ValueError: names the settings that differ.
    """
    if text.get("layout") != LAYOUT:
        raise ValueError(
            f"{path} is a checkpoint of another version of gradlab (layout {text.get('layout')!s:.{_SHOWN}}, this one "
            f"writes {LAYOUT}): go on with that version, or remove the file and start anew"
        )
    saved, wanted = flattened(text.get("settings")), flattened(json.loads(json.dumps(wanted)))
    names = [name for name in {**saved, **wanted} if saved.get(name) != wanted.get(name)]
    if names:
        some = [f"{name:.{_SHOWN}} {saved.get(name)!s:.{_SHOWN}} (now {wanted.get(name)})" for name in names[:_FIRST]]
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
