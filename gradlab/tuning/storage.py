"""Where trials are kept, so that several workers share them: a journal file, or a PostgreSQL database."""

import json
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    ProgrammingError,
)

PATIENCE_S = 600.0  # how long a server that does not answer is waited for [s]
PAUSE_S = 1.0  # between two tries [s]
_STARTS = 10  # tries to make the tables, which fail while another worker makes them
#: A connection fails, or is used once more by the same transaction after it has failed.
_NO_ANSWER = OperationalError, InterfaceError, PendingRollbackError
_DATABASE, _DRIVER = "postgresql", "postgresql+psycopg"
_EXPECTED = f"expected a file, or {_DATABASE}://USER@HOST/DATABASE"

Anything = TypeVar("Anything")


@contextmanager
def opened(where: str) -> Iterator[BaseStorage]:
    """A storage, which is made if it is not there; its connections are closed at the end.

    Args:
        where: path of a journal file, or URL of a PostgreSQL database, such as ``postgresql://USER@HOST/DATABASE``.

    Raises:
        ValueError: for another kind of URL, or a file that is no journal.
        OSError: if the file cannot be written, or the database not be reached.
    """
    url = url_of(where)
    if url is None:
        yield _journal(Path(where))
        return
    database = _database(url)
    try:
        yield database
    finally:
        database.engine.dispose()


def url_of(where: str) -> URL | None:
    """The URL of a database; None for a file. Nothing is opened.

    Raises:
        ValueError: for another kind of database.
    """
    if "://" not in where:
        return None
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise ValueError(f"storage is no URL that can be read: {_EXPECTED}") from error
    if url.get_backend_name() != _DATABASE:
        raise ValueError(f"storage is a database of the kind {url.get_backend_name()}: {_EXPECTED}")
    return url.set(drivername=_DRIVER) if url.drivername == _DATABASE else url


def _journal(path: Path) -> JournalStorage:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backend = JournalFileBackend(str(path))
        with path.open("rb") as file:
            first = file.readline()
        if first.endswith(b"\n"):  # else another worker is writing it
            json.loads(first)["op_code"]
        return JournalStorage(backend)
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error.strerror}): choose another --storage") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no journal of Optuna, or a damaged one: choose another --storage") from error


def _database(url: URL) -> RDBStorage:
    for _ in range(_STARTS):
        try:
            # A connection that the server has closed, as by a restart, is replaced before it is used.
            return RDBStorage(url.render_as_string(hide_password=False), engine_kwargs={"pool_pre_ping": True})
        except (ProgrammingError, IntegrityError):
            time.sleep(PAUSE_S * random.random())
        except (OperationalError, InterfaceError, ImportError) as error:
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise OSError(
                f"the database {url.render_as_string()} cannot be reached ({reason}): start its server, or choose "
                "another --storage"
            ) from error
    raise OSError(f"the database {url.render_as_string()} has other tables than Optuna's: choose another --storage")


def patiently(do: Callable[[], Anything]) -> Anything:
    """Do something with a storage, again and again while its server does not answer, as during a restart.

    Args:
        do: what may be done twice, for an answer may be lost on its way.

    Raises:
        OSError: if the server does not come back for ``PATIENCE_S``.
    """
    until, said = time.monotonic() + PATIENCE_S, False
    while True:
        try:
            return do()
        except StorageInternalError as error:
            cause = error.__cause__
            if not isinstance(cause, _NO_ANSWER):
                raise
            if time.monotonic() > until:
                reason = getattr(cause, "orig", cause)
                raise OSError(f"the storage has not answered for {PATIENCE_S:g} s: {reason}") from error
            if not said:
                warnings.warn("the storage does not answer: waiting for it", stacklevel=2)
                said = True
            time.sleep(PAUSE_S)
