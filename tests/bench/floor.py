"""What the engine alone costs of a home's newest night: `floor.py HOME BOUND` prints one line of JSON.

- `floor`: tonight's inputs read, every published table computed by the archived models and written once, sorted by its key.
  The models are materialised as the project says. (One fused query a table does not end: docs/performance.md.)
- `read and write`: the same files read and written, nothing computed.

Neither accepts, gates, signs, hands state on or writes report files.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import duckdb
from peers.measure import Stages, peak_rss_bytes
from peers.needed import needed_models

from creditline.home import Home, open_home
from creditline.home.database import connect_within
from creditline.home.publications import publication_directory, read_manifest
from creditline.warehouse.inputs import Relation, lay, read_inputs
from creditline.warehouse.logic import Logic, archived_logic, run_logic, use_scratch_catalog
from creditline.warehouse.parquet import write_parquet

FLOOR, READ_AND_WRITE = "floor", "read and write"


def main(root: str, bound: str) -> None:
    """Measure one bound; its memory is that of this process."""
    home = open_home(Path(root))
    night = home.published_dates()[-1]
    manifest = read_manifest(home, night)
    logic = archived_logic(home, manifest["logic_hash"])
    inputs = read_inputs(home, night)
    keys = {model.name: model.key for model in logic.models if model.name in manifest["rows"]}
    with tempfile.TemporaryDirectory(dir=home.warehouse) as folder:
        if bound == FLOOR:
            stages = _compute(home, logic, inputs, keys, Path(folder))
        else:
            marts = publication_directory(home, night) / "marts"
            stages = _copy(home, inputs, [marts / f"{table}.parquet" for table in keys], Path(folder))
    seconds = round(sum(stages.seconds.values()), 3)
    print(json.dumps({"seconds": seconds, "peak_rss_bytes": peak_rss_bytes(), "stages": stages.seconds}))


def _compute(
    home: Home, logic: Logic, inputs: list[Relation], keys: dict[str, tuple[str, ...]], folder: Path
) -> Stages:
    models = tuple(needed_models(logic, " ".join(keys), {}))
    stages = Stages()
    with connect_within(home) as connection:
        use_scratch_catalog(connection)
        lay(connection, inputs)
        run_logic(connection, replace(logic, models=models))
        stages.end("read and compute")
        for table, key in keys.items():
            write_parquet(connection, f"select * from {table} order by {', '.join(key)}", folder / f"{table}.parquet")
        stages.end("write")
    return stages


def _copy(home: Home, inputs: list[Relation], published: list[Path], folder: Path) -> Stages:
    stages = Stages()
    with connect_within(home) as connection:
        use_scratch_catalog(connection)
        lay(connection, inputs)
        for relation in inputs:
            _read_all(connection, relation)
        stages.end("read and compute")
        for file in published:
            write_parquet(connection, f"from read_parquet('{file}')", folder / file.name)
        stages.end("write")
    return stages


def _read_all(connection: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Read every value of a relation: the engine skips columns that nobody asks for."""
    values = ", ".join(f"max({column})" for column in relation.columns)
    connection.execute(f"select {values} from {relation.name}").fetchall()


if __name__ == "__main__":
    main(*sys.argv[1:])
