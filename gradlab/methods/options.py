"""The options of all methods as one flat set, as a command line gives them; each method takes those that it knows.

An option that is a dataclass, such as a surrogate, is spread out: its first field has the option's name, the others
their own (``surrogate``, ``slope``, ``scale``).
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

import tyro
from docstring_parser import parse

from . import METHODS
from .base import Method


def _explained(given: type) -> dict[str, tuple[Any, Any, str]]:
    """Of each field of a dataclass: its type, its default, and what its docstring, or that of a base, says."""
    documents = (parse(base.__doc__ or "").params for base in reversed(given.__mro__))
    said = {part.arg_name: part.description or "" for parts in documents for part in parts}
    hints = get_type_hints(given, include_extras=True)
    return {f.name: (hints[f.name], f.default, said.get(f.name, "")) for f in dataclasses.fields(given)}


def _spread(given: type) -> dict[str, tuple[Any, Any, str]]:
    """``_explained``, with options that are dataclasses spread out."""
    flat: dict[str, tuple[Any, Any, str]] = {}
    for name, (kind, default, text) in _explained(given).items():
        if dataclasses.is_dataclass(default):
            first, *others = _explained(type(default)).items()
            flat[name] = first[1][0], getattr(default, first[0]), text
            flat |= {other: (each[0], getattr(default, other), each[2]) for other, each in others}
        else:
            flat[name] = kind, default, text
    return flat


def _all_options() -> list[tuple[str, Any, Any]]:
    """Name, type with help, and field of every option of every method."""
    found: dict[str, tuple[Any, Any, str]] = {}
    users: dict[str, list[str]] = {}
    for method in METHODS.values():
        for name, option in _spread(method).items():
            if name in found and found[name][:2] != option[:2]:
                raise TypeError(f"option {name} of method {method.name} has another type or default than elsewhere")
            found[name] = option
            users.setdefault(name, []).append(method.name)
    return [
        (
            name,
            Annotated[kind, tyro.conf.arg(help=f"{text.rstrip('.')}; only for {', '.join(users[name])}.")],
            dataclasses.field(default=default),
        )
        for name, (kind, default, text) in found.items()
    ]


MethodOptions: Any = dataclasses.make_dataclass("MethodOptions", _all_options(), frozen=True)
MethodOptions.__doc__ = "Options of the methods."
MethodOptions.__module__ = __name__  # where other processes find it


def names_of_options(name: str) -> tuple[str, ...]:
    """Which of ``MethodOptions`` a method has.

    Args:
        name: key of ``METHODS``.
    """
    return tuple(_spread(METHODS[name]))


def make_method(name: str, options: Any) -> Method:
    """A method with those of the options that it has.

    Args:
        name: key of ``METHODS``.
        options: ``MethodOptions``.

    Raises:
        ValueError: for an impossible option.
    """
    return METHODS[name](**_chosen(METHODS[name], options))


def _chosen(method: type[Method], options: Any) -> Mapping[str, Any]:
    chosen: dict[str, Any] = {}
    for name, (_, default, _) in _explained(method).items():
        if dataclasses.is_dataclass(default):
            first, *others = dataclasses.fields(default)
            values = {first.name: getattr(options, name)} | {o.name: getattr(options, o.name) for o in others}
            make: Any = type(default)
            chosen[name] = make(**values)
        else:
            chosen[name] = getattr(options, name)
    return chosen
