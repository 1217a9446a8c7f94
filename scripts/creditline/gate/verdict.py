"""The verdict on one delivered source: pass, distrust or refuse, with every reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.acceptance import GateAcceptance
from creditline.gate.checkpoint import Judged
from creditline.gate.id_changes import SOURCE as ID_CHANGE
from creditline.gate.plausible import FIGURE_TABLE, Finding
from creditline.gate.quarantine import Bad, mark_bad_rows, quarantine_counts
from creditline.gate.suites import Suite
from creditline.home.database import one_row
from creditline.landing.accept import AcceptedSource
from creditline.landing.contract import Source, contract
from creditline.landing.typing import amount

_LEVELS = ("pass", "distrust", "refuse")


class GateBroken(CreditlineError):
    """Two counts of the gate disagree; nothing was taken in. It is a fault of the gate, not of the delivery."""


@dataclass(frozen=True)
class SourceVerdict:
    """One file of a delivery as the gate sees it. Totals by column; `accepted` ones are those of a kept source."""

    entry: AcceptedSource
    verdict: str
    reasons: tuple[str, ...]
    accepted_rows: int
    quarantined_rows: int
    accepted_totals: dict[str, Decimal]
    distrusted_columns: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        return self.verdict != "refuse"


def judge_source(
    connection: duckdb.DuckDBPyConnection,
    entry: AcceptedSource,
    suite: Suite,
    judged: list[Judged],
    figures: list[Finding],
    accepted: GateAcceptance | None,
) -> SourceVerdict:
    """Split the rows of a source and give its verdict.

    Args:
        judged: what Great Expectations found on this source.
        figures: its figures outside their bounds.
        accepted: what two people said about these figures, if they did.

    Raises:
        GateBroken: Great Expectations and the quarantine count differently, or rows or money are lost.
    """
    bad = mark_bad_rows(connection, entry.source, entry.relation, suite, with_contrary=entry.source == ID_CHANGE)
    _must_agree(entry, judged, bad)
    counts = quarantine_counts(connection, entry.relation)
    quarantined = sum(rows for _, rows, _ in counts)
    accepted_rows, totals = accepted_of(connection, entry)
    _must_be_conserved(connection, entry, accepted_rows, quarantined, totals)
    findings = [
        *_failed_tables(judged),
        *_share(entry.delivered_rows, quarantined, suite),
        *_mixed(connection, entry, suite),
        *([] if accepted else [(each.on_fail, _told(each)) for each in figures]),
    ]
    return SourceVerdict(
        entry=entry,
        verdict=max((level for level, _ in findings if level in _LEVELS), key=_LEVELS.index, default="pass"),
        reasons=(
            *entry.notes,
            *_held(suite, counts),
            *(why for _, why in findings),
            *(f"{_told(each)}; {accepted.told}" for each in figures if accepted),
        ),
        accepted_rows=accepted_rows,
        quarantined_rows=quarantined,
        accepted_totals=totals,
        distrusted_columns=tuple(
            sorted({str(each.column) for each in figures if each.on_fail == "column" and not accepted})
        ),
    )


def _told(finding: Finding) -> str:
    return f"{finding.figure}: {finding.why}"


def refused_at_acceptance(entry: AcceptedSource) -> SourceVerdict:
    """The verdict on a file that acceptance already refused."""
    return SourceVerdict(entry, "refuse", (entry.refusal or "",), 0, entry.delivered_rows, {})


def must_agree_on_figures(judged: list[Judged], findings: list[Finding]) -> None:
    """Check that Great Expectations counted as many figures outside their bounds as the verdicts know.

    Raises:
        GateBroken: the counts differ.
    """
    for result in judged:
        if result.table == FIGURE_TABLE:
            ours = sum(finding.family == result.rule for finding in findings)
            if result.error or result.unexpected_count != ours:
                raise GateBroken(
                    f"figures of {result.rule}: Great Expectations counts {result.unexpected_count} outside their bounds, the"
                    f" verdicts {ours}; correct expectations/figures/figure.json"
                )


def _must_agree(entry: AcceptedSource, judged: list[Judged], bad: list[Bad]) -> None:
    """Check that Great Expectations counted the same rows as our own SQL, which reads the suite's JSON."""
    ours = {finding.rule: finding.rows for finding in bad}
    for result in judged:
        if result.error:
            raise GateBroken(
                f"{entry.file}: {result.rule} could not be judged ({result.error}); correct expectations/{entry.source}.json"
            )
        if result.on_fail == "quarantine" and result.unexpected_count != ours[result.rule]:
            raise GateBroken(
                f"{entry.file}: {result.rule}: Great Expectations counts {result.unexpected_count} rows, the quarantine"
                f" {ours[result.rule]}; correct the translation of expectations/{entry.source}.json in gate/suites.py"
            )


def _failed_tables(judged: list[Judged]) -> list[tuple[str, str]]:
    return [
        (result.on_fail, f"{result.rule}: {_observed(result)}")
        for result in judged
        if result.on_fail != "quarantine" and not result.success
    ]


def _observed(result: Judged) -> str:
    if result.observed_value is not None:
        return f"observed {result.observed_value}"
    return "does not hold" if result.unexpected_count is None else f"{result.unexpected_count} unexpected"


def _held(suite: Suite, counts: list[tuple[str, int, list[str]]]) -> list[str]:
    """Rows in quarantine by rule, with what to do if the rule says it."""
    advice = {rule.name: rule.advice for rule in suite.row_rules if rule.advice}
    return [
        f"{name}: {rows} rows in quarantine"
        + (f"; {advice[name].format(value=', '.join(values))}" if name in advice else "")
        for name, rows, values in counts
    ]


def _share(delivered: int, quarantined: int, suite: Suite) -> list[tuple[str, str]]:
    why = too_many_bad(delivered, quarantined, suite)
    return [("refuse", why)] if why else []


def too_many_bad(delivered: int, quarantined: int, suite: Suite) -> str | None:
    """Why a file is refused for its bad rows; None while they are few."""
    max_bp, max_rows = suite.meta["refuse_above_bp"], suite.meta["refuse_above_rows"]
    if quarantined <= max_rows or quarantined * 10000 <= delivered * max_bp:
        return None
    return f"quarantine_share: {quarantined} of {delivered} rows are bad, more than {max_bp} bp and {max_rows} rows"


def _mixed(connection: duckdb.DuckDBPyConnection, entry: AcceptedSource, suite: Suite) -> list[tuple[str, str]]:
    """Check a column that must be the same in all accepted rows: amounts of different currencies are never added."""
    column = suite.meta.get("one_value")
    if column is None:
        return []
    found = connection.execute(f'select distinct "{column}" from accepted_{entry.relation} order by all').fetchall()
    values = ", ".join(value for (value,) in found)
    return [("refuse", f"one_value:{column}: {values} in one file; a home holds one")] if len(found) > 1 else []


def accepted_of(connection: duckdb.DuckDBPyConnection, entry: AcceptedSource) -> tuple[int, dict[str, Decimal]]:
    """Rows that are accepted of a file, and their totals by column."""
    source = contract()[entry.source]
    sums = "".join(f', coalesce(sum("{name}"), 0)::decimal(38, 2)' for name in source.totals)
    rows, *totals = one_row(connection.execute(f"select count(*){sums} from accepted_{entry.relation}"))
    return rows, dict(zip(source.totals, totals, strict=True))


def _must_be_conserved(
    connection: duckdb.DuckDBPyConnection,
    entry: AcceptedSource,
    accepted_rows: int,
    quarantined: int,
    accepted: dict[str, Decimal],
) -> None:
    """Check that accepted + quarantined = delivered, in rows and in money."""
    if accepted_rows + quarantined != entry.delivered_rows:
        raise GateBroken(
            f"{entry.file}: {accepted_rows} accepted + {quarantined} quarantined rows are not the"
            f" {entry.delivered_rows} delivered; report it with the file"
        )
    for name, held in _held_totals(connection, entry, contract()[entry.source]).items():
        if accepted[name] + held != entry.delivered_totals[name]:
            raise GateBroken(
                f"{entry.file}: {name}: {accepted[name]} accepted + {held} quarantined is not the"
                f" {entry.delivered_totals[name]} delivered; report it with the file"
            )


def _held_totals(connection: duckdb.DuckDBPyConnection, entry: AcceptedSource, source: Source) -> dict[str, Decimal]:
    """The sum of the quarantined rows; cells and lines that do not fit hold the rest of the sender's total."""
    if not source.totals:
        return {}
    amounts = {name: amount(name, is_typed=entry.is_typed) for name in source.totals}
    sums = ", ".join(f"coalesce(sum({cell}), 0)" for cell in amounts.values())
    strange = ", ".join(f'count("{name}") - count({cell})' for name, cell in amounts.items())
    held = one_row(
        connection.execute(
            f"select {sums} from landed_{entry.relation} semi join quarantine_{entry.relation} using (source_row)"
        )
    )
    landed = one_row(connection.execute(f"select {sums}, {strange} from landed_{entry.relation}"))
    count = len(source.totals)
    return {
        name: held[place]
        + (entry.delivered_totals[name] - landed[place] if entry.unread_rows or landed[count + place] else Decimal(0))
        for place, name in enumerate(source.totals)
    }
