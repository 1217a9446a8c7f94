"""Try a delivery without a home: what does not fit, by file and column, with sample rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import duckdb

from creditline.errors import UsageError
from creditline.gate.quarantine import broken_by, mark_bad_rows
from creditline.gate.suites import Suite, load_suite
from creditline.gate.verdict import too_many_bad
from creditline.home.database import connect
from creditline.landing.accept import AcceptedSource
from creditline.landing.contract import MANIFEST_FILE, DeliveredSource, Manifest, contract
from creditline.landing.files import FileRefused
from creditline.landing.manifest import INTRADAY_FEEDS, naive_utc, read_manifest
from creditline.landing.rows import check_counts, land, reading
from creditline.landing.spreadsheet import ADVICE, spreadsheet_of
from creditline.landing.typing import EXPECTED, BrokenRule, broken_types, type_rows, type_rules

# What a night does about a misfit.
HELD, FILE_REFUSED, REFUSED = "the rows stay in quarantine", "the file is refused", "the delivery is refused"
_SAMPLES = 3
# Without a home there is no time zone, so a fact may have the latest local day on earth at the time of delivery.
_LATEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True)
class Misfit:
    """One rule that a file breaks, and what the night does then. `rows` is 0 and `column` is empty if the whole file breaks
    it.

    `rows` are all that break the rule. A row goes to quarantine once, by one rule: `held` are those that go by this one.
    """

    file: str
    column: str
    rule: str
    expected: str
    rows: int
    samples: tuple[str, ...]
    then: str
    held: int = 0


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
        return sum(misfit.held for misfit in self.misfits)


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


def misfits_of(
    connection: duckdb.DuckDBPyConnection, entry: DeliveredSource | AcceptedSource, suite: Suite, notes: tuple[str, ...]
) -> list[Misfit]:
    """Every rule that rows of one file break, from the tables of the temporary database, and whether a spreadsheet saved it.

    Args:
        suite: the one by which the rows were marked.
        notes: what was noted of the file's bytes.
    """
    source = contract()[entry.source]
    described = connection.execute(f"describe landed_{entry.relation}").fetchall()
    rules = type_rules(source, tuple(row[0] for row in described), is_typed=entry.is_typed)
    held, others = _held(connection, entry.relation)
    broken = [
        *broken_types(connection, entry.relation, rules, _SAMPLES),
        *broken_by(connection, entry.relation, suite, _SAMPLES),
    ]
    named = {found.rule for found in broken}
    broken += [found for found in others if found.rule not in named]
    # rules stand in the order of the first row that breaks them, those of one row in the order of the contract
    misfits = [
        Misfit(
            file=entry.file,
            column=found.column,
            rule=found.rule,
            expected=_expected(entry.source, found.rule, found.column),
            rows=found.rows,
            samples=tuple(f"row {row}: '{value}'" for row, value in found.samples),
            then=HELD,
            held=held.get(found.rule, 0),
        )
        for found in sorted(broken, key=lambda found: found.samples[0][0])
    ]
    why = None if entry.is_typed else spreadsheet_of(connection, entry.relation, source, rules, notes)
    return [Misfit(entry.file, "", "spreadsheet", "", 0, (why,), ADVICE), *misfits] if why else misfits


def _held(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[dict[str, int], list[BrokenRule]]:
    """How many rows are held by each rule, and these rules with the held rows alone."""
    found = connection.execute(
        "select rule, coalesce(column_name, ''), count(*), list(source_row order by source_row)[:$samples],"
        " list(coalesce(value, left(raw_line, 80), '') order by source_row)[:$samples]"
        f" from quarantine_{relation} group by all order by rule",
        {"samples": _SAMPLES},
    ).fetchall()
    rules = [
        BrokenRule(rule, column, rows, tuple(zip(places, values, strict=True)))
        for rule, column, rows, places, values in found
    ]
    return {found.rule: found.rows for found in rules}, rules


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
    misfits: list[Misfit] = []
    try:
        plain = land(connection, directory, entry, source, scratch)
        with reading(entry):
            known_at = naive_utc(manifest.delivered_at)
            known_date = (known_at + _LATEST_ZONE).date()
            type_rows(connection, entry, source, plain.columns, known_at=known_at, known_date=known_date)
            mark_bad_rows(connection, entry.source, entry.relation, suite)
            misfits = misfits_of(connection, entry, suite, plain.notes)
        check_counts(connection, entry, source)
    except FileRefused as error:
        return [refusal_of(error, then), *misfits]
    why = too_many_bad(entry.rows, sum(misfit.held for misfit in misfits), suite)
    if why is None:
        return misfits
    refused = [replace(misfit, then=then) if misfit.rows else misfit for misfit in misfits]
    return [Misfit(entry.file, "", "quarantine_share", "", 0, (why,), then), *refused]


def _expected(source: str, rule: str, column: str) -> str:
    kind = rule.partition(":")[0]
    if kind not in EXPECTED:
        return ""
    codes = contract()[source].column(column).codes
    return f"one of {', '.join(codes)}" if codes else EXPECTED[kind]
