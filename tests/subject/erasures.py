"""Erases customers of a small book after their time, and looks for their ids in every file of the home:
`scripts/evaluate erasures` prints what was searched and replayed, and the traces."""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from small_delivery import NIGHT, add_entry, deliver, small_home, spoil

from creditline.home import Home
from creditline.home.files import sha256_of
from creditline.home.publications import publication_directory, read_manifest
from creditline.home.skips import record_skip
from creditline.night import run_night
from creditline.output import Format, print_rows, tell
from creditline.release import ALL_SLICES, set_mode
from creditline.replay import replay_night
from creditline.store.record import closed_file
from creditline.subject import ErasureRefused, erase_subject

OPEN, CHANGED, CLOSED = (NIGHT + timedelta(days=number) for number in range(3))
# Records are kept for five years after an account closed.
AFTER = CLOSED.replace(year=CLOSED.year + 5) + timedelta(days=1)
LAST = AFTER + timedelta(days=1)
SEQUENCE = {day: number for number, day in enumerate((OPEN, CHANGED, CLOSED, AFTER, LAST), start=1)}
PEOPLE = {"by": "clerk", "approved_by": "officer"}
CASES = "event_id,kind,account_id,customer_id,occurred_at,amount,from_date,to_date,actor,approver,ground,outcome"
CHANGES = "kind,subject,old_id,new_id,effective_date"


@dataclass(frozen=True)
class People:
    """Whom a run erases: each one's ids, the one to ask for first, and all their accounts' ids."""

    customers: tuple[tuple[str, ...], ...]
    accounts: tuple[str, ...]

    @property
    def ids(self) -> set[str]:
        return {*self.accounts, *(one for ids in self.customers for one in ids)}


@dataclass(frozen=True)
class Erased:
    """What a run found; `traces` are ids with the file that spells them."""

    people: People
    refused_before: int
    files_before: int
    files: int
    bytes_read: int
    traces: tuple[tuple[str, str], ...]
    nights: int
    decisions: int
    differences: int
    changed_files: int


def erase_people(root: Path, *, customers: int) -> Erased:
    """Run a book in which so many customers of half as many more close their accounts, and erase them."""
    home = small_home(root / "home", retention_days=1)
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    people = _run_book(home, customers)
    refused = sum(_is_refused(home, ids[0]) for ids in people.customers[:3])
    _night(home, CLOSED, customers, lambda directory: _close(directory, customers))
    found_before = {file for _, file in traces(home, people.ids)}
    _wait(home)
    _night(home, AFTER, customers)
    published = _fingerprints(home)
    tell(f"erasing {len(people.customers)} customers, {len(people.ids)} ids, spelt in {len(found_before)} files")
    for ids in people.customers:
        erase_subject(home, ids[-1], reason="asked for it", **PEOPLE)
    _night(home, LAST, customers)
    replayed = [replay_night(home, day) for day in home.published_dates()]
    files = _files(home)
    return Erased(
        people,
        refused,
        len(found_before),
        len(files),
        sum(path.stat().st_size for path in files),
        tuple(traces(home, people.ids)),
        len(replayed),
        sum(one.decisions for one in replayed),
        sum(len(one.differences) for one in replayed),
        _changed(published, _fingerprints(home)) + _unlike_the_manifest(home),
    )


# --- the book --------------------------------------------------------------------------------------------------------


def _run_book(home: Home, customers: int) -> People:
    """Accounts are open, under a legal hold, in quarantine, renumbered; customers are renumbered and merged."""
    merged = max(1, customers // 20)
    # the book's customers: those who are erased, those merged into the first of them, and half as many who stay
    going = customers + merged
    _night(home, OPEN, customers, _hold_and_spoil)
    changes = [f"merge,customer,C{customers + number:05d},C{number:05d},{CHANGED}" for number in range(merged)]
    changes += [f"renumber,customer,C{merged:05d},D-{merged:05d},{CHANGED}"]
    changes += [f"renumber,account,A{number:05d},B-{number:05d},{CHANGED}" for number in range(0, 2 * going, 5)]
    _night(home, CHANGED, customers, lambda directory: _release_and_change(directory, changes))
    renamed = {line.split(",")[2]: line.split(",")[3] for line in changes}
    people = [(f"C{number:05d}",) for number in range(customers)]
    people = [(*ids, renamed[ids[0]]) if ids[0] in renamed else ids for ids in people]
    people = [(f"C{customers + n:05d}", *ids) if n < merged else ids for n, ids in enumerate(people)]
    accounts = [f"A{number:05d}" for number in range(2 * going)]
    return People(tuple(people), (*accounts, *(renamed[one] for one in accounts if one in renamed)))


def _wait(home: Home) -> None:
    for number in range(1, (AFTER - CLOSED).days):
        record_skip(home, CLOSED + timedelta(days=number), **PEOPLE, reason="the house was closed")


def _night(home: Home, day: date, customers: int, change: Callable[[Path], None] | None = None) -> None:
    going = customers + max(1, customers // 20)
    directory = deliver(home, night=day, sequence=SEQUENCE[day], accounts=2 * (going + customers // 2))
    if day >= AFTER:
        for file, column in (("account_snapshot.csv", "account_id"), ("session.csv", "customer_id")):
            _rewrite(directory, file, lambda row, of=column: row if _number(row, of) >= going else None)
    if change:
        change(directory)
    run_night(home, day)
    tell(f"ran {day}")


def _number(row: dict[str, str], column: str) -> int:
    """The customer's number in the book."""
    number = int(row[column][1:])
    return number // 2 if column == "account_id" else number


def _rewrite(directory: Path, file: str, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    def changed(content: bytes) -> bytes:
        reader = csv.DictReader(io.StringIO(content.decode()))
        text = io.StringIO()
        writer = csv.DictWriter(text, reader.fieldnames, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in map(change, reader) if row)
        return text.getvalue().encode()

    spoil(directory, file, changed)


def _add(directory: Path, source: str, header: str, rows: list[str]) -> None:
    (directory / f"{source}.csv").write_text("\n".join([header, *rows]) + "\n")
    add_entry(directory, source)


def _hold_and_spoil(directory: Path) -> None:
    _add(directory, "case_event", CASES, [f"E1,legal_hold,A00000,,{OPEN}T01:00:00Z,,,,,,,"])

    def spoilt(row: dict[str, str]) -> dict[str, str]:
        return row | {"limit_amount": "much"} if row["account_id"] == "A00003" else row

    _rewrite(directory, "account_snapshot.csv", spoilt)


def _release_and_change(directory: Path, changes: list[str]) -> None:
    _add(directory, "case_event", CASES, [f"E2,legal_hold,A00000,,{CHANGED}T01:00:00Z,,,,,,,withdrawn"])
    _add(directory, "id_change", CHANGES, changes)


def _close(directory: Path, customers: int) -> None:
    going = customers + max(1, customers // 20)

    def closed(row: dict[str, str]) -> dict[str, str]:
        ends = {"status": "closed", "principal_balance": "0.00"} if _number(row, "account_id") < going else {}
        return row | ends

    _rewrite(directory, "account_snapshot.csv", closed)


# --- what is left ----------------------------------------------------------------------------------------------------


def _is_refused(home: Home, customer_id: str) -> bool:
    try:
        erase_subject(home, customer_id, reason="asked for it", **PEOPLE)
    except ErasureRefused:
        return True
    return False


def traces(home: Home, ids: set[str]) -> list[tuple[str, str]]:
    """Which ids any file of the home spells, packed or not, with the file."""
    spelt = re.compile(b"|".join(re.escape(one.encode()) for one in sorted(ids, key=len, reverse=True)))
    return sorted(
        {
            (found.decode(), str(path.relative_to(home.root)))
            for path in _files(home)
            for content in contents(path)
            for found in spelt.findall(content)
        }
    )


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what they hold where they are packed."""
    content = path.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    if path.suffix == ".parquet":
        yield str(duckdb.sql(f"from read_parquet('{path}', hive_partitioning = false)").fetchall()).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall()
            for schema, table in tables:
                yield str(connection.execute(f'from "{schema}"."{table}"').fetchall()).encode()


def _files(home: Home) -> list[Path]:
    return sorted(path for path in home.root.rglob("*") if path.is_file() and not path.is_symlink())


def _fingerprints(home: Home) -> dict[Path, str]:
    """What is immutable: raw, state, published, policy, logic; but for the mark of the last night that shut `watch` out."""
    folders = (home.raw, home.state, home.published, home.policy, home.logic)
    kept = [path for path in _files(home) if any(path.is_relative_to(folder) for folder in folders)]
    return {path: sha256_of(path) for path in kept if path != closed_file(home)}


def _changed(before: dict[Path, str], after: dict[Path, str]) -> int:
    return sum(after.get(path) != sha256 for path, sha256 in before.items())


def _unlike_the_manifest(home: Home) -> int:
    """Published files that are not what the night's signed manifest says."""
    return sum(
        sha256_of(publication_directory(home, day) / name) != entry
        for day in home.published_dates()
        for name, entry in read_manifest(home, day)["files"].items()
    )


def main() -> int:
    """Run, erase, search, replay, print; 1 if a trace is left or a night does not replay."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate erasures", description=__doc__)
    parser.add_argument("--customers", type=int, default=100)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = erase_people(Path(folder), customers=asked.customers)
    rows = [
        ("customers erased", len(found.people.customers)),
        ("ids that they and their accounts ever bore", len(found.people.ids)),
        ("erasures refused while accounts were open", found.refused_before),
        ("files that spelt one before", found.files_before),
        ("files searched after", f"{found.files:,}"),
        ("bytes of them", f"{found.bytes_read:,}"),
        ("ids found in any file", len(found.traces)),
        ("nights replayed", found.nights),
        ("decisions compared", f"{found.decisions:,}"),
        ("tables that differ", found.differences),
        ("immutable files that changed or are not what their manifest says", found.changed_files),
    ]
    print_rows(("what", "count"), rows, Format.TABLE, title=f"{time.monotonic() - began:.0f} s")
    for one, file in found.traces[:20]:
        tell(f"{one} in {file}")
    return 1 if found.traces or found.differences or found.changed_files else 0


if __name__ == "__main__":
    raise SystemExit(main())
