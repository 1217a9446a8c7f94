"""What left, read back from `releases/`: readable without the steps that release."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from creditline.home import Home

# A night that waited can release after later days' watches; more than so many days late it is none.
_LATE_DAYS = 31


def records_since(home: Home, feed: str, first: date) -> list[dict]:
    """The records of a feed's files of this business date and later ones, in the order in which they left."""
    records = []
    for path in sorted((home.releases / feed).glob("*.json"), reverse=True):
        record = json.loads(path.read_text())
        if record["business_date"] < str(first - timedelta(days=_LATE_DAYS)):
            break
        if record["business_date"] >= str(first):
            records.insert(0, record)
    return records


def settlement_record(home: Home, business_date: date) -> Path:
    """The record from which on a night is settled."""
    return home.releases / "settlement" / f"{business_date}.json"


def is_of_watch(record: dict) -> bool:
    """Whether a file left between nights, and not because of a published one."""
    return "watch" in record
