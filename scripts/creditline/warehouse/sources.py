"""What dbt reads: the night's parameters as rows, raw Parquet as views, carried state, packs, earlier releases.

Everything lies in the scratch warehouse under fixed names, so that the compiled SQL is the same every night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from creditline.gate.record import DeliveryRecord, SourceRecord
from creditline.home import Home
from creditline.home.publications import void_dates
from creditline.landing.contract import Source, contract
from creditline.landing.manifest import naive_utc
from creditline.landing.rawtypes import raw_columns
from creditline.policy.calendar import Timetable
from creditline.warehouse.parquet import lay_parquet

# No feature looks further back than 180 days; instalment plans and first deliveries reach 400 (blueprint of landing).
RAW_REACH_DAYS = 400


@dataclass(frozen=True)
class NightParameters:
    """The one row of `run.night`."""

    business_date: date
    cut_off_at: datetime
    previous_business_date: date | None
    is_void: bool
    home_name: str


@dataclass(frozen=True)
class NightSource:
    """One row of `run.night_source`: what tonight may believe of one source."""

    source: str
    is_expected: bool
    verdict: str
    is_missing: bool
    is_distrusted: bool
    coverage_from_date: date | None


def night_sources(
    home: Home, records: list[DeliveryRecord], business_date: date, timetable: Timetable
) -> list[NightSource]:
    """Verdict and coverage of every source of the contract on one night, from all deliveries up to that night."""
    known = [record for record in records if record.business_date <= business_date]
    return [_night_source(home, source, known, business_date, timetable) for source in contract()]


def has_void_snapshot(sources: list[NightSource]) -> bool:
    """Whether a night is void: its account snapshot, the one required source, cannot be trusted."""
    return any(row.is_distrusted for row in sources if contract()[row.source].required)


def _night_source(
    home: Home, source: str, records: list[DeliveryRecord], business_date: date, timetable: Timetable
) -> NightSource:
    deliveries = [
        (record, entry)
        for record in records
        for entry in record.sources
        if entry.source == source and entry.corrects_business_date is None
    ]
    accepted = [(record.business_date, entry) for record, entry in deliveries if entry.verdict != "refuse"]
    tonight = [
        _verdict(record, entry, timetable) for record, entry in deliveries if record.business_date == business_date
    ]
    is_expected = source in home.settings.expected_sources
    is_missing = not is_expected and not deliveries
    verdict = _worst(tonight) if tonight else "missing"
    return NightSource(
        source=source,
        is_expected=is_expected,
        verdict=verdict,
        is_missing=is_missing,
        is_distrusted=not is_missing and verdict != "pass",
        coverage_from_date=min((entry.coverage_from or day for day, entry in accepted), default=None),
    )


def _verdict(record: DeliveryRecord, entry: SourceRecord, timetable: Timetable) -> str:
    """The gate's verdict; a source that passed and yet came too late, or in its maintenance, says so instead."""
    if entry.verdict != "pass":
        return entry.verdict
    if entry.source in timetable.in_maintenance:
        return "maintenance"
    delivered_at = naive_utc(datetime.fromisoformat(record.delivered_at))
    return "late" if timetable.is_late(entry.source, delivered_at) else "pass"


def _worst(verdicts: list[str]) -> str:
    return max(verdicts, key=["pass", "late", "maintenance", "distrust", "refuse"].index)


def lay_run(connection: duckdb.DuckDBPyConnection, night: NightParameters, sources: list[NightSource]) -> None:
    """Create `run.night` and `run.night_source`."""
    connection.execute("create schema if not exists run")
    connection.execute(
        "create table run.night (business_date date, cut_off_at timestamp, previous_business_date date,"
        " is_first_night boolean, is_void boolean, home_name varchar)"
    )
    connection.execute(
        "insert into run.night values (?, ?, ?, ?, ?, ?)",
        [
            night.business_date,
            night.cut_off_at,
            night.previous_business_date,
            night.previous_business_date is None,
            night.is_void,
            night.home_name,
        ],
    )
    connection.execute(
        "create table run.night_source (source varchar, is_expected boolean, verdict varchar, is_missing boolean,"
        " is_distrusted boolean, coverage_from_date date)"
    )
    connection.executemany(
        "insert into run.night_source values (?, ?, ?, ?, ?, ?)",
        [
            [row.source, row.is_expected, row.verdict, row.is_missing, row.is_distrusted, row.coverage_from_date]
            for row in sources
        ],
    )


def lay_raw(
    connection: duckdb.DuckDBPyConnection, home: Home, records: list[DeliveryRecord], business_date: date
) -> None:
    """Create one view a source in schema `raw` over the Parquet files that tonight can need.

    A raw file without a delivery record is what a killed gate left behind: it is not in the house yet.
    """
    connection.execute("create schema if not exists raw")
    void = void_dates(home, business_date - timedelta(days=RAW_REACH_DAYS), business_date)
    for source in contract().values():
        # What made a night void is no evidence for the nights after it.
        files = _raw_files(home, source, records, business_date, void if source.required else frozenset())
        lay_parquet(connection, f"raw.{source.name}", files, raw_columns(source))


def _raw_files(
    home: Home, source: Source, records: list[DeliveryRecord], business_date: date, left_out: frozenset[date]
) -> list[Path]:
    earliest = business_date - timedelta(days=RAW_REACH_DAYS)
    return sorted(
        home.root / entry.raw_file
        for record in records
        if record.business_date <= business_date
        for entry in record.sources
        if entry.source == source.name
        and entry.raw_file
        and (entry.corrects_business_date or record.business_date) >= earliest
        and (entry.corrects_business_date or record.business_date) not in left_out
    )


def lay_released(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """Create `release.adjustment`: the orders that earlier nights released."""
    connection.execute("create schema if not exists release")
    # The record beside it is written last: orders without one never left.
    records = sorted((home.releases / "limit_adjustments").glob("*.json"))
    files = [record.with_suffix(".parquet") for record in records]
    lay_parquet(connection, "release.released", files, RELEASED_COLUMNS)
    connection.execute(
        "create view release.adjustment as"
        f" select * from release.released where business_date < date '{business_date.isoformat()}'"
    )


RELEASED_COLUMNS = {
    "sequence": "bigint",
    "business_date": "date",
    "adjustment_id": "varchar",
    "account_key": "bigint",
    "action": "varchar",
    "old_limit_minor": "bigint",
    "new_limit_minor": "bigint",
}
