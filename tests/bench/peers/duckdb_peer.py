"""DuckDB: the night's own decision code. `python -m peers.duckdb_peer WORKLOAD RESULT`.

The archived models that the two tables need, as the project materialises them, in a database in memory. As one query a table
with its ancestors as common table expressions the same took 12.8 s and 2.4 GiB instead of 8.9 s and 1.1 GiB at 100,000 accounts
(once, by hand): both tables need the features, and planning alone takes seconds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import duckdb

from creditline.home import open_home
from creditline.home.database import connect
from creditline.store.parquet import lay_parquet
from creditline.warehouse.logic import use_scratch_catalog
from creditline.warehouse.logic_run import run_logic
from peers.measure import Stages, peak_rss_bytes, report
from peers.needed import needed_models
from peers.workload import logic_of_first_night

# No other contender asks for these: on a first night there is no share of a night before to compare with, and no cut of
# a pack without lead days waits for its notice, so that neither shares nor reasons are needed.
INSTEAD = {
    "dec_feature_drift": "select cast(null as varchar) as feature, false as is_distrusted where false",
    "dec_pending": "select null::bigint as decision_key, null::varchar as movement,"
    " false as is_pending, null::bigint as pending_minor, null::date as pending_since_date,"
    " null::date as pending_effective_date, null::bigint as limit_minor where false",
}
SELECTS = {
    "customers": """
        select ftr_customer.*, decided.score, decided.band, decided.own_multiplier_bp
        from ftr_customer
        inner join dec_customer as decided using (customer_key)
        order by customer_key
    """,
    "accounts": """
        select account_key, customer_key, score, band, pd_bp, expected_loss_minor, reference_limit_minor, tonight_target_minor,
            limit_minor as old_limit_minor, recommended_minor as recommended_limit_minor, action, display_state,
            drawable_minor, max_grantable_minor
        from dec_limit
        order by account_key
    """,
}


def main(workload: Path, result: Path) -> None:
    """Write both tables and report."""
    given = json.loads((workload / "workload.json").read_text())
    logic = logic_of_first_night(open_home(Path(given["home"])))
    models = needed_models(logic, " ".join(SELECTS.values()), INSTEAD)
    features = [model for model in models if model.name.startswith(("stg_", "ftr_"))]
    decision = [model for model in models if model not in features]
    with connect() as connection:
        use_scratch_catalog(connection)
        stages = Stages()
        _lay(connection, given["raw"], workload / "tables")
        stages.end("read")
        run_logic(connection, replace(logic, models=tuple(features)))
        stages.end("features")
        run_logic(connection, replace(logic, models=tuple(decision), seeds=()))
        stages.end("decision")
        for table, select in SELECTS.items():
            connection.execute(f"copy ({select}) to '{result}/{table}.parquet' (format parquet)")
        stages.end("write")
    report(stages, {"duckdb": duckdb.__version__}, peak_rss_bytes())


def _lay(connection: duckdb.DuckDBPyConnection, raw: dict[str, dict], tables: Path) -> None:
    for schema in ("raw", "run", "state", "policy", "release"):
        connection.execute(f"create schema {schema}")
    for name, relation in raw.items():
        lay_parquet(connection, f"raw.{name}", [Path(file) for file in relation["files"]], relation["columns"])
    for file in tables.iterdir():
        if not file.stem.startswith("main."):
            connection.execute(f"create table {file.stem} as from read_parquet('{file}')")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
