"""Restatements that two people made. A restatement counts once its line in `control/restatements.jsonl` is written.

One kind of them declares a published night void: its first night counts as if its deliveries had never come.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.files import Json

VOID = "void"


@dataclass(frozen=True)
class Restatement:
    """One line of `control/restatements.jsonl`. `publications` names the revision that each night got.

    `kind` is VOID if two people declared `from_date` void, else None.
    """

    from_date: date
    known_until: date
    reason: str
    by: str
    approved_by: str
    publications: dict[date, int]
    recorded_at: str
    kind: str | None = None


def read_restatements(home: Home) -> tuple[Restatement, ...]:
    """Every restatement in the order in which it was recorded."""
    return tuple(_read(line) for line in read_lines(home, home.restatements_file))


def voided_dates(home: Home) -> frozenset[date]:
    """Published nights that two people declared void."""
    return frozenset(each.from_date for each in read_restatements(home) if each.kind == VOID)


def is_overtaken(home: Home, business_date: date) -> bool:
    """Whether a night was decided on evidence that two people declared void since, its own or that of a night before it."""
    return any(
        each.kind == VOID and each.from_date <= business_date <= each.known_until for each in read_restatements(home)
    )


def record_restatement(
    home: Home,
    from_date: date,
    known_until: date,
    *,
    reason: str,
    by: str,
    approved_by: str,
    publications: dict[date, int],
    kind: str | None = None,
) -> Restatement:
    """Record a restatement for good. Its publications must be in their places; they become the latest of their nights."""
    restatement = Restatement(
        from_date,
        known_until,
        reason,
        by,
        approved_by,
        publications,
        datetime.now(UTC).isoformat(timespec="seconds"),
        kind,
    )
    said = {name: value for name, value in asdict(restatement).items() if name != "kind" or kind}
    line = said | {
        "from_date": str(from_date),
        "known_until": str(known_until),
        "publications": {str(day): revision for day, revision in publications.items()},
    }
    append_line(home, home.restatements_file, line)
    return restatement


def _read(line: Json) -> Restatement:
    return Restatement(
        **line
        | {
            "from_date": date.fromisoformat(line["from_date"]),
            "known_until": date.fromisoformat(line["known_until"]),
            "publications": {date.fromisoformat(day): revision for day, revision in line["publications"].items()},
        }
    )
