"""One dbt build on Spark, whose tables DuckDB can read: the later steps cannot tell the difference."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

from creditline.home import Home
from creditline.home.database import connect, path_to_read
from creditline.home.files import make_directory
from creditline.spark.place import Address, address, use_client
from creditline.spark.session import open_session
from creditline.spark.sources import lay_sources
from creditline.store.inputs import Relation
from creditline.warehouse.dbt import BuiltNode, run_spark_build

THREADS = 4
_RUN = "run"


def build_on_spark(home: Home, inputs: Iterable[Relation]) -> tuple[list[BuiltNode], str]:
    """Lay the sources, build every model on Spark, and give `warehouse.duckdb` a view over each table that it wrote.

    Returns: the nodes of the build, and the version of Spark.

    Raises:
        BuildFailed: a model or a claim about the data fails.
        SparkUnavailable: the Thrift server does not answer.
    """
    use_client()
    server, database = address(), database_of(home)
    folder = _new_folder(home)
    lay_sources(server, database, folder / "sources", inputs)
    version = _start_afresh(server, database)
    nodes = run_spark_build(home, server.host, server.port, database, folder / "tables", _threads())
    show_tables(home.warehouse_file, folder / "tables", nodes)
    return nodes, version


def run_folder_of(home: Home) -> Path:
    """Where the last build on Spark keeps its sources and tables."""
    place = home.warehouse / "spark"
    return place / (place / _RUN).read_text()


def _new_folder(home: Home) -> Path:
    """A folder for this run alone: a statement of a killed run continues in the cluster and may still write files."""
    place = home.warehouse / "spark"
    shutil.rmtree(place, ignore_errors=True)
    run = uuid.uuid4().hex[:8]
    make_directory(place / run)
    (place / _RUN).write_text(run)
    return place / run


def database_of(home: Home) -> str:
    """The home's database on a cluster that other homes may use. Its name ends with a hash of the home's path."""
    name = re.sub(r"\W+", "_", home.settings.name.lower())
    return f"creditline_{name}_{hashlib.sha256(str(home.root).encode()).hexdigest()[:6]}"


def show_tables(warehouse_file: Path, tables: Path, nodes: Iterable[BuiltNode]) -> None:
    """Create a view over the Parquet files of each table, with the types that its contract states."""
    with connect(str(warehouse_file)) as connection:
        for node in nodes:
            if (tables / node.name).is_dir():
                casts = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in node.columns.items())
                connection.execute(
                    f"create view {node.name} as select {casts or '*'}"
                    f" from read_parquet({path_to_read(tables / node.name, '*.parquet')}, hive_partitioning = false)"
                )


def _start_afresh(server: Address, database: str) -> str:
    with open_session(server) as session:
        session.run(f"drop database if exists {database} cascade")
        session.run(f"create database {database}")
        version: str = session.run("select version()")[0][0]
    return version.split()[0]


def _threads() -> int:
    return int(os.environ.get("CREDITLINE_SPARK_THREADS", THREADS))
