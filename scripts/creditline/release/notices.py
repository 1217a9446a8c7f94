"""Notices: what a customer is told about a change after the core has applied it, and about a freeze or restore with its order.

A night says in `fct_notice` and `fct_decision_reason` which decisions must be told, and all that it knows for their notices.
What is known only at the settlement is decided here: what left and was applied, whose account it is by now, and who is
restricted by then. Notices about a deceased customer, or one under a legal hold, go only to the desk that reads the restricted
queue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

import duckdb

from creditline.gate.identity import attach_identity, current_customers, keys_of_people
from creditline.home import Home
from creditline.home.database import connect_within, path_to_read
from creditline.home.files import Json, canonical_json, write_file
from creditline.home.marts import mart_rows
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import last_published
from creditline.home.releases import kept_orders, last_record, records_since, settlement_record
from creditline.release.feed import SECURITY, control_of
from creditline.release.wording import NOTHING_TO_BORROW, reason_words, recourse_facts, told_appeal, told_way_back
from creditline.store.rows import Recourse, rows_as

FEED = "notices"
RESTRICTED_FEED = "restricted_notices"
# What the night said, with what is known only now. An account may belong to another customer since it was decided on. The former
# owner no longer has the account, and the new owner must not read what was known about the former one. Such a line goes to the desk.
_CHANGES = f"""
    with owners as (
        select
            notices.account_key,
            notices.business_date,
            coalesce(tonight.customer_key, notices.customer_key) as customer_key,
            coalesce(was.into_key, notices.customer_key)
            <> coalesce(now.into_key, tonight.customer_key, notices.customer_key) as is_anothers
        from fct_notice as notices
        left join tonight on notices.account_key = tonight.account_key
        left join identity.merged as was on notices.customer_key = was.customer_key
        left join identity.merged as now on tonight.customer_key = now.customer_key
    ), cited as (
        select reasons.account_key, reasons.business_date, list(reasons order by reasons.reason_rank) as reasons
        from fct_decision_reason as reasons
        semi join applied on reasons.account_key = applied.account_key and reasons.business_date = applied.released_date
        group by reasons.account_key, reasons.business_date
    ), changes as (
        select *, coalesce(applied_limit_amount, new_limit_amount) as limit_amount from applied
    )
    select
        applied.account_key,
        sha256(applied.adjustment_id || '|notice') as notice_id,
        applied.adjustment_id,
        account.account_id,
        customer.customer_id,
        applied.released_date as business_date,
        applied.action,
        applied.old_limit_amount,
        applied.limit_amount as new_limit_amount,
        applied.status = 'PARTIAL' as is_applied_in_part,
        notices.display_state,
        notices.is_usable,
        notices.effective_date::varchar as effective_date,
        notices.notice_due_date::varchar as notice_due_date,
        notices.decision_sha256,
        notices.currency_code,
        coalesce(applied.old_limit_amount <= notices.min_limit_amount, false) as is_old_limit_least,
        coalesce(applied.limit_amount <= notices.min_limit_amount, false) as is_new_limit_least,
        coalesce(applied.limit_amount > notices.stopped_principal_balance, false) as is_stopped,
        owners.is_anothers or notices.customer_key in (from restricted) as is_restricted,
        cited.reasons
    from changes as applied
    inner join fct_notice as notices
        on applied.account_key = notices.account_key and applied.released_date = notices.business_date
    inner join cited on applied.account_key = cited.account_key and applied.released_date = cited.business_date
    inner join identity.account on applied.account_key = account.account_key
    inner join owners on applied.account_key = owners.account_key and applied.released_date = owners.business_date
    inner join {current_customers()} as customer on owners.customer_key = customer.customer_key
    order by account.account_id, applied.released_date, applied.sequence nulls first, applied.adjustment_id
"""


class _RecourseOfAccount(Recourse):
    account_key: int


class _Change(TypedDict):
    """A change that must be told."""

    account_key: int
    notice_id: str
    adjustment_id: str
    account_id: str
    customer_id: str
    business_date: date
    action: str
    old_limit_amount: Decimal
    new_limit_amount: Decimal
    is_applied_in_part: bool
    display_state: str
    is_usable: bool
    effective_date: str
    notice_due_date: str
    decision_sha256: str
    currency_code: str
    is_old_limit_least: bool
    is_new_limit_least: bool
    is_stopped: bool
    is_restricted: bool
    reasons: list[Mapping[str, object]]


@dataclass(frozen=True)
class Notices:
    """The notices of one night; a file is None if there was nothing to tell.

    `restricted_file` and `restricted_count`: what went to the restricted queue instead. `security_through`: the last file of
    freezes and restores that was read, 0 if there was none.
    """

    file: Path | None
    count: int
    restricted_file: Path | None = None
    restricted_count: int = 0
    security_through: int = 0


def send_notices(home: Home, business_date: date, told_through: int | None = None) -> Notices:
    """Write `outbox/notices/notices_<date>_<seq>.jsonl` with its control file.

    It has one line for each change that is newly applied on this night and of which the customer must be told. Lines about
    customers who are restricted on this night or were on that of the decision, and about accounts that belong to another
    customer by now, go to `outbox/restricted_notices/` instead, with the texts for the desk and the core's amounts. The same
    night again, before a later one, gives the same bytes.

    Args:
        told_through: the last file of freezes and restores that the night before knew. Orders of that night that left
            later, after a slice came out of a pause or of observe, are told now, unless they were undone since.
    """
    owed: _Owed | None = None
    sent: list[tuple[Path | None, int]] = []
    through = note_security_through(home, business_date)
    for feed in (FEED, RESTRICTED_FEED):
        previous = last_record(home, feed)
        if previous and previous["business_date"] == str(business_date):
            sent.append((home.outbox / feed / previous["file"], previous["rows"]))
            continue
        owed = owed or _owed(home, business_date, told_through, through)
        if feed == FEED:
            notices = [
                _for_customer(home, change, owed.ways_back.get(change["account_key"]), business_date)
                for change in owed.changes
                if not change["is_restricted"]
            ]
        else:
            notices = [_for_desk(change) for change in owed.changes if change["is_restricted"]]
        sent.append((_write(home, feed, business_date, previous, notices), len(notices)))
    told, restricted = sent
    return Notices(*told, *restricted, through)


def security_through(home: Home, business_date: date) -> int | None:
    """The last file of freezes and restores that the notices of a night know; None if it was not recorded."""
    note = _through_note(home, business_date)
    return read_signed(home, note)["security_through"] if note.is_file() else None


def note_security_through(home: Home, business_date: date) -> int:
    """Record it once, before the first notice is written, because a watch may release more at any time, also between two
    files of a killed run."""
    through = security_through(home, business_date)
    if through is None:
        newest = last_record(home, SECURITY)
        through = newest["sequence"] if newest else 0
        write_signed(home, _through_note(home, business_date), {"security_through": through})
    return through


def _through_note(home: Home, business_date: date) -> Path:
    return settlement_record(home, business_date).with_suffix(".through")


def _write(home: Home, feed: str, business_date: date, previous: Json | None, notices: list[Json]) -> Path | None:
    """Write one feed's file of a night. Its record is written last, so that a killed run writes the same file again."""
    if not notices:
        return None
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.feed_file(feed, f"{business_date}_{sequence:06d}.jsonl")
    write_file(file, "".join(_line(notice) for notice in notices).encode())
    control = control_of(feed, file, business_date, sequence, previous, len(notices), {})
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    write_signed(home, home.releases / feed / f"{sequence:06d}.json", control)
    return file


def _for_customer(home: Home, change: _Change, way_back: Recourse | None, told_on: date) -> Json:
    """A notice for the customer. A limit at the floor is not shown as money to borrow."""
    reasons = _reasons(change, "customer")
    cannot = change["is_stopped"] or change["is_new_limit_least"]
    return {
        **_told(change),
        "old_limit_amount": None if change["is_old_limit_least"] else str(change["old_limit_amount"]),
        "new_limit_amount": None if change["is_new_limit_least"] else str(change["new_limit_amount"]),
        "reasons": reasons,
        "way_back": _way_back(change, way_back, told_on),
        **told_appeal(home.settings.appeal_route, change["action"]),
        **{
            f"cannot_borrow_{lang}": NOTHING_TO_BORROW[lang].format(reason=reasons[0][f"text_{lang}"])
            if cannot
            else None
            for lang in NOTHING_TO_BORROW
        },
    }


def _way_back(change: _Change, row: Recourse | None, told_on: date) -> Json | None:
    """What brings a lowered or frozen limit back, and from which day on; a day is null if it is not known."""
    if change["action"] not in ("DOWN", "FREEZE"):
        return None
    recourses = {lang: row and recourse_facts(row, lang) for lang in NOTHING_TO_BORROW}
    return told_way_back(
        recourses,
        change["currency_code"],
        told_on,
        is_frozen=change["action"] == "FREEZE",
        is_capped=change["display_state"] == "REG_CAPPED",
    )


def _for_desk(change: _Change) -> Json:
    """A notice for the restricted queue, with the texts for the desk and the core's amounts."""
    amounts = {"old_limit_amount": str(change["old_limit_amount"]), "new_limit_amount": str(change["new_limit_amount"])}
    return {**_told(change), **amounts, "reasons": _reasons(change, "restricted")}


def _reasons(change: _Change, audience: str) -> list[dict[str, str]]:
    told = []
    for reason in change["reasons"]:
        words = {lang: reason_words(reason, audience, lang) for lang in NOTHING_TO_BORROW}
        told.append(
            {"code": str(reason["reason_code"])}
            | {f"text_{lang}": said["text"] for lang, said in words.items()}
            | {f"advice_{lang}": said["advice"] for lang, said in words.items()}
        )
    return told


def _told(change: _Change) -> Json:
    return {
        "notice_id": change["notice_id"],
        "adjustment_id": change["adjustment_id"],
        "account_id": change["account_id"],
        "customer_id": change["customer_id"],
        "business_date": change["business_date"],
        "action": change["action"],
        "is_applied_in_part": change["is_applied_in_part"],
        "display_state": change["display_state"],
        "is_usable": change["is_usable"],
        "effective_date": change["effective_date"],
        "notice_due_date": change["notice_due_date"],
        "decision_sha256": change["decision_sha256"],
    }


@dataclass(frozen=True)
class _Owed:
    """Every change that must be told because of a night, and what the night says about the way back, by account."""

    changes: list[_Change]
    ways_back: dict[int, Recourse]


def _owed(home: Home, business_date: date, told_through: int | None, through: int) -> _Owed:
    with connect_within(home) as connection:
        _lay_told(connection, home, business_date, told_through, through)
        days = [
            row[0] for row in connection.execute("select distinct released_date from applied order by 1").fetchall()
        ]
        if not days:
            return _Owed([], {})
        for mart in ("fct_notice", "fct_decision_reason"):
            connection.execute(f"create view {mart} as {mart_rows(home, mart, days)}")
        connection.execute(f"create view tonight as {mart_rows(home, 'fct_account_night', [business_date])}")
        attach_identity(connection, home)
        _lay_restricted(connection, home, {business_date, *days})
        recourse = rows_as(_RecourseOfAccount, connection.execute(mart_rows(home, "fct_recourse", [business_date])))
        changes = rows_as(_Change, connection.execute(_CHANGES))
        return _Owed(changes, {row["account_key"]: row for row in recourse})


def _lay_told(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, told_through: int | None, through: int
) -> None:
    """Create `applied`: changes that are newly applied on this night, and freezes and restores that left because of it. Late
    ones of the night before are included unless they are undone by now."""
    connection.execute(
        "create table applied as select adjustment_id, account_key, released_date, null::bigint as sequence, action,"
        " old_limit_amount, new_limit_amount, applied_limit_amount, status"
        f" from ({mart_rows(home, 'fct_order_night', [business_date])}) where is_newly_applied"
    )
    before = last_published(home, business_date)
    files = [
        path_to_read(kept_orders(home, one))
        for one in records_since(home, SECURITY, before or business_date)
        if one["sequence"] <= through
    ]
    if not files:
        return
    connection.execute(
        "create table security as select sequence, adjustment_id, account_key, action"
        f" from read_parquet([{', '.join(files)}], union_by_name = true)"
    )
    _lay_security(connection, home, business_date, "true")
    if before and told_through is not None:
        is_over = (
            "exists (from security as later where later.account_key = orders.account_key"
            " and later.sequence > security.sequence and later.action <> orders.action)"
        )
        _lay_security(connection, home, before, f"security.sequence > {told_through} and not {is_over}")


def _lay_security(connection: duckdb.DuckDBPyConnection, home: Home, night: date, condition: str) -> None:
    """Add to `applied` the freezes and restores that left because of a night and meet a condition."""
    connection.execute(
        "insert into applied select orders.adjustment_id, orders.account_key, orders.business_date, security.sequence,"
        " orders.action, orders.old_limit_amount, orders.new_limit_amount, null, 'LEFT'"
        f" from ({mart_rows(home, 'fct_security_order', [night])}) as orders"
        f" inner join security on orders.adjustment_id = security.adjustment_id where {condition}"
    )


def _lay_restricted(connection: duckdb.DuckDBPyConnection, home: Home, days: set[date]) -> None:
    """Create `restricted`: customers who are restricted on one of these nights, by every key that they ever had, because the key
    of a decision may belong to a merged customer by now."""
    named = f"select customer_key from ({mart_rows(home, 'dim_customer', sorted(days))}) where is_restricted"
    connection.execute(f"create table restricted as select distinct customer_key from {keys_of_people(named)}")


def _line(notice: Json) -> str:
    return json.dumps(notice, ensure_ascii=False, sort_keys=True, default=str) + "\n"
