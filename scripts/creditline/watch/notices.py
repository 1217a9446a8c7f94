"""Notices of freezes and restores between nights: they leave with the order, in a feed of their own.

They are written from the recorded orders, so a killed watch sends the same notices when it runs again. Notices about a deceased
customer, or one under a legal hold, go only to the desk that reads the restricted feed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from creditline.gate.identity import attach_identity, current_customers, keys_of_people
from creditline.home import TRIAL_MARK, Home
from creditline.home.database import connect_beside, one_row, path_to_read
from creditline.home.files import Json, canonical_json, write_file
from creditline.home.marts import mart_rows, with_columns
from creditline.home.proof import write_signed
from creditline.home.releases import kept_orders, last_record, read_record
from creditline.release.feed import SECURITY, control_of
from creditline.release.wording import NO_WAY_BACK, NOTHING_TO_BORROW, WayBack, is_least, told_appeal, told_way_back
from creditline.store.rows import rows_as

FEED, RESTRICTED_FEED = "security_notices", "restricted_security_notices"
_WORDS = ("text_zh", "text_en", "advice_zh", "advice_en")
RESTRICTED_WORDS = tuple(f"restricted_{name}" for name in _WORDS)
# What is recorded of a watch's order for its notice.
TOLD = (
    "reason_codes",
    "display_state",
    "effective_date",
    "decision_sha256",
    "is_notice_required",
    "notice_due_date",
    "is_restricted",
    "reference_limit_amount",
    "floor_amount",
    *_WORDS,
    *RESTRICTED_WORDS,
)
# An earlier release recorded less; a notice of a legal hold always goes only to the desk.
_ADDED = {
    "is_restricted": "boolean",
    "reference_limit_amount": "decimal(18, 2)",
    "floor_amount": "decimal(18, 2)",
    **dict.fromkeys(RESTRICTED_WORDS, "varchar"),
}
_LEGAL_REASON = "L1"
# If the order does not say who is restricted, the night that it starts from does. If neither says it, the customer may be told.
_NOTICES = f"""
    select
        orders.* replace (
            coalesce(
                orders.is_restricted,
                orders.reason_codes = '{_LEGAL_REASON}'
                or orders.customer_key in (from restricted)
                or orders.customer_key not in (from unrestricted)
            ) as is_restricted
        ),
        sha256(orders.adjustment_id || '|notice') as notice_id,
        account.account_id,
        customer.customer_id,
        cast(orders.old_limit_minor * 0.01 as decimal(18, 2)) as old_limit_amount,
        cast(orders.new_limit_minor * 0.01 as decimal(18, 2)) as new_limit_amount
    from kept as orders
    inner join identity.account on orders.account_key = account.account_key
    inner join {current_customers()} as customer on orders.customer_key = customer.customer_key
    where orders.is_notice_required
    order by account.account_id
"""


@dataclass(frozen=True)
class Sent:
    """How many customers are told because of one file of orders, and how many lines the desk gets."""

    customers: int = 0
    desk: int = 0


class _Change(TypedDict):
    """An order of a watch that must be told; what an earlier release did not keep is null."""

    notice_id: str
    adjustment_id: str
    account_id: str
    customer_id: str
    business_date: date
    action: str
    old_limit_amount: Decimal
    new_limit_amount: Decimal
    expires_at: datetime | None
    display_state: str
    effective_date: date
    notice_due_date: date
    decision_sha256: str
    reason_codes: str
    is_restricted: bool
    reference_limit_amount: Decimal | None
    floor_amount: Decimal | None
    text_zh: str | None
    text_en: str | None
    advice_zh: str | None
    advice_en: str | None
    restricted_text_zh: str | None
    restricted_text_en: str | None
    restricted_advice_zh: str | None
    restricted_advice_en: str | None


def send_notices(home: Home, order_file: str, scratch: Path) -> Sent:
    """Tell the customers of one file of a watch, once: `outbox/security_notices/security_notices_<date>_<HHMM>_<seq>.jsonl`.
    Notices about restricted customers go to `outbox/restricted_security_notices/` instead, with the texts for the desk.

    The caller holds the lock.
    """
    record = read_record(home, home.releases / SECURITY / f"{_parts(order_file)[1]}.json")
    changes = _changes(home, record, scratch)
    customers = [_for_customer(home, change) for change in changes if not change["is_restricted"]]
    desk = [_for_desk(change) for change in changes if change["is_restricted"]]
    for feed, notices in ((FEED, customers), (RESTRICTED_FEED, desk)):
        _write(home, feed, order_file, notices)
    return Sent(len(customers), len(desk))


def _parts(order_file: str) -> tuple[str, str]:
    """The time and the sequence in the name of a file of orders."""
    name = Path(order_file).stem.removeprefix(TRIAL_MARK)
    stamp, _, number = name.removeprefix(f"{SECURITY}_").rpartition("_")
    return stamp, number


def _write(home: Home, feed: str, order_file: str, notices: list[Json]) -> None:
    """Write one feed's notices of one file of orders. The record is written last, so that a killed watch writes it again."""
    previous = last_record(home, feed)
    if not notices or (previous and previous["order_file"] == order_file):
        return
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.feed_file(feed, f"{_parts(order_file)[0]}_{sequence:06d}.jsonl")
    write_file(file, "".join(map(_line, notices)).encode())
    control = control_of(feed, file, notices[0]["business_date"], sequence, previous, len(notices), {})
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    write_signed(home, home.releases / feed / f"{sequence:06d}.json", {**control, "order_file": order_file})


def _for_customer(home: Home, change: _Change) -> Json:
    """A notice for the customer. A limit at the floor is not shown as money to borrow."""
    words = {
        "text_zh": change["text_zh"],
        "text_en": change["text_en"],
        "advice_zh": change["advice_zh"],
        "advice_en": change["advice_en"],
    }
    return {
        **_told(change, words),
        "old_limit_amount": _shown(change, change["old_limit_amount"]),
        "new_limit_amount": _shown(change, change["new_limit_amount"]),
        **told_appeal(home.settings.appeal_route, change["action"]),
        "way_back": _way_back(home, change),
    }


def _shown(change: _Change, amount: Decimal) -> Decimal | None:
    floor, reference = change["floor_amount"], change["reference_limit_amount"]
    return None if floor is None or reference is None or is_least(amount, floor, reference) else amount


def _for_desk(change: _Change) -> Json:
    """A notice for the desk of restricted customers, with its own texts and the core's amounts."""
    words = {
        "text_zh": change["restricted_text_zh"] or change["text_zh"],
        "text_en": change["restricted_text_en"] or change["text_en"],
        "advice_zh": change["restricted_advice_zh"] or change["advice_zh"],
        "advice_en": change["restricted_advice_en"] or change["advice_en"],
    }
    return _told(change, words)


def _told(change: _Change, words: dict[str, str | None]) -> Json:
    return {
        "notice_id": change["notice_id"],
        "adjustment_id": change["adjustment_id"],
        "account_id": change["account_id"],
        "customer_id": change["customer_id"],
        "business_date": change["business_date"],
        "action": change["action"],
        "old_limit_amount": change["old_limit_amount"],
        "new_limit_amount": change["new_limit_amount"],
        "display_state": change["display_state"],
        "effective_date": change["effective_date"],
        "notice_due_date": change["notice_due_date"],
        "decision_sha256": change["decision_sha256"],
        "is_applied_in_part": False,
        "is_usable": False if change["action"] == "FREEZE" else None,
        "reasons": [{"code": change["reason_codes"], **words}],
    }


def _changes(home: Home, record: Json, scratch: Path) -> list[_Change]:
    night = date.fromisoformat(record["watch"]["night"])
    with connect_beside(home, scratch) as connection:
        attach_identity(connection, home)
        orders = f"from read_parquet({path_to_read(kept_orders(home, record))})"
        connection.execute(f"create view kept as {with_columns(_ADDED, orders)}")
        # only for orders of an earlier release is the whole book read
        is_asked = one_row(connection.execute("select coalesce(bool_or(is_restricted is null), false) from kept"))[0]
        for name, condition in (("restricted", "is_restricted"), ("unrestricted", "not is_restricted")):
            named = f"select customer_key from ({mart_rows(home, 'dim_customer', [night])}) where {is_asked} and {condition}"
            connection.execute(f"create table {name} as select distinct customer_key from {keys_of_people(named)}")
        return rows_as(_Change, connection.execute(_NOTICES))


def _way_back(home: Home, change: _Change) -> Json | None:
    """The day on which a freeze ends by itself, as the night will say it; what ends it sooner is the reason's advice."""
    if change["action"] != "FREEZE":
        return None
    today, expires_at = change["business_date"], change["expires_at"]
    night = today
    while expires_at and home.cut_off_at(night) < expires_at:
        night += timedelta(days=1)
    known: WayBack | None = {**NO_WAY_BACK, "unfrozen_on_date": night + timedelta(days=1)} if expires_at else None
    return told_way_back(dict.fromkeys(NOTHING_TO_BORROW, known), "", today, is_frozen=True)


def _line(notice: Json) -> str:
    return json.dumps(notice, ensure_ascii=False, sort_keys=True, default=str) + "\n"
