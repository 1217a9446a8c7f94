"""Report files: control totals, byte stability, workbooks, and reports that must not be produced."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from datetime import date
from decimal import Decimal

import duckdb
import openpyxl
import pytest

from creditline.report import catalogue, write_reports
from creditline.report.workbook import harmless
from creditline.store.built import read_build

DAY = date(2026, 9, 3)
MODELS = {entry["model"]: report_id for report_id, entry in catalogue().items() if "model" in entry}


@pytest.fixture
def warehouse(sample_book, tmp_path):
    """A copy of the scratch warehouse of the last night, open for tampering, and the sort keys of its reports."""
    build = read_build(sample_book.home_that_ran, sample_book.home.published_dates()[-1])
    path = shutil.copy(sample_book.home.warehouse_file, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(path)) as connection:
        yield connection, {table.name: table.key for table in build.reports}


def write(warehouse, directory):
    connection, keys = warehouse
    reports = write_reports(connection, directory, entity="DEMO01", jurisdiction="CN", business_date=DAY, keys=keys)
    return {report.report_id: report for report in reports}


def test_csv_and_control_file_tie(warehouse, tmp_path):
    for report_id, report in write(warehouse, tmp_path / "reports").items():
        if report.status != "PRODUCED":
            continue
        path = tmp_path / "reports" / f"DEMO01_{report_id}_CN_D_20260903_r00.csv"
        control = json.loads(path.with_suffix(".ctl").read_text())
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) == control["rows"] == report.rows > 0
        assert hashlib.sha256(path.read_bytes()).hexdigest() == control["sha256"] == report.sha256
        assert path.stat().st_size == control["bytes"]
        for column, total in control["totals"].items():
            assert sum(Decimal(row[column] or 0) for row in rows) == Decimal(total), (report_id, column)


def test_the_same_rows_give_the_same_bytes(warehouse, tmp_path):
    write(warehouse, tmp_path / "first")
    write(warehouse, tmp_path / "second")
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert len([name for name in names if name.endswith(".xlsx")]) == len(MODELS)
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_above_its_bound_a_report_has_no_workbook_and_says_so(warehouse, tmp_path, monkeypatch):
    rows = write(warehouse, tmp_path / "first")["R04"].rows
    monkeypatch.setattr("creditline.report.write.MOST_ROWS", rows - 1)
    report = write(warehouse, tmp_path / "second")["R04"]
    assert [name.rsplit(".")[-1] for name in report.files] == ["csv", "ctl"]
    assert report.reason == f"XLSX is not made above {rows - 1} rows; use the CSV"
    monkeypatch.setattr("creditline.report.write.MOST_ROWS", rows)
    assert [name.rsplit(".")[-1] for name in write(warehouse, tmp_path / "third")["R04"].files] == [
        "csv",
        "ctl",
        "xlsx",
    ]


def test_a_workbook_shows_what_the_csv_says(warehouse, tmp_path):
    write(warehouse, tmp_path / "reports")
    book = openpyxl.load_workbook(tmp_path / "reports" / "DEMO01_R04_CN_D_20260903_r00.xlsx")
    cover, sheet = book["Cover"], book["Report"]
    texts = [str(cell.value) for row in cover.iter_rows() for cell in row if cell.value is not None]
    assert "Asset quality by five categories (G11-like)" in texts
    assert any("certified by nobody" in text for text in texts)
    assert texts[texts.index("X1") + 4] == "passed"
    assert sheet.freeze_panes == "A2"
    head = [cell.value for cell in sheet[1]]
    with (tmp_path / "reports" / "DEMO01_R04_CN_D_20260903_r00.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    column = head.index("balance") + 1
    shown = [sheet.cell(line, column).value for line in range(2, len(rows) + 2)]
    assert [Decimal(str(value)).quantize(Decimal("0.01")) for value in shown] == [
        Decimal(row["balance"]) for row in rows
    ]
    assert sheet.cell(2, column).number_format == "#,##0.00"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text):
    assert harmless(text) == f"'{text}"
    assert harmless("plain") == "plain"


TAMPERED = {
    "X1": ("R04", "update rpt_r04_asset_quality set balance = balance + 0.01 where risk_class_order = 1"),
    "X1b": ("R06", "delete from rpt_r06_past_due_ageing where bucket_order = 1"),
    "E05": ("R02", "delete from rpt_r02_adjustment_register"),
    "X9": ("R03", "update rpt_r03_cap_compliance set total_limit_amount = 0"),
    "X4": ("R04", "update fct_account_night set days_past_due = 361, risk_class = 'normal'"),
    "X1b, not computed": ("R06", "update fct_account_night set principal_balance = null"),
    "E01": ("R02", "insert into fct_limit_adjustment select * from fct_limit_adjustment limit 1"),
    "E04": ("R02", "update dim_regulatory_cap set cap_amount = 0.01"),
    "E02": ("R02", "update fct_limit_adjustment set old_limit_amount = old_limit_amount + 1"),
}


def rebuild(connection, book, model):
    """Run a report's SQL, as compiled for the night, over the tables of the copy."""
    compiled = next(book.home.logic.glob(f"*/*_{model}.sql")).read_text()
    compiled = compiled.replace('"warehouse"."main".', "")
    connection.execute(f"create or replace table {model} as {compiled}")


@pytest.mark.parametrize("check", TAMPERED)
def test_a_report_whose_check_fails_is_not_produced(warehouse, sample_book, tmp_path, check):
    """The check's own SQL, as compiled for the night, is run again over the tampered tables."""
    report_id, tamper = TAMPERED[check]
    connection, _ = warehouse
    connection.execute(tamper)
    rebuild(connection, sample_book, "rpt_r00_edit_check")
    report = write(warehouse, tmp_path / "reports")[report_id]
    assert report.status == "NOT PRODUCED"
    assert f"{check.split(',')[0]}: " in report.reason
    assert " against " in report.reason
    assert report.files == ()
    assert not list((tmp_path / "reports").glob(f"*_{report_id}_*"))


def test_the_index_lists_every_report_and_why_one_is_absent(warehouse, tmp_path):
    write(warehouse, tmp_path / "reports")
    index = json.loads((tmp_path / "reports" / "report_index.json").read_text())
    assert [entry["report_id"] for entry in index] == list(catalogue())
    produced = {entry["report_id"] for entry in index if entry["status"] == "PRODUCED"}
    assert produced == {report_id for report_id, entry in catalogue().items() if "model" in entry} != set()
    assert all(entry["reason"] for entry in index if entry["status"] != "PRODUCED")


@pytest.mark.parametrize(
    ("days", "risk_class", "is_allowed"),
    [
        (0, "normal", True), (1, "normal", False), (1, "watch", True),
        (90, "watch", True), (91, "watch", False), (91, "substandard", True),
        (270, "substandard", True), (271, "substandard", False), (271, "doubtful", True),
        (360, "doubtful", True), (361, "doubtful", False), (361, "loss", True),
    ],
)  # fmt: skip
def test_no_class_is_better_than_the_days_past_due_allow(warehouse, sample_book, days, risk_class, is_allowed):
    connection, _ = warehouse
    connection.execute("update fct_account_night set days_past_due = ?, risk_class = ?", [days, risk_class])
    rebuild(connection, sample_book, "rpt_r00_edit_check")
    check = connection.execute("select is_passed, left_side from rpt_r00_edit_check where check_id = 'X4'").fetchone()
    accounts = connection.execute("select count(*) from fct_account_night").fetchone()[0]
    assert check == (is_allowed, Decimal(0 if is_allowed else accounts))


@pytest.mark.parametrize(("over", "is_breach"), [("0.00", False), ("0.01", True)])
def test_a_line_at_its_cap_is_no_breach_and_one_cent_over_is(warehouse, sample_book, over, is_breach):
    connection, _ = warehouse
    customer = connection.execute("select min(customer_key) from fct_account_night where is_open").fetchone()[0]
    connection.execute("delete from fct_account_night where customer_key <> ?", [customer])
    connection.execute("update dim_regulatory_cap set base = 'LIMIT', cap_amount = 200000")
    connection.execute("update fct_account_night set limit_amount = 0")
    connection.execute(
        "update fct_account_night set limit_amount = 200000 + ?::decimal(18, 2) where account_key ="
        " (select min(account_key) from fct_account_night where is_open)",
        [over],
    )
    rebuild(connection, sample_book, "rpt_r03_cap_compliance")
    found = connection.execute(
        "select distinct headroom_amount, is_breach from rpt_r03_cap_compliance where rule_id <> 'NONE'"
    ).fetchall()
    assert found == [(-Decimal(over), is_breach)]


def test_a_report_whose_table_is_absent_is_not_produced(warehouse, tmp_path):
    connection, _ = warehouse
    connection.execute("drop table rpt_r04_asset_quality")
    reports = write(warehouse, tmp_path / "it's here")
    assert reports["R04"].status == "NOT PRODUCED"
    assert "rpt_r04_asset_quality" in reports["R04"].reason
    assert reports["R06"].status == "PRODUCED"
