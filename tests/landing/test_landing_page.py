"""docs/reference/landing.md says what the contract and the code say."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest
from small_delivery import small_home

import creditline.landing
from creditline.gate.checking import check_delivery
from creditline.landing.contract import Column, Source, contract
from creditline.landing.typing import EXPECTED
from creditline.night import run_all
from creditline.publish.reader import query_marts

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


@pytest.mark.slow
def test_the_example_is_a_delivery_and_its_night_is_decided(tmp_path):
    printed = dict(re.findall(r"^`([\w.]+)`.*?:\n\n```\w+\n(.*?)```$", PAGE, flags=re.MULTILINE | re.DOTALL))
    assert list(printed) == ["manifest.json", "account_snapshot.csv"]
    delivery = tmp_path / "delivery"
    delivery.mkdir()
    for name, text in printed.items():
        (delivery / name).write_text(text)
    assert check_delivery(delivery).misfits == ()
    home = small_home(tmp_path / "home")
    shutil.move(delivery, home.landing / "2026-09-01")
    (night,) = run_all(home)
    assert query_marts(home, "select account_count, decision_count, is_void from fct_night")[1] == [(3, 3, False)]
    assert str(night.business_date) == "2026-09-01"


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
