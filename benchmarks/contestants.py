"""What benchmarks of speed and memory compare: every method, and variants of them that only benchmarks run."""

import dataclasses
from typing import Any, Literal, NamedTuple

from gradlab.methods import BPTT, METHODS, EventProp, Method


class Contestant(NamedTuple):
    """One line of a table or figure.

    Attributes:
        label: in tables and figures.
        colour: in figures.
        method: how the network is run and differentiated.
        scan: which ``lax.scan`` does that in place of the method, which is BPTT then: see ``workload.scans``.
        dtype: type of the numbers of a scan.
        micro_batch: samples whose gradients are computed at a time and added up; None for all at once.
    """

    label: str
    colour: str
    method: Method
    scan: Literal["by layer", "whole", "packed"] | None = None
    dtype: str = "float32"
    micro_batch: int | None = None

    def with_options(self, **options: Any) -> "Contestant":
        """The same with those of the options that its method has."""
        known = {field.name for field in dataclasses.fields(self.method)}
        chosen = {name: value for name, value in options.items() if name in known}
        return self._replace(method=dataclasses.replace(self.method, **chosen))


CONTESTANTS: dict[str, Contestant] = {
    **{name: Contestant(method.label, method.colour, method()) for name, method in METHODS.items()},
    "bptt_checkpointed": Contestant(f"{BPTT.label}, checkpointed", "#009E73", BPTT(checkpoint=True)),
    "bptt_scan": Contestant(f"{BPTT.label}, plain scan", "#CC79A7", BPTT(), scan="by layer"),
    "bptt_whole": Contestant(f"{BPTT.label}, one scan", "#882255", BPTT(), scan="whole"),
    "bptt_packed": Contestant(f"{BPTT.label}, spikes as bits", "#661100", BPTT(), scan="packed"),
    "bptt_bfloat16": Contestant(f"{BPTT.label}, bfloat16", "#AA4499", BPTT(), scan="whole", dtype="bfloat16"),
    "bptt_micro": Contestant(f"{BPTT.label}, micro-batches", "#999933", BPTT(), micro_batch=8),
}

#: EventProp with time constants as arrays; in a trial that goes on without input for nine times as long; with delays of
#: channels and neurons, and of all synapses, which are trained with the weights.
VARIANTS: dict[str, Contestant] = {
    "eventprop_per_neuron": Contestant(f"{EventProp.label}, constants per neuron", "#56B4E9", EventProp()),
    "eventprop_silence": Contestant(f"{EventProp.label}, 9/10 of the trial silent", "#E69F00", EventProp()),
    "eventprop_axonal_delays": Contestant(f"{EventProp.label}, axonal delays", "#117733", EventProp()),
    "eventprop_synaptic_delays": Contestant(f"{EventProp.label}, synaptic delays", "#44AA99", EventProp()),
}
