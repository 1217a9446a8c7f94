"""Reads a pack's rows into their models, and checks that no key comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from creditline.policy.check_helpers import PackRows
from creditline.policy.packs import Pack
from creditline.policy.rows import PACK_ROWS, PolicyRow, read_rows


def read_pack(pack: Pack) -> tuple[PackRows, list[str]]:
    """The rows of every file, and the problems of cells and of single rows."""
    by_file: dict[type[PolicyRow], list[PolicyRow]] = {}
    problems: list[str] = []
    for kind in PACK_ROWS:
        by_file[kind], wrong = read_rows(kind, pack.tables[kind.file])
        problems += wrong
    return PackRows(pack.settings, by_file), problems


def rows_once(pack: PackRows) -> Iterator[str]:
    """No two rows of a file may share their key."""
    for kind, rows in pack.by_file.items():
        for name, count in Counter(row.name() for row in rows).items():
            if count > 1:
                yield f"{kind.file}.csv: {name} stands more than once"
