"""A small book that moves as a book does, night by night, so that the gate knows what is usual; and ways to spoil a whole file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from homes import take_in
from small_delivery import NIGHT, deliver, spoil

from creditline.home import Home
from creditline.landing.contract import contract

ACCOUNTS = 200
NIGHTS = 5
WRONG_NIGHT = NIGHT + timedelta(days=NIGHTS)
# Every tenth account is past due, since so many nights that all are beyond a bucket's edge or short of it.
_PAST_DUE_EVERY, _PAST_DUE_SINCE = 10, 40
_LENDERS = 7
Row = dict[str, str]
SNAPSHOT, SESSION, SCORE = "account_snapshot.csv", "session.csv", "bureau_score.csv"


def moving_book(home: Home) -> Home:
    """Take in five nights of the book."""
    for number in range(NIGHTS):
        land(home, NIGHT + timedelta(days=number))
        take_in(home, NIGHT + timedelta(days=number))
    return home


def land(home: Home, night: date) -> Path:
    """Land the good delivery of one night."""
    sources = ("account_snapshot", "session", "bureau_score")
    delivery = deliver(home, night=night, accounts=ACCOUNTS, sources=sources)
    number = (night - NIGHT).days
    rewrite(delivery, SNAPSHOT, lambda rows: [_lived(row, place, number) for place, row in enumerate(rows)])
    rewrite(delivery, SESSION, lambda rows: [_signed_in(row, place) for place, row in enumerate(rows)])
    rewrite(
        delivery,
        SCORE,
        lambda rows: [row | {"score": str(600 + place % 90 + number)} for place, row in enumerate(rows)],
    )
    return delivery


def _lived(row: Row, place: int, number: int) -> Row:
    late = place % _PAST_DUE_EVERY == 0
    return row | {
        "principal_balance": f"{1000 + place * 10}.00",
        "accrued_interest_balance": f"{1 + number}.{place % 100:02d}",
        "days_past_due": str(_PAST_DUE_SINCE + number if late else 0),
        "arrears_balance": "100.00" if late else "0.00",
        "income_monthly_amount": f"{5000 + place * 7}.00",
        "income_as_of_date": "2026-05-01",
    }


def _signed_in(row: Row, place: int) -> Row:
    hour, minute = 1 + place % 14, place % 60
    moment = f"{row['occurred_at'][:10]}T{hour:02d}:{minute:02d}:00Z"
    return row | {"occurred_at": moment, "device_id": f"device{place}", "is_proxy": str(place % 50 == 0).lower()}


def rewrite(delivery: Path, file: str, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the rows of a CSV file, sealed. A column of the first row that the file did not have is added to it."""

    def changed(content: bytes) -> bytes:
        rows = change(list(csv.DictReader(io.StringIO(content.decode()))))
        header = content.decode().splitlines()[0].split(",")
        out = io.StringIO()
        known = [column.name for column in contract()[file.removesuffix(".csv")].columns]
        names = sorted({*header, *rows[0]}, key=known.index)
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()

    spoil(delivery, file, changed)
