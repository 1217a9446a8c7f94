"""What the checks of a pack share: its rows as models, bins that cover all values, dated rows that do not overlap."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar, cast

from creditline.policy.rows import AnyRow, PolicyRow
from creditline.policy.schema import PackSettings

_Grouped = TypeVar("_Grouped")


@dataclass(frozen=True)
class PackRows:
    """A pack in which every cell has its type."""

    settings: PackSettings
    by_file: Mapping[type[PolicyRow], Sequence[PolicyRow]]

    def of(self, kind: type[AnyRow]) -> list[AnyRow]:
        """The rows of one file, in the order of the file."""
        return cast(list[AnyRow], list(self.by_file[kind]))


class Dated(Protocol):
    """A row that is in force from a day on, until another day or for good."""

    @property
    def effective_from(self) -> date: ...

    @property
    def effective_to(self) -> date | None: ...


_AnyDated = TypeVar("_AnyDated", bound=Dated)
Bin = tuple[int | None, int | None]


def from_below(edge: int | None) -> float:
    """The lower end of a bin as a number; an empty end is minus infinity."""
    return float("-inf") if edge is None else edge


def covers(where: str, bins: Sequence[Bin], lower: str, upper: str) -> Iterator[str]:
    """Bins must run from open end to open end without gap or overlap. `lower` and `upper` name their columns."""
    if not bins:
        yield f"{where} has no bins"
        return
    if bins[0][0] is not None or bins[-1][1] is not None:
        yield f"{where} does not cover everything: the first {lower} and the last {upper} must be empty"
    for (_, end), (start, _) in itertools.pairwise(bins):
        if end != start or end is None:
            left, right = "the end" if end is None else end, "the start" if start is None else start
            yield f"{where} has a gap or an overlap between {left} and {right}"


def overlaps(file: str, rows: Iterable[_AnyDated], key: Callable[[_AnyDated], str]) -> Iterator[str]:
    """Rows with one key must not be in force on the same day. The end of a row is excluded."""
    for name, group in grouped(rows, key).items():
        group.sort(key=lambda row: row.effective_from)
        for left, right in itertools.pairwise(group):
            if left.effective_to is None or left.effective_to > right.effective_from:
                yield f"{file}: {name} is in force twice from {right.effective_from}"


def grouped(rows: Iterable[_Grouped], key: Callable[[_Grouped], str]) -> dict[str, list[_Grouped]]:
    """Rows by the key that a function gives for each."""
    groups: dict[str, list[_Grouped]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
