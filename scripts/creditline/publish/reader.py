"""Read the newest published marts: read-only, and without access to anything else on the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from creditline.errors import CreditlineError, UsageError
from creditline.home import Home
from creditline.home.database import Row, answer_rightly, as_pattern, connect, engine_bounds, one_row, path_to_write
from creditline.home.files import Json
from creditline.home.proof import NotGenuine
from creditline.home.publications import latest_revision, published_fact
from creditline.home.scratch import log_of
from creditline.publish.history import DIFFERENCE, FOLDER, RUNS, file_of

# The pattern of file names in a view that an earlier release wrote, from the home on.
_PATTERN = re.compile(r"'/(published/[^']+)'")
# A SELECT can write: `from enable_logging(storage = 'file', ...)` does. These functions may be used as a table: they only make
# rows, or list what there is. The marts themselves need none.
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "repeat", "repeat_row",
    "duckdb_columns", "duckdb_functions", "duckdb_tables", "duckdb_views", "pragma_table_info",
}  # fmt: skip


@contextmanager
def open_marts(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the newest `marts.duckdb` that may read the files behind its views and nothing else, within
    the bounds of the home. Nothing spills: what does not fit into memory is an error.

    Whoever writes the query must still be kept from writing to these files (`query_marts`).

    Raises:
        CreditlineError: no night is published yet.
        NotGenuine: somebody else wrote to the file.
    """
    published = home.published_dates()
    if not published:
        raise CreditlineError(f"{home.root}: no night is published yet; run `creditline night --all`")
    database = published_fact(home, published[-1], "marts.duckdb", latest_revision(home, published[-1]))
    if log_of(database).exists():
        raise NotGenuine(f"{log_of(database)} is not the home's: nobody may write to publications; remove it")
    bounds = engine_bounds(home) | {"temp_directory": "", "allow_persistent_secrets": "false"}
    with connect(str(database.resolve()), read_only=True, config=bounds) as connection:
        connection.execute("set TimeZone = 'UTC'")
        answer_rightly(connection)
        connection.execute(f"set variable creditline_home = {path_to_write(home.root)}")
        directories, paths = _needed(home, connection)
        connection.execute(f"set allowed_directories = [{', '.join(map(path_to_write, directories))}]")
        connection.execute(f"set allowed_paths = [{', '.join(map(path_to_write, paths))}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def query_marts(home: Home, query: str) -> tuple[list[str], list[Row]]:
    """Columns and rows of one SELECT over the published marts.

    Raises:
        UsageError: it is not a single SELECT, calls a function that reads outside the marts, or DuckDB does not accept it.
    """
    with open_marts(home) as connection:
        try:
            relation = connection.sql(_the_select(connection, query))
            return list(relation.columns), relation.fetchall()
        except duckdb.Error as error:
            raise UsageError(f"query: {' '.join(str(error).split())}") from error


def _the_select(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """The only statement of a query, checked to read marts only."""
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise UsageError(f"query: it holds {len(statements)} statements; give exactly one SELECT")
    statement = statements[0]
    if statement.type != duckdb.StatementType.SELECT:
        raise UsageError(f"query: it is {statement.type.name}; only a SELECT is run on the marts")
    tree = _parsed(connection, query)
    # `extract_statements` turns a PRAGMA into a SELECT; the parser does not
    if tree["error"]:
        raise UsageError("query: it is not a SELECT; only a SELECT is run on the marts")
    strangers = sorted(_table_functions(tree) - _TABLE_FUNCTIONS)
    if strangers:
        raise UsageError(
            f"query: {strangers[0]}() is not called over the marts; name a table, or use one of"
            f" {', '.join(sorted(_TABLE_FUNCTIONS))}"
        )
    return statement.query


def _parsed(connection: duckdb.DuckDBPyConnection, query: str) -> Json:
    try:
        parsed: Json = json.loads(one_row(connection.execute("select json_serialize_sql(?)", [query]))[0])
    except RecursionError:
        raise UsageError("query: it is nested too deep; give it in fewer levels") from None
    return parsed


def _table_functions(tree: Json) -> set[str]:
    """Every function that is used as a table, anywhere in a parsed query."""
    found, nodes = set(), [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get("type") == "TABLE_FUNCTION":
                found.add(node["function"]["function_name"].lower())
            nodes += node.values()
        elif isinstance(node, list):
            nodes += node
    return found


def _needed(home: Home, connection: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    """The folders and the files behind `marts.duckdb`: the marts of every publication that it shows, what else these state
    of themselves, and the volumes of closed months. A pattern is a path of its own to the engine."""
    paths = connection.execute("select path from publication").fetchall()
    # a file in a list is a pattern too, which spells a bracket in the home's path otherwise
    roots = {str(home.published), as_pattern(home.published)}
    places = [f"{root}/{path}" for root in roots for (path,) in paths]
    views = connection.execute("select sql from duckdb_views() where not internal").fetchall()
    patterns = sorted({pattern for (sql,) in views for pattern in _PATTERN.findall(sql)})
    directories = [*(f"{place}/marts" for place in places), *(f"{root}/{FOLDER}" for root in roots)]
    files = [f"{place}/{file_of(table)}" for place in places for table in (RUNS, DIFFERENCE)]
    return directories, [*(f"{as_pattern(home.root)}/{pattern}" for pattern in patterns), *files]
