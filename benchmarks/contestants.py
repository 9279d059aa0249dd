"""What benchmarks of speed and memory compare: every method, and variants of them that only benchmarks run."""

import dataclasses
from typing import Any, NamedTuple

from gradlab.methods import BPTT, METHODS, EventProp, Method


class Contestant(NamedTuple):
    """One line of a table or figure.

    Attributes:
        label: in tables and figures.
        colour: in figures.
        method: how the network is run and differentiated.
        plain_scan: whether ``solvers.reference.bptt_scan`` does that in place of the method, which is BPTT then.
    """

    label: str
    colour: str
    method: Method
    plain_scan: bool = False

    def with_options(self, **options: Any) -> "Contestant":
        """The same with those of the options that its method has."""
        known = {field.name for field in dataclasses.fields(self.method)}
        chosen = {name: value for name, value in options.items() if name in known}
        return self._replace(method=dataclasses.replace(self.method, **chosen))


CONTESTANTS: dict[str, Contestant] = {
    **{name: Contestant(method.label, method.colour, method()) for name, method in METHODS.items()},
    "bptt_checkpointed": Contestant(f"{BPTT.label}, checkpointed", "#009E73", BPTT(checkpoint=True)),
    "bptt_scan": Contestant(f"{BPTT.label}, plain scan", "#CC79A7", BPTT(), plain_scan=True),
}

#: EventProp with time constants as arrays, and in a trial that goes on without input for nine times as long.
VARIANTS: dict[str, Contestant] = {
    "eventprop_per_neuron": Contestant(f"{EventProp.label}, constants per neuron", "#56B4E9", EventProp()),
    "eventprop_silence": Contestant(f"{EventProp.label}, 9/10 of the trial silent", "#E69F00", EventProp()),
}
