"""The night that all contenders decide: laid once, read by each from the same Parquet files."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect
from creditline.home.publications import publication_directory, read_manifest
from creditline.night import accept, gate_inputs, run_night
from creditline.store.inputs import Relation, lay, read_inputs
from creditline.warehouse.logic import Logic, archived_logic, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic

# Money of the marts in minor units, as contenders write it.
_MINOR = ("expected_loss", "reference_limit", "old_limit", "recommended_limit", "drawable", "max_grantable")

# What must hold of a night so that what is left out changes nothing (see the package), each as a query that counts breaches.
CONDITIONS = {
    "nothing was carried": "select count(*) from run.carried_state where is_complete",
    "no night was published before": "select count(*) from run.night where not is_first_night or is_void",
    "every source is trusted": "select count(*) from run.night_source where is_distrusted",
    "no opening state": "select count(*) from raw.opening_state",
    "no maintenance": "select count(*) from policy.maintenance_window",
    "one pack decides": "select count(distinct policy_version) - 1 from dec_account",
    "no score is confirmed": "select count(confirmed_milli) from dec_customer",
    "no cut waits": "select count(*) from dec_pending",
    "no raise waits": "select count(*) from dec_raise_budget",
    "one threshold of freezes": "select count(distinct freeze_at_points) - 1 from policy.freeze_rule"
    " where policy_version in (select policy_version from dec_account)",
}


class UnfitNight(ValueError):
    """The landed night is none that all contenders can decide; names the condition."""


def run_first_night(home: Home) -> None:
    """Take in every landed night, and publish the last one as the home's first."""
    *before, last = home.landed_dates()
    for night in before:
        accept(home, night)
        gate_inputs(home, night)
    run_night(home, last)


def lay_workload(home: Home, folder: Path) -> None:
    """Describe the published night for programs that know nothing of the house.

    Writes `workload.json` (which raw files), `tables/` (parameters, policy, reference data, empty state) and `expected/`
    (the columns of the published marts that contenders compute).

    Raises:
        UnfitNight: the night is none that all contenders can decide.
    """
    (night,) = home.published_dates()
    inputs = read_inputs(home, night)
    logic = logic_of_first_night(home)
    (folder / "tables").mkdir(parents=True)
    (folder / "expected").mkdir()
    with connect() as connection:
        use_scratch_catalog(connection)
        lay(connection, inputs)
        run_logic(connection, logic)
        for condition, breaches in CONDITIONS.items():
            if connection.execute(breaches).fetchone()[0]:
                raise UnfitNight(f"not a night for this comparison: {condition} is not true of it")
        small = [relation.name for relation in inputs if not _is_raw(relation)]
        for name in [*small, *(f"main.{seed.name}" for seed in logic.seeds)]:
            connection.execute(f"copy (from {name}) to '{folder}/tables/{name}.parquet' (format parquet)")
        _lay_expected(connection, publication_directory(home, night) / "marts", folder / "expected")
        (policy_version,) = connection.execute("select distinct policy_version from dec_account").fetchone()
    description = {
        "home": str(home.root),
        "policy_version": policy_version,
        "raw": {
            relation.name.removeprefix("raw."): {
                "columns": relation.columns,
                "files": [str(file.path) for file in relation.files],
            }
            for relation in inputs
            if _is_raw(relation)
        },
    }
    (folder / "workload.json").write_text(json.dumps(description))


def logic_of_first_night(home: Home) -> Logic:
    """The decision code of the one published night."""
    (night,) = home.published_dates()
    return archived_logic(home, read_manifest(home, night)["logic_hash"])


def _is_raw(relation: Relation) -> bool:
    return relation.name.startswith("raw.") and bool(relation.files)


def _lay_expected(connection: duckdb.DuckDBPyConnection, marts: Path, folder: Path) -> None:
    """What the real night published, in the shape of a result."""
    minor = ", ".join(f"cast({name}_amount * 100 as bigint) as {name}_minor" for name in _MINOR)
    connection.execute(
        f"copy (select features.* exclude (business_date), decisions.score, decisions.band"
        f" from '{marts}/fct_risk_feature.parquet' as features"
        f" inner join '{marts}/fct_customer_decision.parquet' as decisions using (customer_key)"
        f" order by customer_key) to '{folder}/customers.parquet' (format parquet)"
    )
    connection.execute(
        f"copy (select account_key, customer_key, score, band, pd_bp, {minor}, action, display_state"
        f" from '{marts}/fct_limit_decision.parquet' order by account_key) to '{folder}/accounts.parquet' (format parquet)"
    )
