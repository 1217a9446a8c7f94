"""Restatements that two people made. A restatement counts once its line in `control/restatements.jsonl` is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.files import Json


@dataclass(frozen=True)
class Restatement:
    """One line of `control/restatements.jsonl`. `publications` names the revision that each night got."""

    from_date: date
    known_until: date
    reason: str
    by: str
    approved_by: str
    publications: dict[date, int]
    recorded_at: str


def read_restatements(home: Home) -> tuple[Restatement, ...]:
    """Every restatement in the order in which it was recorded."""
    return tuple(_read(line) for line in read_lines(home, home.restatements_file))


def record_restatement(
    home: Home,
    from_date: date,
    known_until: date,
    *,
    reason: str,
    by: str,
    approved_by: str,
    publications: dict[date, int],
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
    )
    line = asdict(restatement) | {
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
