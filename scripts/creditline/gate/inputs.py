"""The gate before the build: a verdict per source, rows to quarantine, keys for ids, raw Parquet for good."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.checkpoint import Judged, run_suites
from creditline.gate.quarantine import Bad, mark_bad_rows
from creditline.gate.raw import write_raw
from creditline.gate.record import DeliveryRecord, SourceRecord, delivery_records, write_record
from creditline.gate.suites import Suite, load_suite
from creditline.home import Home
from creditline.home.files import canonical_json, write_file
from creditline.landing.accept import Acceptance, AcceptedSource, read_acceptance, scratch_file
from creditline.landing.contract import Source, contract


class InputsRefused(CreditlineError):
    """The night cannot be decided on these inputs; nothing but the reason was kept."""


@dataclass(frozen=True)
class GateVerdict:
    """What the gate decided about a delivery: its record, and how each expectation went."""

    record: DeliveryRecord
    is_new: bool


def gate_inputs(home: Home, business_date: date) -> GateVerdict:
    """Judge an accepted delivery.

    Raises:
        InputsRefused: account_snapshot is refused, or the delivery was not accepted yet.
    """
    acceptance = read_acceptance(home, business_date)
    if acceptance is None:
        known = [record for record in delivery_records(home) if record.business_date == business_date]
        if not known:
            raise InputsRefused(f"night {business_date} is not accepted; run `creditline night --date {business_date}`")
        return GateVerdict(known[-1], is_new=False)
    suites = {entry.source: load_suite(entry.source) for entry in acceptance.sources if entry.refusal is None}
    evidence = home.warehouse / "evidence" / str(business_date)
    judged = run_suites(
        scratch_file(home, business_date),
        {f"typed_{source}": suite for source, suite in suites.items()},
        name="gate_inputs",
        docs=evidence / "data_docs" / "inputs",
    )
    with duckdb.connect(str(scratch_file(home, business_date))) as connection:
        connection.execute("set TimeZone = 'UTC'")
        record = _conclude(home, connection, acceptance, suites, judged)
    write_file(evidence / "gate_inputs.json", canonical_json([asdict(entry) for entry in judged]))
    _refuse_night(home, record)
    write_record(home, record)
    shutil.rmtree(home.warehouse / "accept")
    return GateVerdict(record, is_new=True)


def _conclude(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    acceptance: Acceptance,
    suites: dict[str, Suite],
    judged: list[Judged],
) -> DeliveryRecord:
    verdicts = {
        entry.source: _judge_source(home, connection, acceptance, entry, suites.get(entry.source), judged)
        for entry in acceptance.sources
    }
    required_refused = any(
        verdict == "refuse" and contract()[source].required for source, (verdict, _, _) in verdicts.items()
    )
    kept = [] if required_refused else [
        entry for entry in acceptance.sources if verdicts[entry.source][0] != "refuse"
    ]  # fmt: skip
    raw = write_raw(home, connection, acceptance, kept)
    return DeliveryRecord(
        feed=acceptance.feed,
        sequence=acceptance.sequence,
        business_date=acceptance.business_date,
        manifest_sha256=acceptance.manifest_sha256,
        delivered_at=f"{acceptance.delivered_at.isoformat()}Z",
        cutoff_at=f"{acceptance.cutoff_at.isoformat()}Z",
        sources=tuple(
            _source_record(connection, entry, *verdicts[entry.source], raw.get(entry.source))
            for entry in acceptance.sources
        ),
    )


def _judge_source(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    acceptance: Acceptance,
    entry: AcceptedSource,
    suite: Suite | None,
    judged: list[Judged],
) -> tuple[str, list[str], int]:
    """Verdict, reasons and number of quarantined rows of one source."""
    if suite is None:
        return "refuse", [entry.refusal], entry.delivered_rows
    bad = mark_bad_rows(connection, entry.source, suite)
    mine = [result for result in judged if result.table == f"typed_{entry.source}"]
    _must_agree(entry, mine, bad)
    _keep_quarantine(home, connection, acceptance, entry)
    quarantined = connection.execute(f"select count(*) from quarantine_{entry.source}").fetchone()[0]
    reasons = [*entry.notes, *(f"{name}: {count} rows in quarantine" for name, count in _bad_counts(connection, entry))]
    findings = [
        *_failed_tables(mine),
        *_share(entry, quarantined, suite),
        *_breakers(home, connection, acceptance, entry, suite),
    ]
    verdict = max((level for level, _ in findings), key=["distrust", "refuse"].index, default="pass")
    return verdict, [*reasons, *(why for _, why in findings)], quarantined


def _must_agree(entry: AcceptedSource, judged: list[Judged], bad: list[Bad]) -> None:
    """Quarantine is cut by our own SQL from the suite's JSON: Great Expectations must have counted the same rows."""
    ours = {finding.rule: finding.rows for finding in bad}
    for result in judged:
        if result.error:
            raise CreditlineError(f"{entry.file}: {result.rule} could not be judged: {result.error}")
        if result.on_fail == "quarantine" and (result.unexpected_count or 0) != ours[result.rule]:
            raise CreditlineError(
                f"{entry.file}: {result.rule}: Great Expectations counts {result.unexpected_count} rows, the quarantine"
                f" {ours[result.rule]}; the suite's translation is wrong, report it"
            )


def _failed_tables(judged: list[Judged]) -> list[tuple[str, str]]:
    return [
        (result.on_fail, f"{result.rule}: observed {result.observed_value}")
        for result in judged
        if result.on_fail != "quarantine" and not result.success
    ]


def _share(entry: AcceptedSource, quarantined: int, suite: Suite) -> list[tuple[str, str]]:
    most_bp, most_rows = suite.meta["refuse_above_bp"], suite.meta["refuse_above_rows"]
    if quarantined > most_rows and quarantined * 10000 > entry.delivered_rows * most_bp:
        return [
            (
                "refuse",
                f"quarantine_share: {quarantined} of {entry.delivered_rows} rows are bad, at most {most_bp} bp may be",
            )
        ]
    return []


def _breakers(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, entry: AcceptedSource, suite: Suite
) -> list[tuple[str, str]]:
    """A source that changed more than a book can overnight is a fault of the pipe, not of the people in it."""
    rules = suite.meta.get("breakers")
    before = _previous(home, acceptance, entry.source) if rules else None
    if before is None:
        return []
    rows = connection.execute(f"select count(*) from accepted_{entry.source}").fetchone()[0]
    findings = []
    if before.accepted_rows >= rules["min_rows"]:
        change = abs(rows - before.accepted_rows)
        if change * 10000 > before.accepted_rows * rules["row_change_bp"]:
            findings.append(
                (
                    "refuse",
                    f"row_change: {rows} rows after {before.accepted_rows}, more than {rules['row_change_bp']} bp; a second person may confirm the delivery under the next sequence",
                )
            )
        column, factor = rules["mean_column"], rules["mean_factor"]
        total = connection.execute(f"select coalesce(sum({column}), 0) from accepted_{entry.source}").fetchone()[0]
        earlier = Decimal(before.accepted_totals[column])
        # mean now / mean before, compared without a quotient
        now, then = abs(total) * before.accepted_rows, abs(earlier) * rows
        if then and (now > factor * then or now * factor < then):
            findings.append(
                (
                    "refuse",
                    f"unit: the mean {column} changed more than {factor}-fold overnight: is the file in another unit?",
                )
            )
    return findings


def _previous(home: Home, acceptance: Acceptance, source: str) -> SourceRecord | None:
    found = [
        entry
        for record in delivery_records(home)
        for entry in record.sources
        if entry.source == source
        and record.business_date < acceptance.business_date
        and entry.verdict != "refuse"
        and entry.corrects_business_date is None
    ]
    return found[-1] if found else None


def _bad_counts(connection: duckdb.DuckDBPyConnection, entry: AcceptedSource) -> list[tuple[str, int]]:
    return connection.execute(
        f"select rule, count(*) from quarantine_{entry.source} group by rule order by rule"
    ).fetchall()


def _keep_quarantine(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, entry: AcceptedSource
) -> None:
    relation = connection.execute(f"select * from quarantine_{entry.source} order by source_row nulls last, raw_line")
    lines = [
        json.dumps(
            {
                "file": entry.file, "file_sha256": entry.file_sha256, "row": row, "rule": rule, "column": column,
                "value": value, "raw_line": raw if raw is not None else _line(cells),
            },
            ensure_ascii=False,
        )
        for row, rule, column, value, raw, cells in relation.fetchall()
    ]  # fmt: skip
    if lines:
        folder = f"{acceptance.feed}-{acceptance.sequence:06d}"
        path = home.quarantine / str(acceptance.business_date) / folder / f"{entry.source}.jsonl"
        write_file(path, ("\n".join(lines) + "\n").encode())


def _line(cells: list[str | None]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return buffer.getvalue()


def _source_record(
    connection: duckdb.DuckDBPyConnection,
    entry: AcceptedSource,
    verdict: str,
    reasons: list[str],
    quarantined: int,
    raw: tuple[str, str] | None,
) -> SourceRecord:
    source = contract()[entry.source]
    accepted_rows, accepted, held = 0, {}, dict(entry.delivered_totals)
    if verdict != "refuse":
        accepted_rows = connection.execute(f"select count(*) from accepted_{entry.source}").fetchone()[0]
        accepted = _totals(connection, f"accepted_{entry.source}", source)
        held = _quarantined_totals(connection, entry, source)
        _assert_conserved(entry, accepted_rows, quarantined, accepted, held)
    else:
        quarantined = entry.delivered_rows
    return SourceRecord(
        source=entry.source,
        file=entry.file,
        file_sha256=entry.file_sha256,
        verdict=verdict,
        reasons=tuple(reasons),
        delivered_rows=entry.delivered_rows,
        accepted_rows=accepted_rows,
        quarantined_rows=quarantined,
        delivered_totals=entry.delivered_totals,
        accepted_totals=accepted,
        quarantined_totals=held,
        coverage_from=date.fromisoformat(entry.coverage_from) if entry.coverage_from else None,
        corrects_business_date=date.fromisoformat(entry.corrects_business_date)
        if entry.corrects_business_date
        else None,
        raw_file=raw[0] if raw else None,
        raw_sha256=raw[1] if raw else None,
    )


def _totals(connection: duckdb.DuckDBPyConnection, relation: str, source: Source) -> dict[str, str]:
    if not source.totals:
        return {}
    sums = ", ".join(f'coalesce(sum("{name}"), 0)::decimal(38, 2)::varchar' for name in source.totals)
    return dict(zip(source.totals, connection.execute(f"select {sums} from {relation}").fetchone(), strict=True))


def _quarantined_totals(connection: duckdb.DuckDBPyConnection, entry: AcceptedSource, source: Source) -> dict[str, str]:
    """What the quarantined rows add up to; an unreadable line is what the sender's total leaves over."""
    if not source.totals:
        return {}
    # six decimals, because a row may be held for having three
    sums = ", ".join(f'coalesce(sum(try_cast(landed."{name}" as decimal(38, 6))), 0)' for name in source.totals)
    row = connection.execute(
        f"select {sums} from landed_{entry.source} as landed"
        f" semi join quarantine_{entry.source} as held on landed.source_row = held.source_row"
    ).fetchone()
    unread = {name: Decimal(0) for name in source.totals}
    if entry.unread_rows:
        landed = connection.execute(f"select {sums} from landed_{entry.source} as landed").fetchone()
        unread = {
            name: Decimal(entry.delivered_totals[name]) - total
            for name, total in zip(source.totals, landed, strict=True)
        }
    return {
        name: str((total + unread[name]).normalize() + 0)
        if total % 1
        else str((total + unread[name]).quantize(Decimal("0.01")))
        for name, total in zip(source.totals, row, strict=True)
    }


def _assert_conserved(
    entry: AcceptedSource, accepted_rows: int, quarantined: int, accepted: dict[str, str], held: dict[str, str]
) -> None:
    if accepted_rows + quarantined != entry.delivered_rows:
        raise CreditlineError(
            f"{entry.file}: {accepted_rows} accepted + {quarantined} quarantined is not {entry.delivered_rows} delivered; report it"
        )
    for name, total in entry.delivered_totals.items():
        # the sender's total is rounded to cents once, a quarantined row may hold more decimals
        if abs(Decimal(accepted[name]) + Decimal(held[name]) - Decimal(total)) >= Decimal("0.01"):
            raise CreditlineError(
                f"{entry.file}: {name}: {accepted[name]} accepted + {held[name]} quarantined is not {total} delivered; report it"
            )


def _refuse_night(home: Home, record: DeliveryRecord) -> None:
    for entry in record.sources:
        if entry.verdict == "refuse" and contract()[entry.source].required:
            reason = {
                "business_date": str(record.business_date),
                "file": entry.file,
                "rule": "verdict",
                "reason": "; ".join(entry.reasons),
            }
            write_file(home.quarantine / str(record.business_date) / "refusal.json", canonical_json(reason))
            shutil.rmtree(home.warehouse / "accept")
            raise InputsRefused(
                f"night {record.business_date}: {entry.file} is refused: {'; '.join(entry.reasons)}; deliver it again"
            )
