"""The delivery record: what of a delivery is in the house, for good, and why the rest is not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from creditline.home import Home
from creditline.home.files import canonical_json, write_file


@dataclass(frozen=True)
class SourceRecord:
    """One source of a delivery. Totals are decimals as text, by column."""

    source: str
    file: str
    file_sha256: str
    verdict: str
    reasons: tuple[str, ...]
    delivered_rows: int
    accepted_rows: int
    quarantined_rows: int
    delivered_totals: dict[str, str]
    accepted_totals: dict[str, str]
    quarantined_totals: dict[str, str]
    coverage_from: date | None
    corrects_business_date: date | None
    raw_file: str | None
    raw_sha256: str | None


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery that passed the gate. Deterministic content only; times are those of the manifest, UTC."""

    feed: str
    sequence: int
    business_date: date
    manifest_sha256: str
    delivered_at: str
    cutoff_at: str
    sources: tuple[SourceRecord, ...]

    def as_json(self) -> dict[str, object]:
        """The record as plain JSON values."""
        return json.loads(json.dumps(asdict(self), default=str))


def record_file(home: Home, business_date: date, feed: str, sequence: int) -> Path:
    """Where the record of one delivery lies."""
    return home.raw / "_deliveries" / f"business_date={business_date}" / f"{feed}-{sequence:06d}.json"


def write_record(home: Home, record: DeliveryRecord) -> None:
    """Keep a record; from this instant on the delivery is in the house."""
    write_file(record_file(home, record.business_date, record.feed, record.sequence), canonical_json(record.as_json()))


def delivery_records(home: Home) -> list[DeliveryRecord]:
    """Every delivery in the house, by business date, feed and sequence."""
    files = sorted((home.raw / "_deliveries").glob("business_date=*/*.json"))
    return [_read(path) for path in files if not path.name.startswith(".")]


def _read(path: Path) -> DeliveryRecord:
    record = json.loads(path.read_text())
    record["business_date"] = date.fromisoformat(record["business_date"])
    record["sources"] = tuple(_read_source(entry) for entry in record["sources"])
    return DeliveryRecord(**record)


def _read_source(entry: dict) -> SourceRecord:
    for name in ("coverage_from", "corrects_business_date"):
        entry[name] = date.fromisoformat(entry[name]) if entry[name] else None
    return SourceRecord(**{**entry, "reasons": tuple(entry["reasons"])})
