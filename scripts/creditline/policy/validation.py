"""What must be true of a pack before it may decide about anybody."""

from __future__ import annotations

from creditline.policy import check_rules, check_scoring, check_texts, check_triggers
from creditline.policy.check_cells import read_pack, rows_once
from creditline.policy.packs import Pack

_CHECKS = (
    rows_once,
    check_scoring.settings, check_scoring.bands, check_scoring.matrix, check_scoring.scorecard,
    check_triggers.triggers, check_triggers.cures, check_triggers.freezes,
    check_rules.tiers, check_rules.caps, check_rules.parameters, check_rules.maintenance, check_rules.calendar,
    check_rules.notices,
    check_texts.texts,
)  # fmt: skip


def validate_pack(pack: Pack) -> list[str]:
    """Every problem of a pack, one line each. If the list is empty, the pack may be used.

    Cells and single rows come first: while one of them is empty or breaks its model, the whole cannot be checked.
    """
    rows, problems = read_pack(pack)
    if not problems:
        problems = [problem for check in _CHECKS for problem in check(rows)]
    return [f"{pack.settings.name}: {problem}" for problem in problems]
