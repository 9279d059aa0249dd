"""NIR, the field's interchange format: trained networks as graphs that other simulators read, and theirs as networks.

Times are in seconds. A layer is a ``CubaLIF`` node with ``Linear`` weights from its input and to itself, and ``Delay``
nodes; a leaky readout is a ``CubaLI``, whose output is its voltage: what is read from the voltage, NIR does not say.

Source: Pedersen et al. 2024, Nat. Commun. 15:8122 (NIR).
"""

from .files import read as read
from .files import write as write
from .from_graph import Content as Content
from .from_graph import from_graph as from_graph
from .to_graph import to_graph as to_graph
