"""EventProp: exact gradients of spiking layers in continuous time."""

from ..smoothing import Smoothing as Smoothing
from .engines import AUTO as AUTO
from .engines import ENGINES as ENGINES
from .engines import engine_name as engine_name
from .engines import has_smoothing as has_smoothing
from .engines import require_delays as require_delays
from .engines import require_detached as require_detached
from .engines import require_smooth as require_smooth
from .engines import sharded_name as sharded_name
from .layer import lif_layer as lif_layer
from .layer import lif_layer_with_counts as lif_layer_with_counts
from .layer import pooled_layer as pooled_layer
from .sharding import neuron_specs as neuron_specs
