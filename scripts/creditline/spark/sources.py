"""Everything that a night reads, prepared for Spark: external tables with stated columns over the files of the home.

Columns are stated for two reasons: to infer them, Spark would open every file again for every model; and files of
earlier releases may lack some columns, which are then null. A table is a folder of links to its files. DuckDB writes
rows that are in no Parquet file, so that they have the same types as on its own nights. A relation of a few rows, or of
none, becomes a view without a file: Spark folds its rows into the plan, which saves a job in every model that is
crossed with the night's one row.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from creditline.home.database import path_to_write
from creditline.home.files import make_directory
from creditline.spark.place import Address
from creditline.spark.session import open_session
from creditline.spark.types import spark_type
from creditline.store.inputs import Relation, lay

# Statements of the catalog wait for each other in the metastore, so more sessions gain nothing.
SESSIONS = 4
FEW_ROWS = 20


def lay_sources(address: Address, database: str, folder: Path, relations: Iterable[Relation]) -> None:
    """Create `<database>_<schema>.<name>` for every relation; the databases are emptied first.

    Args:
        folder: a folder of the home that Spark reads; its content is replaced.
    """
    relations = list(relations)
    for relation in relations:
        if not _is_folded(relation):
            _write_files(folder / relation.name, relation)
    schemas = sorted({relation.name.partition(".")[0] for relation in relations})
    _run(address, [
        statement
        for schema in schemas
        for statement in (f"drop database if exists {database}_{schema} cascade", f"create database {database}_{schema}")
    ], sessions=1)  # fmt: skip
    _run(address, [_statement(database, folder, relation) for relation in relations], sessions=SESSIONS)


def _write_files(folder: Path, relation: Relation) -> None:
    make_directory(folder)
    parquet = [file.path for file in relation.files if file.path.suffix == ".parquet"]
    for number, path in enumerate(parquet):
        # Spark ignores files whose names begin with a dot or an underscore
        (folder / f"{number:05d}-{path.name}").symlink_to(path.resolve())
    others = tuple(file for file in relation.files if file.path.suffix != ".parquet")
    if not others and not relation.rows:
        return
    with duckdb.connect() as connection:
        lay(connection, [Relation(relation.name, relation.columns, others, relation.rows)])
        connection.execute(f"copy {relation.name} to {path_to_write(folder / 'rows.parquet')} (format parquet)")


def _is_folded(relation: Relation) -> bool:
    return not relation.files and len(relation.rows) <= FEW_ROWS


def _statement(database: str, folder: Path, relation: Relation) -> str:
    name = f"{database}_{relation.name}"
    kinds = {column: spark_type(kind) for column, kind in relation.columns.items()}
    if _is_folded(relation):
        casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in kinds.items())
        return f"create view {name} as select {casts} from {_values(relation)}"
    columns = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    return f"create table {name} ({columns}) using parquet location 'file://{folder / relation.name}'"


def _values(relation: Relation) -> str:
    """The rows as texts, which Spark casts. If there are none, a row of nulls, which is filtered out, stands in."""
    rows = relation.rows or (tuple(None for _ in relation.columns),)
    texts = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    given = f"(values {texts} as given ({', '.join(relation.columns)}))"
    return given if relation.rows else f"{given} where false"


def _literal(value: object) -> str:
    """A literal of Spark, in which a backslash escapes the next character."""
    if value is None:
        return "null"
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _run(address: Address, statements: list[str], sessions: int) -> None:
    def run_some(some: list[str]) -> None:
        with open_session(address) as session:
            for statement in some:
                session.run(statement)

    with ThreadPoolExecutor(sessions) as pool:
        list(pool.map(run_some, [statements[number::sessions] for number in range(sessions)]))
