"""What is landed is a delivery of the contract: manifest, files, rows that break a rule, and nothing of the truth."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from simulated import FIRST, NIGHTS, Landed, land

from creditline.landing.contract import contract, contract_version
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.simulate import sample_home_settings

DAYS = [FIRST + timedelta(days=night) for night in range(NIGHTS)]
ISO_DATE_FORMATS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%dT%H:%M:%SZ"}


def manifest_of(landed: Landed, day: date) -> dict:
    return json.loads((landed.home.landing / str(day) / "manifest.json").read_text())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def test_manifests_follow_one_another(landed):
    manifests = [manifest_of(landed, day) for day in DAYS]
    assert [manifest["sequence"] for manifest in manifests] == [1, 2, 3, 4, 5]
    for day, manifest in zip(DAYS, manifests, strict=True):
        cut_off = landed.home.cut_off_at(day)
        assert manifest["contract_version"] == contract_version()
        assert (manifest["feed"], manifest["business_date"]) == ("core", str(day))
        assert manifest["cutoff_at"] == f"{cut_off.isoformat()}Z"
        assert manifest["delivered_at"] == f"{(cut_off - timedelta(hours=1)).isoformat()}Z"


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_manifests_tie_to_their_files(landed, day):
    directory = landed.home.landing / str(day)
    manifest = manifest_of(landed, day)
    assert {entry["file"] for entry in manifest["sources"]} | {"manifest.json"} == {p.name for p in directory.iterdir()}
    for entry in manifest["sources"]:
        path = directory / entry["file"]
        rows = rows_of(path)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        assert len(rows) == entry["rows"]
        assert set(entry["totals"]) == set(contract()[entry["source"]].totals)
        for column, total in entry["totals"].items():
            exact = sum((decimal(row[column]) for row in rows), Decimal(0))
            assert abs(exact - Decimal(total)) <= Decimal("0.005"), (entry["source"], column)


def test_only_the_first_delivery_reaches_back(landed):
    first, *later = [manifest_of(landed, day)["sources"] for day in DAYS]
    for entry in first:
        is_full = contract()[entry["source"]].kind == "full"
        assert entry.get("coverage_from") == (None if is_full else str(FIRST - timedelta(days=130)))
    assert not any("coverage_from" in entry for entries in later for entry in entries)


def test_the_sample_home_expects_what_is_landed(landed):
    landed_sources = {entry["source"] for entry in manifest_of(landed, FIRST)["sources"]}
    assert set(sample_home_settings().expected_sources) == landed_sources == set(landed.book.rows)
    assert sample_home_settings().is_demo


@pytest.mark.parametrize(
    ("source", "moment"),
    [
        ("loan_application", "applied_at"),
        ("session", "occurred_at"),
        ("profile_change", "changed_at"),
        ("case_event", "occurred_at"),
    ],
)
def test_later_deliveries_hold_only_what_became_known_since(landed, source, moment):
    for night, local_day in landed.all(
        f"select night, (try_cast(rtrim({moment}, 'Z') as timestamp) + interval 8 hours)::date from {source}"
        f" where night > '{FIRST}' and try_cast(rtrim({moment}, 'Z') as timestamp) is not null"
    ):
        assert night == local_day


def test_columns_are_the_contracts_and_nothing_else(landed):
    for entry in manifest_of(landed, FIRST)["sources"]:
        header = (landed.home.landing / str(FIRST) / entry["file"]).open().readline().strip().split(",")
        assert header == [column.name for column in contract()[entry["source"]].columns]


def test_no_file_says_what_really_happened(landed):
    causes = [cause for (cause,) in landed.all("select distinct cause from true_cause")]
    told_by_the_core = {"appeal", "hardship"}  # case events of these kinds are what the core itself knows
    for path in landed.home.landing.glob("2*/*"):
        text = path.read_text()
        assert not [cause for cause in causes if cause in text and cause not in told_by_the_core], path


def test_rows_stand_in_key_order(landed):
    doubled = {row[0] for row in landed.all("select key from true_bad_row where rule = 'duplicate_key'")}
    for source, rules in contract().items():
        for day in DAYS if source in landed.book.rows else []:
            rows = rows_of(landed.home.landing / str(day) / f"{source}.csv")
            keys = [tuple(row[name] for name in rules.key) for row in rows]
            # An impossible day in a key stands where the true one would.
            keys = [key for key in keys if "2026-02-30" not in key]
            assert keys == sorted(keys), (source, day)
            assert all(one != other or "|".join(one) in doubled for one, other in pairwise(keys)), (source, day)


def breaks_of(source: str, rows: list[dict[str, str]]) -> list[tuple[int, str]]:
    """Rows (index) and columns that do not fit the contract, judged without any of our own code."""
    found = []
    for number, row in enumerate(rows):
        for column in contract()[source].columns:
            text = row[column.name]
            if (text == "" and not column.allows_empty) or (text != "" and not fits(column, text)):
                found.append((number, column.name))
    return found


def fits(column, text: str) -> bool:
    if column.codes:
        return text in column.codes
    if column.type in ISO_DATE_FORMATS:
        try:
            datetime.strptime(text, ISO_DATE_FORMATS[column.type])
        except ValueError:
            return False
    if column.type in ("money", "rate"):
        return text.count(".") == 1 and len(text.split(".")[1]) == (2 if column.type == "money" else 6)
    return text in ("true", "false") if column.type == "bool" else True


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_rows_that_break_a_rule_are_exactly_the_ones_the_truth_names(landed, day):
    for entry in manifest_of(landed, day)["sources"]:
        source = entry["source"]
        rows = rows_of(landed.home.landing / str(day) / entry["file"])
        key_of = ["|".join(row[name] for name in contract()[source].key) for row in rows]
        found = sorted((key_of[number], column) for number, column in breaks_of(source, rows))
        told = landed.all(
            f"select key, \"column\", rule from true_bad_row where business_date = '{day}' and source = '{source}'"
        )
        assert found == sorted((key, column) for key, column, rule in told if rule != "duplicate_key")
        for key, column, rule in told:
            twins = [row for row, other in zip(rows, key_of, strict=True) if other == key]
            if rule == "duplicate_key":
                assert len(twins) == 2
                assert twins[0][column] != twins[1][column]
        assert len(told) * 1000 < 3 * max(len(rows), 1)


def test_each_kind_of_broken_row_occurs(landed):
    rules = {rule for (rule,) in landed.all("select rule from true_bad_row")}
    assert rules == {"bad_date", "bad_timestamp", "bad_amount", "duplicate_key", "unknown_code"}


def test_a_typed_file_breaks_only_rules_that_types_cannot_hold(tmp_path):
    _, book = land(tmp_path / "home", accounts=800, nights=3, file_format="parquet")
    rules = set(pq.read_table(book.truth_dir / "bad_row.parquet")["rule"].to_pylist())
    assert rules == {"duplicate_key", "unknown_code"}


@pytest.mark.parametrize(("in_order", "expected"), [(False, ["A1", "A2", "A3"]), (True, ["A3", "A1", "A2"])])
def test_rows_are_sorted_unless_the_caller_did(tmp_path, in_order, expected):
    with duckdb.connect() as connection:
        connection.execute("""
            create view moved as select 'M' || id as movement_id, id as account_id, date '2026-09-01' as movement_date,
                'draw' as kind, amount from (values ('A3', '12345678901234567.25'), ('A1', '100.105'), ('A2', 'none'))
                as v(id, amount)
        """)
        target = write_delivery(
            connection, tmp_path, feed="core", business_date=FIRST, sequence=1,
            delivered_at=datetime(2026, 9, 1, 17), cutoff_at=datetime(2026, 9, 1, 18),
            tables=[DeliveredTable("account_movement", "moved", in_order=in_order)],
        )  # fmt: skip
    assert [row["account_id"] for row in rows_of(target / "account_movement.csv")] == expected
    entry = json.loads((target / "manifest.json").read_text())["sources"][0]
    assert entry["totals"] == {"amount": "12345678901234667.36"}  # text that is no number counts as nothing
