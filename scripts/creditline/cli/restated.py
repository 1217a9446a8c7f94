"""The nights of a restatement as rows."""

from __future__ import annotations

from creditline.home.database import Row
from creditline.home.publications import revision_name
from creditline.restate import Result

RESTATED_COLUMNS = ("night", "publication", "changed rows", "changed cells")


def restated_rows(result: Result) -> list[Row]:
    """One row of RESTATED_COLUMNS for each night."""
    return [
        (
            night.business_date,
            "unchanged" if night.revision is None else revision_name(night.revision),
            sum(night.changed_rows.values()),
            night.changed_cells,
        )
        for night in result.nights
    ]
