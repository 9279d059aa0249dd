"""Tables of records that grow: a parquet file, or a database. A row that is there already is not added again."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ..command import require_package
from ..training import files

TABLE, KEY = "trainings", "record"
_PARQUET = ".parquet"
Row = dict[str, Any]


@runtime_checkable
class Store(Protocol):
    """Where rows are kept."""

    @property
    def name(self) -> str:
        """What to call it."""

    def add(self, rows: Sequence[Row]) -> int:
        """Add those that are not there.

        Args:
            rows: by column plain values; ``record`` tells which is which.

        Returns:
            How many were new.

        Raises:
            ValueError: if the store holds something else, or refuses them.
            OSError: if it cannot be written to.
        """


def store_of(to: str) -> Store:
    """The store that a path or URL means.

    Raises:
        ValueError: if it is neither, or the package that it needs is not there.
    """
    if to.endswith(_PARQUET):
        require_package("gradlab collect", "pyarrow", "collect")
        return Parquet(Path(to))
    if "://" in to:
        require_package("gradlab collect", "sqlalchemy", "collect")
        return Database(to)
    raise ValueError(
        f"to is {to!r}, expected a file NAME{_PARQUET}, or the URL of a database such as sqlite:///NAME.db"
    )


@dataclass(frozen=True)
class Parquet:
    """A file, which is replaced at once."""

    path: Path

    @property
    def name(self) -> str:
        """See ``Store``."""
        return str(self.path)

    def add(self, rows: Sequence[Row]) -> int:
        """See ``Store``."""
        import pyarrow
        from pyarrow import parquet

        with files.in_charge(self.path):
            try:
                old = parquet.read_table(self.path).to_pylist() if self.path.exists() else []
                known = {row[KEY] for row in old}
            except (pyarrow.ArrowException, KeyError) as error:
                raise ValueError(f"{self.path} is no table of records ({error}): choose another file") from error
            new = [row for row in rows if row[KEY] not in known]
            if new:
                every, buffer = [*old, *new], io.BytesIO()
                kinds = _kinds(every)
                columns = {name: [_one_kind(name, kinds[name], row.get(name)) for row in every] for name in kinds}
                parquet.write_table(pyarrow.table(columns), buffer)
                files.replace(self.path, buffer.getvalue())
        return len(new)


class Database:
    """A table of a database, by SQLAlchemy. Numbers are floating-point numbers in it."""

    def __init__(self, url: str):
        """Bind it.

        Raises:
            ValueError: if there is no such kind of database, or no driver for it.
        """
        import sqlalchemy

        try:
            self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        except (sqlalchemy.exc.ArgumentError, ImportError) as error:
            raise ValueError(
                f"the database cannot be used ({error}): give a URL of SQLAlchemy, and install the driver that it names"
            ) from error

    @property
    def name(self) -> str:
        """See ``Store``; without a password."""
        return f"{self._engine.url}, table {TABLE}"

    def add(self, rows: Sequence[Row]) -> int:
        """See ``Store``; all of them or none."""
        import sqlalchemy

        try:
            with self._engine.begin() as connection:
                table = self._table(connection, _kinds(rows))
                known = set(connection.scalars(sqlalchemy.select(table.c[KEY])))
                new = [row for row in rows if row[KEY] not in known]
                if new:
                    kinds = {column.name: column.type.python_type for column in table.c}
                    values = [
                        {name: _one_kind(name, kind, row.get(name)) for name, kind in kinds.items()} for row in new
                    ]
                    connection.execute(table.insert(), values)
        except sqlalchemy.exc.IntegrityError as error:
            raise ValueError(f"{self.name}: another process added the same records meanwhile: try again") from error
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise ValueError(f"{self.name} refuses: {getattr(error, 'orig', None) or error}") from error
        return len(new)

    def _table(self, connection: Any, kinds: Mapping[str, type]) -> Any:
        """The table as it is, with a column for each of the rows' entries."""
        import sqlalchemy

        number: Any = sqlalchemy.Double()
        types: dict[type, Any] = {
            bool: sqlalchemy.Boolean(), float: number, int: number, str: sqlalchemy.Text(),
            datetime: sqlalchemy.DateTime(timezone=True),
        }  # fmt: skip
        if not sqlalchemy.inspect(connection).has_table(TABLE):
            key = sqlalchemy.Column(KEY, sqlalchemy.String(64), primary_key=True)
            sqlalchemy.Table(TABLE, sqlalchemy.MetaData(), key).create(connection)
        there = {column["name"] for column in sqlalchemy.inspect(connection).get_columns(TABLE)}
        quoted = connection.dialect.identifier_preparer.quote
        for name, kind in kinds.items():
            if name not in there:  # SQLAlchemy itself changes no tables
                column = f"{quoted(name)} {types[kind].compile(connection.dialect)}"
                connection.exec_driver_sql(f"ALTER TABLE {TABLE} ADD COLUMN {column}")
        return sqlalchemy.Table(TABLE, sqlalchemy.MetaData(), autoload_with=connection)


def _kinds(rows: Sequence[Row]) -> dict[str, type]:
    """The type of each column that has a value: text if there are several, but for numbers."""
    found: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                found.setdefault(name, set()).add(type(value))
    found = {name: {float} if kinds == {int, float} else kinds for name, kinds in found.items()}
    return {name: kinds.pop() if len(kinds) == 1 else str for name, kinds in found.items()}


def _one_kind(name: str, kind: type, value: Any) -> Any:
    """A value as a column of this type has it."""
    try:
        return kind(value) if kind in (str, float) and value is not None else value
    except ValueError:
        raise ValueError(f"{name} is {value!r} in a record, and a number in others: look at it there") from None
