"""What left, read back from `releases/`: readable without the steps that release."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path

from creditline.home import Home

# How late a night's file of an earlier release, which did not note through which day its feed had come, may have left.
_LATE_DAYS = 31


def record_files(home: Home, feed: str) -> list[Path]:
    """The record of each file of a feed, the newest first; none is opened."""
    folder = home.releases / feed
    names = os.listdir(folder) if folder.is_dir() else []
    return [folder / name for name in sorted(names, reverse=True) if name.endswith(".json")]


def orders_file(home: Home, feed: str, sequence: int) -> Path:
    """The orders of one file of a feed, as the house keeps them beside its record."""
    return home.releases / feed / f"{sequence:06d}.parquet"


def last_record(home: Home, feed: str) -> dict | None:
    """What the newest file of a feed held."""
    files = record_files(home, feed)
    return json.loads(files[0].read_text()) if files else None


def records_since(home: Home, feed: str, first: date) -> list[dict]:
    """The records of a feed's files of this business date and later ones, in the order in which they left.

    Of what left before, one record is read, however much that is.
    """
    records = []
    for path in record_files(home, feed):
        record = json.loads(path.read_text())
        if record["business_date"] >= str(first):
            records.append(record)
        if through_date(record) < first:
            break
    return records[::-1]


def through_date(record: dict) -> date:
    """The latest business date of a file of orders and of all that left before it in its feed."""
    if "through_date" in record:
        return date.fromisoformat(record["through_date"])
    return date.fromisoformat(record["business_date"]) + timedelta(days=_LATE_DAYS)


def settlement_record(home: Home, business_date: date) -> Path:
    """The record from which on a night is settled."""
    return home.releases / "settlement" / f"{business_date}.json"


def is_of_watch(record: dict) -> bool:
    """Whether a file left between nights, and not because of a published one."""
    return "watch" in record
