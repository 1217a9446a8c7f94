"""Rows that nobody may believe: each goes to quarantine by its rule, and the other rows stay byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
from small_delivery import ACCOUNTS, ALL_SOURCES, NIGHT, change_entry, deliver, small_home, spoil, spoil_cell, spoil_row

from creditline.gate.quarantine import mark_bad_rows
from creditline.gate.suites import load_suite
from creditline.landing.accept import DeliveryRefused, accept, scratch_file
from creditline.landing.contract import contract
from creditline.landing.typing import type_rules

SNAPSHOT = "account_snapshot.csv"
MONEY = "money:limit_amount"
OPENED = "date:opened_date"
ID = "id:account_id"

# number in the catalogue of hostile inputs, column, what its cell says, the rule that must hold it
CELLS: list[tuple[str, str, str, str]] = [
    ("16 NUL in an id", "account_id", "A000\x0001", ID),
    ("29 quoted newline in an id", "account_id", '"A00\n001"', ID),
    ("31 NaN", "limit_amount", "NaN", MONEY),
    ("31 inf", "limit_amount", "inf", MONEY),
    ("32 exponent", "limit_amount", "1e3", MONEY),
    ("33 three decimals", "limit_amount", "100.105", MONEY),
    ("33 one decimal", "limit_amount", "100.1", MONEY),
    ("33 no decimal", "limit_amount", "100", MONEY),
    ("34 21 digits", "limit_amount", "1" * 21 + ".00", MONEY),
    ("34 40 digits", "limit_amount", "1" * 40 + ".00", MONEY),
    ("35 underscore", "limit_amount", "1_000.10", MONEY),
    ("36 leading blank", "limit_amount", " 100.10", MONEY),
    ("36 trailing blank", "limit_amount", "100.10 ", MONEY),
    ("37 thousands", "limit_amount", '"1,000.10"', MONEY),
    ("38 decimal comma", "limit_amount", '"100,10"', MONEY),
    ("39 currency sign", "limit_amount", "$100.00", MONEY),
    ("39 brackets", "limit_amount", "(100.10)", MONEY),
    ("39 trailing minus", "limit_amount", "100.10-", MONEY),
    ("39 plus", "limit_amount", "+5.00", MONEY),
    ("39 leading zero", "limit_amount", "0100.00", MONEY),
    ("40 hex", "limit_amount", "0x10", MONEY),
    ("40 full-width digits", "limit_amount", "１００.００", MONEY),
    ("40 Arabic digits", "limit_amount", "١٠٠.٠٠", MONEY),
    ("41 minus zero", "limit_amount", "-0.00", MONEY),
    ("42 negative limit", "limit_amount", "-1.00", "range:limit_amount"),
    ("42 limit beyond any product", "limit_amount", "100000000.01", "range:limit_amount"),
    ("42 balance beyond any product", "principal_balance", "100000000000.01", "range:principal_balance"),
    ("44 empty limit", "limit_amount", "", MONEY),
    ("44 quoted empty limit", "limit_amount", '""', MONEY),
    ("45 NULL in letters", "limit_amount", "NULL", MONEY),
    ("45 N/A", "limit_amount", "N/A", MONEY),
    ("46 month first", "opened_date", "01/31/2026", OPENED),
    ("47 no such day", "opened_date", "2026-02-30", OPENED),
    ("48 infinity", "opened_date", "infinity", OPENED),
    ("48 epoch", "opened_date", "epoch", OPENED),
    ("48 a day of long ago", "opened_date", "1899-12-31", OPENED),
    ("48 a day far away", "opened_date", "2101-01-01", OPENED),
    ("49 one digit", "opened_date", "2026-1-31", OPENED),
    ("50 with a time", "opened_date", "2026-01-31 00:00:00", OPENED),
    ("50 with a zone", "opened_date", "2026-01-31Z", OPENED),
    ("51 opened tomorrow", "opened_date", "2026-09-03", "not_after_delivery:opened_date"),
    ("53 trailing blank in an id", "account_id", "A00001 ", ID),
    ("54 formula =", "account_id", "=1+1", ID),
    ("54 formula +", "account_id", "+A1", ID),
    ("54 formula @", "account_id", "@A1", ID),
    ("54 tab", "account_id", "\tA1", ID),
    ("55 right-to-left override", "account_id", "A0\u202e0001", ID),
    ("55 zero width", "account_id", "A0\u200b0001", ID),
    ("56 homoglyph", "account_id", "А00001", ID),
    ("59 SQL", "account_id", "A'; DROP TABLE x", ID),
    ("59 template", "account_id", "{{ var('x') }}", ID),
    ("59 path", "account_id", "../A1", ID),
    ("94 a number for an id", "account_id", "1.00E15", ID),
    ("94 a number with its sign", "account_id", "1.00E+15", ID),
    ("94 a number without decimals", "account_id", "1E+15", ID),
    ("94 a number without decimals and sign", "account_id", "1E15", ID),
    ("94 a small number", "account_id", "1.5e-07", ID),
    ("94 a number for a customer", "customer_id", "6.23E18", "id:customer_id"),
    ("60 unknown status", "status", "sleeping", "code:status"),
    ("60 wrong case", "status", "ACTIVE", "code:status"),
    ("60 cut status", "status", "acti", "code:status"),
    ("93 an id too long", "account_id", "A" * 65, ID),
    ("93 empty id", "account_id", "", ID),
    ("93 days with a decimal", "days_past_due", "0.0", "integer:days_past_due"),
    ("93 days with a leading zero", "days_past_due", "007", "integer:days_past_due"),
    ("93 negative days", "days_past_due", "-1", "range:days_past_due"),
    ("93 rate with two decimals", "rate_apr", "0.18", "rate:rate_apr"),
    ("93 rate of minus zero", "rate_apr", "-0.000000", "rate:rate_apr"),
    ("93 unknown optional code", "risk_class", "splendid", "code:risk_class"),
]  # fmt: skip


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> tuple[dict[int, str], list[tuple], list[tuple]]:
    """One delivery with one hostile cell a row: rule by held row, the rows that stay, and the rows of a good one."""
    home = small_home(tmp_path_factory.mktemp("cells") / "home")
    delivery = deliver(home, accounts=2 * len(CELLS))
    good = judged(home)[1]
    # a quoted newline makes two lines of one row, so the last rows are spoilt first
    for row, (_, column, value, _) in reversed(list(enumerate(CELLS, start=1))):
        spoil_cell(delivery, SNAPSHOT, row, column, value)
    change_entry(delivery, SNAPSHOT, rows=2 * len(CELLS))
    held, rows = judged(home)
    assert len(held) == len(CELLS)
    return dict(held), rows, good


@pytest.mark.parametrize(("row", "case"), list(enumerate(CELLS, start=1)), ids=[case[0] for case in CELLS])
def test_a_hostile_cell_sends_its_row_to_quarantine(spoilt, row, case):
    assert spoilt[0][row] == case[3]


def test_the_neighbours_of_hostile_cells_stay_as_they_are(spoilt):
    _, rows, good = spoilt
    assert rows == good[len(CELLS) :]


LINES: list[tuple[str, Callable[[str], str], str]] = [
    ("10 a field too many", lambda line: line + ",x", "line:too_many_columns"),
    ("11 a field too few", lambda line: line.rsplit(",", 1)[0], "line:missing_columns"),
    ("15 a byte that is no UTF-8", lambda line: line.replace("normal", "norm\udce4l"), "line:invalid_encoding"),
    ("21 a comment", lambda line: "# comment", "line:missing_columns"),
    ("22 a trailer", lambda line: "TRAILER,40", "line:missing_columns"),
    ("28 quote in an unquoted field", lambda line: line.replace("A0", 'A"0'), ID),
]


@pytest.mark.parametrize(("change", "rule"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
@pytest.mark.parametrize("row", [1, 7, ACCOUNTS], ids=["first", "middle", "last"])
def test_a_line_that_is_no_row_is_held_and_moves_no_other(home, delivery, change, rule, row):
    good = good_rows(home)
    spoil_row(delivery, SNAPSHOT, row, change)
    held, rows = judged(home)
    assert held == [(row, rule)]
    assert rows == [each for each in good if each[0] != row]


def test_an_unclosed_quote_refuses_the_file(home, delivery):
    spoil_row(delivery, SNAPSHOT, 7, lambda line: '"' + line)
    with pytest.raises(DeliveryRefused, match=r"account_snapshot\.csv: \w+: .*; "):
        accept(home, NIGHT)


def test_the_first_rule_in_the_order_of_the_contract_decides(home, delivery):
    spoil_cell(delivery, SNAPSHOT, 7, "limit_amount", "1e3")
    spoil_cell(delivery, SNAPSHOT, 7, "status", "ACTIVE")
    assert judged(home)[0] == [(7, "code:status")]


def test_leading_zeros_of_an_id_stay(home, delivery):
    spoil_cell(delivery, SNAPSHOT, 7, "account_id", "00123")
    held, rows = judged(home)
    assert held == []
    assert [row[1] for row in rows if row[0] == 7] == ["00123"]


@pytest.mark.parametrize("value", ["1E5", "12E15", "E15", "4e1f", "1.00", "3E1500", "7E12.A", "12345678e9012345"])
def test_an_id_that_only_looks_like_a_number_is_accepted(home, delivery, value):
    spoil_cell(delivery, SNAPSHOT, 7, "account_id", value)
    assert judged(home)[0] == []


@pytest.mark.parametrize(
    ("source", "column"),
    [(name, column.name) for name, source in contract().items() for column in source.columns if column.type == "id"],
)
@pytest.mark.parametrize("is_typed", [False, True])
def test_no_id_of_any_source_is_a_number_of_a_spreadsheet(source, column, is_typed):
    (rule,) = type_rules(contract()[source], (column,), is_typed=is_typed)
    with duckdb.connect() as connection:
        held = connection.execute(
            f"select {column} from (values ('1.00E15'), ('1E+15'), ('A1E15'), ('00123')) as ids({column}) where {rule.breaks}"
        ).fetchall()
    assert held == [("1.00E15",), ("1E+15",)]


def test_a_closed_account_is_accepted(home, delivery):
    spoil_cell(delivery, SNAPSHOT, 7, "status", "deceased")
    assert judged(home)[0] == []


# --- twins ------------------------------------------------------------------------------------------------------------


def repeat(row: int, change: Callable[[bytes], bytes] = lambda line: line) -> Callable[[bytes], bytes]:
    def changed(content: bytes) -> bytes:
        lines = content.split(b"\n")
        return b"\n".join([*lines[:-1], change(lines[row]), b""])

    return changed


def test_of_exact_twins_the_first_stays(home, delivery):
    good = good_rows(home)
    spoil(delivery, SNAPSHOT, repeat(7))
    spoil(delivery, SNAPSHOT, repeat(7))
    held, rows = judged(home)
    assert held == [(ACCOUNTS + 1, "unique:account_id"), (ACCOUNTS + 2, "unique:account_id")]
    assert rows == good


def test_of_different_twins_all_go(home, delivery):
    good = good_rows(home)
    spoil(delivery, SNAPSHOT, repeat(7))
    spoil(delivery, SNAPSHOT, repeat(7, lambda line: line.replace(b"5006.00", b"9006.00")))
    held, rows = judged(home)
    assert held == [(row, "unique:account_id") for row in (7, ACCOUNTS + 1, ACCOUNTS + 2)]
    assert rows == [row for row in good if row[0] != 7]


def test_the_twin_of_a_row_that_does_not_fit_goes_with_it(home, delivery):
    spoil(delivery, SNAPSHOT, repeat(7, lambda line: line.replace(b"5006.00", b"9006")))
    assert judged(home)[0] == [(7, "twin_of_misfit:account_id"), (ACCOUNTS + 1, MONEY)]


def test_twins_of_a_compound_key(home):
    delivery = deliver(home, sources=ALL_SOURCES)
    spoil(delivery, "cash_flow.csv", repeat(3, lambda line: line.replace(b",1", b",2")))
    held, _ = judged(home, "cash_flow")
    assert held == [(row, "unique:customer_id+flow_date+direction+kind") for row in (3, ACCOUNTS + 1)]


# --- events -----------------------------------------------------------------------------------------------------------

TIMES: list[tuple[str, str, str]] = [
    ("no zone", "2026-09-01T16:30:00", "timestamp:occurred_at"),
    ("an offset", "2026-09-01T16:30:00+08:00", "timestamp:occurred_at"),
    ("no such hour", "2026-09-01T25:30:00Z", "timestamp:occurred_at"),
    ("no such day", "2026-02-30T12:30:00Z", "timestamp:occurred_at"),
    ("twenty-four o'clock", "2026-08-31T24:00:00Z", "timestamp:occurred_at"),
    ("a leap second", "2026-08-31T23:59:60Z", "timestamp:occurred_at"),
    ("a minute too many", "2026-08-31T12:60:00Z", "timestamp:occurred_at"),
    ("small letters", "2026-08-31t12:30:00z", "timestamp:occurred_at"),
    ("a blank for the T", "2026-09-01 16:30:00Z", "timestamp:occurred_at"),
    ("after the delivery", "2026-09-01T17:00:01Z", "not_after_delivery:occurred_at"),
]


@pytest.mark.parametrize(("value", "rule"), [case[1:] for case in TIMES], ids=[case[0] for case in TIMES])
def test_a_hostile_time_is_held(home, delivery, value, rule):
    spoil_cell(delivery, "session.csv", 5, "occurred_at", value)
    assert judged(home, "session")[0] == [(5, rule)]


@pytest.mark.parametrize("value", ["2026-09-01T17:00:00Z", "2026-09-01T16:30:00.123456Z"])
def test_a_good_time_is_accepted(home, delivery, value):
    spoil_cell(delivery, "session.csv", 5, "occurred_at", value)
    assert judged(home, "session")[0] == []


@pytest.mark.parametrize(
    ("value", "fits"), [("true", True), ("false", True), ("TRUE", False), ("1", False), ("", False)]
)
def test_truth_is_spelt_one_way(home, delivery, value, fits):
    spoil_cell(delivery, "session.csv", 5, "is_proxy", value)
    assert judged(home, "session")[0] == ([] if fits else [(5, "bool:is_proxy")])


# --- helpers ----------------------------------------------------------------------------------------------------------


def judged(home, source: str = "account_snapshot") -> tuple[list[tuple[int, str]], list[tuple]]:
    """Accept, and split one source: (row, rule) of what is held, and the rows that stay."""
    accept(home, NIGHT)
    with duckdb.connect(str(scratch_file(home, NIGHT))) as connection:
        mark_bad_rows(connection, source, source, load_suite(source))
        held = connection.execute(f"select source_row, rule from quarantine_{source} order by source_row").fetchall()
        rows = connection.execute(f"select * from accepted_{source} order by source_row").fetchall()
    return held, rows


def good_rows(home) -> list[tuple]:
    """The rows of the snapshot before anything is spoilt."""
    return judged(home)[1]
