"""Notices: what a customer is told about a change after the core has applied it, and about a freeze or restore with its order.

Notices about a deceased customer, or one under a legal hold, go only to the desk that reads the restricted queue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

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
from creditline.release.wording import (
    NOTHING_TO_BORROW,
    is_least,
    reason_words,
    recourse_facts,
    told_appeal,
    told_way_back,
)
from creditline.store.rows import Recourse

FEED = "notices"
RESTRICTED_FEED = "restricted_notices"
_MARTS = ("fct_limit_decision", "fct_decision_reason", "fct_account_night", "dim_policy")
# An account may belong to another customer since it was decided on. The former owner no longer has the account, and the new owner
# must not read what was known about the former one. Such a line goes to the desk.
_NOTICES = f"""
    with owners as (
        select
            decisions.account_key,
            decisions.business_date,
            coalesce(tonight.customer_key, decisions.customer_key) as customer_key,
            coalesce(was.into_key, decisions.customer_key)
            <> coalesce(now.into_key, tonight.customer_key, decisions.customer_key) as is_anothers
        from fct_limit_decision as decisions
        left join tonight on decisions.account_key = tonight.account_key
        left join identity.merged as was on decisions.customer_key = was.customer_key
        left join identity.merged as now on tonight.customer_key = now.customer_key
    )
    select
        applied.account_key,
        sha256(applied.adjustment_id || '|notice') as notice_id,
        applied.adjustment_id,
        account.account_id,
        customer.customer_id,
        applied.released_date as business_date,
        applied.sequence as release_sequence,
        applied.action,
        applied.old_limit_amount,
        coalesce(applied.applied_limit_amount, applied.new_limit_amount) as new_limit_amount,
        applied.status = 'PARTIAL' as is_applied_in_part,
        decisions.display_state,
        decisions.is_usable,
        decisions.effective_date::varchar as effective_date,
        decisions.notice_due_date::varchar as notice_due_date,
        decisions.decision_sha256,
        owners.is_anothers or decisions.customer_key in (from restricted) as is_restricted,
        decisions.drawable_amount,
        decisions.reference_limit_amount,
        any_value(policies.floor_amount) as floor_amount,
        any_value(nights.currency_code) as currency,
        any_value(nights.status) as status,
        any_value(nights.principal_balance) as principal_balance,
        list(reasons order by reasons.reason_rank) as reasons
    from applied
    inner join fct_limit_decision as decisions
        on applied.account_key = decisions.account_key and applied.released_date = decisions.business_date
    inner join fct_decision_reason as reasons
        on applied.account_key = reasons.account_key and applied.released_date = reasons.business_date
    inner join fct_account_night as nights
        on applied.account_key = nights.account_key and applied.released_date = nights.business_date
    inner join dim_policy as policies
        on decisions.policy_version = policies.policy_version and decisions.business_date = policies.as_of_date
    inner join identity.account on applied.account_key = account.account_key
    inner join owners on applied.account_key = owners.account_key and applied.released_date = owners.business_date
    inner join {current_customers()} as customer on owners.customer_key = customer.customer_key
    where decisions.is_notice_required
    group by all
    order by account.account_id, applied.released_date, release_sequence nulls first, applied.adjustment_id
"""


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
    changes: list[Json] | None = None
    sent: list[tuple[Path | None, int]] = []
    through = note_security_through(home, business_date)
    for feed in (FEED, RESTRICTED_FEED):
        previous = last_record(home, feed)
        if previous and previous["business_date"] == str(business_date):
            sent.append((home.outbox / feed / previous["file"], previous["rows"]))
            continue
        if changes is None:
            changes = _changes(home, business_date, told_through, through)
        if feed == FEED:
            notices = [_for_customer(home, change) for change in changes if not change["is_restricted"]]
        else:
            notices = [_for_desk(change) for change in changes if change["is_restricted"]]
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


def _for_customer(home: Home, change: Json) -> Json:
    """A notice for the customer. A limit at the floor is not shown as money to borrow."""
    reasons = _reasons(change, "customer")
    # if the core itself has blocked the account, our reasons did not stop it
    is_stopped = (
        change["status"] == "active"
        and change["drawable_amount"] == 0
        and change["new_limit_amount"] > change["principal_balance"]
    )
    cannot = is_stopped or _is_least(change, "new_limit_amount")
    return {
        **_told(change),
        "old_limit_amount": None if _is_least(change, "old_limit_amount") else str(change["old_limit_amount"]),
        "new_limit_amount": None if _is_least(change, "new_limit_amount") else str(change["new_limit_amount"]),
        "reasons": reasons,
        "way_back": _way_back(change),
        **told_appeal(home.settings.appeal_route, change["action"]),
        **{
            f"cannot_borrow_{lang}": NOTHING_TO_BORROW[lang].format(reason=reasons[0][f"text_{lang}"])
            if cannot
            else None
            for lang in NOTHING_TO_BORROW
        },
    }


def _way_back(change: Json) -> Json | None:
    """What brings a lowered or frozen limit back, and from which day on; a day is null if it is not known."""
    if change["action"] not in ("DOWN", "FREEZE"):
        return None
    row: Recourse | None = change["way_back"]
    recourses = {lang: row and recourse_facts(row, lang) for lang in NOTHING_TO_BORROW}
    return told_way_back(
        recourses,
        change["currency"],
        change["told_on_date"],
        is_frozen=change["action"] == "FREEZE",
        is_capped=change["display_state"] == "REG_CAPPED",
    )


def _for_desk(change: Json) -> Json:
    """A notice for the restricted queue, with the texts for the desk and the core's amounts."""
    amounts = {name: str(change[name]) for name in ("old_limit_amount", "new_limit_amount")}
    return {**_told(change), **amounts, "reasons": _reasons(change, "restricted")}


def _reasons(change: Json, audience: str) -> list[Json]:
    told = []
    for reason in change["reasons"]:
        words = {lang: reason_words(reason, audience, lang) for lang in NOTHING_TO_BORROW}
        told.append(
            {"code": reason["reason_code"]}
            | {f"text_{lang}": said["text"] for lang, said in words.items()}
            | {f"advice_{lang}": said["advice"] for lang, said in words.items()}
        )
    return told


def _told(change: Json) -> Json:
    names = (
        "notice_id", "adjustment_id", "account_id", "customer_id", "business_date", "action", "is_applied_in_part",
        "display_state", "is_usable", "effective_date", "notice_due_date", "decision_sha256",
    )  # fmt: skip
    return {name: change[name] for name in names}


def _is_least(change: Json, amount: str) -> bool:
    return is_least(change[amount], change["floor_amount"], change["reference_limit_amount"])


def _changes(home: Home, business_date: date, told_through: int | None, through: int) -> list[Json]:
    """Every change that must be told because of this night, with the texts in both languages."""
    with connect_within(home) as connection:
        _lay_told(connection, home, business_date, told_through, through)
        days = [
            row[0] for row in connection.execute("select distinct released_date from applied order by 1").fetchall()
        ]
        if not days:
            return []
        _lay_marts(connection, home, days)
        connection.execute(f"create view tonight as {mart_rows(home, 'fct_account_night', [business_date])}")
        attach_identity(connection, home)
        _lay_restricted(connection, home, {business_date, *days})
        recourse = mart_rows(home, "fct_recourse", [business_date])
        ways = {row["account_key"]: row for row in _dicts(connection.execute(recourse))}
        return [
            change | {"way_back": ways.get(change["account_key"]), "told_on_date": business_date}
            for change in _dicts(connection.execute(_NOTICES))
        ]


def _dicts(rows: duckdb.DuckDBPyConnection) -> list[Json]:
    names = [column[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


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


def _lay_marts(connection: duckdb.DuckDBPyConnection, home: Home, days: list[date]) -> None:
    for mart in _MARTS:
        connection.execute(f"create view {mart} as {mart_rows(home, mart, days)}")


def _lay_restricted(connection: duckdb.DuckDBPyConnection, home: Home, days: set[date]) -> None:
    """Create `restricted`: customers who are restricted on one of these nights, by every key that they ever had, because the key
    of a decision may belong to a merged customer by now."""
    named = f"select customer_key from ({mart_rows(home, 'dim_customer', sorted(days))}) where is_restricted"
    connection.execute(f"create table restricted as select distinct customer_key from {keys_of_people(named)}")


def _line(notice: Json) -> str:
    return json.dumps(notice, ensure_ascii=False, sort_keys=True, default=str) + "\n"
