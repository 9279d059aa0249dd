"""Engine for the CPU: compiled kernels, samples spread over threads."""

from ....delays import AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE
from .backward import backward as backward
from .backward import detached_backward as detached_backward
from .backward import pooled_backward as pooled_backward
from .backward import smooth_backward as smooth_backward
from .forward import forward as forward
from .forward import pooled_forward as pooled_forward
from .forward import smooth_forward as smooth_forward

neurons = ("lif", "dead-time", "clamp")
delays = (AXON, INPUT_SYNAPSE, RECURRENT_SYNAPSE)
dtypes = "float32", "float64"
