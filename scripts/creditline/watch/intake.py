"""Take in a delivery between nights: checked like a night's, as a whole or not at all, and for known customers only.

Our own SQL applies the rules of expectations/ here; Great Expectations counts the same rows again at night. No key is given
out, so that keys depend on nights alone. So a customer whom no night has named yet cannot be frozen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from creditline.gate.identity import identity, known_ids
from creditline.gate.inputs import delivery_record
from creditline.gate.quarantine import hold_rows, keep_quarantine
from creditline.gate.raw import write_raw
from creditline.gate.suites import load_suite
from creditline.gate.verdict import SourceVerdict, accepted_of, judge_source
from creditline.home import INTRADAY, Home
from creditline.home.database import connect_beside
from creditline.home.files import canonical_json, write_file
from creditline.landing.accept import Acceptance, AcceptedSource, accept_files, acceptance_of
from creditline.landing.contract import MANIFEST_FILE, Manifest, contract
from creditline.landing.files import FileRefused, check_unchanged
from creditline.landing.manifest import check_intraday, naive_utc, read_manifest
from creditline.store.record import DeliveryRecord, intraday_records, write_intraday_record

# How long a feed's last sequence is remembered.
_REMEMBERED_DAYS = 31
# Instants at the core have seconds.
_STEP = timedelta(seconds=1)
_TIME = re.compile(r"([01]\d|2[0-3])[0-5]\d")


@dataclass(frozen=True)
class Arrival:
    """A delivery under `landing/<business_date>/intraday/<at>/` that was not taken in yet."""

    business_date: date
    at: str
    directory: Path
    manifest: Manifest
    manifest_sha256: str


def arrivals(home: Home, business_date: date) -> tuple[list[Arrival], list[tuple[FileRefused, str]]]:
    """The deliveries there that were not taken in yet, by time of delivery, and the folders whose manifest cannot be read. A
    folder without a manifest is still being filled.
    """
    known = {record.manifest_sha256 for record in _earlier(home, business_date)}
    found, unreadable = [], []
    for folder in sorted((home.landing / str(business_date) / INTRADAY).glob("*")):
        if not _TIME.fullmatch(folder.name) or not (folder / MANIFEST_FILE).exists():
            continue
        try:
            manifest, sha256 = read_manifest(folder, is_intraday=True)
        except FileRefused as error:
            unreadable.append((error, folder.name))
            continue
        if sha256 not in known:
            found.append(Arrival(business_date, folder.name, folder, manifest, sha256))
    return sorted(found, key=lambda arrival: naive_utc(arrival.manifest.delivered_at)), unreadable


def take_in(home: Home, arrival: Arrival, scratch: Path, latest: datetime | None) -> DeliveryRecord:
    """Check a delivery and write its good rows to raw. Once its record is written, it is taken in.

    Args:
        latest: now; None if that is not known.

    Raises:
        FileRefused: it does not follow the last delivery, or one of its files is refused; nothing changed.
        IdentityBusy: a night gives out keys for longer than half a minute.
    """
    earlier = _earlier(home, arrival.business_date)
    check_intraday(home, arrival.manifest, arrival.business_date, arrival.at, earlier, latest)
    known_at = _known_at(arrival.manifest, earlier)
    database = scratch / f"{arrival.manifest.feed}-{arrival.manifest.sequence:06d}.duckdb"
    with connect_beside(home, scratch, str(database)) as connection:
        sources = accept_files(connection, arrival.directory, arrival.manifest, earlier, home, scratch)
        acceptance = acceptance_of(arrival.manifest, arrival.manifest_sha256, sources)
        verdicts = [_judge(home, connection, acceptance, arrival, entry) for entry in sources]
        for verdict in verdicts:
            keep_quarantine(home, connection, acceptance, verdict.entry, is_refused=False)
        known = replace(acceptance, delivered_at=known_at)
        raw, _ = write_raw(home, connection, known, list(sources), gives_keys=False)
    record = delivery_record(acceptance, verdicts, raw, {})
    if known_at != acceptance.delivered_at:
        record = replace(record, known_at=f"{known_at.isoformat()}Z")
    write_intraday_record(home, record)
    _refusal_file(home, arrival.business_date, arrival.at).unlink(missing_ok=True)
    return record


def _known_at(manifest: Manifest, earlier: list[DeliveryRecord]) -> datetime:
    """The time at which a delivery counts as known: its own time, or one second after a later delivery of another feed that
    was acted on already, so that it undoes nothing that was done since."""
    after_others = (record.instant + _STEP for record in earlier)
    return max([naive_utc(manifest.delivered_at), *after_others])


def keep_refusal(home: Home, business_date: date, at: str, error: FileRefused) -> None:
    """Leave the reason why a delivery between nights was refused: `quarantine/<date>/intraday/<HHMM>/refusal.json`."""
    refusal = {
        "business_date": str(business_date),
        "at": at,
        "file": error.file,
        "rule": error.rule,
        "reason": str(error),
    }
    write_file(_refusal_file(home, business_date, at), canonical_json(refusal))


def _earlier(home: Home, business_date: date) -> list[DeliveryRecord]:
    return intraday_records(home, business_date - timedelta(days=_REMEMBERED_DAYS))


def _refusal_file(home: Home, business_date: date, at: str) -> Path:
    return home.quarantine / str(business_date) / INTRADAY / at / "refusal.json"


def _judge(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, arrival: Arrival, entry: AcceptedSource
) -> SourceVerdict:
    """The verdict on one file. It must be a pass, because an untrusted file may freeze nobody."""
    if entry.refusal:
        raise FileRefused(entry.file, "refused", entry.refusal, "correct it and send it under the next sequence")
    verdict = judge_source(connection, entry, load_suite(entry.source), [], [], None)
    if verdict.verdict != "pass":
        keep_quarantine(home, connection, acceptance, entry, is_refused=True)
        reasons = "; ".join(verdict.reasons)
        raise FileRefused(entry.file, verdict.verdict, reasons, "correct it and send it under the next sequence")
    check_unchanged(arrival.directory / entry.file, entry.file, entry.identity)
    return _without_strangers(home, connection, verdict)


def _without_strangers(home: Home, connection: duckdb.DuckDBPyConnection, verdict: SourceVerdict) -> SourceVerdict:
    """The verdict after rows with ids that no night has named went to quarantine; the night's own delivery brings them again."""
    entry = verdict.entry
    names = [column.name for column in contract()[entry.source].columns]
    notes = []
    with identity(connection, home):
        for subject in ("account", "customer"):
            column = f"{subject}_id"
            if column in names:
                known = f"(select id from {known_ids(subject)})"
                strangers = f"{column} is not null and {column} not in {known}"
                held = hold_rows(connection, entry.relation, f"unknown_{subject}", column, strangers)
                notes += [f"unknown_{subject}: {held} rows in quarantine"] if held else []
    if not notes:
        return verdict
    rows, totals = accepted_of(connection, entry)
    return replace(
        verdict,
        reasons=(*verdict.reasons, *notes),
        accepted_rows=rows,
        quarantined_rows=entry.delivered_rows - rows,
        accepted_totals=totals,
    )
