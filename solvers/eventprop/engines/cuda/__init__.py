"""Engine for NVIDIA's GPUs: one kernel a pass with the loop over time inside, one thread block for each sample.

The kernels are CUDA C++ in ``kernels``, compiled ahead (``build``) and launched by XLA (``launch``). They compute in
single precision, with times in double.
"""

from .backward import backward as backward
from .backward import detached_backward as detached_backward
from .backward import pooled_backward as pooled_backward
from .forward import forward as forward
from .forward import pooled_forward as pooled_forward

neurons = ("lif",)
delays = ()
dtypes = ("float32",)
