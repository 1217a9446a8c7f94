"""Output for people is a table, for programs JSON; an error is one line on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum

from rich.console import Console
from rich.table import Table


class Format(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


class TextFormat(StrEnum):
    """How a command prints that tells a story rather than rows."""

    TEXT = "text"
    JSON = "json"


errors = Console(stderr=True, highlight=False, soft_wrap=True)


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[object]], output_format: Format, title: str = ""
) -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if output_format is Format.JSON:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    # A pipe has no width of its own; a table for a file or another program must not be cut to 80 columns.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    console.print(table)


def print_json(value: object) -> None:
    """Print a value as JSON; dates and decimals as text."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def tell(message: str) -> None:
    """One line of progress, on standard error so that output stays clean."""
    errors.print(message, style="dim", markup=False)
