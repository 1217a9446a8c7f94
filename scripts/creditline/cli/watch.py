"""What a watch took in and did, as rows."""

from __future__ import annotations

from creditline.home.database import Row
from creditline.watch import Watch

COLUMNS = (
    "night", "date", "at", "feed", "sequence", "rows", "freezes", "restores", "withheld", "guarded", "notices",
    "restricted_notices", "file", "notes",
)  # fmt: skip


def rows_of(watches: list[Watch]) -> list[Row]:
    """One row for each delivery that was taken in."""
    return [
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
        for watched in watches
        for one in watched.deliveries
    ]
