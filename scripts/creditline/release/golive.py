"""What must hold before orders may leave: keys of the home's own, no demo pack, and a validation that is not overdue.

A demo home may go live with demo packs, because its customers are not real. A trial may go live with any pack, because its
orders reach nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from creditline import project
from creditline.errors import CreditlineError, UsageError
from creditline.home import SETTINGS_FILE, Home
from creditline.home.keys import demo_keys
from creditline.home.publications import read_manifest
from creditline.policy import Pack, PolicySet, packs_in_force


class NotReady(CreditlineError):
    """A slice may not go live yet; says which pack or key stands in the way, what is missing and what to do."""


@dataclass(frozen=True)
class PackRecord:
    """Whether a pack is a demo, who validated it, and until when the validation holds."""

    pack: str
    is_demo: bool
    validator: str | None
    next_due_date: date | None


def require_ready(home: Home, slice_code: str) -> None:
    """Stop a slice, or with `*` all slices, from going live under a pack whose orders may not leave.

    The packs are those that `assignment.csv` routes the slice to on the newest published night. A demo home or a trial may
    be set live before its first night. Any other home needs a published night first.

    Raises:
        NotReady: the first thing that is missing, and how many there are.
        UsageError: no pack decides for the slice.
    """
    published = home.published_dates()
    if not published:
        if home.settings.orders_nobody_real:
            return
        raise NotReady(f"{slice_code} may not go live: no night is published yet; run nights in observe first")
    packs = _packs_of(packs_in_force(project.POLICIES_DIR, published[-1]), slice_code)
    if not packs:
        raise UsageError(
            f"no pack decides for slice {slice_code} on {published[-1]}; a slice is ENTITY/product as routed by"
            " policies/assignment.csv, or * for all"
        )
    missing = what_is_missing(home, map(_record_of, packs), published[-1])
    if missing:
        others = f" ({len(missing) - 1} more)" if len(missing) > 1 else ""
        raise NotReady(f"{slice_code} may not go live: {missing[0]}{others}")


def what_is_missing(
    home: Home, packs: Iterable[PackRecord], business_date: date, *, asks_validation: bool = True
) -> list[str]:
    """Everything that forbids orders of these packs on a night, one line each; empty if they may leave.

    Args:
        asks_validation: False for orders that protect a customer, which need no validation record.
    """
    missing = [] if home.settings.is_demo else _demo_keys(home)
    if home.settings.is_trial:
        return missing
    for record in packs:
        if record.is_demo:
            if not home.settings.is_demo:
                missing.append(
                    f"policy pack {record.pack} is a demo and this home is not; set its slices to observe, and route them"
                    " to a pack of your own (policies/assignment.csv)"
                )
        elif asks_validation:
            missing += _validation(record, business_date)
    return missing


def overdue_validations(home: Home, business_date: date) -> list[tuple[str, str]]:
    """The packs that decided a published night and are not validated, with what is missing. Demo packs are left out."""
    decided = read_manifest(home, business_date)["policy_versions"]
    records = [_record_of(pack) for pack in packs_in_force(project.POLICIES_DIR, business_date).packs]
    return [
        (record.pack, line)
        for record in records
        if record.pack in decided and not record.is_demo
        for line in _validation(record, business_date)
    ]


def _demo_keys(home: Home) -> list[str]:
    return [
        f"{home.root / SETTINGS_FILE}: the home is not a demo, yet {name} is the well-known one of demo homes; set its slices"
        " to observe, and start a home with keys of its own"
        for name in demo_keys(home)
    ]


def _validation(record: PackRecord, business_date: date) -> list[str]:
    if record.validator is None or record.next_due_date is None:
        return [
            f"policy pack {record.pack} has no validation record; set its slices to observe, have it validated, and add"
            " `validation` to its policy.yml: validator, evidence, next_due_date (docs/reference/policy.md)"
        ]
    if record.next_due_date < business_date:
        return [
            f"policy pack {record.pack} was due for validation on {record.next_due_date} and the night is {business_date};"
            " set its slices to observe, have it validated, and say so under `validation` in its policy.yml (docs/reference/policy.md)"
        ]
    return []


def _packs_of(policies: PolicySet, slice_code: str) -> tuple[Pack, ...]:
    """The packs whose orders leave for a slice: its champion, and its challenger if that has a share."""
    if slice_code == "*":
        return policies.packs
    entity, _, product = slice_code.partition("/")
    rows = [
        row
        for row in policies.assignments
        if row["legal_entity_code"] in (entity, "*") and row["product_code"] in (product, "*")
    ]
    names = set()
    for role in ("champion", "challenger"):
        fitting = sorted(
            (row for row in rows if row["role"] == role),
            key=lambda row: (row["legal_entity_code"] == "*", row["product_code"] == "*"),
        )
        if fitting and (role == "champion" or int(fitting[0]["share_bp"]) > 0):
            names.add(fitting[0]["pack"])
    return tuple(pack for pack in policies.packs if pack.settings.name in names)


def _record_of(pack: Pack) -> PackRecord:
    settings = pack.settings
    validation = settings.validation
    return PackRecord(
        settings.name,
        settings.is_demo,
        validation.validator if validation else None,
        validation.next_due_date if validation else None,
    )
