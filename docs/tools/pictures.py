"""The README's pictures, drawn of a real home: `scripts/docs pictures [HOME]` after `scripts/nightly`.

The explanation is what the command prints, the report what its CSV holds, the flow has the figures of the newest night. The same
home gives the same bytes. No picture loads a font or anything else.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path

from rich.cells import cell_len

from creditline.explain import explain_account, explanation_text
from creditline.home import Home
from creditline.publish.reader import query_marts

STORY = "A00000862"
ROWS = 12
MARGIN, BOX_WIDTH, BOX_HEIGHT, STEP_X, STEP_Y = 20, 200, 92, 240, 140


def draw(home: Home, folder: Path) -> list[Path]:
    """Draw every picture into a folder and return their files."""
    pictures = {"explanation": explanation(home), "report": report(home), "flow": flow(home)}
    files = []
    for name, picture in pictures.items():
        files.append(folder / f"{name}.svg")
        files[-1].write_text(picture)
    return files


def explanation(home: Home) -> str:
    """What a customer at ten yuan is told, in both languages beside each other."""
    parts, heights = [], []
    for number, (lang, wide) in enumerate((("en", 66), ("zh", 58))):
        x, y = MARGIN + number * 560, MARGIN
        parts.append(_text(x, y + 14, f"$ creditline explain {STORY} --lang {lang}", "command"))
        y += 44
        for line in explanation_text(explain_account(home, STORY, None, "customer", lang)).splitlines():
            for piece in _wrapped(line, wide):
                parts.append(_text(x, y, piece, "said"))
                y += 22
            y += 4
        heights.append(y)
    return _svg(1120, max(heights) + MARGIN // 2, "What a customer at ten yuan is told", parts)


def report(home: Home) -> str:
    """A report of the newest night as its CSV has it; what is the same in every row stands above."""
    (file,) = (home.current / "reports").glob("*_R06_*.csv")
    with file.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    same = [index for index in range(len(header)) if len({row[index] for row in rows}) == 1]
    told = {header[index]: rows[0][index] for index in same}
    told["policy_version"] = told["policy_version"][:12]
    columns = [index for index in range(len(header)) if index not in same and not header[index].endswith("_order")]
    is_number = {index: header[index].endswith(("_amount", "_count")) for index in columns}
    parts = [
        _text(MARGIN, MARGIN + 14, file.name, "command"),
        _text(MARGIN, MARGIN + 40, "   ".join(f"{name} {value}" for name, value in told.items()), "what left"),
    ]
    x, top = MARGIN, MARGIN + 78
    for index in columns:
        name = header[index].removesuffix("_amount").replace("_", " ")
        cells = [f"{Decimal(row[index]):,}" if header[index].endswith("_amount") else row[index] for row in rows[:ROWS]]
        width = 10 + 8 * max(len(text) for text in (name, *cells))
        edge = x + width if is_number[index] else x
        kind = "right" if is_number[index] else "left"
        parts.append(_text(edge, top, name, f"head {kind}"))
        parts += [_text(edge, top + 30 + 22 * number, cell, f"cell {kind}") for number, cell in enumerate(cells)]
        x += width + 26
    parts.insert(0, f'<line class="rule" x1="{MARGIN}" y1="{top + 10}" x2="{x - 26}" y2="{top + 10}"/>')
    height = top + 30 + 22 * min(len(rows), ROWS)
    if len(rows) > ROWS:
        parts.append(_text(MARGIN, height + 4, f"... and {len(rows) - ROWS} more rows", "what left"))
        height += 26
    return _svg(x - 26 + MARGIN, height + MARGIN // 2, "R06: past-due ageing", parts)


def flow(home: Home) -> str:
    """The night in boxes, each with what it did on the newest night."""
    found = _figures(home)
    boxes = [
        Box(0, 0, "landing", "files and a manifest", "{files} files, {rows} rows"),
        Box(1, 0, "gate", "Great Expectations", "{accepted} rows accepted"),
        Box(2, 0, "build", "dbt on DuckDB or Spark", "{accounts} accounts decided"),
        Box(3, 0, "publish", "signed, one flip", "{tables} tables, {reports} reports"),
        Box(4, 0, "release", "against each slice's mode", "{orders} orders"),
        Box(1, 1, "quarantine", "each row with its rule", "{refused} rows kept out", is_aside=True),
        Box(2, 1, "policy packs", "CSV, dated, hashed", "{packs} in force", is_aside=True),
        Box(3, 1, "readers", "analysts, compliance", "every past night replays", is_aside=True),
        Box(4, 1, "core, customers", "orders and notices", "{notices} notices", is_aside=True),
    ]
    lines = [_arrow(column, 0, column + 1, 0) for column in range(4)]
    lines += [_arrow(1, 0, 1, 1), _arrow(2, 1, 2, 0), _arrow(3, 0, 3, 1), _arrow(4, 0, 4, 1)]
    width, height = 4 * STEP_X + BOX_WIDTH + 2 * MARGIN, STEP_Y + BOX_HEIGHT + 2 * MARGIN
    title = f"How a night flows, with the figures of {found['night']} in the sample book"
    return _svg(width, height, title, [*lines, *(box.drawn(found) for box in boxes)])


@dataclass(frozen=True)
class Box:
    """One box of the flow: its place, its name, what it is, what it did."""

    column: int
    row: int
    name: str
    what: str
    figure: str
    is_aside: bool = False

    def drawn(self, found: dict[str, str]) -> str:
        x, y = MARGIN + self.column * STEP_X, MARGIN + self.row * STEP_Y
        middle, kind = x + BOX_WIDTH // 2, "aside" if self.is_aside else "step"
        said = ((self.name, "name", 27), (self.what, "what", 50), (self.figure.format(**found), "figure", 75))
        texts = "".join(_text(middle, y + down, text, style) for text, style, down in said)
        return f'<rect class="{kind}" x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>{texts}'


def _figures(home: Home) -> dict[str, str]:
    night = home.published_dates()[-1]
    (delivered,) = (home.raw / "_deliveries" / f"business_date={night}").glob("*.json")
    sources = json.loads(delivered.read_text())["sources"]
    ((accounts, orders, freezes, packs),) = query_marts(
        home,
        "select account_count, (select count(*) from fct_limit_adjustment where business_date = max_date),"
        " (select count(*) from fct_security_order where business_date = max_date),"
        " (select count(distinct policy_version) from fct_limit_decision where business_date = max_date)"
        " from fct_night, (select max(business_date) as max_date from fct_night) where business_date = max_date",
    )[1]
    notices = sum(len(file.read_text().splitlines()) for file in home.outbox.glob(f"*notices/*_{night}_*.jsonl"))
    return {
        "night": f"{night:%-d %B %Y}",
        "files": str(len(sources)),
        "rows": f"{sum(source['delivered_rows'] for source in sources):,}",
        "accepted": f"{sum(source['accepted_rows'] for source in sources):,}",
        "refused": f"{sum(source['quarantined_rows'] for source in sources):,}",
        "accounts": f"{accounts:,}",
        "tables": str(len(list((home.current / "marts").glob("*.parquet")))),
        "reports": str(len(list((home.current / "reports").glob("*.csv")))),
        "orders": f"{orders + freezes:,}",
        "packs": str(packs),
        "notices": f"{notices:,}",
    }


def _arrow(from_column: int, from_row: int, to_column: int, to_row: int) -> str:
    x, y = MARGIN + from_column * STEP_X, MARGIN + from_row * STEP_Y
    if from_row == to_row:
        ends = x + BOX_WIDTH, y + BOX_HEIGHT // 2, MARGIN + to_column * STEP_X - 2, y + BOX_HEIGHT // 2
    else:
        middle, is_down = x + BOX_WIDTH // 2, to_row > from_row
        ends = (
            middle,
            y + (BOX_HEIGHT if is_down else 0),
            middle,
            MARGIN + to_row * STEP_Y + (-2 if is_down else BOX_HEIGHT + 2),
        )
    return '<line x1="{}" y1="{}" x2="{}" y2="{}" marker-end="url(#head)"/>'.format(*ends)


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(text)}</text>'


def _wrapped(line: str, wide: int) -> list[str]:
    """A line in pieces of at most so many cells, between words where it has any; a Chinese character is two cells."""
    pieces, piece = [], ""
    for part in re.findall(r"[\u4e00-\u9fff][\u3000-\u303f\uff00-\uffef]*|[^\s\u4e00-\u9fff]+\s*", line):
        if piece and cell_len(piece + part.rstrip()) > wide:
            pieces.append(piece.rstrip())
            piece = ""
        piece += part
    return [*pieces, piece.rstrip()]


def _svg(width: int, height: int, title: str, parts: list[str]) -> str:
    return _PAGE.format(width=width, height=height, title=escape(title), parts="\n".join(parts))


_PAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>
text {{ font-family: system-ui, 'Segoe UI', Helvetica, Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif;
  fill: #1f2933; font-size: 15px }}
.name, .what, .figure {{ text-anchor: middle }}
.name {{ font-size: 17px; font-weight: 600 }}
.what {{ font-size: 13px; fill: #52606d }}
.figure {{ font-size: 14px; fill: #0b69a3 }}
.command {{ font-family: ui-monospace, Menlo, Consolas, monospace; fill: #0b69a3; font-weight: 600 }}
.head {{ font-weight: 600; font-size: 14px }}
.cell {{ font-size: 14px; font-variant-numeric: tabular-nums }}
text.left {{ text-anchor: start }}
text.right {{ text-anchor: end }}
.step {{ fill: #e6f0f8; stroke: #2b6cb0; stroke-width: 1.5 }}
.aside {{ fill: #f7f7f2; stroke: #9aa5b1; stroke-width: 1.2 }}
line {{ stroke: #52606d; stroke-width: 1.6 }}
.rule {{ stroke: #9aa5b1; stroke-width: 1 }}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 L8 4 L0 8 Z" fill="#52606d"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
{parts}
</svg>
"""
