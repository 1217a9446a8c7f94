"""What the checks of a pack share: bins that cover a line, dated rows that do not overlap, numbers within bounds."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator

from creditline.policy.packs import Row


def low(text: str) -> float:
    """The lower end of a bin as a number; an empty one is open."""
    return float("-inf") if text == "" else int(text)


def covers(where: str, rows: list[Row], lower: str, upper: str) -> Iterator[str]:
    """Bins must run from open to open without gap or overlap."""
    if not rows:
        yield f"{where} has no bins"
        return
    if rows[0][lower] or rows[-1][upper]:
        yield f"{where} does not cover everything: the first {lower} and the last {upper} must be empty"
    for left, right in itertools.pairwise(rows):
        if left[upper] != right[lower]:
            yield f"{where} has a gap or an overlap between {left[upper] or 'the end'} and {right[lower] or 'the start'}"


def overlaps(
    file: str, rows: Iterable[Row], key: tuple[str, ...], start: str = "effective_from", end: str = "effective_to"
) -> Iterator[str]:
    """Rows of one key must not be in force on the same day; `end` is excluded, empty is open."""
    for name, group in grouped(rows, key).items():
        group.sort(key=lambda row: row[start])
        for left, right in itertools.pairwise(group):
            if not left[end] or left[end] > right[start]:
                yield f"{file}: {'/'.join(name)} is in force twice from {right[start]}"


def grouped(rows: Iterable[Row], key: tuple[str, ...]) -> dict[tuple[str, ...], list[Row]]:
    """Rows by the values of some columns."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in key)].append(row)
    return dict(groups)


def ends_before_it_starts(where: str, row: Row, start: str, end: str) -> Iterator[str]:
    """A dated row must be in force on at least one day."""
    if row[start] and row[end] and row[end] <= row[start]:
        yield f"{where}: {end} {row[end]} is not after {start} {row[start]}"


def within(where: str, row: Row, column: str, least: int, most: int | None = None) -> Iterator[str]:
    """A number must lie between two bounds, both included; an empty cell is another check's matter."""
    if row[column] and not (least <= int(row[column]) <= (int(row[column]) if most is None else most)):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        yield f"{where}: {column} must be {bounds}, is {row[column]}"
