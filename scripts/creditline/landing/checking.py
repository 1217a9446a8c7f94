"""Trying a delivery without a home: what would not fit, by file and column, with sample rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from creditline.errors import UsageError
from creditline.gate.quarantine import mark_bad_rows
from creditline.gate.suites import load_suite
from creditline.home.database import connect
from creditline.landing.contract import DeliveredSource, Manifest, contract
from creditline.landing.files import FileRefused
from creditline.landing.manifest import naive_utc, read_manifest
from creditline.landing.rows import check_counts, land, reading
from creditline.landing.typing import EXPECTED, type_rows

_SAMPLES = 3
# Without a home there is no time zone: a fact may be as late as the latest local day on earth at delivery.
_LATEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True)
class Misfit:
    """One rule that a file does not fit. `rows` is 0 and `column` empty where it is the file as a whole."""

    file: str
    column: str
    rule: str
    expected: str
    rows: int
    samples: tuple[str, ...]


@dataclass(frozen=True)
class DeliveryCheck:
    """What a delivery would be refused or quarantined for; nothing was taken in."""

    directory: Path
    misfits: tuple[Misfit, ...]


def check_delivery(directory: Path) -> DeliveryCheck:
    """Try a delivery: manifest, files, headers, totals, types and the rules of the suites.

    What needs a home is not looked at: sequence, duplicates, the cut-off, and the night before.

    Raises:
        UsageError: there is no such folder.
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is no folder; give the folder that holds manifest.json")
    try:
        manifest, _ = read_manifest(directory)
    except FileRefused as error:
        return DeliveryCheck(directory, (_of_file(error),))
    with tempfile.TemporaryDirectory() as scratch, connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = [
            misfit
            for entry in manifest.sources
            for misfit in _check_entry(connection, directory, manifest, entry, Path(scratch))
        ]
    return DeliveryCheck(directory, tuple(found))


def _check_entry(
    connection: duckdb.DuckDBPyConnection, directory: Path, manifest: Manifest, entry: DeliveredSource, scratch: Path
) -> list[Misfit]:
    source = contract()[entry.source]
    misfits = []
    try:
        plain = land(connection, directory, entry, source, scratch)
        with reading(entry):
            known_at = naive_utc(manifest.delivered_at)
            known_date = (known_at + _LATEST_ZONE).date()
            type_rows(connection, entry, source, plain.columns, known_at=known_at, known_date=known_date)
            mark_bad_rows(connection, entry.source, entry.relation, load_suite(entry.source))
        misfits = _of_rows(connection, entry)
        check_counts(connection, entry, source)
    except FileRefused as error:
        return [_of_file(error), *misfits]
    return misfits


def _of_file(error: FileRefused) -> Misfit:
    return Misfit(error.file, "", error.rule, "", 0, (str(error),))


def _of_rows(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource) -> list[Misfit]:
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
            expected=_expected(entry, rule, column),
            rows=rows,
            samples=tuple(f"row {row}: '{value}'" for row, value in zip(places, values, strict=True)),
        )
        for rule, column, rows, places, values in found
    ]


def _expected(entry: DeliveredSource, rule: str, column: str) -> str:
    kind = rule.partition(":")[0]
    if kind not in EXPECTED:
        return ""
    codes = contract()[entry.source].column(column).codes
    return f"one of {', '.join(codes)}" if codes else EXPECTED[kind]
