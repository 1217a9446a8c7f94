"""The result of trying a delivery, as rows, and as one line that says whether it fits."""

from __future__ import annotations

from creditline.gate.checking import DeliveryCheck
from creditline.home.database import Row

COLUMNS = ("file", "column", "rule", "rows", "samples", "then")


def rows_of(result: DeliveryCheck) -> list[Row]:
    """A row a misfit."""
    return [
        (misfit.file, misfit.column, misfit.rule, misfit.rows or None, misfit.samples, misfit.then)
        for misfit in result.misfits
    ]


def verdict_of(result: DeliveryCheck) -> str:
    """Whether the delivery fits, and for what it is refused or held."""
    if result.refusals:
        count, of = len(result.refusals), len(result.misfits)
        return f"{result.directory} does not fit: {count} of {of} misfits refuse a file or the whole delivery"
    if result.held_rows:
        return f"{result.directory} fits except for {result.held_rows} rows that would stay in quarantine"
    if result.is_known:
        return f"{result.directory} fits: it is in the home already"
    return f"{result.directory} fits" + (", see what is said above" if result.misfits else "")
