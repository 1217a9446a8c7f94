"""Delimited text of an extract as plain UTF-8: in its own encoding, without a title or a trailer, or refused by its line."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from creditline.mapping.definition import MAP_FILE, ExtractTable

_UTF8 = "utf-8"
# What is tried if a file is not in the stated encoding, in this order.
_ENCODINGS = (_UTF8, "gb18030", "big5", "cp1252")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": _UTF8}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an xlsx workbook",
    b"\xd0\xcf\x11\xe0": "an xls workbook",
    b"PAR1": "Parquet without the ending .parquet",
}
# How much of a file is looked at to guess its encoding, and how many lines to find its header.
_SAMPLE_BYTES = 1 << 20
_SAMPLE_LINES = 20
_SHOWN = 60
# In UTF-16 digits and signs have a NUL byte; of text in Chinese, too, they are at least one character in so many.
_SELDOM = 16


class UnreadableText(Exception):
    """A file that is not read as the map says; the message names the line and the cure, the caller the file."""


@dataclass(frozen=True)
class PlainText:
    """A file of an extract as UTF-8 in the scratch folder, and what its lines were in the file itself.

    Args:
        header: the names in its first line.
        first: the number of that line in the file.
        lines: how many lines were kept.
        odd_end: the first line that ends otherwise than the header does; None if all end alike.
    """

    path: Path
    header: tuple[str, ...]
    first: int
    lines: int
    odd_end: int | None


def make_plain(file: Path, name: str, table: ExtractTable, target: Path) -> PlainText:
    """Write a file, packed by gzip or not, as UTF-8 to `target`, and check that its header has the columns of the map.

    A file in which all lines end in CR alone gets LF.

    Args:
        name: of the table in `map.yml`.

    Raises:
        UnreadableText: it cannot be read so.
    """
    with _opened(file) as stream:
        start = stream.read(_SAMPLE_BYTES)
    _check_kind(start)
    kept, odd_end = 0, None
    first_lines: list[str] = []
    held: deque[str] = deque()
    with _opened(file) as stream, target.open("w", encoding=_UTF8, newline="") as plain:
        for number, line in _lines(file, name, table, stream, start):
            if number <= table.skip_lines:
                continue
            if "\0" in line:
                raise _nul(name, number, start)
            if len(first_lines) < _SAMPLE_LINES:
                first_lines.append(line)
            end = _end_of(line)
            if odd_end is None and end and end != _end_of(first_lines[0]):
                odd_end = number
            held.append(f"{line[:-1]}\n" if end == "\r" == _end_of(first_lines[0]) else line)
            if len(held) > table.trailer:
                plain.write(held.popleft())
                kept += 1
    header = _header(name, table, first_lines)
    return PlainText(target, header, table.skip_lines + 1, kept, odd_end)


def explain_line(name: str, plain: PlainText, error: Exception) -> UnreadableText:
    """What DuckDB said of a line of a plain text, with the line's number in the file itself and what to do."""
    said = " ".join(str(error).split("Possible fixes", maxsplit=1)[0].split())
    found = re.search(r"CSV Error on Line: (\d+)", said)
    if not found:
        odd = f"line {plain.odd_end} ends otherwise than the header: " if plain.odd_end else ""
        return UnreadableText(f"{odd}{said[:300]}; end every line alike, and quote as RFC 4180 says")
    number = int(found[1])
    columns = re.search(r"Original Line: (.*) Expected Number of Columns: (\d+) Found: (\d+)", said)
    where = f"line {number + plain.first - 1}"
    if columns is None:
        return UnreadableText(f"{where}: {said[found.end() :].strip()[:300]}; correct the file")
    what = f"{where}, '{columns[1][:_SHOWN]}', has {columns[3]} columns, the header has {columns[2]}"
    last = plain.lines - number + 1
    if last <= _SAMPLE_LINES and int(columns[3]) < int(columns[2]):
        lines = "the last line" if last == 1 else f"the last {last} lines"
        return UnreadableText(
            f"{what}; if {lines} are a trailer, write `trailer: {last}` for table '{name}' of {MAP_FILE}, else correct the file"
        )
    return UnreadableText(f"{what}; correct the line, or quote the cell that holds the delimiter")


def _opened(file: Path) -> BinaryIO:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def _check_kind(start: bytes) -> None:
    for magic, kind in _FOREIGN.items():
        if start.startswith(magic):
            raise UnreadableText(f"it is {kind}; export it from the source system as CSV, or as .parquet")
    if not start:
        raise UnreadableText("it is empty; export it again")


def _lines(file: Path, name: str, table: ExtractTable, stream: BinaryIO, start: bytes) -> Iterator[tuple[int, str]]:
    """Every line with its number from 1 and its end."""
    # the mark of UTF-8 is no part of the first name
    encoding = "utf-8-sig" if table.encoding == _UTF8 else table.encoding
    text = io.TextIOWrapper(stream, encoding, newline="")
    number = 0
    try:
        for line in text:
            number += 1
            yield number, line
    except UnicodeError as error:
        raise _undecodable(file, name, table, start, error, number) from error


def _undecodable(
    file: Path, name: str, table: ExtractTable, start: bytes, error: UnicodeError, read: int
) -> UnreadableText:
    """Names the first line with bytes that are not of the encoding, and the encodings in which the file can be read."""
    number, line = _first_bad_line(file, table.encoding, read)
    wide = _unmarked(start)
    if wide and wide != table.encoding and not start.startswith(tuple(_MARKS)):
        return UnreadableText(_as_wide(name, number, wide))
    guesses = _guesses(start, table.encoding)
    reason = error.reason if isinstance(error, UnicodeDecodeError) else error
    where = f"line {number} is not {table.encoding} ({reason})"
    if not guesses:
        return UnreadableText(f"{where}; export the file again, as UTF-8")
    shown = " or ".join(f"{guess} ('{_shown(line, guess)}')" for guess in guesses)
    return UnreadableText(
        f"{where}. It can be read as {shown}; write the one that reads right as `encoding` of table '{name}' of {MAP_FILE}"
    )


def _first_bad_line(file: Path, encoding: str, read: int) -> tuple[int, bytes]:
    """The number of the first line that cannot be decoded, and its bytes; by bytes, as no line can be decoded.

    Args:
        read: how many lines were decoded before.
    """
    with _opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode(encoding)
            except UnicodeError:
                if number > read or encoding.startswith("utf-16"):
                    return number, line
    return read + 1, b""


def _guesses(start: bytes, stated: str) -> list[str]:
    for mark, encoding in _MARKS.items():
        if start.startswith(mark) and encoding != stated:
            return [encoding]
    return [encoding for encoding in _ENCODINGS if encoding != stated and _reads(start, encoding)]


def _reads(start: bytes, encoding: str) -> bool:
    """Whether the beginning of a file can be decoded; its end may be cut within a character."""
    try:
        start.decode(encoding)
    except UnicodeDecodeError as error:
        return len(start) == _SAMPLE_BYTES and error.start >= len(start) - 4
    return True


def _shown(line: bytes, encoding: str) -> str:
    text = line.decode(encoding, "replace").strip()[:_SHOWN]
    return "".join(one if one.isprintable() else "?" for one in text)


def _nul(name: str, number: int, start: bytes) -> UnreadableText:
    """A NUL byte: every second byte of Latin text in UTF-16, else damage."""
    wide = _unmarked(start)
    if wide:
        return UnreadableText(_as_wide(name, number, wide))
    return UnreadableText(f"line {number} holds a NUL byte: the file is damaged; export it again")


def _unmarked(start: bytes) -> str | None:
    """The kind of UTF-16 that a text without its mark seems to be: one byte of two is often NUL, the other hardly ever."""
    low, high = start[0::2].count(0), start[1::2].count(0)
    if max(low, high) * _SELDOM < len(start) or min(low, high) * _SELDOM > max(low, high):
        return None
    return "utf-16-le" if high > low else "utf-16-be"


def _as_wide(name: str, number: int, encoding: str) -> str:
    return (
        f"line {number}: every other byte is NUL, as in UTF-16 without a mark; write `encoding: {encoding}`"
        f" for table '{name}' of {MAP_FILE}"
    )


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _header(name: str, table: ExtractTable, lines: list[str]) -> tuple[str, ...]:
    """The names in the first line, which must hold those of the map."""
    if not lines:
        raise UnreadableText(f"it has no line after {table.skip_lines}; correct `skip_lines` of table '{name}'")
    first = table.skip_lines + 1
    parted = re.fullmatch(r"sep=(.)", lines[0].strip(), re.IGNORECASE)
    if parted:
        raise UnreadableText(
            f"line {first} is '{lines[0].strip()}', which a spreadsheet writes; write `skip_lines: {first}`"
            f" and `delimiter: \"{parted[1]}\"` for table '{name}' of {MAP_FILE}"
        )
    header = _cells(lines[0], table.delimiter)
    missing = [column for column in table.columns if column not in header]
    if missing:
        raise UnreadableText(
            f"line {first}, its header, has no column {', '.join(missing)} (table '{name}' of {MAP_FILE});"
            f" {_cure(name, table, lines, header)}"
        )
    twice = [column for column in table.columns if header.count(column) > 1]
    if twice:
        raise UnreadableText(f"line {first}: column {twice[0]} is there twice; export it once")
    return header


def _cure(name: str, table: ExtractTable, lines: list[str], header: tuple[str, ...]) -> str:
    """What to do about a first line without the columns of the map."""
    for below, line in enumerate(lines[1:], start=1):
        if set(table.columns) <= set(_cells(line, table.delimiter)):
            skipped = table.skip_lines + below
            return f"the header is line {skipped + 1}: write `skip_lines: {skipped}` for table '{name}' of {MAP_FILE}"
    for delimiter in ",;\t|":
        if delimiter != table.delimiter and set(table.columns) <= set(_cells(lines[0], delimiter)):
            return (
                f"its columns are parted by {delimiter!r}: write `delimiter: {_quoted(delimiter)}` for table '{name}'"
            )
    nameless = [str(place) for place, cell in enumerate(header, start=1) if not cell.strip()]
    if nameless:
        return f"column {', '.join(nameless)} of it has no name: give every column one, where it is exported"
    return f"it says '{lines[0].strip()[:_SHOWN]}': correct the file, its encoding or the list"


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    rows = list(csv.reader([line.rstrip("\r\n")], delimiter=delimiter))
    return tuple(rows[0]) if rows else ()


def _quoted(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
