"""Files of orders for the core. A feed numbers them; each file leaves as a whole and is recorded, or never leaves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.home import TRIAL_MARK, Home
from creditline.home.database import as_pattern, connect_within, one_row, path_to_write
from creditline.home.files import (
    Json,
    canonical_json,
    is_in_place,
    make_directory,
    move_into_place,
    partial_of,
    sha256_of,
    write_file,
)
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import MANIFEST, publication_directory, published_mart
from creditline.home.releases import kept_orders, last_record, orders_file, record_files, records_since, through_date
from creditline.release.modes import leaving
from creditline.store.parquet import write_parquet

ADJUSTMENTS, SECURITY = "limit_adjustments", "security_orders"
ORDER_FEEDS = (ADJUSTMENTS, SECURITY)
_PREPARED = ".prepared"
_NUMBERED = re.compile(r"([0-9]{6,})\.(csv|ctl|parquet|prepared)$")
_COLUMNS = (
    "adjustment_id, account_id, action, old_limit_amount, new_limit_amount, effective_date,"
    " strftime(expires_at, '%Y-%m-%dT%H:%M:%SZ') as expires_at, display_state, reason_codes, decision_sha256"
)
# The orders as we keep them: keys instead of ids, and the further columns of a feed.
_KEPT = (
    "select {sequence}::bigint as sequence, business_date, adjustment_id, account_key, action,"
    " (old_limit_amount * 100)::bigint as old_limit_minor, (new_limit_amount * 100)::bigint as new_limit_minor,"
    " expires_at{beside}"
    " from release_order order by account_key, adjustment_id"
)


@dataclass(frozen=True)
class LeftFile:
    """A file in which orders of a slice left for the core, and how many of them."""

    file: Path
    sequence: int
    orders: int

    def __str__(self) -> str:
        return f"{self.orders} orders in {self.file} (sequence {self.sequence})"


def write_orders(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    feed: str,
    business_date: date,
    stamp: str,
    facts: Json,
    may_leave: Callable[[], bool],
    beside: tuple[str, ...] = (),
    night: date | None = None,
) -> tuple[Path, int] | None:
    """Write the rows of `release_order` as the next file of a feed.

    After a kill at any instruction the orders have left and are recorded, or none has left: see `settle_interrupted`.

    Args:
        stamp: the time in the file's name.
        facts: what the record keeps in addition to the control file's content.
        may_leave: asked again before the control file makes the orders valid, while nobody can change the answer.
        beside: further columns of `release_order` to keep.
        night: the published night that the orders start from, if they are not its own.

    Returns: the file and its sequence number; None where the orders may not leave any more.
    """
    records = home.releases / feed
    previous = last_record(home, feed)
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.feed_file(feed, f"{stamp}_{sequence:06d}.csv")
    make_directory(file.parent)
    # files that a killed release left under another name never reached the core
    for leftover in file.parent.glob(f"*{feed}_*_{sequence:06d}.csv"):
        leftover.unlink()
    partial = partial_of(file)
    connection.execute(
        f"copy (select {_COLUMNS} from release_order order by account_id, adjustment_id)"
        f" to {path_to_write(partial)} (format csv, header true)"
    )
    move_into_place(partial, file)
    orders = orders_file(home, feed, sequence)
    kept = _KEPT.format(sequence=sequence, beside="".join(f", {name}" for name in beside))
    write_parquet(connection, kept, orders)
    control = _control(connection, feed, file, business_date, sequence, previous)
    record = {
        **control,
        **facts,
        # a late night leaves after watches of later days, so a search may end only here
        "through_date": str(max(business_date, through_date(previous)) if previous else business_date),
        "manifest_sha256": sha256_of(publication_directory(home, night or business_date) / MANIFEST),
        "orders_sha256": sha256_of(orders),
    }
    prepared = records / f"{sequence:06d}{_PREPARED}"
    write_signed(home, prepared, record)
    with leaving(home, f"{file.name} did not leave"):
        if not may_leave():
            settle_interrupted(home, feed)
            return None
        write_file(file.with_suffix(".ctl"), canonical_json(control))
        move_into_place(prepared, prepared.with_suffix(".json"))
    return file, sequence


def interrupted_files(home: Home, feed: str) -> list[str]:
    """The files of a feed whose release was interrupted. `settle_interrupted` decides for each whether it left."""
    return [read_signed(home, prepared)["file"] for prepared in _prepared(home, feed)]


def _prepared(home: Home, feed: str) -> list[Path]:
    return sorted((home.releases / feed).glob(f"*{_PREPARED}"))


def settle_interrupted(home: Home, feed: str) -> None:
    """Finish an interrupted release: record it if its control file made the orders valid, else withdraw it.

    The core may have fetched the files since. A file of orders that is there without its control file never left.
    The caller must be the only one who writes to that feed.
    """
    for prepared in _prepared(home, feed):
        if _has_left(home, feed, read_signed(home, prepared)):
            move_into_place(prepared, prepared.with_suffix(".json"))
        else:
            # first, so that a half withdrawn file does not look like one that the core fetched
            prepared.unlink()
    _clear_unprepared(home, feed)


def _has_left(home: Home, feed: str, record: Json) -> bool:
    """Whether the orders of a prepared record are valid: their control file is there, or the core fetched both files."""
    file = home.outbox / feed / record["file"]
    return not file.exists() or is_in_place(file.with_suffix(".ctl"))


def _clear_unprepared(home: Home, feed: str) -> None:
    """Delete what a release left before it was prepared: parts of files, and files after the last recorded one.

    A file that has its control file is never touched, whatever its record says.
    """
    recorded = record_files(home, feed)
    last = int(recorded[0].stem) if recorded else 0
    folders = [folder for folder in (home.outbox / feed, home.releases / feed) if folder.is_dir()]
    # after years most files are recorded, so only their names are read
    new = [
        (folder / name, sequence)
        for folder in folders
        for name in os.listdir(folder)
        if (sequence := _sequence_of(name)) > last or name.endswith(".partial")
    ]
    valid = {sequence for path, sequence in new if path.suffix == ".ctl"}
    for path, sequence in new:
        if path.suffix == ".partial" or sequence not in valid:
            path.unlink()


def _sequence_of(name: str) -> int:
    """The sequence number that a file of a feed has in its name; 0 of any other file."""
    found = _NUMBERED.search(name)
    return int(found[1]) if found else 0


def records_of(home: Home, feed: str, business_date: date) -> list[Json]:
    """What left in a feed because of one night, in order."""
    return [
        record for record in records_since(home, feed, business_date) if record["business_date"] == str(business_date)
    ]


def files_that_left(home: Home, business_date: date, slice_code: str) -> tuple[LeftFile, ...]:
    """The limit-adjustment files with orders of one slice of a night, in order.

    A file that a killed release made valid and did not record is included. If the answer must stay true, call this while
    nothing can leave (`leaving`)."""
    prepared = [read_signed(home, path) for path in (home.releases / ADJUSTMENTS).glob(f"*{_PREPARED}")]
    owed = [
        record
        for record in prepared
        if record["business_date"] == str(business_date) and _has_left(home, ADJUSTMENTS, record)
    ]
    records = [*records_of(home, ADJUSTMENTS, business_date), *owed]
    counts = _orders_of_slice(home, business_date, slice_code, records)
    return tuple(
        LeftFile(home.outbox / ADJUSTMENTS / record["file"], record["sequence"], counts[record["sequence"]])
        for record in records
        if record["sequence"] in counts
    )


def _orders_of_slice(home: Home, business_date: date, slice_code: str, records: list[Json]) -> dict[int, int]:
    """How many orders of a slice were recorded, by the sequence of their file; files without one are left out."""
    if not records:
        return {}
    kept = [as_pattern(kept_orders(home, record)) for record in records]
    mart = as_pattern(published_mart(home, business_date, "fct_limit_adjustment"))
    with connect_within(home) as connection:
        rows = connection.execute(
            "select sequence, count(*) from read_parquet(?) semi join (select adjustment_id from read_parquet(?)"
            " where slice_code = ?) as orders using (adjustment_id) group by sequence",
            [kept, mart, slice_code],
        ).fetchall()
    return dict(rows)


def slices_that_left(records: list[Json]) -> set[str]:
    """The slices whose orders left in these files of one night: a file takes every slice whose mode allows orders and that is
    not held. A slice in a ramp counts even if none of its orders was in the share."""
    return {
        name
        for record in records
        for name, share_percent in record["modes"].items()
        if share_percent and name not in record.get("held", {})
    }


def _control(
    connection: duckdb.DuckDBPyConnection,
    feed: str,
    file: Path,
    business_date: date,
    sequence: int,
    previous: Json | None,
) -> Json:
    found = connection.execute(
        "select count(*), coalesce(sum(old_limit_amount), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(new_limit_amount), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(greatest(new_limit_amount - old_limit_amount, 0)), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(greatest(old_limit_amount - new_limit_amount, 0)), 0)::decimal(38, 2)::varchar"
        " from release_order"
    )
    rows, *totals = one_row(found)
    names = ("old_limit_amount", "new_limit_amount", "increase_amount", "decrease_amount")
    return control_of(feed, file, business_date, sequence, previous, rows, dict(zip(names, totals, strict=True)))


def control_of(
    feed: str,
    file: Path,
    business_date: date,
    sequence: int,
    previous: Json | None,
    rows: int,
    totals: dict[str, str],
) -> Json:
    """The content of a control file, of whatever feed: what its file holds, and the file before it."""
    return {
        "feed": feed,
        "file": file.name,
        "business_date": str(business_date),
        "sequence": sequence,
        "rows": rows,
        "totals": totals,
        "sha256": sha256_of(file),
        "previous_sha256": previous["sha256"] if previous else None,
        **({"is_trial": True} if file.name.startswith(TRIAL_MARK) else {}),
    }
