"""Hard triggers, their cures, and security freezes: a riskier customer is hit whenever a safer one is."""

from __future__ import annotations

from collections.abc import Iterator

from creditline.policy.check_helpers import grouped, within
from creditline.policy.features import known_evidence, known_features
from creditline.policy.packs import Pack, Row

OPERATORS = (">=", ">")
EFFECTS = ("floor", "share_of_reference", "block_draws", "block_raise")
_ONE_A_CODE = ("effect", "effect_bp", "hold_nights")
_ONE_A_PACK = ("freeze_at_points", "ttl_hours", "max_extensions")


def triggers(pack: Pack) -> Iterator[str]:
    """Conditions on known evidence of the right source, one effect a code."""
    for row in pack.tables["trigger"]:
        where = f"trigger.csv: {row['trigger_code']} group {row['condition_group']} {row['feature']}"
        yield from _condition(where, row)
        yield from _effect(where, row)
        yield from within(where, row, "hold_nights", 1)
    for (code,), rows in grouped(pack.tables["trigger"], ("trigger_code",)).items():
        for column in _ONE_A_CODE:
            if len({row[column] for row in rows}) > 1:
                yield f"trigger.csv: {code} has more than one {column}"


def _condition(where: str, row: Row) -> Iterator[str]:
    known = known_evidence().get(row["feature"])
    if row["operator"] not in OPERATORS:
        yield f"{where}: operator must be {' or '.join(OPERATORS)}, is {row['operator']}"
    if known is None:
        yield f"{where} is no feature of seeds/feature.csv"
        return
    if known["role"] != "credit":
        yield f"{where} is of role {known['role']}; only credit evidence may trigger"
    if known["sign"] != "1":
        yield f"{where}: more of it does not mean more risk, so a riskier customer could be spared (promise 1)"
    if known["source"] != row["source_name"]:
        yield f"{where}: its source is {known['source']}, not {row['source_name']}"


def _effect(where: str, row: Row) -> Iterator[str]:
    if row["effect"] not in EFFECTS:
        yield f"{where}: effect must be one of {', '.join(EFFECTS)}, is {row['effect']}"
    elif (row["effect"] == "share_of_reference") != bool(row["effect_bp"]):
        yield f"{where}: effect_bp belongs to share_of_reference, and to it alone"
    yield from within(where, row, "effect_bp", 0, 10000)


def cures(pack: Pack) -> Iterator[str]:
    """Each trigger has exactly one cure."""
    triggered = {row["trigger_code"] for row in pack.tables["trigger"]}
    rows = grouped(pack.tables["cure_rule"], ("trigger_code",))
    for code in sorted(triggered):
        count = len(rows.get((code,), []))
        if count != 1:
            yield f"cure_rule.csv: trigger {code} needs exactly one row, has {count}"
    for row in pack.tables["cure_rule"]:
        where = f"cure_rule.csv: {row['trigger_code']}"
        if row["trigger_code"] not in triggered:
            yield f"{where} is no trigger of trigger.csv"
        yield from within(where, row, "clean_nights", 1)
        yield from within(where, row, "max_days_past_due", 0)
        yield from within(where, row, "min_on_time_instalments", 0)


def freezes(pack: Pack) -> Iterator[str]:
    """Security features only, and one threshold, time and number of extensions for all of them."""
    rows = pack.tables["freeze_rule"]
    for row in rows:
        where = f"freeze_rule.csv: {row['feature']}"
        known = known_features().get(row["feature"])
        if known is None or known["role"] != "security":
            yield f"{where} is no security feature of seeds/feature.csv"
        for column in ("points", "freeze_at_points", "ttl_hours"):
            yield from within(where, row, column, 1)
        yield from within(where, row, "max_extensions", 0)
    for column in _ONE_A_PACK:
        if len({row[column] for row in rows}) > 1:
            yield f"freeze_rule.csv: {column} must be the same in every row"
