"""Decision code whose orders may leave, because two people approved its `logic_hash`, recorded in `control/logic.jsonl`.

A demo home or a trial approves the code of its first night by itself, because its orders reach nobody real. Any later code
needs two people there, too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.people import are_two_people

OWN = "the home itself"


@dataclass(frozen=True)
class LogicApproval:
    """One line of `control/logic.jsonl`; `approved_by` is None where a demo or a trial approved its first code by itself."""

    logic_hash: str
    by: str
    approved_by: str | None
    recorded_at: str


def read_logic_approvals(home: Home) -> tuple[LogicApproval, ...]:
    """Every approval in the order in which it was recorded. Raises NotGenuine."""
    return tuple(LogicApproval(**line) for line in read_lines(home, home.logic_approvals_file))


def is_logic_approved(home: Home, logic_hash: str) -> bool:
    """Whether orders of this decision code may leave. Raises NotGenuine."""
    return any(
        said.logic_hash == logic_hash and (are_two_people(said.by, said.approved_by) or _is_own(home, said))
        for said in read_logic_approvals(home)
    )


def record_logic_approval(home: Home, logic_hash: str, *, by: str, approved_by: str | None) -> LogicApproval:
    """Record an approval for good. The caller checks whether it may be given (`creditline.release.logic`)."""
    said = LogicApproval(logic_hash, by, approved_by, datetime.now(UTC).isoformat(timespec="seconds"))
    append_line(home, home.logic_approvals_file, asdict(said))
    return said


def _is_own(home: Home, said: LogicApproval) -> bool:
    return home.settings.orders_nobody_real and said.by == OWN
