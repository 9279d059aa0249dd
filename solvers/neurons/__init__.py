"""Neuron models by name. A new one is one file, with its parameters and its ``Neuron``, and one line here."""

from typing import Any

from .adaptive import Adaptive
from .base import Constant as Constant
from .base import Neuron as Neuron
from .base import Parameters as Parameters
from .exponential import Exponential
from .lif import LIF
from .quadratic import Quadratic
from .refractory import Clamp, DeadTime

NEURONS: dict[str, Neuron] = {
    "lif": LIF(),
    "adaptive": Adaptive(),
    "quadratic": Quadratic(),
    "exponential": Exponential(),
    "dead-time": DeadTime(),
    "clamp": Clamp(),
}


def neuron_name(params: Any) -> str:
    """Name in ``NEURONS`` of the model to which the parameters of a layer belong, by their type.

    Raises:
        TypeError: if they are of no known model.
    """
    for name, neuron in NEURONS.items():
        if type(params) is neuron.params:
            return name
    known = ", ".join(getattr(neuron.params, "__name__", name) for name, neuron in NEURONS.items())
    raise TypeError(f"got parameters of type {type(params).__name__}, expected one of {known}")


def neuron_of(params: Any) -> Neuron:
    """The model to which the parameters of a layer belong; errors as in ``neuron_name``."""
    return NEURONS[neuron_name(params)]
