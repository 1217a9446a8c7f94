"""The reference pages that are made from the code: `scripts/docs reference`."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from textwrap import wrap
from types import NoneType
from typing import Any, get_args

import typer

from creditline.cli import app
from creditline.warehouse.properties import described_models

MADE = "Made by `scripts/docs reference`. Do not edit it by hand."
_COMMANDS = f"""# Commands

{MADE}

`.venv/bin/creditline [--home DIR] COMMAND`. The home is `--home`, else `CREDITLINE_HOME`, else `./var`. `python -m
creditline` is the same command, `-h` after any command tells its use, and `--install-completion` has the shell complete
it.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | the data, a check or the machine says no; one line on standard error says why and what to do next |
| 2 | the command or the settings are wrong |
| 130 | somebody pressed Ctrl-C |

`--format json` is for programs; progress goes to standard error. Rows are a table where each fits the width of the
terminal (`COLUMNS`, or 200 in a pipe), else one record a block. Control characters in data are printed as their number.
`--debug`, or `CREDITLINE_DEBUG=1`, shows where in the program an error came from. A command that failed because of the
machine (disk, memory, a damaged file) goes on from where it stopped when you run it again.

Where two people are needed, `--by` and `--approved-by` must be names of two. Names that differ only in case, accents,
blanks, punctuation, one letter or one digit, or by letters that look alike, count as one person. Give full names.
"""
_DICTIONARY = f"""# Data dictionary

{MADE} The texts are those of `dbt_project/models/marts/` and `dbt_project/models/reports/`.

These are the tables of `published/current/marts.duckdb`, and as Parquet of `published/<date>/r<NN>/marts/`. Amounts are
decimals in major units of the home's one currency. Accounts and customers are keys, never ids. A table shows the latest
publication of each night; `<table>_as_published` shows all of them with their `revision`. Every night's key is the
columns in **bold**, with `business_date` where the table has one.

`creditline sql` reads them. If you open them with another client of DuckDB, say `set disabled_optimizers =
'join_filter_pushdown'` first: without it DuckDB 1.5 answers a join over `order by ... limit` wrongly, and differently from
run to run ([decision 0016](../decisions/0016-joins-over-the-first-rows.md)).
"""


def write(folder: Path) -> list[Path]:
    """Write every made page into a folder and return their files."""
    files = []
    for name, text in pages().items():
        files.append(folder / name)
        files[-1].write_text(text)
    return files


def pages() -> dict[str, str]:
    """The made pages by their file's name."""
    return {"commands.md": commands(), "dictionary.md": dictionary()}


def commands() -> str:
    """Every command with its help and its options, as the command line knows them."""
    root = typer.main.get_command(app)
    return "\n".join([_COMMANDS, *(_of_command(name, command) for name, command in _leaves(root, ""))])


def _leaves(group: Any, prefix: str) -> list[tuple[str, Any]]:
    found = []
    for name, command in group.commands.items():
        is_group = hasattr(command, "commands")
        found += _leaves(command, f"{prefix}{name} ") if is_group else [(f"{prefix}{name}", command)]
    return found


def _of_command(name: str, command: Any) -> str:
    arguments = [part for part in command.params if part.param_type_name == "argument"]
    options = [part for part in command.params if part.param_type_name == "option"]
    usage = " ".join(
        [name, *(_argument(part) for part in arguments), *(_option(part) for part in options if part.required)]
    )
    lines = [f"## {name}", "", f"    creditline {usage}", ""]
    for paragraph in command.help.split("\n\n"):
        lines += [*wrap(paragraph, 120, break_on_hyphens=False), ""]
    told = [(_argument(part), part) for part in arguments] + [(_option(part), part) for part in options]
    lines += ["| argument or option | meaning |", "| --- | --- |"]
    lines += [f"| `{shown}` | {_escaped(part.help)}{_default(part)} |" for shown, part in told]
    return "\n".join([*lines, ""])


def _argument(part: Any) -> str:
    return part.metavar or part.name.upper()


def _option(part: Any) -> str:
    if part.is_flag:
        return part.opts[0]
    annotation = part.type_descriptor.annotation
    (kind,) = [each for each in get_args(annotation) if each is not NoneType] or [annotation]
    if isinstance(kind, type) and issubclass(kind, Enum):
        shown = "/".join(choice.value for choice in kind)
    else:
        shown = {datetime: "YYYY-MM-DD", int: "N"}.get(kind, part.opts[0].strip("-").upper())
    return f"{part.opts[0]} {part.metavar or shown}"


def _default(part: Any) -> str:
    is_told = part.param_type_name == "option" and not part.is_flag and part.default is not None
    value = getattr(part.default, "value", part.default)
    return (
        f" `{value:%Y-%m-%d}` if left out."
        if isinstance(value, datetime)
        else f" `{value}` if left out."
        if is_told
        else ""
    )


def dictionary() -> str:
    """Every published table with its grain, its key and its columns."""
    parts = [_DICTIONARY]
    for title, folder in (("Marts", "marts"), ("Reports", "reports")):
        parts += [f"## {title}", ""]
        for model in sorted(described_models(folder), key=lambda model: model["name"]):
            parts.append(_of_table(model))
    return "\n".join(parts)


def _of_table(model: dict) -> str:
    key = model.get("config", {}).get("meta", {}).get("key", [])
    lines = [
        f"### {model['name']}",
        "",
        *wrap(model["description"], 120, break_on_hyphens=False),
        "",
        "| column | type | meaning |",
        "| --- | --- | --- |",
    ]
    for column in model["columns"]:
        name = f"**{column['name']}**" if column["name"] in key else column["name"]
        text = _escaped(column["description"])
        lines.append(f"| {name} | {column['data_type']} | {text} |")
    return "\n".join([*lines, ""])


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*")
