"""Two packs side by side, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from creditline.policy.packs import Pack, Row
from creditline.policy.schema import PACK_FILES, ROW_KEYS


@dataclass(frozen=True)
class CellChange:
    """One cell that differs. If one side lacks the row, the cell is None on that side."""

    file: str
    row: str
    column: str
    before: str | None
    after: str | None


def diff_packs(before: Pack, after: Pack) -> list[CellChange]:
    """Every cell that differs, by file, row key and column. Row order, white space and line ends do not matter."""
    changes = list(_settings(before, after))
    for name in PACK_FILES:
        changes += _table(name, before.tables[name], after.tables[name])
    return changes


def _settings(before: Pack, after: Pack) -> Iterator[CellChange]:
    left, right = before.settings.scalars(), after.settings.scalars()
    for name in left:
        if left[name] != right[name]:
            yield CellChange("policy.yml", "", name, _spelt(left[name]), _spelt(right[name]))


def _spelt(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _table(name: str, before: tuple[Row, ...], after: tuple[Row, ...]) -> Iterator[CellChange]:
    left, right = _by_key(name, before), _by_key(name, after)
    for key in left | right:
        here, there = left.get(key, {}), right.get(key, {})
        for column in PACK_FILES[name]:
            if column not in ROW_KEYS[name] and here.get(column) != there.get(column):
                yield CellChange(f"{name}.csv", "/".join(key), column, here.get(column), there.get(column))


def _by_key(name: str, rows: tuple[Row, ...]) -> dict[tuple[str, ...], Row]:
    return {tuple(row[column] for column in ROW_KEYS[name]): row for row in rows}
