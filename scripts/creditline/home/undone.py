"""Deliveries whose keys and changes of ids two people took back, recorded in `control/identity_undone.jsonl`: keys, no ids."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from creditline.home import Home
from creditline.home.control import append_line, read_lines


@dataclass(frozen=True)
class UndoneChange:
    """One change of ids that is taken back."""

    kind: str
    subject: str
    old_key: int
    new_key: int


@dataclass(frozen=True)
class Undone:
    """One line of `control/identity_undone.jsonl`: what the deliveries of a night had made and is taken back.

    `was_void`: the night was published and is void. Else the deliveries were withdrawn.
    """

    business_date: date
    account_keys: tuple[int, ...]
    customer_keys: tuple[int, ...]
    changes: tuple[UndoneChange, ...]
    was_void: bool
    by: str
    approved_by: str
    reason: str
    recorded_at: str


def read_undone(home: Home) -> tuple[Undone, ...]:
    """Every line in the order in which it was recorded."""
    return tuple(
        Undone(
            **line
            | {
                "business_date": date.fromisoformat(line["business_date"]),
                "account_keys": tuple(line["account_keys"]),
                "customer_keys": tuple(line["customer_keys"]),
                "changes": tuple(UndoneChange(**change) for change in line["changes"]),
            }
        )
        for line in read_lines(home, home.undone_file)
    )


def undone_dates(home: Home) -> frozenset[date]:
    """Void nights whose deliveries' changes of ids count no more."""
    return frozenset(undone.business_date for undone in read_undone(home) if undone.was_void)


def record_undone(
    home: Home,
    business_date: date,
    *,
    account_keys: tuple[int, ...],
    customer_keys: tuple[int, ...],
    changes: tuple[UndoneChange, ...],
    was_void: bool,
    by: str,
    approved_by: str,
    reason: str,
) -> Undone:
    """Record for good what is about to be taken back. The caller checks whether it is allowed (`gate.undo`)."""
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    undone = Undone(business_date, account_keys, customer_keys, changes, was_void, by, approved_by, reason, recorded_at)
    append_line(home, home.undone_file, asdict(undone) | {"business_date": str(business_date)})
    return undone
