"""Layers for models of one's own: events in, events out, for every method that is made of layers."""

from .layer import LIF as LIF
from .layer import Layer as Layer
from .readout import LI as LI
from .trained import is_trained as is_trained
