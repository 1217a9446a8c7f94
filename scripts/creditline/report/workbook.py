"""Reports as workbooks for people: a cover, a frozen header, money as numbers, no cell that a spreadsheet would run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from creditline.home.database import Row

# Nobody reads more by hand, and 100,000 rows of 17 cells take 11 s. Above this there is only the CSV.
from creditline.home.files import Json

MOST_ROWS = 20_000
_FETCH = 10_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0")
_DISCLAIMER = "Computed by Creditline as a draft in the likeness of the named form; certified by nobody."
_WIDTHS = {"DATE": 12, "BIGINT": 14, "BOOLEAN": 10}


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    model: str,
    order: str,
    facts: dict[str, str],
    checks: list[Row],
) -> None:
    """Write one report as XLSX, the same bytes for the same rows.

    Args:
        order: sort key of the rows, as SQL.
        facts: label to text for the cover.
        checks: check id, rule, left side, right side, outcome.
    """
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    # Otherwise the writer would put the time of the machine here.
    book.set_properties({"title": facts["Title"], "created": datetime(2000, 1, 1, tzinfo=UTC)})
    formats = {
        "head": book.add_format({"bold": True, "bg_color": "#1F3A5F", "font_color": "#FFFFFF", "border": 1}),
        "title": book.add_format({"bold": True, "font_size": 16, "font_color": "#1F3A5F"}),
        "label": book.add_format({"bold": True}),
        "money": book.add_format({"num_format": "#,##0.00", "align": "right"}),
        "key": book.add_format({"num_format": "0"}),
        "count": book.add_format({"num_format": "#,##0"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    _write_cover(book, formats, facts, checks)
    _write_rows(connection, book, formats, model, order)
    book.close()


def _write_cover(book: xlsxwriter.Workbook, formats: Json, facts: dict[str, str], checks: list[Row]) -> None:
    sheet = book.add_worksheet("Cover")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 62)
    sheet.set_column(2, 4, 20)
    _fit_to_paper(sheet)
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, facts["Title"], formats["title"])
    line = 2
    for label, text in facts.items():
        sheet.write_string(line, 0, label, formats["label"])
        sheet.write_string(line, 1, harmless(text))
        line += 1
    sheet.write_string(line, 1, _DISCLAIMER, formats["wrap"])
    line += 2
    for column, head in enumerate(("Check", "Rule", "Left side", "Right side", "Outcome")):
        sheet.write_string(line, column, head, formats["head"])
    for check in checks:
        line += 1
        for column, value in enumerate(check):
            _write_cell(sheet, line, column, value, formats)


def _write_rows(
    connection: duckdb.DuckDBPyConnection, book: xlsxwriter.Workbook, formats: Json, model: str, order: str
) -> None:
    sheet = book.add_worksheet("Report")
    columns = connection.execute(f"describe {model}").fetchall()
    for number, (name, kind, *_) in enumerate(columns):
        width = 18 if kind.startswith("DECIMAL") else _WIDTHS.get(kind, 24)
        sheet.set_column(number, number, max(width, len(name) + 2))
    for number, (name, *_) in enumerate(columns):
        sheet.write_string(0, number, name, formats["head"])
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    _fit_to_paper(sheet)
    # A key is a name, not a quantity: no thousands separator.
    styles = [{**formats, "count": formats["key"]} if column[0].endswith("_key") else formats for column in columns]
    cursor = connection.execute(f"select * from {model} order by {order}")
    line = 0
    while rows := cursor.fetchmany(_FETCH):
        for row in rows:
            line += 1
            for number, value in enumerate(row):
                _write_cell(sheet, line, number, value, styles[number])
    sheet.autofilter(0, 0, line, len(columns) - 1)


def _fit_to_paper(sheet: Worksheet) -> None:
    """One page wide on A4, however long."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write_cell(sheet: Worksheet, line: int, column: int, value: object, formats: Json) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, column, value)
    elif isinstance(value, Decimal):
        sheet.write_number(line, column, value, formats["money"])
    elif isinstance(value, int):
        sheet.write_number(line, column, value, formats["count"])
    elif isinstance(value, date):
        sheet.write_datetime(line, column, value, formats["date"])
    else:
        sheet.write_string(line, column, harmless(str(value)))


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP CSV injection)."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text
