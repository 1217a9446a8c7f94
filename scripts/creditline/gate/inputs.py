"""The gate before the build: a verdict for each source, bad rows to quarantine, keys for ids, and raw Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.acceptance import read_acceptances
from creditline.gate.checkpoint import Judged, run_suites
from creditline.gate.id_changes import find_contradictions
from creditline.gate.plausible import FIGURE_TABLE, Measured, keep_figures, lay_figures, read_figures, read_findings
from creditline.gate.quarantine import keep_quarantine
from creditline.gate.raw import RawFile, write_raw
from creditline.gate.replacement import make_way
from creditline.gate.routing import suite_of
from creditline.gate.suites import Suite, load_suite
from creditline.gate.verdict import SourceVerdict, judge_source, must_agree_on_figures, refused_at_acceptance
from creditline.home import Home
from creditline.home.database import connect_within, engine_bounds
from creditline.home.files import canonical_json, write_file
from creditline.landing.accept import Acceptance, clear_refusal, keep_refusal, read_acceptance, scratch_file
from creditline.landing.files import check_unchanged
from creditline.store.record import (
    DeliveryRecord,
    SourceRecord,
    delivery_records,
    evidence_folder,
    quarantine_folder,
    write_record,
)


class InputsRefused(CreditlineError):
    """The night cannot be decided on these inputs; neither identity nor raw was touched."""


@dataclass(frozen=True)
class GateVerdict:
    """What the gate decided about a delivery."""

    record: DeliveryRecord


def gate_inputs(home: Home, business_date: date) -> GateVerdict:
    """Judge an accepted delivery and take in its good rows; safe to repeat, with the same result.

    Raises:
        InputsRefused: account_snapshot is refused, or the delivery was not accepted yet.
        GateBroken: two counts of the gate disagree.
    """
    acceptance = read_acceptance(home, business_date)
    if acceptance is None or acceptance.is_known:
        known = [record for record in delivery_records(home) if record.business_date == business_date]
        if not known:
            raise InputsRefused(f"night {business_date} is not accepted; run `creditline night --date {business_date}`")
        clear_refusal(home, business_date)
        return GateVerdict(known[-1])
    with judged_delivery(home, acceptance) as judgement:
        connection, verdicts = judgement.connection, judgement.verdicts
        if not any(_refuses_night(verdict) for verdict in verdicts):
            make_way(home, business_date, acceptance.manifest_sha256, delivery_records(home))
        _keep_quarantine(home, connection, acceptance, verdicts)
        _refuse_night(home, business_date, verdicts)
        # so a night that loses its temporary files after this step publishes the same evidence
        evidence = evidence_folder(home, business_date)
        write_file(evidence / "gate_inputs.json", canonical_json([asdict(result) for result in judgement.judged]))
        write_file(evidence / "figures.json", canonical_json(read_figures(connection)))
        raw, keys = write_raw(home, connection, acceptance, [verdict.entry for verdict in verdicts if verdict.is_kept])
    record = delivery_record(acceptance, verdicts, raw, keys)
    keep_figures(home, record, judgement.figures)
    write_record(home, record)
    clear_refusal(home, business_date)
    _clear_scratch(home)
    return GateVerdict(record)


@dataclass(frozen=True)
class Judgement:
    """A judged delivery. `connection` is to its temporary database, `judged` the result of each expectation, `figures` are those of
    tonight by source."""

    connection: duckdb.DuckDBPyConnection
    verdicts: list[SourceVerdict]
    judged: list[Judged]
    figures: dict[str, list[Measured]]


@contextmanager
def judged_delivery(home: Home, acceptance: Acceptance) -> Iterator[Judgement]:
    """Judge an accepted delivery; nothing is taken in yet."""
    suites = _suites(home, acceptance)
    scratch = str(scratch_file(home, acceptance.business_date))
    records = delivery_records(home)
    with connect_within(home, scratch) as connection:
        figures = lay_figures(home, connection, acceptance, records)
    judged = _judge(home, acceptance, suites)
    with connect_within(home, scratch) as connection:
        verdicts = _conclude(home, connection, acceptance, suites, judged)
        yield Judgement(connection, verdicts, judged, figures)


def _suites(home: Home, acceptance: Acceptance) -> dict[str, Suite]:
    """The suite of every file that could be read, by its relation."""
    return {
        entry.relation: suite_of(home, entry, acceptance.business_date)
        for entry in acceptance.sources
        if not entry.refusal
    }


def _judge(home: Home, acceptance: Acceptance, suites: dict[str, Suite]) -> list[Judged]:
    """Run the checkpoint."""
    return run_suites(
        scratch_file(home, acceptance.business_date),
        {f"typed_{relation}": suite for relation, suite in suites.items()}
        | {FIGURE_TABLE: load_suite("figures/figure")},
        name="gate_inputs",
        run_name=str(acceptance.business_date),
        docs=home.warehouse / "evidence" / str(acceptance.business_date) / "data_docs" / "inputs",
        bounds=engine_bounds(home),
        spill_limit=home.settings.spill_limit,
    )


def _conclude(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    acceptance: Acceptance,
    suites: dict[str, Suite],
    judged: list[Judged],
) -> list[SourceVerdict]:
    """The verdict on every file."""
    find_contradictions(home, connection, acceptance)
    findings, accepted = read_findings(connection), read_acceptances(home)
    must_agree_on_figures(judged, findings)
    verdicts = []
    for entry in acceptance.sources:
        if entry.refusal:
            verdicts.append(refused_at_acceptance(entry))
            continue
        verdict = judge_source(
            connection,
            entry,
            suites[entry.relation],
            [result for result in judged if result.table == f"typed_{entry.relation}"],
            [finding for finding in findings if finding.relation == entry.relation],
            accepted.get((acceptance.business_date, entry.source, entry.file_sha256)),
        )
        check_unchanged(home.landing / str(acceptance.business_date) / entry.file, entry.file, entry.identity)
        verdicts.append(verdict)
    return verdicts


def _keep_quarantine(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, verdicts: list[SourceVerdict]
) -> None:
    """Write the held rows of this delivery; those of a refused delivery under the same sequence are removed."""
    folder = quarantine_folder(home, acceptance.business_date, acceptance.feed, acceptance.sequence)
    shutil.rmtree(folder, ignore_errors=True)
    for verdict in verdicts:
        if not verdict.entry.refusal:
            keep_quarantine(home, connection, acceptance, verdict.entry, is_refused=not verdict.is_kept)


def _refuses_night(verdict: SourceVerdict) -> bool:
    return verdict.entry.is_required and not verdict.is_kept


def _refuse_night(home: Home, business_date: date, verdicts: list[SourceVerdict]) -> None:
    for verdict in verdicts:
        if _refuses_night(verdict):
            reason = "; ".join(verdict.reasons)
            keep_refusal(home, business_date, verdict.entry.file, "verdict", reason)
            _clear_scratch(home)
            raise InputsRefused(
                f"night {business_date}: {verdict.entry.file} is refused: {reason}; correct it and deliver it again"
            )


def _clear_scratch(home: Home) -> None:
    shutil.rmtree(home.warehouse / "accept")


def delivery_record(
    acceptance: Acceptance, verdicts: list[SourceVerdict], raw: dict[str, RawFile], keys: dict[str, int]
) -> DeliveryRecord:
    """What is kept for good of a judged delivery."""
    return DeliveryRecord(
        feed=acceptance.feed,
        sequence=acceptance.sequence,
        business_date=acceptance.business_date,
        manifest_sha256=acceptance.manifest_sha256,
        delivered_at=f"{acceptance.delivered_at.isoformat()}Z",
        cutoff_at=f"{acceptance.cutoff_at.isoformat()}Z",
        sources=tuple(_source_record(verdict, raw.get(verdict.entry.relation)) for verdict in verdicts),
        last_keys=keys,
    )


def _source_record(verdict: SourceVerdict, raw: RawFile | None) -> SourceRecord:
    entry = verdict.entry
    is_kept = verdict.is_kept
    held = {
        name: total - verdict.accepted_totals[name] if is_kept else total
        for name, total in entry.delivered_totals.items()
    }
    return SourceRecord(
        source=entry.source,
        file=entry.file,
        file_sha256=entry.file_sha256,
        verdict=verdict.verdict,
        reasons=verdict.reasons,
        delivered_rows=entry.delivered_rows,
        accepted_rows=verdict.accepted_rows if is_kept else 0,
        quarantined_rows=verdict.quarantined_rows if is_kept else entry.delivered_rows,
        delivered_totals=_as_text(entry.delivered_totals),
        accepted_totals=_as_text(verdict.accepted_totals) if is_kept else {},
        quarantined_totals=_as_text(held),
        coverage_from=entry.coverage_from,
        corrects_business_date=entry.corrects_business_date,
        raw_file=raw.file if raw else None,
        raw_sha256=raw.sha256 if raw else None,
        distrusted_columns=verdict.distrusted_columns if is_kept else (),
    )


def _as_text(totals: dict[str, Decimal]) -> dict[str, str]:
    return {name: f"{total:f}" for name, total in totals.items()}
