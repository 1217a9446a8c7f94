"""What the engine alone costs of a home's newest night: `floor.py HOME BOUND` prints one line of JSON.

- `floor`: tonight's inputs read, every published table computed by the archived models and written once, sorted by its key.
  The models are materialised as the project says. (One fused query a table does not end: performance.md.)
- `read and write`: the same files read and written, nothing computed.

Neither accepts, gates, signs, hands state on or writes report files.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
from peers.measure import Stages, peak_rss_bytes
from peers.needed import needed_models

from creditline.home import Home, open_home
from creditline.home.database import connect_within
from creditline.home.publications import publication_directory, read_manifest
from creditline.store.inputs import Relation, lay, read_inputs
from creditline.store.parquet import write_parquet
from creditline.warehouse.logic import CATALOG, archived_logic, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic

FLOOR, READ_AND_WRITE = "floor", "read and write"


def main(root: str, bound: str) -> None:
    """Measure one bound; its memory is that of this process."""
    home = open_home(Path(root))
    with tempfile.TemporaryDirectory(dir=home.warehouse) as folder:
        stages = {FLOOR: compute, READ_AND_WRITE: copy}[bound](home, home.published_dates()[-1], Path(folder))
    seconds = round(sum(stages.seconds.values()), 3)
    print(json.dumps({"seconds": seconds, "peak_rss_bytes": peak_rss_bytes(), "stages": stages.seconds}))


def compute(home: Home, night: date, folder: Path) -> Stages:
    """Write `<table>.parquet` of every table that a night published, from what the night read."""
    manifest = read_manifest(home, night)
    tables, logic = manifest["rows"], archived_logic(home, manifest["logic_hash"])
    models = tuple(needed_models(logic, " ".join(tables), {}))
    stages = Stages()
    # in a file, as the night: in memory tables are not compressed, and those of 10 million accounts fill a disk
    with connect_within(home, str(folder / f"{CATALOG}.duckdb")) as connection:
        lay(connection, read_inputs(home, night))
        run_logic(connection, replace(logic, models=models))
        stages.end("read and compute")
        for model in models:
            if model.name in tables:
                rows = f"select * from {model.name} order by {', '.join(model.key)}"
                write_parquet(connection, rows, folder / f"{model.name}.parquet")
        stages.end("write")
    return stages


def copy(home: Home, night: date, folder: Path) -> Stages:
    """Read every value that a night read, and write again what it published."""
    inputs = read_inputs(home, night)
    stages = Stages()
    with connect_within(home) as connection:
        use_scratch_catalog(connection)
        lay(connection, inputs)
        for relation in inputs:
            _read_all(connection, relation)
        stages.end("read and compute")
        for file in sorted((publication_directory(home, night) / "marts").iterdir()):
            write_parquet(connection, f"from read_parquet('{file}')", folder / file.name)
        stages.end("write")
    return stages


def _read_all(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Read every value of a relation: the engine skips columns that nobody asks for."""
    values = ", ".join(f"max({column})" for column in relation.columns)
    connection.execute(f"select {values} from {relation.name}").fetchall()


if __name__ == "__main__":
    main(*sys.argv[1:])
