"""Read from `releases/` what left, without the steps that release."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

from creditline.home import Home
from creditline.home.files import Json
from creditline.home.proof import NotGenuine, check_file, read_signed

# An earlier release did not record through which day a feed had come; its files may have left so many days late.
_LATE_DAYS = 31


def record_files(home: Home, feed: str) -> list[Path]:
    """The record of each file of a feed, the newest first; none is opened."""
    folder = home.releases / feed
    names = os.listdir(folder) if folder.is_dir() else []
    return [folder / name for name in sorted(names, reverse=True) if name.endswith(".json")]


def read_record(home: Home, path: Path) -> Json:
    """The record of what one file of a feed held.

    Raises:
        NotGenuine: the record is not the one that the home kept for that file.
    """
    record = read_signed(home, path)
    if (record["feed"], f"{record['sequence']:06d}") != (path.parent.name, path.stem):
        raise NotGenuine(f"{path} is the record of {record['feed']} {record['sequence']}; restore it from a backup")
    return record


def orders_file(home: Home, feed: str, sequence: int) -> Path:
    """The file with the recorded orders of one file of a feed, beside its record."""
    return home.releases / feed / f"{sequence:06d}.parquet"


def kept_orders(home: Home, record: Json) -> Path:
    """The orders of a recorded file as they left. Raises NotGenuine."""
    path = orders_file(home, record["feed"], record["sequence"])
    check_file(path, record["orders_sha256"])
    return path


def last_record(home: Home, feed: str) -> Json | None:
    """What the newest file of a feed held. Raises NotGenuine."""
    files = record_files(home, feed)
    return read_record(home, files[0]) if files else None


def records_since(home: Home, feed: str, first: date) -> list[Json]:
    """The records of a feed's files of this business date and later ones, in the order in which they left.

    Of earlier files only one record is read, however many there are.
    """
    records = []
    for path in record_files(home, feed):
        record = read_record(home, path)
        if record["business_date"] >= str(first):
            records.append(record)
        if through_date(record) < first:
            break
    return records[::-1]


def through_date(record: Json) -> date:
    """The latest business date of a file of orders and of all that left before it in its feed."""
    if "through_date" in record:
        return date.fromisoformat(record["through_date"])
    return date.fromisoformat(record["business_date"]) + timedelta(days=_LATE_DAYS)


def settlement_record(home: Home, business_date: date) -> Path:
    """The record that makes a night settled."""
    return home.releases / "settlement" / f"{business_date}.json"


def is_of_watch(record: Json) -> bool:
    """Whether a file left between nights, and not because of a published one."""
    return "watch" in record
