"""Hard triggers, their cures, and security freezes: a riskier customer is hit whenever a safer one is."""

from __future__ import annotations

from collections.abc import Iterator

from creditline.policy.check_helpers import PackRows, grouped
from creditline.policy.features import known_evidence, known_features
from creditline.policy.rows import CureRow, FreezeRow, TriggerRow


def triggers(pack: PackRows) -> Iterator[str]:
    """Conditions use known evidence of the right source, and each code has one effect."""
    for row in pack.of(TriggerRow):
        yield from _condition(f"trigger.csv: {row.trigger_code} group {row.condition_group} {row.feature}", row)
    for code, rows in grouped(pack.of(TriggerRow), lambda row: row.trigger_code).items():
        different = {
            "effect": len({row.effect for row in rows}),
            "effect_bp": len({row.effect_bp for row in rows}),
            "hold_nights": len({row.hold_nights for row in rows}),
        }
        for column, count in different.items():
            if count > 1:
                yield f"trigger.csv: {code} has more than one {column}"


def _condition(where: str, row: TriggerRow) -> Iterator[str]:
    known = known_evidence().get(row.feature)
    if known is None:
        yield f"{where} is not a feature of seeds/feature.csv"
        return
    if known["role"] != "credit":
        yield f"{where} is of role {known['role']}; only credit evidence may trigger"
    if known["sign"] != "1":
        yield f"{where}: more of it does not mean more risk, so a riskier customer could be spared (promise 1)"
    if known["source"] != row.source_name:
        yield f"{where}: its source is {known['source']}, not {row.source_name}"


def cures(pack: PackRows) -> Iterator[str]:
    """Each trigger has exactly one cure."""
    triggered = {row.trigger_code for row in pack.of(TriggerRow)}
    rows = grouped(pack.of(CureRow), lambda row: row.trigger_code)
    for code in sorted(triggered):
        count = len(rows.get(code, []))
        if count != 1:
            yield f"cure_rule.csv: trigger {code} needs exactly one row, has {count}"
    for code in sorted(set(rows) - triggered):
        yield f"cure_rule.csv: {code} is not a trigger of trigger.csv"


def freezes(pack: PackRows) -> Iterator[str]:
    """Only security features are used, and all of them have one threshold, one time and one number of extensions."""
    rows = pack.of(FreezeRow)
    for row in rows:
        known = known_features().get(row.feature)
        if known is None or known["role"] != "security":
            yield f"freeze_rule.csv: {row.feature} is not a security feature of seeds/feature.csv"
    different = {
        "freeze_at_points": len({row.freeze_at_points for row in rows}),
        "ttl_hours": len({row.ttl_hours for row in rows}),
        "max_extensions": len({row.max_extensions for row in rows}),
    }
    for column, count in different.items():
        if count > 1:
            yield f"freeze_rule.csv: {column} must be the same in every row"
