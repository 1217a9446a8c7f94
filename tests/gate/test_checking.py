"""A delivery is tried without a home: misfits by file and column, with sample rows."""

from __future__ import annotations

import pytest
from small_delivery import change_entry, deliver, small_home, spoil, spoil_cell

from creditline.errors import UsageError
from creditline.gate.checking import check_delivery

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
