"""A delivery is tried without a home: misfits by file and column, with sample rows."""

from __future__ import annotations

import csv
import io

import pytest
from small_delivery import change_entry, deliver, small_home, spoil, spoil_cell

from creditline.errors import UsageError
from creditline.gate.checking import HELD, check_delivery

SNAPSHOT = "account_snapshot.csv"


@pytest.fixture
def delivery(home):
    return deliver(home)


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_a_good_delivery_has_no_misfit(tmp_path, file_format):
    delivery = deliver(small_home(tmp_path), file_format=file_format)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert check_delivery(delivery).misfits == ()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_misfits_are_counted_by_column_and_rule_with_three_samples(delivery):
    for row in (2, 4, 6, 8):
        spoil_cell(delivery, SNAPSHOT, row, "limit_amount", f"{row}.5")
    spoil_cell(delivery, SNAPSHOT, 3, "status", "ACTIVE")
    spoil_cell(delivery, SNAPSHOT, 9, "days_past_due", "-1")
    misfits = {(misfit.column, misfit.rule): misfit for misfit in check_delivery(delivery).misfits}
    assert set(misfits) == {
        ("", "quarantine_share"),
        ("limit_amount", "money:limit_amount"),
        ("status", "code:status"),
        ("days_past_due", "range:days_past_due"),
    }
    money = misfits["limit_amount", "money:limit_amount"]
    assert (money.file, money.rows) == (SNAPSHOT, 4)
    assert money.samples == ("row 2: '2.5'", "row 4: '4.5'", "row 6: '6.5'")
    assert money.expected == "an amount with exactly two decimals, like 1234.50"
    assert misfits["status", "code:status"].expected == "one of active, blocked, closed, charged_off, deceased"


def test_every_file_is_tried_even_if_one_is_refused(delivery):
    spoil(delivery, SNAPSHOT, lambda content: content.replace(b"limit_amount", b"credit_limit", 1))
    spoil_cell(delivery, "session.csv", 1, "is_proxy", "maybe")
    found = [(misfit.file, misfit.rule) for misfit in check_delivery(delivery).misfits]
    assert found == [(SNAPSHOT, "header"), ("session.csv", "bool:is_proxy")]


def test_a_wrong_total_does_not_hide_the_rows(delivery):
    spoil(delivery, SNAPSHOT, lambda content: content.replace(b",5003.00,", b",9003.00,"), is_sealed=False)
    spoil_cell(delivery, SNAPSHOT, 3, "status", "ACTIVE")
    change_entry(delivery, SNAPSHOT, totals={"limit_amount": "1.00", "principal_balance": "7800.00"})
    assert [misfit.rule for misfit in check_delivery(delivery).misfits] == ["totals", "code:status"]


def test_a_missing_manifest_is_the_one_misfit(delivery):
    (delivery / "manifest.json").unlink()
    (misfit,) = check_delivery(delivery).misfits
    assert (misfit.file, misfit.rule) == ("manifest.json", "manifest_missing")
    assert "deliver it with its manifest" in misfit.samples[0]


def test_no_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="is not a folder"):
        check_delivery(tmp_path / "nowhere")


# --- every misfit of a row ---------------------------------------------------------------------------------------------


def test_every_column_of_a_row_that_does_not_fit_is_listed_and_the_row_is_held_once(delivery):
    spoil_cell(delivery, SNAPSHOT, 3, "opened_date", "31/01/2026")
    spoil_cell(delivery, SNAPSHOT, 3, "limit_amount", "5002")
    spoil_cell(delivery, SNAPSHOT, 3, "rate_apr", "0.18")
    spoil_cell(delivery, SNAPSHOT, 5, "rate_apr", "0.2")
    result = check_delivery(delivery)
    assert [(misfit.rule, misfit.rows, misfit.held, misfit.samples) for misfit in result.misfits] == [
        ("date:opened_date", 1, 1, ("row 3: '31/01/2026'",)),
        ("money:limit_amount", 1, 0, ("row 3: '5002'",)),
        ("rate:rate_apr", 2, 1, ("row 3: '0.18'", "row 5: '0.2'")),
    ]
    assert result.held_rows == 2
    assert {misfit.then for misfit in result.misfits} == {HELD}


def test_every_rule_of_the_suite_that_a_row_breaks_is_listed_too(delivery):
    spoil_cell(delivery, SNAPSHOT, 4, "limit_amount", "-1.00")
    spoil_cell(delivery, SNAPSHOT, 4, "days_past_due", "-1")
    result = check_delivery(delivery)
    assert [(misfit.rule, misfit.rows) for misfit in result.misfits] == [
        ("range:limit_amount", 1),
        ("range:days_past_due", 1),
    ]
    assert result.held_rows == 1


# --- a spreadsheet ------------------------------------------------------------------------------------------------------


def as_saved(delivery, spelt) -> None:
    """The snapshot after a program saved it: `spelt` has a function of the cell for some columns."""

    def changed(content: bytes) -> bytes:
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: spelt.get(name, str)(cell) for name, cell in row.items()} for row in rows)
        return out.getvalue().encode()

    spoil(delivery, SNAPSHOT, changed)
    # no total of it can be stated in words that a program would still write
    change_entry(delivery, SNAPSHOT, totals={"limit_amount": "200780.00", "principal_balance": "7800.00"})


def slashed(cell: str) -> str:
    year, month, day = cell.split("-")
    return f"{year}/{int(month)}/{int(day)}"


def day_first(cell: str) -> str:
    return "/".join(reversed(cell.split("-")))


def grouped(cell: str) -> str:
    return f"{float(cell):,.1f}"


def plain(cell: str) -> str:
    return f"{float(cell):g}"


def percent(cell: str) -> str:
    return f"{float(cell):.0%}"


def exponent(cell: str) -> str:
    return f"1.{cell[-2:]}E+15"


SAVED = {
    "days and rates": {"opened_date": slashed, "rate_apr": plain},
    "day first, money": {"opened_date": day_first, "limit_amount": grouped, "principal_balance": plain},
    "percent, money": {"rate_apr": percent, "limit_amount": plain},
    "ids": {"account_id": exponent},
    "Chinese days": {"opened_date": lambda cell: "{}年{}月{}日".format(*cell.split("-")), "rate_apr": plain},
    "all": {"opened_date": slashed, "limit_amount": grouped, "principal_balance": plain, "rate_apr": percent,
            "customer_id": exponent},
}  # fmt: skip


@pytest.mark.parametrize("saved", SAVED)
def test_a_file_that_a_spreadsheet_saved_is_recognised(delivery, saved):
    as_saved(delivery, SAVED[saved])
    note, *misfits = [misfit for misfit in check_delivery(delivery).misfits if misfit.rule != "quarantine_share"]
    assert (note.file, note.rule) == (SNAPSHOT, "spreadsheet")
    assert note.then.startswith("export the file from the source system as UTF-8 CSV with every column as text")
    for column in SAVED[saved]:
        assert column in note.samples[0]
    assert {misfit.column for misfit in misfits} == set(SAVED[saved])
    assert {misfit.rows for misfit in misfits} == {40}


def test_a_byte_order_mark_is_a_second_sign(delivery):
    as_saved(delivery, {"opened_date": slashed})
    assert "spreadsheet" not in [misfit.rule for misfit in check_delivery(delivery).misfits]
    spoil(delivery, SNAPSHOT, lambda content: b"\xef\xbb\xbf" + content)
    note = next(misfit for misfit in check_delivery(delivery).misfits if misfit.rule == "spreadsheet")
    assert "days like '2024/1/1' in opened_date; a byte order mark was stripped" in note.samples[0]


def test_ids_without_leading_zeros_are_pointed_at(delivery):
    as_saved(delivery, SAVED["days and rates"] | {"account_id": lambda cell: str(int(cell[1:]) + 1)})
    note = next(misfit for misfit in check_delivery(delivery).misfits if misfit.rule == "spreadsheet")
    assert "account_id has 1 to 2 digits and no leading zero: some may be lost" in note.samples[0]


OTHERS = {
    "a program's numbers": {"limit_amount": plain, "principal_balance": plain, "rate_apr": plain},
    "days of a program": {"opened_date": day_first},
    "one odd row": {"opened_date": lambda cell: slashed(cell) if cell == "2024-01-03" else cell,
                    "rate_apr": plain},
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
def test_what_programs_write_is_no_spreadsheet(delivery, other):
    as_saved(delivery, OTHERS[other])
    rules = [misfit.rule for misfit in check_delivery(delivery).misfits]
    assert "spreadsheet" not in rules
    assert len(rules) > 1
