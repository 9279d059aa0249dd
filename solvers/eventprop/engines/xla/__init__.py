"""Engine for any device: both passes as a ``lax.while_loop`` over events, all samples of a batch side by side.

Each sample has its own clock: a turn of the loop takes every sample to its own next event, an arrival or a spike.
Between events the neurons follow the closed forms of ``solvers.neurons.lif``; there is no time step.
"""

from .backward import backward as backward
from .backward import detached_backward as detached_backward
from .backward import pooled_backward as pooled_backward
from .backward import sharded_backward as sharded_backward
from .backward import smooth_backward as smooth_backward
from .forward import forward as forward
from .forward import pooled_forward as pooled_forward
from .forward import sharded_forward as sharded_forward
from .forward import smooth_forward as smooth_forward

neurons = ("lif", "dead-time", "clamp")
delays = ()
dtypes = "float32", "float64"
