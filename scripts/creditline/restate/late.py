"""Late rows: what became known about a night after its cut-off.

They are kept as separate files of the restated state: the rows of later deliveries about the night or an earlier one. They
count as known from the night's cut-off on. So a restated night is described, run and replayed like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import one_row, path_to_read
from creditline.home.files import make_directory, sha256_of
from creditline.home.proof import check_files
from creditline.home.publications import void_dates
from creditline.landing.contract import Source, contract
from creditline.landing.rawtypes import raw_columns
from creditline.store.inputs import InputFile, Relation
from creditline.store.parquet import write_parquet
from creditline.store.record import DeliveryRecord
from creditline.warehouse.sources import OTHER_REACH_DAYS, NightParameters, longest_window

# The column with the day of a row, if acceptance did not set one; rows of other sources belong to their delivery's night.
_DAY = {"cash_flow": "flow_date", "bureau_score": "observed_date", "account_movement": "movement_date"}
# Past orders and answers stay as each night knew them, and a change of ids counts only from its delivery on.
_STANDING = ("adjustment_ack", "notice_receipt", "id_change")
SNAPSHOT, HISTORY = "account_snapshot", "account_snapshot_history"


@dataclass(frozen=True)
class _LateFile:
    """One raw file that came after the night: all rows if it corrects `corrected`, else the rows of days up to the night."""

    path: Path
    sha256: str
    corrected: date | None


def write_late_rows(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    records: list[DeliveryRecord],
    night: NightParameters,
    folder: Path,
) -> dict[str, InputFile]:
    """Write the late rows of one night into a folder of its restated state.

    Args:
        records: every delivery that is known now.

    Returns: the file of each relation that has late rows, by its full name.

    Raises:
        NotGenuine: a delivered file was changed.
    """
    make_directory(folder)
    later = [record for record in records if record.business_date > night.business_date]
    void = void_dates(home, night.business_date - timedelta(days=OTHER_REACH_DAYS), night.business_date)
    found = {}
    for relation, source in _relations().items():
        files = [file for file in _late_files(home, later, source) if _speaks_of(file, relation, source, night, void)]
        check_files(((file.path, file.sha256) for file in files), home.settings.threads)
        rows = _rows(source, files, night.business_date)
        if rows is None or not one_row(connection.execute(f"select count(*) from ({rows})"))[0]:
            continue
        target = folder / f"{relation}.parquet"
        known = f"least(known_at, timestamp '{night.cut_off_at}')"
        write_parquet(
            connection,
            f"select * replace ({known} as known_at) from ({rows}) order by batch_id, business_date, source_row",
            target,
        )
        found[f"raw.{relation}"] = InputFile(target, sha256_of(target))
    return found


def with_late_rows(relations: list[Relation], late: dict[str, InputFile]) -> list[Relation]:
    """The relations of a night with its late rows among them."""
    return [
        replace(relation, files=(*relation.files, late[relation.name])) if relation.name in late else relation
        for relation in relations
    ]


def _relations() -> dict[str, Source]:
    """Relations of schema `raw` that late rows can reach, with the source of each."""
    sources = {name: source for name, source in contract().items() if name not in _STANDING}
    return sources | {HISTORY: sources[SNAPSHOT]}


def _late_files(home: Home, later: list[DeliveryRecord], source: Source) -> list[_LateFile]:
    return [
        _LateFile(home.root / entry.raw_file, entry.raw_sha256, entry.corrects_business_date)
        for record in later
        for entry in record.sources
        if entry.source == source.name and entry.raw_file and entry.raw_sha256 is not None
    ]


def _day_of(source: Source) -> str | None:
    return "local_date" if source.local_of else _DAY.get(source.name)


def _speaks_of(file: _LateFile, relation: str, source: Source, night: NightParameters, void: frozenset[date]) -> bool:
    """Whether a late file can hold rows for the night's relation."""
    tonight, corrected = night.business_date, file.corrected
    if corrected is None:
        return _day_of(source) is not None
    if corrected > tonight or (source.required and corrected in void):
        return False
    if relation == SNAPSHOT:
        before = night.previous_business_date or tonight - timedelta(days=1)
        return corrected > before
    if relation in (HISTORY, "related_product"):
        return corrected > tonight - timedelta(days=longest_window(source.name))
    return True


def _rows(source: Source, files: list[_LateFile], tonight: date) -> str | None:
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in raw_columns(source).items())
    parts = []
    for is_correction in (True, False):
        paths = ", ".join(path_to_read(file.path) for file in files if (file.corrected is not None) is is_correction)
        if paths:
            until = "true" if is_correction else f"{_day_of(source)} <= date '{tonight}'"
            parts.append(
                f"select {columns} from read_parquet([{paths}], hive_partitioning = false, union_by_name = true)"
                f" where {until}"
            )
    return " union all ".join(parts) or None


def with_heirs(connection: duckdb.DuckDBPyConnection, customers: frozenset[int], links: str | None) -> frozenset[int]:
    """Customers, together with those to whom their rows belong by now because of a merge or split.

    Args:
        links: query of the night's `customer_link`; None if its code had no such changes.
    """
    if links is None:
        return customers
    rows = connection.execute(f"select delivered_key, customer_key from ({links})").fetchall()
    return customers | {heir for delivered, heir in rows if delivered in customers}


def touched_customers(connection: duckdb.DuckDBPyConnection, late: dict[str, InputFile]) -> set[int]:
    """Customers whom a night's late rows concern: whom they name, whose accounts they name, and who shares a device."""
    customers: set[int] = set()
    for relation, file in late.items():
        rows = f"read_parquet({path_to_read(file.path)}, hive_partitioning = false)"
        columns = {row[0] for row in connection.execute(f"describe from {rows}").fetchall()}
        queries = []
        if "customer_key" in columns:
            queries.append(f"select customer_key from {rows} where customer_key is not null")
        if "account_key" in columns:
            owners = f"select account_key, customer_key from raw.{SNAPSHOT} union"
            owners += f" select account_key, customer_key from raw.{HISTORY}"
            queries.append(f"select owners.customer_key from ({owners}) as owners semi join {rows} using (account_key)")
        if "device_token" in columns:
            queries.append(f"select customer_key from {relation} semi join {rows} using (device_token)")
        for query in queries:
            customers |= {
                row[0] for row in connection.execute(f"select distinct customer_key from ({query})").fetchall()
            }
    return customers
