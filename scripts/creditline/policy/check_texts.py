"""Reason texts: every reason that can be cited can be said, in both languages, with numbers that are known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from creditline.policy.check_helpers import grouped
from creditline.policy.features import known_evidence
from creditline.policy.packs import Pack, Row
from creditline.policy.schema import PLACEHOLDERS

# Reasons that operators cite themselves, beside those of scorecard and triggers (docs/reference/decision.md).
POLICY_REASONS = (
    "G1", "T1", "I1", "U1", "U2", "N1", "N3", "M1", "P1", "P2", "P3", "P4", "P5", "P6", "G2", "G3", "G4", "K1", "F1", "F2", "F3",
    "L1",
)  # fmt: skip
GOALLESS_REASONS = frozenset(POLICY_REASONS) - {"K1"}
SECURITY_REASONS = frozenset({"F1", "F2", "F3"})
AUDIENCES = ("customer", "agent", "restricted")
_TEXTS = ("zh", "en", "advice_zh", "advice_en")
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")


def texts(pack: Pack) -> Iterator[str]:
    """Who may be told what is there, one cause a code, and no placeholder that nothing fills."""
    there = {(row["reason_code"], row["audience"]) for row in pack.tables["reason_text"]}
    for code in sorted(_cited(pack)):
        for audience in ("customer", "agent"):
            if (code, audience) not in there:
                yield f"reason_text.csv: {code} lacks a text for the {audience}"
    for (code,), rows in grouped(pack.tables["reason_text"], ("reason_code",)).items():
        if len({row["cause"] for row in rows}) > 1:
            yield f"reason_text.csv: {code} has more than one cause"
    units = _units(pack)
    for row in pack.tables["reason_text"]:
        where = f"reason_text.csv: {row['reason_code']} for the {row['audience']}"
        if row["audience"] not in AUDIENCES:
            yield f"{where}: audience must be one of {', '.join(AUDIENCES)}"
        yield from _placeholders(where, row, units.get(row["reason_code"], set()))
        yield from _no_numbers(where, row)


def _cited(pack: Pack) -> set[str]:
    return set(POLICY_REASONS) | {row["reason_code"] for name in ("scorecard", "trigger") for row in pack.tables[name]}


def _units(pack: Pack) -> dict[str, set[str]]:
    """The units of the features that may stand for a reason."""
    units = defaultdict(set)
    for name in ("scorecard", "trigger"):
        for row in pack.tables[name]:
            units[row["reason_code"]].add(known_evidence().get(row["feature"], {}).get("unit", ""))
    return units


def _placeholders(where: str, row: Row, units: set[str]) -> Iterator[str]:
    used = {name for column in _TEXTS for name in _PLACEHOLDER.findall(row[column])}
    for name in sorted(used - PLACEHOLDERS):
        yield f"{where}: no stored value fills {{{name}}}"
    if used & {"n", "p", "k", "q"} and len(units) > 1:
        yield f"{where} shows a number, but its features are in {' and '.join(sorted(units))}; give each kind a code"
    if "p" in used and units - {"bp"}:
        yield f"{where}: {{p}} is a percentage, its feature is in {', '.join(sorted(units))}"
    for name in sorted(used & {"k", "q"}):
        if row["reason_code"] in GOALLESS_REASONS:
            yield f"{where}: {{{name}}} is a value to get back to; an operator that cites the reason has none"
    if "rule" in used and row["reason_code"] != "G1":
        yield f"{where}: {{rule}} is known for G1 only"


def _no_numbers(where: str, row: Row) -> Iterator[str]:
    """What a security freeze looks at must not be learnt from its text."""
    is_for_thief = row["reason_code"] in SECURITY_REASONS and row["audience"] == "customer"
    if is_for_thief and any(re.search(r"[\d{]", row[column]) for column in _TEXTS):
        yield f"{where} shows a number; a security reason tells a customer no threshold"
