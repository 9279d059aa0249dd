"""BPTT: surrogate gradients of spiking layers on a time grid."""

from .delayed import require_delays as require_delays
from .event_layer import event_layer as event_layer
from .feedback import product as product
from .grid import Grid as Grid
from .grid import time_grid as time_grid
from .grid import whole_steps as whole_steps
from .simulate import Observer as Observer
from .simulate import lif_layer as lif_layer
from .simulate import simulate as simulate
