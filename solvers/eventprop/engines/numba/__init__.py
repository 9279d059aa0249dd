"""Engine for the CPU: compiled kernels, samples spread over threads."""

from ....delays import AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE
from .engine import backward as backward
from .engine import detached_backward as detached_backward
from .engine import forward as forward
from .engine import smooth_backward as smooth_backward
from .engine import smooth_forward as smooth_forward

neurons = ("lif", "dead-time", "clamp")
delays = (AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE)
dtypes = "float32", "float64"
