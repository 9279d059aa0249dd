"""Trained networks as objects: predict, look inside, save and load."""

from .model import Model as Model
from .model import load as load
