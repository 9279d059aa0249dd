"""Spike events: the input and the output of a layer, padded or packed, and what is read from them."""

from .packed import Packed as Packed
from .packed import StaticInt as StaticInt
from .packed import in_turn as in_turn
from .packed import packed as packed
from .packed import packed_rows as packed_rows
from .packed import require_places as require_places
from .packed import rows_of as rows_of
from .padding import pad_events as pad_events
from .reading import map_samples as map_samples
from .reading import to_grid as to_grid
from .reading import unit_counts as unit_counts
from .reading import unit_sums as unit_sums
from .reading import without_ghosts as without_ghosts
from .spikes import NO_UNIT as NO_UNIT
from .spikes import Events as Events
from .spikes import GridEvents as GridEvents
from .spikes import ghost_of as ghost_of
