"""A night from landed files to a released limit-adjustment file."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
from homes import copy_home, lasting
from sample_book import run_sample_book

from creditline.home.publications import REVISION
from creditline.night import run_night
from creditline.publish.reader import query_marts

# Where the core's own ids may stand (docs/explanation/architecture.md); everything else holds keys.
MAY_HOLD_IDS = ("landing", "identity", "quarantine", "outbox")


def test_every_landed_night_is_published_and_shown(sample_book):
    home = sample_book.home
    assert home.published_dates() == home.landed_dates()
    assert home.current.resolve().parent.name == str(home.landed_dates()[-1])
    _, rows = query_marts(home, "select business_date, account_count, decision_count from fct_night order by 1")
    assert [row[0] for row in rows] == home.landed_dates()
    assert all(accounts == decisions > 0 for _, accounts, decisions in rows)


def test_running_a_night_again_changes_no_byte(sample_book, tmp_path):
    home = copy_home(sample_book.home, tmp_path / "home")
    before = lasting(home)
    result = run_night(home, home.published_dates()[-1])
    assert not result.publication.is_new
    assert not result.release.is_new
    assert lasting(home) == before


@pytest.mark.slow
def test_two_fresh_homes_are_equal_byte_for_byte(sample_book, tmp_path):
    other = run_sample_book(tmp_path / "elsewhere", accounts=400, nights=3)
    ours, theirs = lasting(sample_book.home), lasting(other.home)
    assert len(ours) > 100
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_no_core_id_leaves_its_rooms(sample_book):
    home = sample_book.home
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        ids = {
            row[0]
            for row in connection.execute(
                "select account_id from account union select customer_id from customer"
            ).fetchall()
        }
    assert len(ids) > 400
    found = [
        str(path.relative_to(home.root))
        for path in sorted(home.root.rglob("*"))
        if path.is_file() and path.relative_to(home.root).parts[0] not in MAY_HOLD_IDS and holds_any(path, ids)
    ]
    assert found == []


def holds_any(path: Path, ids: set[str]) -> bool:
    """Whether a file names one of the ids, in its bytes or in its columns."""
    if path.suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
        return any(
            not ids.isdisjoint(table.column(field.name).to_pylist())
            for field in table.schema
            if str(field.type) in ("string", "large_string")
        )
    content = path.read_bytes()
    return any(identifier.encode() in content for identifier in list(ids)[:200])


def test_the_id_search_finds_an_id_in_parquet_and_in_text(tmp_path):
    duckdb.sql(f"copy (select 'A00000001' as account_id) to '{tmp_path}/planted.parquet'")
    (tmp_path / "planted.log").write_text("account A00000001 failed")
    assert holds_any(tmp_path / "planted.parquet", {"A00000001"})
    assert holds_any(tmp_path / "planted.log", {"A00000001"})


def test_released_orders_are_the_decisions_of_the_night(sample_book):
    home, last = sample_book.home, sample_book.results[-1]
    with last.release.file.open(newline="") as stream:
        orders = list(csv.DictReader(stream))
    control = json.loads(last.release.file.with_suffix(".ctl").read_text())
    _, decided = query_marts(
        home,
        "select count(*), sum(old_limit_amount), sum(recommended_limit_amount) from fct_limit_decision"
        f" where action in ('UP', 'DOWN', 'CLOSE') and business_date = date '{last.business_date}'",
    )
    assert len(orders) == control["rows"] == decided[0][0] > 0
    assert (
        sum(Decimal(order["old_limit_amount"]) for order in orders)
        == Decimal(control["totals"]["old_limit_amount"])
        == decided[0][1]
    )
    assert (
        sum(Decimal(order["new_limit_amount"]) for order in orders)
        == Decimal(control["totals"]["new_limit_amount"])
        == decided[0][2]
    )
    assert hashlib.sha256(last.release.file.read_bytes()).hexdigest() == control["sha256"]
    assert len({order["adjustment_id"] for order in orders}) == len(orders)


def test_the_manifest_lists_every_deterministic_file_of_the_publication(sample_book):
    for day in sample_book.home.published_dates():
        directory = sample_book.home.published / str(day) / REVISION
        manifest = json.loads((directory / "manifest.json").read_text())
        there = {
            str(path.relative_to(directory))
            for path in directory.rglob("*")
            if path.is_file()
            and not path.name.startswith(("manifest.json", "run.json", "marts.duckdb", "seconds.json"))
            and "data_docs" not in str(path)
        }
        assert set(manifest["files"]) == there
        assert all(
            hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest
            for name, digest in manifest["files"].items()
        )


def test_compiled_logic_is_the_same_every_night(sample_book):
    manifests = [
        json.loads((sample_book.home.published / str(day) / REVISION / "manifest.json").read_text())
        for day in sample_book.home.published_dates()
    ]
    assert len({manifest["logic_hash"] for manifest in manifests}) == 1
    assert [path.name for path in sample_book.home.logic.iterdir()] == [manifests[0]["logic_hash"]]


def test_the_standing_says_since_when_a_limit_holds(sample_book):
    _, rows = query_marts(
        sample_book.home,
        "select standing.since_date, min(night.business_date) from dim_limit_standing as standing"
        " inner join fct_account_night as night on standing.account_key = night.account_key"
        " and standing.limit_amount = night.current_limit_amount and night.business_date >= standing.since_date"
        " group by standing.account_key, standing.since_date",
    )
    assert len(rows) > 390
    assert all(since == first_seen for since, first_seen in rows)
    _, changed = query_marts(
        sample_book.home,
        "select count(*) from dim_limit_standing where since_date > (select min(business_date) from fct_night)",
    )
    assert changed[0][0] > 0
