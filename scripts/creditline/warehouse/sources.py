"""What dbt reads: the night's parameters as rows, raw Parquet, earlier releases.

Everything is described first (warehouse/inputs.py) and lies in the scratch warehouse under fixed names, so that the compiled
SQL is the same every night.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from creditline.gate.record import DeliveryRecord, SourceRecord
from creditline.home import Home
from creditline.home.publications import void_dates
from creditline.landing.contract import Source, contract
from creditline.landing.manifest import naive_utc
from creditline.landing.rawtypes import raw_columns
from creditline.policy.calendar import Timetable
from creditline.warehouse.inputs import InputFile, Relation

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


def run_relations(night: NightParameters, sources: list[NightSource]) -> list[Relation]:
    """`run.night` and `run.night_source`."""
    is_first = night.previous_business_date is None
    return [
        Relation(
            "run.night",
            {
                "business_date": "date",
                "cut_off_at": "timestamp",
                "previous_business_date": "date",
                "is_first_night": "boolean",
                "is_void": "boolean",
                "home_name": "varchar",
            },
            rows=(
                (
                    night.business_date,
                    night.cut_off_at,
                    night.previous_business_date,
                    is_first,
                    night.is_void,
                    night.home_name,
                ),
            ),
        ),
        Relation(
            "run.night_source",
            {
                "source": "varchar",
                "is_expected": "boolean",
                "verdict": "varchar",
                "is_missing": "boolean",
                "is_distrusted": "boolean",
                "coverage_from_date": "date",
            },
            rows=tuple(
                (row.source, row.is_expected, row.verdict, row.is_missing, row.is_distrusted, row.coverage_from_date)
                for row in sources
            ),
        ),
    ]


def raw_relations(home: Home, records: list[DeliveryRecord], business_date: date) -> list[Relation]:
    """One relation a source in schema `raw` over the Parquet files that tonight can need.

    A raw file without a delivery record is what a killed gate left behind: it is not in the house yet.
    """
    void = void_dates(home, business_date - timedelta(days=RAW_REACH_DAYS), business_date)
    return [
        Relation(
            f"raw.{source.name}",
            raw_columns(source),
            # What made a night void is no evidence for the nights after it.
            _raw_files(home, source, records, business_date, void if source.required else frozenset()),
        )
        for source in contract().values()
    ]


def _raw_files(
    home: Home, source: Source, records: list[DeliveryRecord], business_date: date, left_out: frozenset[date]
) -> tuple[InputFile, ...]:
    earliest = business_date - timedelta(days=RAW_REACH_DAYS)
    files = [
        InputFile(home.root / entry.raw_file, entry.raw_sha256)
        for record in records
        if record.business_date <= business_date
        for entry in record.sources
        if entry.source == source.name
        and entry.raw_file
        and (entry.corrects_business_date or record.business_date) >= earliest
        and (entry.corrects_business_date or record.business_date) not in left_out
    ]
    return tuple(sorted(files, key=lambda file: file.path))


def released_relation(home: Home, business_date: date) -> Relation:
    """`release.adjustment`: the orders that earlier nights released."""
    # The record beside it is written last: orders without one never left.
    records = [
        (path, json.loads(path.read_text())) for path in sorted((home.releases / "limit_adjustments").glob("*.json"))
    ]
    files = tuple(
        InputFile(path.with_suffix(".parquet"), record["orders_sha256"])
        for path, record in records
        if date.fromisoformat(record["business_date"]) < business_date
    )
    return Relation("release.adjustment", RELEASED_COLUMNS, files)


RELEASED_COLUMNS = {
    "sequence": "bigint",
    "business_date": "date",
    "adjustment_id": "varchar",
    "account_key": "bigint",
    "action": "varchar",
    "old_limit_minor": "bigint",
    "new_limit_minor": "bigint",
}
