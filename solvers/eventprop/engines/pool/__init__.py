"""Spikes of a batch in one pool: pages for the forward passes, and padded spikes by the passes for packed ones."""

from .gathered import Found as Found
from .gathered import in_pool as in_pool
from .gathered import in_rows as in_rows
from .padded import PaddedPasses as PaddedPasses
from .places import PAGE as PAGE
from .places import Pages as Pages
from .places import Places as Places
from .places import more as more
from .places import places as places
