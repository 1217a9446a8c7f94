"""The inputs of a night, as a plain description that is recorded first and loaded afterwards.

A night and its replay load the same description with the same function. The record holds only names, columns with types, files
with sha256, and rows as text. So later settings, packs, deliveries and releases do not change it. It is beside the carried
state, because it is handed on in the same way: written once a night, named with its sha256 in the signed manifest, and read
when the night is run again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import Json, canonical_json, write_file
from creditline.home.proof import check_file, check_files
from creditline.home.publications import read_manifest, state_directory
from creditline.store.parquet import lay_parquet

# The schema of models and reference data: a relation in it replaces the model of its name.
MODELS = "main"


class InputRefused(CreditlineError):
    """A file that a night reads has wrong content."""


@dataclass(frozen=True)
class InputFile:
    """One immutable file (Parquet, or CSV of text), with values for the columns that it does not have."""

    path: Path
    sha256: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Relation:
    """One source table of the night: the rows of its files, or the rows given here; empty without either."""

    name: str
    columns: dict[str, str]
    files: tuple[InputFile, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()


def lay(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation]) -> None:
    """Create every relation under its name: Parquet as a view, everything else as a table.

    Raises:
        InputRefused: a value is not of its column's type; names the file.
    """
    for relation in relations:
        connection.execute(f"create schema if not exists {relation.name.partition('.')[0]}")
        parquet = [file.path for file in relation.files if file.path.suffix == ".parquet"]
        lay_parquet(connection, relation.name, parquet, relation.columns)
        for file in relation.files:
            if file.path.suffix == ".csv":
                _insert(connection, relation, _csv_rows(file, relation.columns), str(file.path))
        _insert(connection, relation, relation.rows, relation.name)


def _csv_rows(file: InputFile, columns: dict[str, str]) -> list[list[object]]:
    reader = csv.DictReader(io.StringIO(file.path.read_text(encoding="utf-8-sig"), newline=""))
    return [[{**row, **file.values}[column].strip() or None for column in columns] for row in reader]


def _insert(
    connection: duckdb.DuckDBPyConnection, relation: Relation, rows: Iterable[Iterable[object]], where: str
) -> None:
    """Add rows as text that the engine casts, in one statement: one for each row would cost a second a night."""
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    if not texts:
        return
    given = pa.table(
        {
            name: pa.array(values, pa.string())
            for name, values in zip(relation.columns, zip(*texts, strict=True), strict=True)
        }
    )
    casts = ", ".join(f"cast({name} as {kind})" for name, kind in relation.columns.items())
    connection.register("given_rows", given)
    try:
        connection.execute(f"insert into {relation.name} select {casts} from given_rows")
    except duckdb.Error as error:
        raise InputRefused(f"{where}: {' '.join(str(error).split())}") from error
    finally:
        connection.unregister("given_rows")


def standing_models(relations: Iterable[Relation]) -> frozenset[str]:
    """Models that a published table replaces, because what was ordered is not computed again."""
    schemas = (relation.name.partition(".") for relation in relations)
    return frozenset(name for schema, _, name in schemas if schema == MODELS)


def inputs_file(home: Home, business_date: date, revision: int = 0) -> Path:
    """The file of the record of one publication of a night."""
    return state_directory(home, business_date, revision) / "inputs.json"


def write_inputs(home: Home, business_date: date, relations: Iterable[Relation], revision: int = 0) -> None:
    """Keep what one night depends on."""
    write_file(inputs_file(home, business_date, revision), inputs_content(home, business_date, relations))


def inputs_content(home: Home, business_date: date, relations: Iterable[Relation]) -> bytes:
    """The recorded form of a night's inputs. Paths start from the home, so that the home may be moved."""
    record = {
        "business_date": str(business_date),
        "relations": [_relation_as_json(home, relation) for relation in relations],
    }
    return canonical_json(record)


def _relation_as_json(home: Home, relation: Relation) -> Json:
    return {
        "name": relation.name,
        # JSON with sorted keys would lose the order of columns.
        "columns": [list(column) for column in relation.columns.items()],
        "files": [
            {"path": str(file.path.relative_to(home.root)), "sha256": file.sha256, "values": file.values}
            for file in relation.files
        ],
        "rows": [[_plain(value) for value in row] for row in relation.rows],
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def read_inputs(home: Home, business_date: date, revision: int = 0) -> tuple[Relation, ...]:
    """The inputs of one publication of a night, in the order in which they were loaded.

    Raises:
        NotGenuine: the record is missing, or the night's signed manifest names another one.
    """
    path = inputs_file(home, business_date, revision)
    check_file(path, read_manifest(home, business_date, revision)["state"][path.name])
    return tuple(
        Relation(
            entry["name"],
            dict(entry["columns"]),
            tuple(InputFile(home.root / file["path"], file["sha256"], file["values"]) for file in entry["files"]),
            tuple(tuple(row) for row in entry["rows"]),
        )
        for entry in json.loads(path.read_text())["relations"]
    )


def check_inputs(home: Home, relations: Iterable[Relation]) -> None:
    """Compare every file with its sha256.

    Raises:
        NotGenuine: names the first file that is missing or differs.
    """
    check_files(((file.path, file.sha256) for relation in relations for file in relation.files), home.settings.threads)
