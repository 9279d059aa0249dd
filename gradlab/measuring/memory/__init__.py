"""Memory that a gradient needs, measured in four ways; every figure says which it is."""

from .allocation import H100_BYTES as H100_BYTES
from .allocation import Allocation as Allocation
from .allocation import allocation as allocation
from .allocation import compiled_for_h100 as compiled_for_h100
from .allocation import compiles_for_h100 as compiles_for_h100
from .allocation import require_h100_compiler as require_h100_compiler
from .process import ProcessPeak as ProcessPeak
from .process import peak_in_fresh_process as peak_in_fresh_process
from .residuals import residual_bytes as residual_bytes
