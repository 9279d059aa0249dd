"""Engine for the CPU: compiled kernels, samples spread over threads."""

from .engine import backward as backward
from .engine import forward as forward

neurons = ("lif", "dead-time", "clamp")
