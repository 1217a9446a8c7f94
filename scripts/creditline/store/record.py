"""The delivery record: what was taken in of a delivery, and why the rest was not."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from creditline.home import Home
from creditline.home.files import Json, move_into_place
from creditline.home.proof import NotGenuine, read_signed, write_signed
from creditline.home.restatements import voided_dates
from creditline.home.undone import undone_dates

# Files whose names begin with a dot are not records.
_WITHDRAWN = ".withdrawn-"


@dataclass(frozen=True)
class SourceRecord:
    """One source of a delivery. Totals are decimals as text, by column. Of `distrusted_columns` the values of the last trusted
    night stand."""

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
    distrusted_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery that passed the gate. Deterministic content only; times are those of the manifest, UTC.

    `last_keys` are the highest keys that were given out by then, by subject; of a delivery between nights, which gives none, it is
    empty. `known_at` is set if a delivery between nights came after a later one of another feed; its rows count from then on.
    """

    feed: str
    sequence: int
    business_date: date
    manifest_sha256: str
    delivered_at: str
    cutoff_at: str
    sources: tuple[SourceRecord, ...]
    last_keys: dict[str, int] = field(default_factory=dict)
    known_at: str | None = None

    @property
    def instant(self) -> datetime:
        """When its rows became known, as naive UTC."""
        return datetime.fromisoformat(self.known_at or self.delivered_at).astimezone(UTC).replace(tzinfo=None)

    def as_json(self) -> Json:
        """The record as plain JSON values."""
        content = asdict(self)
        if self.known_at is None:
            del content["known_at"]
        plain: Json = json.loads(json.dumps(content, default=str))
        return plain


def record_file(home: Home, business_date: date, feed: str, sequence: int) -> Path:
    """Where the record of one delivery lies."""
    return home.raw / "_deliveries" / f"business_date={business_date}" / f"{feed}-{sequence:06d}.json"


def quarantine_folder(home: Home, business_date: date, feed: str, sequence: int) -> Path:
    """The folder of the held rows of one delivery."""
    return home.quarantine / str(business_date) / f"{feed}-{sequence:06d}"


def write_record(home: Home, record: DeliveryRecord) -> None:
    """Write a record; from then on the delivery counts as taken in."""
    target = record_file(home, record.business_date, record.feed, record.sequence)
    write_signed(home, target, record.as_json())


def delivery_records(home: Home) -> list[DeliveryRecord]:
    """Every night's delivery that was taken in, by business date, feed and sequence. Raises NotGenuine."""
    return [
        record for day in sorted((home.raw / "_deliveries").glob("business_date=*")) for record in _read_all(home, day)
    ]


def counting_records(home: Home) -> list[DeliveryRecord]:
    """Every night's delivery that was taken in, without what two people declared void. Raises NotGenuine."""
    return counting(delivery_records(home), voided_dates(home), undone_dates(home))


def counting(
    records: Iterable[DeliveryRecord],
    voided: Collection[date],
    undone: Collection[date],
    shown: date | None = None,
) -> list[DeliveryRecord]:
    """Records of deliveries without the rows that count no more.

    Changes of ids stay, unless they were taken back: the deliveries after them call people by the new ids.

    Args:
        voided: nights that two people declared void.
        undone: those of them whose changes of ids were taken back.
        shown: the void night that is computed; it still lists the accounts of its own snapshot.
    """

    def stays(day: date, entry: SourceRecord) -> bool:
        if day not in voided:
            return True
        if entry.source == "id_change":
            return day not in undone
        return day == shown and entry.source == "account_snapshot" and entry.corrects_business_date is None

    return [
        replace(record, sources=tuple(entry for entry in record.sources if stays(record.business_date, entry)))
        for record in records
    ]


def evidence_folder(home: Home, business_date: date) -> Path:
    """What the gate found in a night's delivery, kept until the night publishes it: `gate_inputs.json` has the result of each
    expectation, `figures.json` each figure with its bounds."""
    return home.raw / "_evidence" / f"business_date={business_date}"


def figures_file(home: Home, business_date: date, feed: str, sequence: int) -> Path:
    """The figures of one night's delivery that later nights are compared with."""
    return home.raw / "_figures" / f"business_date={business_date}" / f"{feed}-{sequence:06d}.json"


def keys_given(home: Home) -> dict[str, int]:
    """The highest keys in the record of the newest night's delivery, by subject. Raises NotGenuine."""
    days = sorted((home.raw / "_deliveries").glob("business_date=*"), reverse=True)
    newest = next((records for day in days if (records := _read_all(home, day))), [])
    return newest[-1].last_keys if newest else {}


def is_told(home: Home, business_date: date) -> bool:
    """Whether a night's delivery is final, because its night or a later one is published."""
    return any(day >= business_date for day in home.published_dates())


def withdraw_record(home: Home, record: DeliveryRecord) -> None:
    """Withdraw a night's delivery: it no longer counts as taken in. `withdrawn_records` names what it left."""
    path = record_file(home, record.business_date, record.feed, record.sequence)
    move_into_place(path, path.with_name(f"{_WITHDRAWN}{path.name}"))


def withdrawn_records(home: Home, business_date: date) -> dict[Path, DeliveryRecord]:
    """Withdrawn deliveries of a night, by the file that is deleted last, after all that they left."""
    folder = home.raw / "_deliveries" / f"business_date={business_date}"
    return {path: _read(home, path) for path in sorted(folder.glob(f"{_WITHDRAWN}*.json"))}


def intraday_record_file(home: Home, business_date: date, feed: str, sequence: int) -> Path:
    """The file of the record of one delivery between nights."""
    return home.raw / "_intraday" / f"business_date={business_date}" / f"{feed}-{sequence:06d}.json"


def write_intraday_record(home: Home, record: DeliveryRecord) -> None:
    """Write the record of a delivery between nights; from then on it counts as taken in."""
    target = intraday_record_file(home, record.business_date, record.feed, record.sequence)
    write_signed(home, target, record.as_json())


def intraday_records(home: Home, after: date) -> list[DeliveryRecord]:
    """The deliveries between nights that were taken in for days after a date, by the time at which they became known.

    Only the night's own delivery says whether the night may trust a source. It brings their rows again, so they are not read
    after that night was decided.
    """
    days = [path for path in (home.raw / "_intraday").glob("business_date=*") if _day_of(path) > after]
    records = [record for day in days for record in _read_all(home, day)]
    return sorted(records, key=lambda record: record.instant)


def _day_of(partition: Path) -> date:
    return date.fromisoformat(partition.name.removeprefix("business_date="))


def last_closed_day(home: Home) -> date | None:
    """The last business date that is closed for deliveries between nights, because its night reads it."""
    path = closed_file(home)
    return date.fromisoformat(read_signed(home, path)["business_date"]) if path.is_file() else None


def close_day(home: Home, business_date: date) -> None:
    """Close this business date for deliveries between nights."""
    closed = last_closed_day(home)
    if closed is None or closed < business_date:
        write_signed(home, closed_file(home), {"business_date": str(business_date)})


def closed_file(home: Home) -> Path:
    """The mark of the last closed day, the only file under `raw` that is written again."""
    return home.raw / "_intraday" / "closed"


def _read_all(home: Home, folder: Path) -> list[DeliveryRecord]:
    files = sorted(folder.glob("*.json"))
    return [_read(home, path) for path in files if not path.name.startswith(".")]


def _read(home: Home, path: Path) -> DeliveryRecord:
    read = record_of(read_signed(home, path))
    if (path.parent.name, path.stem.removeprefix(_WITHDRAWN)) != (
        f"business_date={read.business_date}",
        f"{read.feed}-{read.sequence:06d}",
    ):
        raise NotGenuine(f"{path} is the record of {read.feed} {read.sequence}; restore it from a backup")
    return read


def record_of(said: Json) -> DeliveryRecord:
    """A record from its plain JSON values."""
    dated = {"business_date": date.fromisoformat(said["business_date"])}
    return DeliveryRecord(**said | dated | {"sources": tuple(_read_source(entry) for entry in said["sources"])})


def _read_source(said: Json) -> SourceRecord:
    entry = dict(said)
    for name in ("coverage_from", "corrects_business_date"):
        entry[name] = date.fromisoformat(entry[name]) if entry[name] else None
    entry["distrusted_columns"] = tuple(entry.get("distrusted_columns", ()))
    return SourceRecord(**{**entry, "reasons": tuple(entry["reasons"])})
