"""A map's converters read text by the signs that the map states; what they cannot read is never rounded or guessed."""

from __future__ import annotations

import duckdb
import pytest
from test_own_map import PRINTED, edit, land

from creditline.mapping import BrokenMap, UnexpectedExtract, load_map
from creditline.mapping.definition import Numbers
from creditline.mapping.numbers import make_converters

GERMAN = Numbers(decimal=",", thousands=".")


def call(expression: str, numbers: Numbers = Numbers()):  # noqa: B008 (a frozen value)
    with duckdb.connect() as connection:
        make_converters(connection, numbers)
        return connection.execute(f"select {expression}").fetchone()[0]


@pytest.mark.parametrize(
    ("expression", "numbers", "value"),
    [
        ("amount_of('20')", Numbers(), "20.00"),
        ("amount_of(' 20.5 ')", Numbers(), "20.50"),
        ("amount_of('-0.0500')", Numbers(), "-0.05"),
        ("amount_of('1234.500')", Numbers(), "1234.50"),
        ("amount_of(20.50)", Numbers(), "20.50"),
        ("amount_of('20.000')", GERMAN, "20000.00"),
        ("amount_of('1.234.567,8')", GERMAN, "1234567.80"),
        ("amount_of('1234,5')", GERMAN, "1234.50"),
        ("amount_of('1 234,5', decimal_sign := ',', thousands_sign := ' ')", Numbers(), "1234.50"),
        ("amount_of('1''234.50')", Numbers(thousands="'"), "1234.50"),
        ("rate_of('0.126')", Numbers(), "0.126000"),
        ("rate_of('15%')", Numbers(), "0.150000"),
        ("rate_of('12,6 %')", GERMAN, "0.126000"),
        ("integer_of('12.0')", Numbers(), "12"),
        ("integer_of('1.234')", GERMAN, "1234"),
        ("date_of('31/01/2026', format := '%d/%m/%Y')", Numbers(), "2026-01-31"),
        ("date_of('2026-01-31')", Numbers(), "2026-01-31"),
        ("amount_of(null)", Numbers(), "None"),
    ],
)
def test_what_is_meant_is_read(expression, numbers, value):
    assert str(call(expression, numbers)) == value
    lenient = expression.replace("_of(", "_or_text(")
    assert str(call(lenient, numbers)) == value


# An engine's cast takes each of these for some number.
UNREADABLE = [
    ("amount", "20.000", Numbers()),
    ("amount", "20.005", Numbers()),
    ("amount", "1e3", Numbers()),
    ("amount", "1_000", Numbers()),
    ("amount", "1.234.567", Numbers()),
    ("amount", "1,234.50", Numbers()),
    ("amount", "12.34,50", GERMAN),
    ("amount", "1.2345", GERMAN),
    ("amount", "20.50", GERMAN),
    ("amount", "", Numbers()),
    ("amount", "99999999999999999.00", Numbers()),
    ("rate", "0.1260001", Numbers()),
    ("rate", "12.34567%", Numbers()),
    ("rate", "1234", Numbers()),
    ("integer", "20.6", Numbers()),
    ("integer", "20.000", Numbers()),
    ("date", "31/01/2026", Numbers()),
    ("date", "2026-02-30", Numbers()),
]


@pytest.mark.parametrize(("kind", "text", "numbers"), UNREADABLE)
def test_what_may_mean_something_else_is_not_read(kind, text, numbers):
    assert call(f"{kind}_or_text('{text}')", numbers) == text
    with pytest.raises(duckdb.InvalidInputException, match=f"'{text}' is no "):
        call(f"{kind}_of('{text}')", numbers)


@pytest.fixture
def bench(tmp_path):
    for name, text in PRINTED.items():
        if not name.startswith("home/"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    return tmp_path


def test_the_signs_of_the_map_reach_its_sql(bench):
    for file in bench.glob("northbank-extract/accounts_*.csv"):
        file.write_text(
            file.read_text().replace("20000.00", "20.000").replace("7990.00", "7.990,00").replace(".126", ",126")
        )
    edit(bench / "northbank/map.yml", "\nhome:", '\nnumbers: {decimal: ",", thousands: "."}\nhome:')
    edit(
        bench / "northbank/cash_flow.sql",
        "amount_of(amount)",
        "amount_of(amount, decimal_sign := '.', thousands_sign := '')",
    )
    book = land(bench)
    assert book.warnings == ()
    rows = (bench / "home/landing/2024-01-31/account_snapshot.csv").read_text().splitlines()
    assert [row.split(",")[6:8] for row in rows[1:]] == [["20000.00", "3500.25"], ["8000.00", "7990.00"]]


def test_numbers_that_may_be_thousands_are_warned_of(bench):
    for file in bench.glob("northbank-extract/accounts_*.csv"):
        text = file.read_text()
        for whole in ("20000", "8000", "5000"):
            text = text.replace(f"{whole}.00", f"{int(whole):,}".replace(",", "."))
        file.write_text(text)
    edit(bench / "northbank/account_snapshot.sql", "amount_or_text(line)", "cast(line as decimal(18, 2))")
    (warning,) = land(bench).warnings
    assert warning.startswith(
        "line of table 'line' has numbers like 20.000, always with three digits after '.', which a cast reads as 20: if '.'"
        ' parts thousands, write `numbers: {decimal: ",", thousands: "."}` in map.yml'
    )


def test_a_cell_that_no_converter_reads_lands_as_it_is(bench):
    edit(bench / "northbank-extract/accounts_2024-01-31.csv", "3500.25", "3,500.25")
    land(bench)
    assert '"3,500.25"' in (bench / "home/landing/2024-01-31/account_snapshot.csv").read_text()


@pytest.mark.parametrize("converter", ["amount_of(drawn)", "cast(drawn as decimal(18, 2))"])
def test_a_text_that_stops_the_import_is_told_with_what_to_do(bench, converter):
    edit(bench / "northbank-extract/accounts_2024-01-31.csv", "3500.25", "3,500.25")
    edit(bench / "northbank/account_snapshot.sql", "amount_or_text(drawn)", converter)
    with pytest.raises(UnexpectedExtract, match=r"account_snapshot.sql: .*3,500.25.*numbers"):
        land(bench)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ('{decimal: ".", thousands: "."}', "'.' cannot part decimals and thousands"),
        ('{decimal: ";"}', "decimal"),
        ('{thousands: "1"}', "thousands"),
    ],
)
def test_signs_that_cannot_be_are_refused(bench, numbers, said):
    edit(bench / "northbank/map.yml", "\nhome:", f"\nnumbers: {numbers}\nhome:")
    with pytest.raises(BrokenMap, match=said):
        load_map(bench / "northbank")
