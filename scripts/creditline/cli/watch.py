"""What a watch took in and did, as rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from creditline.home import open_home
from creditline.watch import open_days, watch

COLUMNS = (
    "night", "date", "at", "feed", "sequence", "rows", "freezes", "restores", "withheld", "guarded", "notices",
    "restricted_notices", "file", "notes",
)  # fmt: skip


def watch_days(root: Path, business_date: date | None, at: str | None) -> tuple[list[tuple], list[str]]:
    """Watch one day, or every open one. Returns: a row a delivery that was taken in, and why others were refused."""
    home = open_home(root)
    rows, refused = [], []
    for day in [business_date] if business_date else open_days(home):
        watched = watch(home, day, at)
        rows += [
            (
                watched.night,
                one.business_date,
                one.at,
                one.feed,
                one.sequence,
                one.rows,
                one.freezes,
                one.restores,
                one.withheld,
                one.guarded,
                one.notices,
                one.restricted_notices,
                one.file,
                "; ".join(one.notes),
            )
            for one in watched.deliveries
        ]
        refused += [f"{day} {one.at}: {one.reason}" for one in watched.refused]
    return rows, refused
