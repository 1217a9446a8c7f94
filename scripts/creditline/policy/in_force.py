"""The packs that decide a night, validated."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from creditline.policy.check_assignments import validate_assignments
from creditline.policy.packs import Pack, PackRefused, PolicySet, Row, load_pack, read_assignments
from creditline.policy.validation import validate_pack


def packs_in_force(policies_dir: Path, business_date: date) -> PolicySet:
    """The packs to which `assignment.csv` routes on a night, validated, and the rows of it that are in force.

    Raises:
        PackRefused: the routing or a pack has problems; names the first one and how many there are.
    """
    assignments = read_assignments(policies_dir)
    _refuse(policies_dir, validate_assignments(assignments))
    rows = tuple(row for row in assignments if _in_force(row, business_date))
    packs = tuple(load_pack(policies_dir / name) for name in sorted({row["pack"] for row in rows}))
    for pack in packs:
        _refuse(pack.directory, [*_misnamed(pack), *validate_pack(pack)])
    return PolicySet(packs, rows)


def _misnamed(pack: Pack) -> list[str]:
    name = pack.settings.name
    return [] if name == pack.directory.name else [f"policy.yml calls it {name}, assignment.csv {pack.directory.name}"]


def _refuse(where: Path, problems: list[str]) -> None:
    if problems:
        raise PackRefused(f"{where}: {problems[0]} ({len(problems)} in all; `creditline policy check` lists them)")


def _in_force(row: Row, business_date: date) -> bool:
    day = business_date.isoformat()
    return row["effective_from"] <= day and (not row["effective_to"] or day < row["effective_to"])
