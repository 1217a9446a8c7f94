"""Do both engines say the same? One night, model by model: rows of either, and rows that only one has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect
from creditline.spark.build import database_of, run_folder_of
from creditline.spark.place import address
from creditline.spark.session import open_session
from creditline.warehouse.logic import CATALOG
from creditline.warehouse.state import state_file, state_tables

# What stands under published/<date>/r00 and depends on nothing but the night.
PUBLISHED = ("marts/*.parquet", "reports/*")


@dataclass(frozen=True)
class Compared:
    """One model, state table or published file of one night; a file counts as one row."""

    night: date
    name: str
    rows_duckdb: int
    rows_spark: int
    only_duckdb: int
    only_spark: int

    @property
    def is_equal(self) -> bool:
        """Whether the rows are the same, each as often."""
        return self.rows_duckdb == self.rows_spark and not self.only_duckdb and not self.only_spark


def compare_models(duckdb_home: Home, spark_home: Home, night: date, only: tuple[str, ...] = ()) -> Iterator[Compared]:
    """Every model and seed that the two scratch warehouses hold after one night, or only some."""
    with connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{duckdb_home.warehouse_file}' as {CATALOG} (read_only)")
        connection.execute(f"use {CATALOG}")
        models = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables"
                " where table_catalog = current_database() and table_schema = 'main' order by table_name"
            ).fetchall()
        ]
        models = [model for model in models if model in only or not only]
        folders = _folders(spark_home, models)
        for model in models:
            yield _compared(
                connection,
                night,
                model,
                model,
                f"read_parquet('{folders[model]}/*.parquet', hive_partitioning = false)",
            )


def compare_state(duckdb_home: Home, spark_home: Home, night: date) -> Iterator[Compared]:
    """Every table that the night carried over, and its files byte by byte."""
    with connect() as connection:
        for table in state_tables():
            ours, theirs = (state_file(home, night, table.name) for home in (duckdb_home, spark_home))
            if ours.exists() or theirs.exists():
                yield _compared(connection, night, f"state {table.name}", f"'{ours}'", f"'{theirs}'")
                yield _compared_bytes(night, f"state {table.name}, bytes", ours, theirs)


def compare_publication(duckdb_home: Home, spark_home: Home, night: date) -> Iterator[Compared]:
    """The published marts and reports, byte by byte."""
    ours, theirs = (home.published / str(night) / "r00" for home in (duckdb_home, spark_home))
    for pattern in PUBLISHED:
        names = {str(file.relative_to(place)) for place in (ours, theirs) for file in place.glob(pattern)}
        for name in sorted(names):
            yield _compared_bytes(night, f"{name}, bytes", ours / name, theirs / name)


def _folders(home: Home, models: list[str]) -> dict[str, Path]:
    """Where Spark's rows of each model lie; its views are written down for the comparison."""
    database, tables, views = database_of(home), run_folder_of(home) / "tables", run_folder_of(home) / "views"
    folders = {model: tables / model for model in models}
    missing = [model for model, folder in folders.items() if not folder.is_dir()]
    with open_session(address()) as session:
        for model in missing:
            folders[model] = views / model
            session.run(
                f"insert overwrite directory 'file://{views / model}' using parquet select * from {database}.{model}"
            )
    return folders


def _compared(connection: duckdb.DuckDBPyConnection, night: date, name: str, ours: str, theirs: str) -> Compared:
    """Compare under DuckDB's types: an engine may count in another width, what it counts must be equal."""
    columns = {row[0]: row[1] for row in connection.execute(f"describe from {ours}").fetchall()}
    given = {row[0] for row in connection.execute(f"describe from {theirs}").fetchall()}
    assert given == set(columns), f"{name}: columns {sorted(given ^ set(columns))} are on one side only"
    casts = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
    listed = ", ".join(columns)
    ours, theirs = f"(select {listed} from {ours})", f"(select {casts} from {theirs})"
    counts = connection.execute(
        f"select (select count(*) from {ours}), (select count(*) from {theirs}),"
        f" (select count(*) from (from {ours} except all from {theirs})),"
        f" (select count(*) from (from {theirs} except all from {ours}))"
    ).fetchone()
    return Compared(night, name, *counts)


def _compared_bytes(night: date, name: str, ours: Path, theirs: Path) -> Compared:
    found = [file.read_bytes() if file.is_file() else None for file in (ours, theirs)]
    differ = int(found[0] != found[1])
    return Compared(night, name, int(found[0] is not None), int(found[1] is not None), differ, differ)
