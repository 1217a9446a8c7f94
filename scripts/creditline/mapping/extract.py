"""The extract as tables: only the listed columns, loaded once. A map's SQL can reach nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError, UsageError
from creditline.home.database import answer_rightly, connect, path_to_read, path_to_write
from creditline.mapping.definition import (
    DATES_FILE,
    MAP_FILE,
    PREPARE_FILE,
    BrokenMap,
    ExtractTable,
    Map,
    Parameter,
)
from creditline.mapping.local_times import session_zone
from creditline.mapping.numbers import CURE, make_converters
from creditline.mapping.plain import UnreadableText, explain_line, make_plain

# CSV cells stay text, whatever they look like. The map's SQL gives them types, where a reader can see it. Columns are named
# by their places, so that the engine guesses nothing.
_READ_CSV = (
    "read_csv({file}, columns = {{{columns}}}, auto_detect = false, header = true, delim = {delimiter}, "
    "quote = '\"', escape = '\"', comment = '', compression = 'none')"
)
_READ_PARQUET = "read_parquet({files}, union_by_name = true, filename = true)"


class UnexpectedExtract(CreditlineError):
    """The extract is not what the map expects."""


@contextmanager
def open_extract(map_: Map, source: Path, writable: Path, zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `extract.<table>` for every table of the map, its variables, and the results of prepare.sql.

    After the tables are loaded, the connection can reach no file outside `writable`. So the map's SQL cannot read what
    the map does not list.

    Args:
        source: the file or the folder of the extract.
        writable: the folder below which the caller will write; it need not exist yet.
        zone: the time zone of times in the extract that state none.
    """
    files = {name: _files_of(map_, name, table, source) for name, table in map_.definition.tables.items()}
    with tempfile.TemporaryDirectory() as spill, connect(config={"temp_directory": spill}) as connection:
        answer_rightly(connection)
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("create schema extract")
        for name, table in map_.definition.tables.items():
            _load_table(connection, map_, name, table, files[name], Path(spill))
        connection.execute(f"set allowed_directories = [{path_to_write(writable.resolve())}]")
        connection.execute("set enable_external_access = false")
        make_converters(connection, map_.definition.numbers)
        set_variable(connection, "currency_code", map_.definition.home.currency)
        for name, value in map_.definition.parameters.items():
            set_variable(connection, name, value)
        with session_zone(connection, zone):
            if map_.has(PREPARE_FILE):
                run_sql(connection, map_, PREPARE_FILE, source)
            yield connection


def business_dates(connection: duckdb.DuckDBPyConnection, map_: Map, source: Path) -> list[date]:
    """Every business date for which the extract has a night, in order."""
    if map_.definition.dates:
        return sorted(set(map_.definition.dates))
    rows = run_sql(connection, map_, DATES_FILE, source).fetchall()
    days = {row[0] for row in rows}
    if not days or any(type(day) is not date for day in days):
        raise UnexpectedExtract(
            f"{map_.directory / DATES_FILE} must give one DATE column with at least one row and no empty cell, "
            f"and does not from {source}"
        )
    return sorted(days)


def run_sql(
    connection: duckdb.DuckDBPyConnection, map_: Map, file: str, source: Path, *, into: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Run one SQL file of a map. `into` names the temporary table that receives its rows.

    Raises:
        BrokenMap: the SQL itself cannot run (a wrong name, wrong grammar).
        UnexpectedExtract: the SQL fails on the values of this extract.
    """
    text = map_.sql(file)
    try:
        return connection.execute(f"create or replace temp table {into} as\n{text}" if into else text)
    except (
        duckdb.ParserException,
        duckdb.CatalogException,
        duckdb.BinderException,
        duckdb.PermissionException,
    ) as error:
        raise BrokenMap(f"{map_.directory / file}: {_one_line(error)}") from error
    except duckdb.Error as error:
        cure = f"; {CURE}" if isinstance(error, duckdb.ConversionException) else ""
        raise UnexpectedExtract(
            f"{source} is not what map '{map_.name}' expects: {map_.directory / file}: {_one_line(error)}{cure}"
        ) from error


def set_variable(connection: duckdb.DuckDBPyConnection, name: str, value: Parameter) -> None:
    """Set the value that `getvariable('<name>')` returns."""
    connection.execute(f"set variable {name} = {_literal(value)}")


def _files_of(map_: Map, name: str, table: ExtractTable, source: Path) -> list[Path]:
    if not source.exists():
        raise UsageError(f"{source} does not exist; map '{map_.name}' takes a {map_.definition.source}")
    if (map_.definition.source == "file") != source.is_file():
        raise UsageError(f"{source} is not a {map_.definition.source}, which is what map '{map_.name}' takes")
    if table.file is None:
        return [source]
    files = sorted(path for path in source.glob(table.file) if path.is_file())
    if not files:
        raise UnexpectedExtract(
            f"{source} is not what map '{map_.name}' expects: it has no {table.file} (table '{name}' of {MAP_FILE})"
        )
    return files


def _load_table(
    connection: duckdb.DuckDBPyConnection, map_: Map, name: str, table: ExtractTable, files: list[Path], scratch: Path
) -> None:
    if all(file.suffix == ".parquet" for file in files):
        _load_parquet(connection, map_, name, table, files)
        return
    listed = ", ".join(f"{_quoted(column)} varchar" for column in (*table.columns, "file_name"))
    connection.execute(f"create table extract.{name} ({listed})")
    for file in files:
        try:
            _load_text(connection, name, table, file, scratch / "plain.csv")
        except UnreadableText as error:
            raise UnexpectedExtract(f"{file} is not what map '{map_.name}' expects: {error}") from error
    (scratch / "plain.csv").unlink()


def _load_text(connection: duckdb.DuckDBPyConnection, name: str, table: ExtractTable, file: Path, target: Path) -> None:
    """Add the rows of one file of delimited text."""
    plain = make_plain(file, name, table, target)
    places = ", ".join(f"'c{place}': 'varchar'" for place in range(len(plain.header)))
    columns = ", ".join(f"c{plain.header.index(column)}" for column in table.columns)
    reader = _READ_CSV.format(file=path_to_read(target), columns=places, delimiter=_literal(table.delimiter))
    try:
        connection.execute(f"insert into extract.{name} select {columns}, {_literal(file.name)} from {reader}")
    except duckdb.Error as error:
        raise explain_line(name, plain, error) from error


def _load_parquet(
    connection: duckdb.DuckDBPyConnection, map_: Map, name: str, table: ExtractTable, files: list[Path]
) -> None:
    columns = ", ".join(_quoted(column) for column in table.columns)
    for file in files:
        _check_schema(connection, map_, name, table, file)
    try:
        connection.execute(
            f"create table extract.{name} as select {columns}, parse_filename(filename) as file_name"
            f" from {_parquet(files)}"
        )
    except duckdb.Error as error:
        raise _misfit(map_, ", ".join(file.name for file in files), error) from error


def _check_schema(connection: duckdb.DuckDBPyConnection, map_: Map, name: str, table: ExtractTable, file: Path) -> None:
    try:
        found = {row[0] for row in connection.execute(f"describe select * from {_parquet([file])}").fetchall()}
    except duckdb.Error as error:
        raise _misfit(map_, str(file), error) from error
    missing = [column for column in table.columns if column not in found]
    if missing:
        raise UnexpectedExtract(
            f"{file} is not what map '{map_.name}' expects: it has no column {', '.join(missing)} "
            f"(table '{name}' of {MAP_FILE}); correct the file or the list"
        )


def _parquet(files: list[Path]) -> str:
    return _READ_PARQUET.format(files=f"[{', '.join(map(path_to_read, files))}]")


def _misfit(map_: Map, what: str, error: duckdb.Error) -> UnexpectedExtract:
    return UnexpectedExtract(f"{what} is not what map '{map_.name}' expects: {_one_line(error)}")


def _one_line(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0]


def _literal(value: Parameter) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
