"""Reason texts: every reason that can be cited has its texts in both languages, and their numbers can be filled."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from creditline.policy.check_helpers import PackRows, grouped
from creditline.policy.features import known_evidence
from creditline.policy.rows import ScorecardRow, TextRow, TriggerRow
from creditline.policy.schema import PLACEHOLDERS

# Reasons that operators cite, in addition to those of scorecard and triggers (docs/reference/decision.md).
POLICY_REASONS = (
    "G1", "T1", "I1", "U1", "U2", "N1", "N3", "M1", "P1", "P2", "P3", "P4", "P5", "P6", "G2", "G3", "G4", "K1", "F1", "F2", "F3",
    "L1",
)  # fmt: skip
GOALLESS_REASONS = frozenset(POLICY_REASONS) - {"K1"}
SECURITY_REASONS = frozenset({"F1", "F2", "F3"})
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")


def texts(pack: PackRows) -> Iterator[str]:
    """Each reason has its texts for customer and agent, each code has one cause, each placeholder can be filled."""
    rows = pack.of(TextRow)
    there = {(row.reason_code, row.audience) for row in rows}
    for code in sorted(_cited(pack)):
        if (code, "customer") not in there:
            yield f"reason_text.csv: {code} lacks a text for the customer"
        if (code, "agent") not in there:
            yield f"reason_text.csv: {code} lacks a text for the agent"
    for code, of_code in grouped(rows, lambda row: row.reason_code).items():
        if len({row.cause for row in of_code}) > 1:
            yield f"reason_text.csv: {code} has more than one cause"
    units = _units(pack)
    for row in rows:
        where = f"reason_text.csv: {row.reason_code} for the {row.audience}"
        yield from _placeholders(where, row, units.get(row.reason_code, set()))
        yield from _no_numbers(where, row)


def _said(row: TextRow) -> tuple[str, ...]:
    return row.zh, row.en, row.advice_zh, row.advice_en


def _cited(pack: PackRows) -> set[str]:
    return set(POLICY_REASONS) | {row.reason_code for row in _evidence(pack)}


def _evidence(pack: PackRows) -> list[ScorecardRow | TriggerRow]:
    return [*pack.of(ScorecardRow), *pack.of(TriggerRow)]


def _units(pack: PackRows) -> dict[str, set[str]]:
    """For each reason, the units of the features that can cause it."""
    units = defaultdict(set)
    for row in _evidence(pack):
        units[row.reason_code].add(known_evidence().get(row.feature, {}).get("unit", ""))
    return units


def _placeholders(where: str, row: TextRow, units: set[str]) -> Iterator[str]:
    used = {name for text in _said(row) for name in _PLACEHOLDER.findall(text)}
    for name in sorted(used - PLACEHOLDERS):
        yield f"{where}: no stored value fills {{{name}}}"
    if used & {"n", "p", "k", "q"} and len(units) > 1:
        yield f"{where} shows a number, but its features are in {' and '.join(sorted(units))}; give each kind a code"
    if "p" in used and units - {"bp"}:
        yield f"{where}: {{p}} is a percentage, its feature is in {', '.join(sorted(units))}"
    for name in sorted(used & {"k", "q"}):
        if row.reason_code in GOALLESS_REASONS:
            yield f"{where}: {{{name}}} is a value to get back to; an operator that cites the reason has none"
    if "rule" in used and row.reason_code != "G1":
        yield f"{where}: {{rule}} is known for G1 only"


def _no_numbers(where: str, row: TextRow) -> Iterator[str]:
    """A text about a security freeze has no numbers, so that nobody learns from it what the freeze looks at."""
    is_for_thief = row.reason_code in SECURITY_REASONS and row.audience == "customer"
    if is_for_thief and any(re.search(r"[\d{]", text) for text in _said(row)):
        yield f"{where} shows a number; a security reason tells a customer no threshold"
