"""Every cell of a pack for itself: there, of its type; and no row twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

from creditline.policy.packs import Pack
from creditline.policy.schema import MAY_BE_EMPTY, PACK_FILES, ROW_KEYS


def cells(pack: Pack) -> Iterator[str]:
    """Cells that are empty where a value is needed, or not of their column's type."""
    for name, columns in PACK_FILES.items():
        empty = MAY_BE_EMPTY.get(name, frozenset())
        for number, row in enumerate(pack.tables[name], start=2):
            for column, kind in columns.items():
                where = f"{name}.csv line {number}: {column}"
                text = row[column].strip()
                if not text:
                    if column not in empty:
                        yield f"{where} is empty, a value is needed"
                elif not _IS_OF[kind](text):
                    yield f"{where} must be {_SPELT[kind]}, is '{row[column]}'"


def rows_once(pack: Pack) -> Iterator[str]:
    """No two rows of a file may share their key."""
    for name, key in ROW_KEYS.items():
        counts = Counter(tuple(row[column] for column in key) for row in pack.tables[name])
        for values, count in counts.items():
            if count > 1:
                yield f"{name}.csv: {'/'.join(values)} stands more than once"


def is_date(text: str) -> bool:
    """Whether a cell is a date like 2026-09-30."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_IS_OF: dict[str, Callable[[str], bool]] = {
    "varchar": lambda text: True,
    "bigint": lambda text: re.fullmatch(r"-?[0-9]{1,18}", text) is not None,
    "decimal(18, 2)": lambda text: re.fullmatch(r"[0-9]{1,16}(\.[0-9]{1,2})?", text) is not None,
    "boolean": lambda text: text in ("true", "false"),
    "date": is_date,
}
_SPELT = {
    "bigint": "a whole number",
    "decimal(18, 2)": "an amount in major units, not negative, with at most two decimals",
    "boolean": "true or false",
    "date": "a date like 2026-09-30",
}
