"""Folders of trainings: what is in one, how they are listed, and how one is published."""

from .folder import FIGURES as FIGURES
from .folder import RASTER as RASTER
from .folder import RunFolder as RunFolder
from .folder import is_run as is_run
