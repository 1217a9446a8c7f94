"""Rows of published marts as this release reads them: an earlier release published fewer marts, and fewer columns of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from string import Formatter

from creditline.home import Home
from creditline.home.database import path_to_read
from creditline.home.publications import latest_revision, published_mart, read_manifest

# Columns that are read of past nights and were added since the first release. On earlier nights they are null. Types are the
# contracts'.
ADDED: dict[str, dict[str, str]] = {
    "fct_limit_decision": {
        "confirmed_score_milli": "bigint",
        "is_pending": "boolean",
        "pending_limit_amount": "decimal(18,2)",
    },
    "fct_decision_reason": {
        f"{audience}_{text}_{lang}": "varchar"
        for audience in ("agent", "restricted")
        for text in ("text", "advice")
        for lang in ("zh", "en")
    },
    "dim_customer": {"customer_key": "bigint", "is_restricted": "boolean"},
    "dim_limit_standing": {
        "account_key": "bigint",
        "since_date": "date",
        "previous_limit_amount": "decimal(18,2)",
        "is_change_in_flight": "boolean",
        "cause_date": "date",
        "cause_reason_codes": "varchar",
    },
    "fct_trigger_night": {
        "business_date": "date",
        "customer_key": "bigint",
        "policy_version": "varchar",
        "trigger_code": "varchar",
        "effect": "varchar",
        "triggered_date": "date",
        "is_sustained": "boolean",
        "is_inherited": "boolean",
        "is_cured": "boolean",
        "clean_days": "bigint",
        "clean_days_needed": "bigint",
    },
    "fct_case": {
        "business_date": "date",
        "kind": "varchar",
        "account_key": "bigint",
        "customer_key": "bigint",
        "is_open": "boolean",
        "opened_date": "date",
        "due_date": "date",
        "is_overdue": "boolean",
    },
    "fct_recourse": {
        "business_date": "date",
        "account_key": "bigint",
        "restores_to_amount": "decimal(18,2)",
        "restores_on_date": "date",
        "promise_status": "varchar",
        "promised_date": "date",
        "first_raised_on_date": "date",
        "first_raised_amount": "decimal(18,2)",
        "actions_zh": "varchar",
        "actions_en": "varchar",
        "ended_status": "varchar",
        "ended_promised_date": "date",
        "voided_by": "varchar",
        "void_reason": "varchar",
        "unfrozen_on_date": "date",
        "sooner_zh": "varchar",
        "sooner_en": "varchar",
    },
    "fct_review_request": {
        "business_date": "date",
        "case_id": "varchar",
        "account_key": "bigint",
        "customer_key": "bigint",
        "kind": "varchar",
        "state": "varchar",
        "ground": "varchar",
        "opened_date": "date",
        "due_date": "date",
        "is_overdue": "boolean",
        "limit_amount": "decimal(18,2)",
        "cut_date": "date",
        "limit_before_cut_amount": "decimal(18,2)",
        "reference_limit_amount": "decimal(18,2)",
        "display_state": "varchar",
        "reason_codes": "varchar",
        "recheck_result": "varchar",
        "is_target_higher": "boolean",
        "max_grantable_amount": "decimal(18,2)",
    },
    "fct_order_night": {
        "adjustment_id": "varchar",
        "account_key": "bigint",
        "released_date": "date",
        "action": "varchar",
        "old_limit_amount": "decimal(18,2)",
        "new_limit_amount": "decimal(18,2)",
        "status": "varchar",
        "is_newly_applied": "boolean",
        "applied_limit_amount": "decimal(18,2)",
    },
}

# A mart that an earlier release did not publish, as a query over those that it did: a notice that is due because of such a night
# is not lost.
_REMADE = {
    "fct_notice": """
        select
            decisions.business_date,
            decisions.account_key,
            decisions.customer_key,
            decisions.slice_code,
            decisions.policy_version,
            nights.currency_code,
            decisions.action,
            decisions.display_state,
            decisions.is_usable,
            decisions.effective_date,
            decisions.notice_due_date,
            case when policies.floor_amount < decisions.reference_limit_amount then policies.floor_amount end
                as min_limit_amount,
            case when nights.status = 'active' and decisions.drawable_amount = 0 then nights.principal_balance end
                as stopped_principal_balance,
            decisions.decision_sha256
        from ({fct_limit_decision}) as decisions
        inner join ({fct_account_night}) as nights
            on decisions.account_key = nights.account_key and decisions.business_date = nights.business_date
        inner join ({dim_policy}) as policies
            on decisions.policy_version = policies.policy_version and decisions.business_date = policies.as_of_date
        where decisions.is_notice_required
    """,
}


def mart_rows(home: Home, mart: str, nights: Iterable[date], revision: int | None = 0) -> str:
    """SQL of a mart's rows on these nights, from the first publication of each, or the latest if `revision` is None. If a
    night's release did not have the mart, it is made from those that it had, or it has no rows.

    Raises:
        NotGenuine: a file is not what the night's signed manifest says.
    """
    files, earlier = [], []
    for night in nights:
        chosen = latest_revision(home, night) if revision is None else revision
        if mart in read_manifest(home, night, chosen)["rows"]:
            files.append(path_to_read(published_mart(home, night, mart, chosen)))
        else:
            earlier.append(night)
    parts = (
        [f"from read_parquet([{', '.join(files)}], union_by_name = true, hive_partitioning = false)"] if files else []
    )
    if earlier and mart in _REMADE:
        parts.append(_remade(home, mart, earlier, revision))
    return with_added(mart, " union all by name ".join(f"({part})" for part in parts) or None)


def _remade(home: Home, mart: str, nights: list[date], revision: int | None) -> str:
    reads = {name for _, name, _, _ in Formatter().parse(_REMADE[mart]) if name}
    return _REMADE[mart].format(**{name: mart_rows(home, name, nights, revision) for name in sorted(reads)})


def with_added(mart: str, rows: str | None) -> str:
    """SQL of a mart's rows with the columns that were added later. A release without the mart (None) has no rows."""
    added = ADDED.get(mart, {})
    if not added and not rows:
        raise KeyError(f"{mart}: no night's release published it, and home/marts.py does not say which columns it has")
    return with_columns(added, rows)


def with_columns(columns: dict[str, str], rows: str | None) -> str:
    """SQL of rows (None: there are none) with these columns and types; a column that they lack is null."""
    nulls = ", ".join(f"null::{kind} as {name}" for name, kind in columns.items())
    parts = [f"(select {nulls} where false)" if nulls else None, f"({rows})" if rows else None]
    return " union all by name ".join(filter(None, parts))
