"""Numerics of spiking networks: neuron models, exact event-driven gradients, surrogate gradients on a grid.

Knows no data sets, files or command lines and can be imported on its own.
"""

from .events import Events as Events
from .neurons.lif import LIFParams as LIFParams
