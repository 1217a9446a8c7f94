"""Acceptance: a delivery is whole, known, hashed and typed, or it is refused with a reason a person can act on.

Rows land in a scratch database of their own, as text, and are typed there by rule. It still holds the core's ids and
lives only until the gate is through; nothing else has been touched by then.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
from pydantic import ValidationError

from creditline.errors import CreditlineError
from creditline.gate.record import DeliveryRecord, delivery_records
from creditline.home import Home
from creditline.home.files import canonical_json, clear_directory, sha256_of, write_file
from creditline.landing.contract import MANIFEST_FILE, DeliveredSource, Manifest, Source, contract, contract_version
from creditline.landing.files import FileRefused, PlainFile, check_file
from creditline.landing.parquet import check_parquet, parquet_as_text
from creditline.landing.typing import type_rules

_MAX_LINE = 1 << 16


class DeliveryRefused(CreditlineError):
    """Nothing of a delivery is taken in; nothing has changed but the reason left in quarantine."""


@dataclass(frozen=True)
class AcceptedSource:
    """One source of a delivery as it stands in the scratch database, or why it does not."""

    source: str
    file: str
    file_sha256: str
    delivered_rows: int
    delivered_totals: dict[str, str]
    unread_rows: int
    refusal: str | None
    notes: tuple[str, ...]
    coverage_from: str | None
    corrects_business_date: str | None


@dataclass(frozen=True)
class Acceptance:
    """What acceptance leaves for the gate. `is_known`: this very delivery was taken in before."""

    business_date: date
    feed: str
    sequence: int
    manifest_sha256: str
    delivered_at: datetime
    cutoff_at: datetime
    sources: tuple[AcceptedSource, ...]
    is_known: bool = False


def scratch_file(home: Home, business_date: date) -> Path:
    """The scratch database between acceptance and gate."""
    return home.warehouse / "accept" / f"{business_date}.duckdb"


def accept(home: Home, business_date: date) -> Acceptance:
    """Take in the delivery of one business date.

    Raises:
        DeliveryRefused: manifest or account_snapshot cannot be believed; quarantine/<date>/refusal.json says why.
    """
    try:
        return _accept(home, business_date)
    except FileRefused as error:
        reason = {"business_date": str(business_date), "file": error.file, "rule": error.rule, "reason": str(error)}
        write_file(home.quarantine / str(business_date) / "refusal.json", canonical_json(reason))
        raise DeliveryRefused(f"night {business_date}: {error}") from error


def _accept(home: Home, business_date: date) -> Acceptance:
    directory = home.landing / str(business_date)
    manifest, manifest_sha256 = read_manifest(directory)
    _check_manifest(home, manifest, business_date)
    if _is_known(manifest, manifest_sha256, delivery_records(home)):
        return _acceptance(manifest, manifest_sha256, (), is_known=True)
    scratch = clear_directory(home.warehouse / "accept")
    with duckdb.connect(str(scratch_file(home, business_date))) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set memory_limit = '{home.settings.memory_limit}'")
        sources = tuple(
            _accept_source(connection, directory, entry, manifest, scratch, home) for entry in manifest.sources
        )
    acceptance = _acceptance(manifest, manifest_sha256, sources)
    write_file(_record_file(home, business_date), canonical_json(_as_json(acceptance)))
    return acceptance


def read_manifest(directory: Path) -> tuple[Manifest, str]:
    """The manifest of a delivery folder and its sha256. Raises FileRefused."""
    path = directory / MANIFEST_FILE
    if not path.is_file():
        raise FileRefused(MANIFEST_FILE, "manifest_missing", f"{directory} has none", "deliver it with its manifest")
    try:
        return Manifest(**json.loads(path.read_text())), sha256_of(path)
    except (ValidationError, ValueError, TypeError) as error:
        first = str(error).splitlines()
        raise FileRefused(MANIFEST_FILE, "manifest", " ".join(first[:3])) from error


def _check_manifest(home: Home, manifest: Manifest, business_date: date) -> None:
    if manifest.contract_version != contract_version():
        raise FileRefused(
            MANIFEST_FILE, "contract_version", f"is {manifest.contract_version}, {contract_version()} is expected"
        )
    if manifest.business_date != business_date:
        raise FileRefused(
            MANIFEST_FILE, "business_date", f"says {manifest.business_date}, the folder is {business_date}"
        )
    if naive_utc(manifest.delivered_at) > home.cut_off_at(business_date):
        raise FileRefused(
            MANIFEST_FILE,
            "late",
            f"delivered at {manifest.delivered_at}, after the cut-off {home.cut_off_at(business_date)}Z",
            "take it in by a restatement",
        )
    names = [(entry.source, entry.corrects_business_date) for entry in manifest.sources]
    for name, _ in names:
        if name not in contract():
            raise FileRefused(MANIFEST_FILE, "source", f"'{name}' is no source of the contract")
    if len(set(names)) != len(names):
        raise FileRefused(MANIFEST_FILE, "source", "a source stands twice")
    for source in contract().values():
        if source.required and (source.name, None) not in names:
            raise FileRefused(MANIFEST_FILE, "required_source", f"{source.name} is not delivered")


def _is_known(manifest: Manifest, manifest_sha256: str, records: list[DeliveryRecord]) -> bool:
    """Sequence rules of a feed: every delivery once, in order, none left out."""
    earlier = [record for record in records if record.feed == manifest.feed]
    for record in earlier:
        if record.manifest_sha256 == manifest_sha256:
            return True
        if record.sequence == manifest.sequence or record.business_date == manifest.business_date:
            raise FileRefused(
                MANIFEST_FILE,
                "sequence_conflict",
                f"feed {manifest.feed} already delivered {record.sequence} for {record.business_date} with other content",
                "send a correction under the next sequence",
            )
    last = max((record.sequence for record in earlier), default=None)
    if last is not None and manifest.sequence != last + 1:
        raise FileRefused(
            MANIFEST_FILE,
            "sequence",
            f"feed {manifest.feed} stands at {last}, this is {manifest.sequence}",
            f"deliver {last + 1} first",
        )
    known = {entry.file_sha256: record for record in records for entry in record.sources}
    for entry in manifest.sources:
        record = known.get(entry.sha256)
        # An empty events file has the same bytes every night.
        if record and entry.rows > 0:
            raise FileRefused(entry.file, "duplicate", f"the same bytes were taken in for {record.business_date}")
    return False


def _accept_source(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    entry: DeliveredSource,
    manifest: Manifest,
    scratch: Path,
    home: Home,
) -> AcceptedSource:
    source = contract()[entry.source]
    try:
        plain, unread = land(connection, directory, entry, source, scratch)
        type_rows(connection, entry, source, plain.columns)
    except FileRefused as error:
        if source.required and entry.corrects_business_date is None:
            raise
        return _accepted(entry, 0, str(error), ())
    return _accepted(entry, unread, None, plain.notes)


def land(
    connection: duckdb.DuckDBPyConnection, directory: Path, entry: DeliveredSource, source: Source, scratch: Path
) -> tuple[PlainFile, int]:
    """Check one file and land its rows as text in `landed_<source>` with `source_row`.

    Returns: the checked file, and how many of its lines could not be read as rows (kept in `unread_<source>`).
    Raises: FileRefused.
    """
    plain = check_file(directory, entry, source, scratch)
    if entry.format == "parquet":
        plain = check_parquet(plain, entry, source)
        parquet_as_text(connection, plain, entry, source)
        unread = 0
    else:
        unread = _land_csv(connection, plain, entry)
    _check_counts(connection, entry, source, unread)
    return plain, unread


def _land_csv(connection: duckdb.DuckDBPyConnection, plain: PlainFile, entry: DeliveredSource) -> int:
    columns = ", ".join(f"'{name}': 'varchar'" for name in plain.columns)
    for table in (f"landed_{entry.source}", f"unread_{entry.source}", "rejected", "rejected_scan"):
        connection.execute(f"drop table if exists {table}")
    try:
        connection.execute(
            f"create table landed_{entry.source} as select row_number() over () as source_row, *"
            f" from read_csv('{plain.path}', columns = {{{columns}}}, auto_detect = false, header = true, delim = ',',"
            f" quote = '\"', escape = '\"', strict_mode = true, null_padding = false, max_line_size = {_MAX_LINE},"
            " store_rejects = true, rejects_table = 'rejected', rejects_scan = 'rejected_scan')"
        )
    except duckdb.Error as error:
        raise FileRefused(entry.file, "unreadable", " ".join(str(error).split())[:200]) from error
    connection.execute(
        f"create table unread_{entry.source} as"
        " select line, any_value(csv_line) as raw_line, any_value(error_type)::varchar as error_type from rejected group by line"
    )
    return connection.execute(f"select count(*) from unread_{entry.source}").fetchone()[0]


def _check_counts(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource, source: Source, unread: int) -> None:
    landed = connection.execute(f"select count(*) from landed_{entry.source}").fetchone()[0]
    if landed + unread != entry.rows:
        raise FileRefused(
            entry.file, "row_count", f"the manifest says {entry.rows} rows, the file has {landed + unread}"
        )
    if entry.rows == 0 and source.kind == "full" and source.required:
        raise FileRefused(entry.file, "empty_snapshot", "a full snapshot without a row")
    missing = [name for name in source.totals if name not in entry.totals]
    if missing:
        raise FileRefused(entry.file, "totals", f"the manifest states no total of {', '.join(missing)}")
    if unread:
        return  # an unreadable line takes part in the sender's total; its amount is what is left over
    for name, total in landed_totals(connection, f"landed_{entry.source}", source).items():
        if total != entry.totals[name]:
            raise FileRefused(entry.file, "totals", f"{name} sums to {total}, the manifest says {entry.totals[name]}")


def landed_totals(connection: duckdb.DuckDBPyConnection, relation: str, source: Source) -> dict[str, Decimal]:
    """Control totals over text columns; what is no number counts as zero, as on the sender's side."""
    if not source.totals:
        return {}
    sums = ", ".join(
        f'coalesce(sum(try_cast("{name}" as decimal(38, 6))), 0)::decimal(38, 2)' for name in source.totals
    )
    return dict(zip(source.totals, connection.execute(f"select {sums} from {relation}").fetchone(), strict=True))


def type_rows(
    connection: duckdb.DuckDBPyConnection, entry: DeliveredSource, source: Source, columns: tuple[str, ...]
) -> None:
    """Type the landed rows by rule: `typed_<source>` for those that fit, `misfit_<source>` for the others.

    `misfit_` has source_row, rule, column_name, value; the first rule in contract order decides.
    """
    rules = type_rules(source, set(columns))
    name = entry.source
    rule = " ".join(f"when {rule.breaks} then {number}" for number, rule in enumerate(rules))
    connection.execute(f"drop table if exists judged_{name}")
    connection.execute(f"create temp table judged_{name} as select *, case {rule} end as broken from landed_{name}")
    names = "case broken " + " ".join(f"when {n} then '{rule.name}'" for n, rule in enumerate(rules)) + " end"
    column = "case broken " + " ".join(f"when {n} then '{rule.column}'" for n, rule in enumerate(rules)) + " end"
    value = "case broken " + " ".join(f'when {n} then "{rule.column}"' for n, rule in enumerate(rules)) + " end"
    connection.execute(
        f"create or replace table misfit_{name} as select source_row, {names} as rule, {column} as column_name,"
        f" {value} as value from judged_{name} where broken is not null"
    )
    absent = ", ".join(f'null as "{c.name}"' for c in source.columns if c.name not in columns)
    casts = ", ".join(f'{rule.cast} as "{rule.column}"' for rule in rules)
    connection.execute(
        f"create or replace table typed_{name} as select source_row, {casts}{', ' + absent if absent else ''}"
        f" from judged_{name} where broken is null"
    )
    connection.execute(f"drop table judged_{name}")


def naive_utc(moment: datetime) -> datetime:
    """A timestamp of a manifest as naive UTC; one without a zone is UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _accepted(entry: DeliveredSource, unread: int, refusal: str | None, notes: tuple[str, ...]) -> AcceptedSource:
    return AcceptedSource(
        source=entry.source,
        file=entry.file,
        file_sha256=entry.sha256,
        delivered_rows=entry.rows,
        delivered_totals={name: str(total) for name, total in sorted(entry.totals.items())},
        unread_rows=unread,
        refusal=refusal,
        notes=notes,
        coverage_from=str(entry.coverage_from) if entry.coverage_from else None,
        corrects_business_date=str(entry.corrects_business_date) if entry.corrects_business_date else None,
    )


def _acceptance(
    manifest: Manifest, manifest_sha256: str, sources: tuple[AcceptedSource, ...], *, is_known: bool = False
) -> Acceptance:
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


def _record_file(home: Home, business_date: date) -> Path:
    return scratch_file(home, business_date).with_suffix(".json")


def _as_json(acceptance: Acceptance) -> dict[str, object]:
    record = asdict(acceptance)
    for name in ("business_date", "delivered_at", "cutoff_at"):
        record[name] = record[name].isoformat()
    return record


def read_acceptance(home: Home, business_date: date) -> Acceptance | None:
    """What acceptance left for the gate of this night, if it is still there."""
    path = _record_file(home, business_date)
    if not path.is_file() or not scratch_file(home, business_date).is_file():
        return None
    record = json.loads(path.read_text())
    record["business_date"] = date.fromisoformat(record["business_date"])
    for name in ("delivered_at", "cutoff_at"):
        record[name] = datetime.fromisoformat(record[name])
    record["sources"] = tuple(
        AcceptedSource(**{**entry, "notes": tuple(entry["notes"])}) for entry in record["sources"]
    )
    return Acceptance(**record)
