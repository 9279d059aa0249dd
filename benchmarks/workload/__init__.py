"""The problem that benchmarks of speed and memory share, and its loss and gradient by each contestant."""

from .drive import poisson_data as poisson_data
from .drive import room_for as room_for
from .drive import tune_rate as tune_rate
from .gradients import Gradient as Gradient
from .gradients import gradient_of as gradient_of
from .gradients import on_grid as on_grid
from .problem import Workload as Workload
from .problem import make_workload as make_workload
from .variants import changed as changed
