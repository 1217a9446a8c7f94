"""The breaker by slice, as compiled, on hand-written totals and nights before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from creditline.home import Home

TONIGHT = date(2026, 9, 30)
# Held above 20 cuts and 300 % of the median of 4 nights, above 200 bp of exposure, above 10 floored and 20 bp of accounts.
CALM = {
    "business_date": TONIGHT, "slice_code": "BANK01/card", "account_count": 10_000, "up_count": 0, "down_count": 0,
    "newly_floored_count": 0, "exposure_before_minor": 1_000_000, "exposure_after_minor": 1_000_000,
    "exposure_change_minor": 0,
    "median_nights": 4, "cuts_over_median_pct": 300, "min_cuts": 20, "exposure_change_bp": 200, "min_floored": 10,
    "floored_share_bp": 20,
}  # fmt: skip


def run_model(home: Home, folder: Path, model: str, totals: list[dict], cuts: list[int]) -> list[dict]:
    """Rows of one compiled model over tonight's totals and the cuts of the nights before, the latest last."""
    (compiled,) = home.logic.glob(f"*/*_{model}.sql")
    file = folder / "warehouse.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        kinds = {date: "date", int: "bigint", str: "varchar"}
        columns = ", ".join(f"{name} {kinds[type(value)]}" for name, value in CALM.items())
        connection.execute(f"create table dec_slice_total ({columns})")
        for row in totals:
            connection.execute(f"insert into dec_slice_total values ({', '.join('?' * len(row))})", list(row.values()))
        connection.execute(
            "create table stg_slice_state"
            " (slice_code varchar, business_date date, account_count bigint, down_count bigint)"
        )
        for back, count in enumerate(reversed(cuts), start=1):
            connection.execute(
                "insert into stg_slice_state values ('BANK01/card', ?, 10000, ?)",
                [TONIGHT - timedelta(days=back), count],
            )
        relation = connection.sql(compiled.read_text())
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


CASES = [
    ("a calm night", {}, [5, 5, 5, 5], None),
    ("more cuts than thrice the median", {"down_count": 31}, [10, 90, 10, 10], "cuts: 31, median 10"),
    ("as many as thrice the median", {"down_count": 30}, [10, 10, 10, 10], None),
    ("the lower median of an even number", {"down_count": 31}, [10, 10, 11, 11], "cuts: 31, median 10"),
    ("few cuts are never many", {"down_count": 20}, [0, 0, 0, 0], None),
    ("one cut more than few", {"down_count": 21}, [0, 0, 0, 0], "cuts: 21, median 0"),
    ("half of the nights are enough", {"down_count": 31}, [10, 10], "cuts: 31, median 10"),
    ("fewer give no median", {"down_count": 31}, [10], None),
    ("falls add up too far", {"down_count": 21, "exposure_change_minor": 21_000}, [21] * 4, "exposure: moved by 210 bp"),
    ("cuts and raises that cancel out still moved", {"down_count": 10, "up_count": 11, "exposure_change_minor": 21_000}, [10] * 4, "exposure: moved by 210 bp"),
    ("exposure at its bound", {"down_count": 21, "exposure_change_minor": 20_000}, [21] * 4, None),
    ("few limits move much", {"down_count": 10, "up_count": 10, "exposure_change_minor": 999_999}, [10] * 4, None),
    ("cuts and raises together are many", {"down_count": 10, "up_count": 11, "exposure_change_minor": 999_999}, [10] * 4, "exposure: moved by 9999 bp"),
    ("many at the floor", {"down_count": 21, "newly_floored_count": 21}, [21] * 4, "floored: 21 of 10000"),
    ("a small share at the floor", {"down_count": 20, "newly_floored_count": 20}, [20] * 4, None),
    ("a large share of few at the floor", {"down_count": 10, "newly_floored_count": 10, "account_count": 10}, [10] * 4, None),
    ("all at once", {"down_count": 100, "newly_floored_count": 100, "exposure_change_minor": 999_999}, [1] * 4,
     "cuts: 100, median 1; exposure: moved by 9999 bp; floored: 100 of 10000"),
]  # fmt: skip


@pytest.mark.parametrize(("tonight", "cuts", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_slice_is_held_by_the_rules_that_it_breaks(sample_book, tmp_path, tonight, cuts, reason):
    (row,) = run_model(sample_book.home, tmp_path, "dec_slice_breaker", [CALM | tonight], cuts)
    assert (row["is_held"], row["hold_reason"]) == (reason is not None, reason)


def test_as_many_nights_are_carried_as_the_median_takes(sample_book, tmp_path):
    rows = run_model(sample_book.home, tmp_path, "dec_carried_slice", [CALM | {"down_count": 9}], [1, 2, 3, 4, 5])
    assert sorted(row["down_count"] for row in rows) == [3, 4, 5, 9]


def test_a_slice_that_tonight_does_not_name_keeps_its_nights(sample_book, tmp_path):
    rows = run_model(sample_book.home, tmp_path, "dec_carried_slice", [], [1, 2, 3, 4, 5])
    assert sorted(row["down_count"] for row in rows) == [1, 2, 3, 4, 5]
