"""Engine for NVIDIA's GPUs: one kernel a pass with the loop over time inside, one thread block for each sample.

The kernels are CUDA C++ in ``kernels``, compiled ahead (``build``) and launched by XLA (``launch``). They compute in
single precision, with times in double.
"""

from .backward import backward as backward
from .backward import detached_backward as detached_backward
from .forward import forward as forward

neurons = ("lif",)
delays = ()
dtypes = ("float32",)
