"""Neuron models by name. A new one is one file with the functions of ``Neuron``, and one line here."""

from . import adaptive, exponential, lif, quadratic
from .base import Neuron as Neuron
from .base import Parameters as Parameters

NEURONS: dict[str, Neuron] = {
    "lif": lif,  # type: ignore[dict-item]
    "adaptive": adaptive,  # type: ignore[dict-item]
    "quadratic": quadratic,  # type: ignore[dict-item]
    "exponential": exponential,  # type: ignore[dict-item]
}
