"""The floor: tonight's inputs read and every published table written by one fused query, nothing materialised between.

Each query is generated from the archived compiled models: the models that a table needs, in order, as one chain of CTEs.
No acceptance, gate, ledger, report file or carried state: what is left is what the engine alone costs.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from creditline.home import open_home
from creditline.home.database import connect
from creditline.home.publications import read_manifest
from creditline.warehouse.inputs import lay, read_inputs
from creditline.warehouse.logic import CATALOG, Logic, Model, read_logic, run_logic, use_scratch_catalog
from creditline.warehouse.parquet import write_parquet

_REFERENCE = re.compile(rf'"{CATALOG}"\."main"\."(\w+)"')


def fused_query(logic: Logic, table: str) -> str:
    """One query that gives the rows of a published table, sorted by its key, from the sources and the seeds alone."""
    models = {model.name: model for model in logic.models}
    needed = _ancestors(models, table)
    read = Counter(parent for name in needed for parent in _REFERENCE.findall(models[name].sql))
    steps = ", ".join(
        # What is read twice is computed once: written out at each place, the plan grows without bound.
        f"{model.name} as {'materialized ' if read[model.name] > 1 else ''}({_query(model, models)})"
        for model in logic.models
        if model.name in needed
    )
    return f"with {steps} select * from {table} order by {', '.join(models[table].key)}"


def _ancestors(models: dict[str, Model], table: str) -> set[str]:
    found, waiting = set(), [table]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [parent for parent in _REFERENCE.findall(models[name].sql) if parent in models]
    return found


def _query(model: Model, models: dict[str, Model]) -> str:
    """A model's SQL with the names of other models in place of the scratch warehouse's tables, cast to its contract."""
    text = _REFERENCE.sub(lambda match: match[1] if match[1] in models else match[0], model.sql)
    if not model.columns:
        return text
    return (
        f"select {', '.join(f'cast({name} as {kind}) as {name}' for name, kind in model.columns.items())} from ({text})"
    )


def main(root: str) -> None:
    """Write every table that the newest night published; print one line of JSON as run_nights.py does."""
    home = open_home(Path(root))
    night = home.published_dates()[-1]
    manifest = read_manifest(home, night)
    logic = read_logic(home.logic / manifest["logic_hash"])
    seconds = {}
    with tempfile.TemporaryDirectory(dir=home.warehouse) as folder, connect() as connection:
        connection.execute(f"set memory_limit = '{home.settings.memory_limit}'; set threads = {home.settings.threads}")
        connection.execute(f"set temp_directory = '{folder}/spilled'; set max_temp_directory_size = '20GB'")
        use_scratch_catalog(connection)
        lay(connection, read_inputs(home, night))
        run_logic(connection, logic, skip={model.name for model in logic.models})  # the seeds alone
        for table in manifest["rows"]:
            started = time.perf_counter()
            write_parquet(connection, fused_query(logic, table), Path(folder) / f"{table}.parquet")
            seconds[table] = round(time.perf_counter() - started, 3)
            print(table, seconds[table], file=sys.stderr, flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": round(sum(seconds.values()), 3), "peak_rss_bytes": peak, "stages": seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
