"""Approving decision code. A release of the software that decides differently is a change of policy, so its orders leave only
after two people have approved it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.logic_approvals import (
    OWN,
    LogicApproval,
    is_logic_approved,
    read_logic_approvals,
    record_logic_approval,
)
from creditline.home.people import require_two_people
from creditline.home.publications import read_manifest
from creditline.warehouse.logic import archived_logic


@dataclass(frozen=True)
class DecisionCode:
    """Code that decided published nights: its first and last night, and who approved it last."""

    logic_hash: str
    nights: int
    first_date: date
    last_date: date
    is_approved: bool
    approval: LogicApproval | None


def decision_codes(home: Home) -> tuple[DecisionCode, ...]:
    """The code of every published night, in the order of their first nights. Raises NotGenuine."""
    nights: dict[str, list[date]] = {}
    for day in home.published_dates():
        nights.setdefault(str(read_manifest(home, day, 0)["logic_hash"]), []).append(day)
    last = {said.logic_hash: said for said in read_logic_approvals(home)}
    return tuple(
        DecisionCode(code, len(days), days[0], days[-1], is_logic_approved(home, code), last.get(code))
        for code, days in nights.items()
    )


def approve_logic(home: Home, logic_hash: str, *, by: str, approved_by: str) -> LogicApproval:
    """Approve archived decision code, so that its orders may leave; takes two people.

    Args:
        logic_hash: the code's hash, or how it begins.

    Raises:
        UsageError: the second person is missing or is the first, or the hash fits no code or several.
        LogicRefused: the archived code was changed.
    """
    require_two_people("approving decision code", by, approved_by)
    kept = sorted(path.name for path in home.logic.glob(f"{logic_hash}*") if logic_hash.isalnum() and path.is_dir())
    if len(kept) != 1:
        found = f"{len(kept)} begin like this" if kept else "none begins like this"
        raise UsageError(f"decision code {logic_hash}: {found}; `creditline logic show` lists what decided")
    return record_logic_approval(home, archived_logic(home, kept[0]).logic_hash, by=by, approved_by=approved_by)


def approve_first_logic(home: Home, logic_hash: str) -> LogicApproval | None:
    """Let a demo home or a trial approve the code of its first night by itself; None if it may not do so."""
    if not home.settings.orders_nobody_real or read_logic_approvals(home):
        return None
    return record_logic_approval(home, logic_hash, by=OWN, approved_by=None)
