"""Acceptance: check a delivery's manifest, hashes, columns and types, or refuse it with a reason that a person can act on.

The rows are loaded into a temporary database and converted to types by rule. It still holds the core's ids and is deleted
after the gate; until then nothing else has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from pydantic import TypeAdapter

from creditline.errors import CreditlineError
from creditline.home import SETTINGS_FILE, Home
from creditline.home.database import connect_within
from creditline.home.files import FileIdentity, canonical_json, clear_directory, write_file
from creditline.home.proof import NotGenuine, read_signed, write_signed
from creditline.home.scratch import is_untouched, seal_of
from creditline.home.skips import skipped_dates
from creditline.landing.contract import DeliveredSource, Manifest, contract
from creditline.landing.expected import require_known_sources
from creditline.landing.files import FileRefused
from creditline.landing.manifest import (
    check_feed,
    check_follows,
    check_night,
    check_not_repeated,
    naive_utc,
    read_manifest,
    replaced_by,
)
from creditline.landing.rows import check_counts, land, reading
from creditline.landing.typing import type_rows
from creditline.store.record import DeliveryRecord, delivery_records


class DeliveryRefused(CreditlineError):
    """The delivery is refused as a whole; nothing has changed except the reason left in quarantine."""


@dataclass(frozen=True)
class AcceptedSource:
    """One file of a delivery in the temporary database, or the reason why it was refused.

    `relation` names its tables there; `unread_rows` counts lines that are not rows; `identity` is that of the file.
    """

    source: str
    relation: str
    file: str
    file_sha256: str
    is_typed: bool
    delivered_rows: int
    delivered_totals: dict[str, Decimal]
    unread_rows: int
    refusal: str | None
    notes: tuple[str, ...]
    identity: FileIdentity
    coverage_from: date | None
    corrects_business_date: date | None

    @property
    def is_required(self) -> bool:
        """Whether the night cannot be decided without this file. A correction of an earlier night is never required."""
        return contract()[self.source].required and self.corrects_business_date is None


@dataclass(frozen=True)
class Acceptance:
    """What acceptance hands to the gate. `is_known`: the very same delivery was taken in before, so nothing is left to do."""

    business_date: date
    feed: str
    sequence: int
    manifest_sha256: str
    delivered_at: datetime
    cutoff_at: datetime
    sources: tuple[AcceptedSource, ...]
    is_known: bool = False


_ACCEPTANCE = TypeAdapter(Acceptance)


def scratch_file(home: Home, business_date: date) -> Path:
    """The scratch database between acceptance and gate."""
    return home.warehouse / "accept" / f"{business_date}.duckdb"


def accept(home: Home, business_date: date) -> Acceptance:
    """Take in the delivery of one business date; safe to repeat.

    Raises:
        DeliveryRefused: the manifest or account_snapshot is refused; quarantine/<date>/refusal.json says why.
        UsageError: the home expects a source that the contract does not have.
    """
    require_known_sources(home.settings.expected_sources, f"{home.root / SETTINGS_FILE}: expected_sources")
    try:
        return _accept(home, business_date)
    except FileRefused as error:
        keep_refusal(home, business_date, error.file, error.rule, str(error))
        raise DeliveryRefused(f"night {business_date}: {error}") from error


def keep_refusal(home: Home, business_date: date, file: str, rule: str, reason: str) -> None:
    """Leave the reason why a night's delivery was refused where `status` and people look for it."""
    refusal = {"business_date": str(business_date), "file": file, "rule": rule, "reason": reason}
    write_file(_refusal_file(home, business_date), canonical_json(refusal))


def clear_refusal(home: Home, business_date: date) -> None:
    """Delete the reason, after the night's delivery was taken in."""
    _refusal_file(home, business_date).unlink(missing_ok=True)


def read_acceptance(home: Home, business_date: date) -> Acceptance | None:
    """What acceptance handed to the gate of this night, if it is still there. If somebody else wrote to it, it is made again.

    Raises:
        DeliveryRefused: as `accept`.
    """
    path = _record_file(home, business_date)
    if not path.is_file() or not scratch_file(home, business_date).is_file():
        return None
    try:
        record = read_signed(home, path)
    except NotGenuine:
        return accept(home, business_date)
    if not is_untouched(home, record["seal"]):
        return accept(home, business_date)
    return _ACCEPTANCE.validate_python(record["acceptance"])


def _accept(home: Home, business_date: date) -> Acceptance:
    directory = home.landing / str(business_date)
    manifest, manifest_sha256 = read_manifest(directory)
    check_night(home, manifest, business_date)
    records = delivery_records(home)
    scratch = clear_directory(home.warehouse / "accept")
    if any(record.manifest_sha256 == manifest_sha256 for record in records):
        return acceptance_of(manifest, manifest_sha256, (), is_known=True)
    check_feed(home, manifest, records)
    replaced = replaced_by(home, manifest, records)
    records = [record for record in records if record is not replaced]
    check_follows(manifest, records, skipped_dates(home))
    with connect_within(home, str(scratch_file(home, business_date))) as connection:
        sources = accept_files(connection, directory, manifest, records, home, scratch)
    acceptance = acceptance_of(manifest, manifest_sha256, sources)
    record = {
        "acceptance": _ACCEPTANCE.dump_python(acceptance, mode="json"),
        "seal": seal_of(home, [scratch_file(home, business_date)]),
    }
    write_signed(home, _record_file(home, business_date), record)
    return acceptance


def accept_files(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    manifest: Manifest,
    records: list[DeliveryRecord],
    home: Home,
    scratch: Path,
) -> tuple[AcceptedSource, ...]:
    """Load and type every file of a delivery in a temporary database, or record why a file is refused.

    Args:
        directory: the delivery.
        records: the deliveries whose files may not come again.
        scratch: an existing folder for what must be unpacked.

    Raises: FileRefused if it is a required one.
    """
    sources = tuple(
        _accept_source(connection, directory, entry, manifest, records, home, scratch) for entry in manifest.sources
    )
    for unpacked in scratch.glob("*.csv"):
        unpacked.unlink()
    return sources


def _accept_source(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    entry: DeliveredSource,
    manifest: Manifest,
    records: list[DeliveryRecord],
    home: Home,
    scratch: Path,
) -> AcceptedSource:
    try:
        check_not_repeated(entry, records)
        return _take_in(connection, directory, entry, manifest, home, scratch)
    except FileRefused as error:
        refused = _accepted(entry, refusal=str(error))
        if refused.is_required:
            raise
        return refused


def _take_in(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    entry: DeliveredSource,
    manifest: Manifest,
    home: Home,
    scratch: Path,
) -> AcceptedSource:
    source = contract()[entry.source]
    known_at = naive_utc(manifest.delivered_at)
    local = known_at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(home.settings.time_zone))
    plain = land(connection, directory, entry, source, scratch)
    with reading(entry):
        unread = check_counts(connection, entry, source)
        type_rows(connection, entry, source, plain.columns, known_at=known_at, known_date=local.date())
    return _accepted(entry, unread_rows=unread, notes=plain.notes, identity=plain.identity)


def _accepted(
    entry: DeliveredSource,
    *,
    unread_rows: int = 0,
    refusal: str | None = None,
    notes: tuple[str, ...] = (),
    identity: FileIdentity = (),
) -> AcceptedSource:
    return AcceptedSource(
        source=entry.source,
        relation=entry.relation,
        file=entry.file,
        file_sha256=entry.sha256,
        is_typed=entry.is_typed,
        delivered_rows=entry.rows,
        delivered_totals=dict(sorted(entry.totals.items())),
        unread_rows=unread_rows,
        refusal=refusal,
        notes=notes,
        identity=identity,
        coverage_from=entry.coverage_from,
        corrects_business_date=entry.corrects_business_date,
    )


def acceptance_of(
    manifest: Manifest, manifest_sha256: str, sources: tuple[AcceptedSource, ...], *, is_known: bool = False
) -> Acceptance:
    """What acceptance hands to the gate."""
    return Acceptance(
        business_date=manifest.business_date,
        feed=manifest.feed,
        sequence=manifest.sequence,
        manifest_sha256=manifest_sha256,
        delivered_at=naive_utc(manifest.delivered_at),
        cutoff_at=naive_utc(manifest.cutoff_at),
        sources=sources,
        is_known=is_known,
    )


def _refusal_file(home: Home, business_date: date) -> Path:
    return home.quarantine / str(business_date) / "refusal.json"


def _record_file(home: Home, business_date: date) -> Path:
    return scratch_file(home, business_date).with_suffix(".json")
