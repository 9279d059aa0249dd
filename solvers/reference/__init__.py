"""Slow, plain solutions of the same problems; ``ode`` is imported on its own, for diffrax takes a while to load."""

from .event_by_event import Neurons as Neurons
from .event_by_event import simulate as simulate
from .scan import bptt_scan as bptt_scan
from .scan import scan_step as scan_step
from .smoothed import smoothed_gradient as smoothed_gradient
from .smoothed import with_ghosts as with_ghosts
from .spike_response import implicit_gradient as implicit_gradient
