"""Carried state: what a night hands to the next, one table a kind, immutable Parquet a night.

A table that a night carries is one entry here: the model that makes it, its key, and its columns.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.publications import latest_revision, read_manifest, state_directory
from creditline.project import PROJECT_DIR
from creditline.store.inputs import InputFile, Relation
from creditline.store.parquet import write_parquets


@dataclass(frozen=True)
class StateTable:
    """One table of `state/business_date=<date>/`: rows of `model`, sorted by `key`, columns with their DuckDB types."""

    name: str
    model: str
    key: tuple[str, ...]
    columns: dict[str, str]


# What a night believed then, or which days did not count: raw alone cannot tell.
_KNOWLEDGE = frozenset({"reference_limit_step", "blocked_day"})
# What nights of earlier releases did not carry yet: it starts empty.
_CARRIED_LATER = frozenset(
    [
        "cut",
        "correction",
        "parallel_case",
        "promise",
        "promise_stage",
        "restated_limit",
        "id_change",
        "customer_link",
        "core_standing",
    ]
)
_PLACE = {"business_date": "date", "batch_id": "varchar", "known_at": "timestamp", "source_row": "bigint"}


def _change_columns(name: str) -> dict[str, str]:
    """A decision of ours that moved a limit: its night, where to, why, and its hash."""
    return {
        f"{name}_date": "date",
        f"{name}_minor": "bigint",
        f"{name}_reason_codes": "varchar",
        f"{name}_sha256": "varchar",
    }


@cache
def state_tables() -> tuple[StateTable, ...]:
    """Every table that a night carries over, in a fixed order."""
    return (
        StateTable(
            "account",
            "dec_carried_account",
            ("account_key",),
            {
                "account_key": "bigint",
                "customer_key": "bigint",
                "reference_limit_minor": "bigint",
                "recommended_minor": "bigint",
                "limit_minor": "bigint",
                "core_limit_minor": "bigint",
                "limit_since_date": "date",
                "previous_limit_minor": "bigint",
                **_change_columns("cause"),
                **_change_columns("change"),
                "is_overlaid": "boolean",
                "is_frozen_at_core": "boolean",
                "core_frozen_until_at": "timestamp",
                "pending_minor": "bigint",
                "pending_since_date": "date",
                "pending_effective_date": "date",
            },
        ),
        StateTable(
            "released_order",
            "dec_carried_order",
            ("account_key", "sequence", "adjustment_id"),
            {
                "adjustment_id": "varchar",
                "account_key": "bigint",
                "sequence": "bigint",
                "business_date": "date",
                "action": "varchar",
                "old_limit_minor": "bigint",
                "new_limit_minor": "bigint",
                "expires_at": "timestamp",
                "status": "varchar",
                "applied_limit_minor": "bigint",
                "acked_at": "timestamp",
                "ack_reason": "varchar",
            },
        ),
        StateTable(
            "core_standing",
            "dec_carried_core_standing",
            ("account_key",),
            {
                "account_key": "bigint",
                "limit_since_date": "date",
                "previous_limit_minor": "bigint",
                **_change_columns("cause"),
            },
        ),
        StateTable(
            "restated_limit",
            "dec_carried_restated_limit",
            ("account_key",),
            {"account_key": "bigint", "restated_limit_minor": "bigint"},
        ),
        StateTable(
            "customer",
            "dec_carried_customer",
            ("customer_key",),
            {"customer_key": "bigint", **dict.fromkeys((*scored_features(), "bureau_has_new_default"), "bigint")},
        ),
        StateTable(
            "confirmation",
            "dec_carried_confirmation",
            ("customer_key", "pack"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "policy_version": "varchar",
                "reference_limit_minor": "bigint",
                "smoothed_milli": "bigint[]",
            },
        ),
        StateTable(
            "reference_points",
            "dec_carried_reference_points",
            ("customer_key", "pack"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                **{f"{feature}_points": "bigint" for feature in scored_features()},
            },
        ),
        StateTable(
            "trigger",
            "dec_carried_trigger",
            ("customer_key", "pack", "trigger_code"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "trigger_code": "varchar",
                "triggered_date": "date",
                "last_hit_date": "date",
                "nights_in_a_row": "bigint",
                "is_held": "boolean",
                "clean_since_date": "date",
                "is_inherited": "boolean",
                "reason_code": "varchar",
                "feature": "varchar",
            },
        ),
        StateTable(
            "freeze",
            "dec_carried_freeze",
            ("customer_key", "pack"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "frozen_since_date": "date",
                "frozen_at": "timestamp",
                "frozen_until_at": "timestamp",
                "extension_count": "bigint",
                "reason_code": "varchar",
            },
        ),
        StateTable(
            "feature_share",
            "dec_carried_feature_share",
            ("pack", "feature", "lower_value"),
            {
                "policy_version": "varchar",
                "pack": "varchar",
                "feature": "varchar",
                "lower_value": "bigint",
                "customer_count": "bigint",
            },
        ),
        StateTable(
            "slice",
            "dec_carried_slice",
            ("slice_code", "business_date"),
            {"slice_code": "varchar", "business_date": "date", "account_count": "bigint", "down_count": "bigint"},
        ),
        StateTable(
            "promise",
            "dec_carried_promise",
            ("account_key",),
            {
                "account_key": "bigint",
                "customer_key": "bigint",
                "policy_version": "varchar",
                "act_by_date": "date",
                "arrears_minor": "bigint",
                **dict.fromkeys(("stops_applying", "clears_related", "pays_past_due", "pays_on_time"), "boolean"),
                **dict.fromkeys(("gives_consent", "updates_income"), "boolean"),
                "first_raised_on_date": "date",
                "first_raised_minor": "bigint",
                "restores_to_minor": "bigint",
                "restores_on_date": "date",
                "raises_from_date": "date",
                "utilisation_below_bp": "bigint",
                "promised_date": "date",
                "uncounted_nights": "bigint",
                "was_person_changed": "boolean",
            },
        ),
        StateTable(
            "promise_stage",
            "dec_carried_promise_stage",
            ("account_key", "from_date"),
            {"account_key": "bigint", "from_date": "date", "score": "bigint"},
        ),
        StateTable(
            "cut",
            "dec_carried_cut",
            ("account_key", "decided_date", "reason_rank"),
            {
                "account_key": "bigint",
                "customer_key": "bigint",
                "decided_date": "date",
                "old_limit_minor": "bigint",
                "new_limit_minor": "bigint",
                "own_target_minor": "bigint",
                "reason_rank": "bigint",
                "reason_code": "varchar",
                "feature": "varchar",
                "feature_value": "bigint",
                "is_source_distrusted": "boolean",
            },
        ),
        StateTable(
            "correction",
            "dec_carried_correction",
            ("customer_key", "source", "corrected_date"),
            {"customer_key": "bigint", "source": "varchar", "corrected_date": "date", "known_date": "date"},
        ),
        StateTable(
            "parallel_case",
            "dec_carried_parallel_case",
            ("account_key", "agreement"),
            {
                "account_key": "bigint",
                "customer_key": "bigint",
                "slice_code": "varchar",
                "compared_date": "date",
                "agreement": "varchar",
                **dict.fromkeys(
                    ("limit_before_minor", "our_limit_minor", "core_limit_minor", "principal_minor", "days_past_due"),
                    "bigint",
                ),
                "worst_days_past_due": "bigint",
                "was_charged_off": "boolean",
            },
        ),
        *_feature_tables(),
    )


@cache
def _feature_tables() -> tuple[StateTable, ...]:
    """What windows of features need of the nights before: sums and sparse rows, never a dense history.

    A night of an earlier release may have left none of them; the night after it starts them anew from raw.
    """

    return (
        StateTable(
            "account_window",
            "ftr_account_window",
            ("customer_key",),
            {
                "customer_key": "bigint",
                **dict.fromkeys(
                    ("balance_sum_30d", "nights_30d", "balance_sum_90d_before", "nights_90d_before"), "bigint"
                ),
                **dict.fromkeys(("maxed_low", "maxed_high", "revolving_low", "revolving_high"), "bigint"),
                "balance_month_ago_minor": "bigint",
                "month_ago_date": "date",
                "last_balance_date": "date",
            },
        ),
        StateTable(
            "cash_flow_window",
            "ftr_cash_flow_window",
            ("customer_key",),
            {
                "customer_key": "bigint",
                **dict.fromkeys(("inflow_30d", "inflow_90d_before", "outflow_30d", "spend_30d"), "bigint"),
                **dict.fromkeys(("spend_90d_before", "withdrawn_30d", "paid_to_other_lenders_30d"), "bigint"),
                **dict.fromkeys(("active_low", "active_high"), "bigint"),
                **{f"salary_{remainder}_date": "date" for remainder in range(4)},
            },
        ),
        StateTable(
            "past_due_night",
            "ftr_past_due_night",
            ("customer_key", "business_date"),
            {"customer_key": "bigint", "business_date": "date", "days_past_due": "bigint"},
        ),
        StateTable(
            "reference_limit_step",
            "ftr_reference_limit_step",
            ("customer_key", "from_date"),
            {"customer_key": "bigint", "from_date": "date", "reference_limit_minor": "bigint"},
        ),
        StateTable(
            "device",
            "ftr_carried_device",
            ("customer_key", "device_token"),
            {"customer_key": "bigint", "device_token": "varchar", "last_date": "date"},
        ),
        StateTable(
            "instalment",
            "ftr_carried_instalment",
            ("account_key", "due_date", "instalment_hash"),
            {
                "instalment_hash": "bigint",
                "account_key": "bigint",
                "instalment_no": "bigint",
                "due_date": "date",
                "due_minor": "bigint",
                "paid_date": "date",
                "paid_minor": "bigint",
                "is_reversed": "boolean",
            },
        ),
        StateTable(
            "bureau_score",
            "ftr_carried_bureau_score",
            ("customer_key", "observed_date"),
            {
                **_PLACE,
                "customer_key": "bigint",
                "observed_date": "date",
                "score": "bigint",
                "external_debt_minor": "bigint",
                "has_new_default": "boolean",
            },
        ),
        StateTable(
            "related_product",
            "ftr_carried_related_product",
            ("customer_key", "product_code", "business_date"),
            {
                **_PLACE,
                "customer_key": "bigint",
                "product_code": "varchar",
                "as_of_date": "date",
                "balance_minor": "bigint",
                "days_past_due": "bigint",
            },
        ),
        StateTable(
            "case_event",
            "ftr_carried_case_event",
            ("event_token",),
            {
                **_PLACE,
                "event_token": "varchar",
                "kind": "varchar",
                **dict.fromkeys(("account_key", "customer_key", "filed_key"), "bigint"),
                "occurred_at": "timestamp",
                "amount_minor": "bigint",
                "from_date": "date",
                "to_date": "date",
                **dict.fromkeys(("actor", "approver", "ground", "outcome"), "varchar"),
                "local_date": "date",
                "local_hour": "bigint",
            },
        ),
        StateTable(
            "blocked_day",
            "dec_carried_blocked_day",
            ("customer_key", "blocked_date"),
            {"customer_key": "bigint", "blocked_date": "date"},
        ),
        StateTable(
            "id_change",
            "ftr_carried_id_change",
            ("kind", "subject", "old_key"),
            {
                **_PLACE,
                **dict.fromkeys(("kind", "subject"), "varchar"),
                **dict.fromkeys(("old_key", "new_key"), "bigint"),
                "effective_date": "date",
            },
        ),
        StateTable(
            "customer_link",
            "ftr_carried_customer_link",
            ("delivered_key", "customer_key"),
            {
                **dict.fromkeys(("delivered_key", "customer_key"), "bigint"),
                "is_main": "boolean",
                **dict.fromkeys(("changed_date", "merged_date"), "date"),
                "first_merged_key": "bigint",
                "first_merged_date": "date",
            },
        ),
    )


@cache
def scored_features() -> tuple[str, ...]:
    """Features that a scorecard may use, in the order of seeds/feature.csv."""
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return tuple(row["feature"] for row in csv.DictReader(stream) if row["role"] == "credit")


def recomputed_tables() -> frozenset[str]:
    """Tables of features that raw alone tells: left out, a night computes them anew and equal to what it would carry on."""
    return frozenset(table.name for table in _feature_tables()) - _KNOWLEDGE


def state_file(home: Home, business_date: date, table: str, revision: int | None = None) -> Path:
    """Where one publication of a night keeps one table of carried state, the latest without a revision."""
    chosen = latest_revision(home, business_date) if revision is None else revision
    return state_directory(home, business_date, chosen) / f"{table}.parquet"


def state_relations(home: Home, previous: date | None) -> list[Relation]:
    """`state.<table>`: what the valid night before carried over, empty on the first night.

    Each file has the sha256 that the night before published, not the one that it has now.
    """
    published = read_manifest(home, previous)["state"] if previous else {}
    return [
        Relation(f"state.{table.name}", table.columns, _state_files(home, previous, table, published))
        for table in state_tables()
    ]


def _state_files(
    home: Home, previous: date | None, table: StateTable, published: dict[str, str]
) -> tuple[InputFile, ...]:
    if previous is None:
        return ()
    file = state_file(home, previous, table.name)
    if (table in _feature_tables() or table.name in _CARRIED_LATER) and file.name not in published:
        return ()
    return (InputFile(file, published[file.name]),)


def has_carried_features(state: list[Relation]) -> bool:
    """Whether the night before carried over every table that windows of features go on from."""
    names = {f"state.{table.name}" for table in _feature_tables()}
    return names <= {relation.name for relation in state if relation.files}


def carried_rows(table: StateTable) -> str:
    """The query whose ordered rows a night carries over in one table."""
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in table.columns.items())
    return f"select {columns} from {table.model} order by {', '.join(table.key)}"


def export_state(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """Write every table that tonight carries over from its model in the built warehouse."""
    write_parquets(
        connection, {state_file(home, business_date, table.name): carried_rows(table) for table in state_tables()}
    )
