"""Output for people is a table, for programs JSON; an error is one line on standard error.

Everything is printed as plain text without markup. Characters that would move a cursor, colour a line or change the direction of
reading are shown by their number.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from creditline.errors import UsageError

# A pipe has no width of its own.
_WIDTH_OF_A_PIPE = 200


class Format(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


class TextFormat(StrEnum):
    """How a command prints that tells a story rather than rows."""

    TEXT = "text"
    JSON = "json"


_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def visible(text: str) -> str:
    """A text in which nothing is hidden: control and format characters, also line ends, are shown by their number."""
    return "".join(letter.encode("unicode_escape").decode() if _is_hidden(letter) else letter for letter in text)


def _is_hidden(letter: str) -> bool:
    # categories C: control, format (bidi, zero width), surrogate, private, unassigned; Zl and Zp end a line
    return unicodedata.category(letter) in ("Zl", "Zp") or unicodedata.category(letter)[0] == "C"


def print_rows(
    columns: Sequence[str], rows: Iterable[Sequence[object]], output_format: Format, title: str = ""
) -> None:
    """Print rows as a table if every row fits the width, else one block for each row; or as a JSON list of objects.

    A value that is a list is printed with one entry on each line.

    Raises:
        UsageError: two columns have one name, which JSON cannot hold.
    """
    if output_format is Format.JSON:
        _refuse_one_name_twice(columns)
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    heads = [visible(column) for column in columns]
    cells = [[_lines(value) for value in row] for row in rows]
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(highlight=False, width=None if has_width else _WIDTH_OF_A_PIPE)
    if title:
        console.print(Text(visible(title), style="italic"), soft_wrap=True)
    if not cells:
        console.print(Text("no rows"))
    elif _table_width(heads, cells) <= console.width:
        console.print(_table(heads, cells))
    else:
        _print_blocks(console, heads, cells)


def _lines(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [visible(str(entry)) for entry in value]
    return ["" if value is None else visible(str(value))]


def _refuse_one_name_twice(columns: Sequence[str]) -> None:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise UsageError(f"column {twice[0]}: another has its name; give each a name of its own (`as`) for JSON")


def _table_width(heads: list[str], cells: list[list[list[str]]]) -> int:
    widths = [
        max(cell_len(line) for line in (head, *(line for row in cells for line in row[place])))
        for place, head in enumerate(heads)
    ]
    # a blank on each side of a cell, and a line before, between and behind
    return sum(widths) + 3 * len(widths) + 1


def _table(heads: list[str], cells: list[list[list[str]]]) -> Table:
    table = Table()
    for head in heads:
        table.add_column(Text(head), no_wrap=True)
    for row in cells:
        table.add_row(*(Text("\n".join(lines)) for lines in row))
    return table


def _print_blocks(console: Console, heads: list[str], cells: list[list[list[str]]]) -> None:
    """One block for each record, with one line for each column, so that no value is cut."""
    width = max(map(cell_len, heads))
    for number, row in enumerate(cells, start=1):
        console.print(Text(f"-[ {number} ]".ljust(width + 3, "-"), style="dim"))
        for head, lines in zip(heads, row, strict=True):
            for place, line in enumerate(lines or [""]):
                label = "" if place else head
                text = f"{label}{' ' * (width - cell_len(label))}  {line}".rstrip()
                console.print(Text(text), soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON; dates and decimals as text, control characters by their number."""
    content = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    print(re.sub(r"[^\n\x20-\x7e]", _escaped_in_json, content))


def _escaped_in_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1] if _is_hidden(found[0]) else found[0]


def print_text(text: str) -> None:
    """Print a text of several lines."""
    print("\n".join(map(visible, text.split("\n"))))


def tell(message: str) -> None:
    """One line of progress, on standard error so that output stays clean."""
    _errors.print(Text(visible(message), style="dim"))


def complain(message: str, command: str = "creditline") -> None:
    """Print why a command fails, as one line on standard error."""
    _errors.print(Text(visible(f"{command}: {' '.join(message.split())}"), style="red"))
