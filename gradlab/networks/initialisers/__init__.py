"""Initial weights. Each function draws one weight matrix; a new one is one file and one line in ``INITIALISERS``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from jaxtyping import Array, PRNGKeyArray

from .base import Connection as Connection
from .base import growth as growth
from .base import psp_energy as psp_energy
from .fluctuation_driven import fluctuation_driven as fluctuation_driven
from .mean_driven import mean_driven as mean_driven
from .mean_driven import mixed as mixed

INITIALISERS: dict[str, Callable[[PRNGKeyArray, Connection, Any], Array]] = {
    "mixed": mixed,
    "mean-driven": mean_driven,
    "fluctuation-driven": fluctuation_driven,
}
if TYPE_CHECKING:
    InitialiserName = str
else:
    InitialiserName = Literal[tuple(INITIALISERS)]
