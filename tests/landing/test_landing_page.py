"""docs/reference/landing.md says what the contract and the code say."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import creditline.landing
from creditline.landing.contract import Column, Manifest, Source, contract
from creditline.landing.typing import EXPECTED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "landing.md").read_text()


def section(title: str) -> str:
    """The text under one heading, up to the next heading of any level."""
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def heading_of(source: Source) -> str:
    totals = f"; totals {', '.join(source.totals)}" if source.totals else ""
    return f"{source.kind}; key {', '.join(source.key)}{totals}."


def row_of(column: Column) -> list[str]:
    empty = "column optional" if column.optional else "yes" if column.nullable else ""
    return [column.name, column.type, empty, ", ".join(column.codes)]


@pytest.mark.parametrize("source", contract().values(), ids=contract())
def test_a_source_is_described_column_by_column(source):
    text = section(source.name)
    assert heading_of(source) in text
    assert table(text) == [row_of(column) for column in source.columns]


def test_no_other_source_is_described():
    assert re.findall(r"^### (\w+)$", PAGE, flags=re.MULTILINE) == list(contract())


def test_types_are_spelt_as_the_code_wants():
    assert [[name, text] for name, text in EXPECTED.items()] == table(section("Files"))


def test_the_example_is_a_manifest():
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    Manifest(**json.loads(example))


def test_every_rule_that_refuses_a_file_is_explained():
    explained = {name for row in table(section("Why a file is refused")) for name in row[0].split(", ")}
    assert explained == rules_of_the_code()


def rules_of_the_code() -> set[str]:
    """The literal rule of every FileRefused that the room raises."""
    found = set()
    for module in Path(creditline.landing.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"FileRefused": 1, "_refused": 0}.get(node.func.id)
                if place is not None and isinstance(node.args[place], ast.Constant):
                    found.add(node.args[place].value)
    return found | {"source", "file"}  # the two that one loop raises


def test_what_may_repeat_is_named():
    row = next(row for row in table(section("Why a file is refused")) if row[0] == "duplicate")
    assert re.findall(r"`(\w+)`", row[1]) == [name for name, source in contract().items() if source.may_repeat]
