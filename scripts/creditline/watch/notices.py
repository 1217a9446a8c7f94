"""Notices of freezes and restores between nights: they leave with the order, in a feed of their own.

They are written from what the house keeps of the orders, so that a killed watch sends the same ones when it runs again.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from creditline.gate.identity import attach_identity, current_customers
from creditline.home import Home
from creditline.home.database import connect_beside
from creditline.home.files import canonical_json, write_file
from creditline.release.feed import SECURITY, control_of, last_record
from creditline.release.wording import NOTHING_TO_BORROW, told_way_back

FEED = "security_notices"
# What the house keeps of a watch's order for the notice of it.
TOLD = (
    "reason_codes",
    "display_state",
    "effective_date",
    "decision_sha256",
    "is_notice_required",
    "notice_due_date",
    "text_zh",
    "text_en",
    "advice_zh",
    "advice_en",
)
# Whom a legal hold stops is told by the legal desk alone.
_NOTICES = f"""
    select
        sha256(orders.adjustment_id || '|notice') as notice_id,
        orders.adjustment_id,
        account.account_id,
        customer.customer_id,
        orders.business_date,
        orders.action,
        cast(orders.old_limit_minor * 0.01 as decimal(18, 2))::varchar as old_limit_amount,
        cast(orders.new_limit_minor * 0.01 as decimal(18, 2))::varchar as new_limit_amount,
        false as is_applied_in_part,
        orders.display_state,
        case when orders.action = 'FREEZE' then false end as is_usable,
        orders.effective_date::varchar as effective_date,
        orders.notice_due_date::varchar as notice_due_date,
        orders.decision_sha256,
        [{{
            'code': orders.reason_codes, 'text_zh': orders.text_zh, 'text_en': orders.text_en,
            'advice_zh': orders.advice_zh, 'advice_en': orders.advice_en
        }}] as reasons,
        orders.expires_at
    from read_parquet(?) as orders
    inner join identity.account on orders.account_key = account.account_key
    inner join {current_customers()} as customer on orders.customer_key = customer.customer_key
    where orders.is_notice_required and orders.reason_codes <> 'L1'
    order by account.account_id
"""


def send_notices(home: Home, order_file: str, scratch: Path) -> int:
    """Tell the customers of one file of a watch, once: `outbox/security_notices/security_notices_<date>_<HHMM>_<seq>.jsonl`.

    The caller holds the turn. Returns: how many are told.
    """
    stamp, _, number = Path(order_file).stem.removeprefix(f"{SECURITY}_").rpartition("_")
    previous = last_record(home, FEED)
    if previous and previous["order_file"] == order_file:
        return previous["rows"]
    notices = _notices(home, home.releases / SECURITY / f"{number}.parquet", scratch)
    if not notices:
        return 0
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.outbox / FEED / f"{FEED}_{stamp}_{sequence:06d}.jsonl"
    write_file(file, "".join(map(_line, notices)).encode())
    control = control_of(FEED, file, notices[0]["business_date"], sequence, previous, len(notices), {})
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    write_file(home.releases / FEED / f"{sequence:06d}.json", canonical_json({**control, "order_file": order_file}))
    return len(notices)


def _notices(home: Home, orders: Path, scratch: Path) -> list[dict]:
    with connect_beside(home, scratch) as connection:
        attach_identity(connection, home)
        rows = connection.execute(_NOTICES, [str(orders)])
        names = [column[0] for column in rows.description]
        notices = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return [notice | {"way_back": _way_back(home, notice)} for notice in notices]


def _way_back(home: Home, notice: dict) -> dict | None:
    """The day on which a freeze ends by itself, as the night will say it; what ends it sooner is the reason's advice."""
    expires_at = notice.pop("expires_at")
    if notice["action"] != "FREEZE":
        return None
    today = notice["business_date"]
    night = today
    while expires_at and home.cut_off_at(night) < expires_at:
        night += timedelta(days=1)
    known = {"unfrozen_on_date": night + timedelta(days=1)} if expires_at else None
    return told_way_back(dict.fromkeys(NOTHING_TO_BORROW, known), "", today, is_frozen=True)


def _line(notice: dict) -> str:
    return json.dumps(notice, ensure_ascii=False, sort_keys=True, default=str) + "\n"
