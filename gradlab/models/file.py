"""A trained network in one file: its parameters, and a text with all that is needed to run them.

The file is a NumPy archive with a checksum (see ``gradlab.training.archive``). No code is stored in it, and no training
data is needed to read it.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from ..methods import METHODS, Method
from ..networks.network import Network
from ..networks.params import NetworkParams, named_leaves
from ..training import archive, files
from ..training.config import TrainConfig
from ..training.json_types import to_json

KIND, LAYOUT = "model", 1
_WHAT = "model file"
AnyDataclass = TypeVar("AnyDataclass")


@dataclasses.dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        network: structure and settings.
        params: trained.
        method: that trained it.
        config: of the training.
        data: name of the data set.
        class_names: in the order of the classes, or None.
    """

    network: Network
    params: NetworkParams
    method: Method
    config: TrainConfig
    data: str
    class_names: tuple[str, ...] | None


def save(path: Path, content: Content) -> None:
    """Write a file, at once: whenever the process or the machine stops, the old or the new one is there.

    Raises:
        OSError: if it cannot be written.
    """
    text = {
        "kind": KIND,
        "layout": LAYOUT,
        "network": to_json(content.network),
        "method": content.method.name,
        "options": to_json(content.method),
        "training": to_json(content.config),
        "data": content.data,
        "class_names": to_json(content.class_names),
    }
    arrays = {name: np.asarray(leaf) for name, leaf in named_leaves(content.params).items()}
    files.replace(path, archive.packed(text, arrays))


def read(path: Path) -> Content:
    """Read a file.

    Raises:
        ValueError: if it is no such file, was changed or cut, or was written by a newer version; says which.
        OSError: if it cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist, expected the folder of a run or its params.npz")
    text, arrays = archive.read(path, path.stat().st_size, _WHAT)
    if text.get("kind") != KIND:
        raise ValueError(f"{path} is another file of gradlab, such as a checkpoint, expected params.npz of a run")
    if (layout := text.get("layout")) != LAYOUT:
        raise ValueError(
            f"{path} was written by another version of gradlab (layout {layout}, this one reads {LAYOUT}): update "
            "gradlab"
        )
    try:
        method = METHODS.get(text["method"])
        if method is None:
            raise ValueError(f"method is {text['method']!r}, expected one of {', '.join(METHODS)}")
        network = restored(Network, text["network"])
        names = text["class_names"]
        return Content(
            network, _params(network, arrays), restored(method, text["options"]),
            restored(TrainConfig, text["training"]), str(text["data"]), None if names is None else tuple(names),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} cannot be read by this version of gradlab ({error}): update gradlab, or train anew"
        ) from error


def restored(kind: type[AnyDataclass], settings: Mapping[str, Any]) -> AnyDataclass:
    """A dataclass of settings from the JSON types that ``to_json`` made of it.

    Args:
        kind: the dataclass; fields that are dataclasses themselves have a default.
        settings: by field.

    Raises:
        ValueError: for an unknown field, or an impossible value.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := set(settings) - set(fields):
        raise ValueError(f"unknown setting {min(unknown)!r}")

    def value(name: str, given: Any) -> Any:
        default = fields[name].default
        if dataclasses.is_dataclass(default):
            return restored(type(default), given)
        return _tuples(given)

    return kind(**{name: value(name, given) for name, given in settings.items()})


def _tuples(given: Any) -> Any:
    return tuple(map(_tuples, given)) if isinstance(given, list) else given


def _params(network: Network, arrays: Mapping[str, np.ndarray]) -> NetworkParams:
    """Parameters of a network from its leaves."""
    like = jax.eval_shape(network.init, jax.random.key(0))
    expected = {name: leaf.shape for name, leaf in named_leaves(like).items()}
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        wrong = min(name for name in {**expected, **found} if found.get(name) != expected.get(name))
        raise ValueError(f"{wrong} has shape {found.get(wrong)}, expected {expected.get(wrong)}")
    return jax.tree.unflatten(jax.tree.structure(like), [jnp.asarray(arrays[name]) for name in expected])
