"""Take back the keys and changes of ids that a wrong delivery made, before anything was decided on them.

The ids get free: the right delivery can name the right people by them. A key that was given out is never anybody else's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, timedelta

import duckdb

from creditline.errors import CreditlineError, UsageError
from creditline.gate.id_changes import SOURCE, noted_changes, revert_changes
from creditline.gate.identity import identity, last_keys, take_back_keys
from creditline.gate.replacement import make_way
from creditline.home import Home
from creditline.home.database import connect_within, path_to_read
from creditline.home.people import require_two_people
from creditline.home.proof import check_files
from creditline.home.publications import is_void
from creditline.home.turns import only_worker
from creditline.home.undone import Undone, UndoneChange, read_undone, record_undone
from creditline.landing.contract import contract
from creditline.store.record import DeliveryRecord, delivery_records, intraday_records

_SUBJECTS = ("account", "customer")


class UndoRefused(CreditlineError):
    """Something was decided on what the delivery made; says what, and what to do."""


def undo_identity(home: Home, business_date: date, *, reason: str, by: str, approved_by: str) -> Undone | None:
    """Take back the keys that a night's deliveries were the only ones to name, and the changes of ids that they brought.

    A delivery whose night is not published is withdrawn as a whole first; the next one is taken in in its place. What is taken
    back is recorded before it happens, so that a killed command is ended by the same command again.

    Returns: what was taken back; None if there was nothing.

    Raises:
        UsageError: the second person is missing or is the first, or no reason is given.
        UndoRefused: the night is published and not void, or a later delivery followed its changes of ids.
        IdentityBusy: another process holds the store.
    """
    require_two_people("taking keys back", by, approved_by)
    if not reason.strip():
        raise UsageError("taking keys back needs a reason that can be read years later: give --reason TEXT")
    with only_worker(home, f"keys of {business_date}"):
        _require_undecided(home, business_date)
        plan = _plan(home, business_date)
        if not (plan.withdraws or plan.changes or any(plan.keys.values())):
            return None
        _require_unfollowed(home, business_date, plan)
        undone = _recorded(home, business_date, plan) or record_undone(
            home,
            business_date,
            account_keys=plan.keys["account"],
            customer_keys=plan.keys["customer"],
            changes=plan.changes,
            was_void=plan.was_void,
            by=by,
            approved_by=approved_by,
            reason=reason,
        )
        if plan.withdraws:
            make_way(home, business_date, "", delivery_records(home))
        with connect_within(home) as connection, identity(connection, home, for_writing=True):
            # what was held of these changes is judged anew when they come again
            connection.execute("delete from identity.judged")
            revert_changes(connection, plan.changes)
            for subject, keys in plan.keys.items():
                take_back_keys(connection, subject, keys)
        return undone


@dataclass(frozen=True)
class _Plan:
    """What is to be taken back: keys by subject, and changes of ids. `withdraws`: the night's delivery, too."""

    keys: dict[str, tuple[int, ...]]
    changes: tuple[UndoneChange, ...]
    withdraws: bool
    was_void: bool


def _require_undecided(home: Home, business_date: date) -> None:
    if business_date in home.published_dates() and not is_void(home, business_date):
        raise UndoRefused(
            f"night {business_date} is published and was decided on its keys; if it was wrong, declare it void first:"
            f" creditline void --date {business_date} --by A --approved-by B --reason TEXT"
        )


def _require_unfollowed(home: Home, business_date: date, plan: _Plan) -> None:
    later = [each for each in delivery_records(home) if each.business_date > business_date]
    if plan.changes and later:
        raise UndoRefused(
            f"delivery {later[0].feed} {later[0].sequence} of {later[0].business_date} followed the changes of ids of"
            f" {business_date}; have them changed back by id_change of a later delivery (docs/reference/landing.md)"
        )


def _plan(home: Home, business_date: date) -> _Plan:
    """What the night's deliveries made and nothing else names, with what a killed command recorded and did not do."""
    records, was_void = delivery_records(home), business_date in home.published_dates()
    own = [each for each in records if each.business_date == business_date]
    others = [each for each in records if each.business_date != business_date]
    others += intraday_records(home, business_date - timedelta(days=1))
    recorded = [each for each in read_undone(home) if each.business_date == business_date]
    with connect_within(home) as connection, identity(connection, home):
        offered = {change for each in recorded for change in each.changes}
        offered |= _changes(connection, home, own) - _changes(connection, home, others)
        changes = noted_changes(connection, sorted(offered, key=astuple))
        keys = {}
        for subject in _SUBJECTS:
            first, last = _range(connection, records, business_date, subject)
            found = _keys_between(connection, subject, first, last) - _named(connection, home, others, subject)
            keys[subject] = tuple(sorted(found))
    return _Plan(keys, changes, bool(own) and not was_void, was_void)


def _range(
    connection: duckdb.DuckDBPyConnection, records: list[DeliveryRecord], business_date: date, subject: str
) -> tuple[int, int]:
    """The last key before the night's deliveries, and the last one that they may have made: a gate that was killed left none
    of them in a record."""

    def given(chosen: Iterable[DeliveryRecord]) -> int:
        return max((each.last_keys.get(subject, 0) for each in chosen), default=0)

    first = given(each for each in records if each.business_date < business_date)
    if all(each.business_date <= business_date for each in records):
        return first, last_keys(connection)[subject]
    return first, max(first, given(each for each in records if each.business_date == business_date))


def _keys_between(connection: duckdb.DuckDBPyConnection, subject: str, first: int, last: int) -> set[int]:
    query = f"select {subject}_key from identity.{subject} where {subject}_key > ? and {subject}_key <= ?"
    return {row[0] for row in connection.execute(query, [first, last]).fetchall()}


def _named(connection: duckdb.DuckDBPyConnection, home: Home, records: list[DeliveryRecord], subject: str) -> set[int]:
    """The keys that raw rows of some deliveries name."""
    named: set[int] = set()
    for source in contract().values():
        columns = {column.name for column in source.columns}
        read = [f"{subject}_key"] if f"{subject}_id" in columns else []
        if source.name == SOURCE:
            read = ["old_key", "new_key"]
        for column in read:
            condition = f"subject = '{subject}'" if source.name == SOURCE else "true"
            for rows in _rows_of(home, records, source.name):
                found = connection.execute(f"select distinct {column} from {rows} where {condition}").fetchall()
                named |= {row[0] for row in found if row[0] is not None}
    return named


def _changes(connection: duckdb.DuckDBPyConnection, home: Home, records: list[DeliveryRecord]) -> set[UndoneChange]:
    """The changes of ids that some deliveries brought."""
    found: set[UndoneChange] = set()
    for rows in _rows_of(home, records, SOURCE):
        query = f"select distinct kind, subject, old_key, new_key from {rows}"
        found |= {UndoneChange(*row) for row in connection.execute(query).fetchall()}
    return found


def _rows_of(home: Home, records: list[DeliveryRecord], source: str) -> list[str]:
    """SQL of the rows of each raw file of a source. Raises NotGenuine."""
    files = [
        (home.root / entry.raw_file, entry.raw_sha256)
        for record in records
        for entry in record.sources
        if entry.source == source and entry.raw_file and entry.raw_sha256 is not None
    ]
    check_files(iter(files), home.settings.threads)
    return [f"read_parquet({path_to_read(path)}, hive_partitioning = false)" for path, _ in files]


def _recorded(home: Home, business_date: date, plan: _Plan) -> Undone | None:
    """The last line about the night, if it says just this: a killed command wrote it."""
    lines = [each for each in read_undone(home) if each.business_date == business_date]
    said = (plan.keys["account"], plan.keys["customer"], plan.changes, plan.was_void)
    last = lines[-1] if lines else None
    return last if last and (last.account_keys, last.customer_keys, last.changes, last.was_void) == said else None
