"""Try a delivery without a home: what does not fit, by file and column, with sample rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import duckdb

from creditline.errors import UsageError
from creditline.gate.quarantine import mark_bad_rows
from creditline.gate.suites import load_suite
from creditline.gate.verdict import too_many_bad
from creditline.home.database import connect
from creditline.landing.accept import AcceptedSource
from creditline.landing.contract import MANIFEST_FILE, DeliveredSource, Manifest, contract
from creditline.landing.files import FileRefused
from creditline.landing.manifest import INTRADAY_FEEDS, naive_utc, read_manifest
from creditline.landing.rows import check_counts, land, reading
from creditline.landing.typing import EXPECTED, type_rows

# What a night does about a misfit.
HELD, FILE_REFUSED, REFUSED = "the rows stay in quarantine", "the file is refused", "the delivery is refused"
_SAMPLES = 3
# Without a home there is no time zone, so a fact may have the latest local day on earth at the time of delivery.
_LATEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True)
class Misfit:
    """One rule that a file breaks, and what the night does then. `rows` is 0 and `column` is empty if the whole file breaks
    it."""

    file: str
    column: str
    rule: str
    expected: str
    rows: int
    samples: tuple[str, ...]
    then: str


@dataclass(frozen=True)
class DeliveryCheck:
    """Why a delivery would be refused or its rows quarantined; nothing was taken in. `is_known`: the home has it already."""

    directory: Path
    misfits: tuple[Misfit, ...]
    is_known: bool = False

    @property
    def refusals(self) -> tuple[Misfit, ...]:
        """The problems that refuse a file or the whole delivery."""
        return tuple(misfit for misfit in self.misfits if misfit.then in (FILE_REFUSED, REFUSED))

    @property
    def held_rows(self) -> int:
        """Rows that stay in quarantine while the rest is taken in."""
        return sum(misfit.rows for misfit in self.misfits)


def check_delivery(directory: Path) -> DeliveryCheck:
    """Try a delivery, of a night or between nights: manifest, files, headers, totals, types, the rules of the suites, and
    the cut-off that the manifest names.

    What needs a home is not checked: sequence, duplicates, the home's cut-off, known ids, and the night before.

    Raises:
        UsageError: there is no such folder.
    """
    try:
        manifest, _ = manifest_of(directory)
    except FileRefused as error:
        return DeliveryCheck(directory, (refusal_of(error, REFUSED),))
    with tempfile.TemporaryDirectory() as scratch, connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = [
            misfit
            for entry in manifest.sources
            for misfit in _check_entry(connection, directory, manifest, entry, Path(scratch))
        ]
    return DeliveryCheck(directory, (*_late(manifest), *found))


def manifest_of(directory: Path) -> tuple[Manifest, str]:
    """The manifest of a delivery, of a night or between nights, and the sha256 of its bytes.

    Raises:
        UsageError: there is no such folder.
        FileRefused: it has no manifest of the contract.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a folder; give the folder that holds manifest.json")
    try:
        return read_manifest(directory)
    except FileRefused as error:
        # the name of the feed tells that the delivery is one between nights
        if error.rule != "feed":
            raise
        return read_manifest(directory, is_intraday=True)


def refusal_of(error: FileRefused, then: str) -> Misfit:
    """A file that is refused as a whole."""
    return Misfit(error.file, "", error.rule, "", 0, (str(error),), then)


def rows_in_quarantine(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource | AcceptedSource) -> list[Misfit]:
    """The held rows of one file, by rule, from the tables of the temporary database."""
    found = connection.execute(
        "select rule, coalesce(column_name, ''), count(*), list(source_row order by source_row)[:$samples],"
        " list(coalesce(value, left(raw_line, 80), '') order by source_row)[:$samples]"
        f" from quarantine_{entry.relation} group by all order by min(source_row), rule",
        {"samples": _SAMPLES},
    ).fetchall()
    return [
        Misfit(
            file=entry.file,
            column=column,
            rule=rule,
            expected=_expected(entry.source, rule, column),
            rows=rows,
            samples=tuple(f"row {row}: '{value}'" for row, value in zip(places, values, strict=True)),
            then=HELD,
        )
        for rule, column, rows, places, values in found
    ]


def _late(manifest: Manifest) -> list[Misfit]:
    delivered_at, cutoff_at = naive_utc(manifest.delivered_at), naive_utc(manifest.cutoff_at)
    # a delivery between nights has no cut-off of its own
    if delivered_at <= cutoff_at or manifest.feed.startswith(INTRADAY_FEEDS):
        return []
    what = f"delivered at {delivered_at}Z, after its own cutoff_at {cutoff_at}Z"
    return [refusal_of(FileRefused(MANIFEST_FILE, "late", what, "keep it for a restatement of that night"), REFUSED)]


def _check_entry(
    connection: duckdb.DuckDBPyConnection, directory: Path, manifest: Manifest, entry: DeliveredSource, scratch: Path
) -> list[Misfit]:
    source = contract()[entry.source]
    is_required = source.required and entry.corrects_business_date is None
    then = REFUSED if is_required or manifest.feed.startswith(INTRADAY_FEEDS) else FILE_REFUSED
    suite = load_suite(entry.source)
    misfits = []
    try:
        plain = land(connection, directory, entry, source, scratch)
        with reading(entry):
            known_at = naive_utc(manifest.delivered_at)
            known_date = (known_at + _LATEST_ZONE).date()
            type_rows(connection, entry, source, plain.columns, known_at=known_at, known_date=known_date)
            mark_bad_rows(connection, entry.source, entry.relation, suite)
        misfits = rows_in_quarantine(connection, entry)
        check_counts(connection, entry, source)
    except FileRefused as error:
        return [refusal_of(error, then), *misfits]
    why = too_many_bad(entry.rows, sum(misfit.rows for misfit in misfits), suite)
    if why is None:
        return misfits
    refused = [replace(misfit, then=then) for misfit in misfits]
    return [Misfit(entry.file, "", "quarantine_share", "", 0, (why,), then), *refused]


def _expected(source: str, rule: str, column: str) -> str:
    kind = rule.partition(":")[0]
    if kind not in EXPECTED:
        return ""
    codes = contract()[source].column(column).codes
    return f"one of {', '.join(codes)}" if codes else EXPECTED[kind]
