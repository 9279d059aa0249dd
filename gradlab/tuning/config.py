"""The options of a search, and what it needs to be installed."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from solvers.fields import Count

from .. import configuration
from ..command import require_package
from ..loggers import LoggerName

_PACKAGES = "optuna", "sqlalchemy", "psycopg"


@dataclass(frozen=True)
class Config(configuration.Config):
    """Search settings of methods at equal effort, by the accuracy on held-out groups; the test set is not used.

    A search goes on where it was stopped, and several processes with the same options work at it together. What is
    searched stands in gradlab/tuning/space.py; the first trial of each method has the settings as they are given.

    Attributes:
        trials: of each method; all have the same number of epochs, but for those that lag behind and are pruned.
        storage: where trials are kept: a journal file, or the URL of a PostgreSQL database, such as
            postgresql://USER@HOST/DATABASE; by default a journal in the folder of the search.
        resume: no option of a search, which always goes on.
        log: no option of a search.
    """

    trials: Count = 20
    storage: str | None = None
    resume: Annotated[bool, tyro.conf.Suppress] = False
    log: Annotated[tuple[LoggerName, ...], tyro.conf.Suppress] = ()


def require_packages() -> None:
    """Refuse to search without the packages for it; nothing is imported.

    Raises:
        ValueError: says which one is missing, and how to install it.
    """
    for package in _PACKAGES:
        require_package("a search", package, "tune")
