"""Notices: what a customer is told of a change, once the core has applied it; of a freeze or restore, with the order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.gate.identity import attach_identity, current_customers
from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import canonical_json, write_file
from creditline.home.publications import publication_directory
from creditline.release.feed import SECURITY, control_of, last_record, records_of

FEED = "notices"
_MARTS = ("fct_limit_decision", "fct_decision_reason")
_NOTICES = f"""
    select
        sha256(applied.adjustment_id || '|notice') as notice_id,
        applied.adjustment_id,
        account.account_id,
        customer.customer_id,
        applied.released_date as business_date,
        applied.action,
        applied.old_limit_amount::varchar as old_limit_amount,
        coalesce(applied.applied_limit_amount, applied.new_limit_amount)::varchar as new_limit_amount,
        applied.status = 'PARTIAL' as is_applied_in_part,
        decisions.display_state,
        decisions.is_usable,
        decisions.effective_date::varchar as effective_date,
        decisions.notice_due_date::varchar as notice_due_date,
        decisions.decision_sha256,
        list({{
            'code': reasons.reason_code, 'text_zh': reasons.text_zh, 'text_en': reasons.text_en,
            'advice_zh': reasons.advice_zh, 'advice_en': reasons.advice_en
        }} order by reasons.reason_rank) as reasons
    from applied
    inner join fct_limit_decision as decisions
        on applied.account_key = decisions.account_key and applied.released_date = decisions.business_date
    inner join fct_decision_reason as reasons
        on applied.account_key = reasons.account_key and applied.released_date = reasons.business_date
    inner join identity.account on applied.account_key = account.account_key
    inner join {current_customers()} as customer on decisions.customer_key = customer.customer_key
    where decisions.is_notice_required
    group by all
    order by account.account_id, applied.adjustment_id
"""


@dataclass(frozen=True)
class Notices:
    """What was sent because of one night; `file` is None where nobody had to be told anything."""

    file: Path | None
    count: int


def send_notices(home: Home, business_date: date) -> Notices:
    """Write `outbox/notices/notices_<date>_<seq>.jsonl` with its control file: a line a change that is applied since
    this night and that the customer must be told of. The same night again, before a later one, gives the same bytes.
    """
    records = home.releases / FEED
    previous = last_record(home, FEED)
    if previous and previous["business_date"] == str(business_date):
        return Notices(home.outbox / FEED / previous["file"], previous["rows"])
    notices = _notices(home, business_date)
    if not notices:
        return Notices(None, 0)
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.outbox / FEED / f"{FEED}_{business_date}_{sequence:06d}.jsonl"
    write_file(file, "".join(_line(notice) for notice in notices).encode())
    control = control_of(FEED, file, business_date, sequence, previous, len(notices), {})
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    write_file(records / f"{sequence:06d}.json", canonical_json(control))
    return Notices(file, len(notices))


def _notices(home: Home, business_date: date) -> list[dict]:
    with connect_within(home) as connection:
        _lay_told(connection, home, business_date)
        days = [
            row[0] for row in connection.execute("select distinct released_date from applied order by 1").fetchall()
        ]
        if not days:
            return []
        _lay_marts(connection, home, days)
        attach_identity(connection, home)
        rows = connection.execute(_NOTICES)
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _lay_told(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """`applied`: changes that are known to be applied since this night, and freezes and restores that left because of it."""
    marts = publication_directory(home, business_date) / "marts"
    connection.execute(
        "create table applied as select adjustment_id, account_key, released_date, action, old_limit_amount, new_limit_amount,"
        f" applied_limit_amount, status from read_parquet('{marts}/fct_order_night.parquet') where is_newly_applied"
    )
    if left := records_of(home, SECURITY, business_date):
        files = ", ".join(f"'{home.releases / SECURITY}/{record['sequence']:06d}.parquet'" for record in left)
        connection.execute(
            "insert into applied select adjustment_id, account_key, business_date, action, old_limit_amount,"
            f" new_limit_amount, null, 'LEFT' from read_parquet('{marts}/fct_security_order.parquet')"
            f" where adjustment_id in (select adjustment_id from read_parquet([{files}]))"
        )


def _lay_marts(connection: duckdb.DuckDBPyConnection, home: Home, days: list[date]) -> None:
    for mart in _MARTS:
        files = ", ".join(f"'{publication_directory(home, day) / 'marts' / mart}.parquet'" for day in days)
        connection.execute(f"create view {mart} as from read_parquet([{files}])")


def _line(notice: dict) -> str:
    return json.dumps(notice, ensure_ascii=False, sort_keys=True, default=str) + "\n"
