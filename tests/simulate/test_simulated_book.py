"""The same arguments land the same bytes, in one call or in several, and nothing is overwritten."""

from __future__ import annotations

import json
from datetime import date, timedelta

import duckdb
import pytest
from homes import tree_of
from simulated import FIRST, land

from creditline.errors import CreditlineError, UsageError
from creditline.home import create_home
from creditline.landing.contract import contract
from creditline.simulate import continue_book, sample_home_settings, simulate_book


def test_the_same_seed_lands_the_same_bytes(tmp_path):
    one, _ = land(tmp_path / "one", nights=2)
    two, _ = land(tmp_path / "two", nights=2)
    assert tree_of(one.landing) == tree_of(two.landing)


def test_another_seed_is_another_book(tmp_path):
    one, _ = land(tmp_path / "one")
    two, _ = land(tmp_path / "two", seed=6)
    assert (
        tree_of(one.landing)["landing/2026-09-01/session.csv"] != tree_of(two.landing)["landing/2026-09-01/session.csv"]
    )


def test_three_nights_and_two_more_are_five(tmp_path):
    at_once, _ = land(tmp_path / "at_once", nights=5)
    in_parts, _ = land(tmp_path / "in_parts", nights=3)
    later = simulate_book(in_parts, accounts=300, nights=2, first_date=FIRST + timedelta(days=3), seed=5)
    assert later.dates == (date(2026, 9, 4), date(2026, 9, 5))
    assert tree_of(in_parts.landing) == tree_of(at_once.landing)


def test_a_book_is_continued_without_being_told_what_it_is(tmp_path):
    at_once, _ = land(tmp_path / "at_once", accounts=80, nights=33)
    in_parts, _ = land(tmp_path / "in_parts", accounts=80, nights=32)
    assert continue_book(in_parts).dates == (FIRST + timedelta(days=32),)
    assert tree_of(in_parts.landing) == tree_of(at_once.landing)


def test_a_night_landed_by_a_killed_run_is_landed_again(tmp_path):
    home, book = land(tmp_path / "home")
    before = (book.truth_dir / "world.npz").read_bytes()
    continue_book(home)
    whole = tree_of(home.landing)
    (book.truth_dir / "world.npz").write_bytes(before)
    (home.landing / "2026-09-02" / "session.csv").write_text("half a fi")
    continue_book(home)
    assert tree_of(home.landing) == whole


def test_a_run_killed_before_its_first_night_starts_over(tmp_path):
    home, book = land(tmp_path / "home")
    whole = tree_of(home.landing)
    (book.truth_dir / "world.npz").unlink()
    assert continue_book(home).dates == (FIRST,)
    assert tree_of(home.landing) == whole


@pytest.mark.parametrize("file_format", ["csv.gz", "parquet"])
def test_every_format_holds_the_same_rows(tmp_path, file_format):
    plain, book = land(tmp_path / "csv", accounts=60, history_days=15)
    other, same = land(tmp_path / "other", accounts=60, history_days=15, file_format=file_format)
    assert same.rows == book.rows
    for source in contract():
        if source not in book.rows:
            continue
        text = ", ".join(f"{name}::varchar as {name}" for name in _columns(plain.landing / f"{FIRST}/{source}.csv"))
        read = "read_parquet('{}')" if file_format == "parquet" else "read_csv('{}', all_varchar = true)"
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            path = other.landing / str(FIRST) / f"{source}.{file_format}"
            found = connection.execute(f"select {text} from {read.format(path)}").fetchall()
            expected = connection.execute(
                f"from read_csv('{plain.landing}/{FIRST}/{source}.csv', all_varchar = true)"
            ).fetchall()
        if file_format == "parquet":
            expected = [tuple(_as_parquet(cell) for cell in row) for row in expected]
        assert found == expected, source


def _columns(path) -> list[str]:
    return path.open().readline().strip().split(",")


def _as_parquet(cell: str | None) -> str | None:
    """How DuckDB shows as text the timestamp that a CSV file spells the contract's way."""
    return cell[:10] + " " + cell[11:19] + "+00" if cell and cell.endswith("Z") and cell[10:11] == "T" else cell


@pytest.mark.parametrize("accounts", [1, 2, 13])
def test_a_tiny_book_lives_too(tmp_path, accounts):
    _, book = land(tmp_path / "home", accounts=accounts, nights=3, history_days=0)
    assert book.rows["account_snapshot"] == 3 * accounts


def test_about_one_customer_in_twelve_holds_two_accounts(landed):
    assert landed.book.accounts == 2000
    assert landed.one(
        "select count(*), count(distinct customer_id) from account_snapshot where night = '2026-09-01'"
    ) == (
        2000,
        landed.book.customers,
    )
    assert 0.07 < (2000 - landed.book.customers) / landed.book.customers < 0.09


def test_progress_is_told(tmp_path):
    told: list[str] = []
    land(tmp_path / "home", nights=2, progress=told.append)
    assert told[-1] == "landed 2026-09-02 (2 of 2)"
    assert any(line.startswith("lived through") for line in told)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"seed": 6, "first_date": date(2026, 9, 2)}, "the book has seed 5, not 6"),
        ({"accounts": 301, "first_date": date(2026, 9, 2)}, "the book has accounts 300, not 301"),
        ({"file_format": "parquet", "first_date": date(2026, 9, 2)}, "the book has file_format csv, not parquet"),
        ({"first_date": date(2026, 9, 1)}, "the book goes on with 2026-09-02, not with 2026-09-01"),
        ({"first_date": date(2026, 9, 4)}, "the book goes on with 2026-09-02, not with 2026-09-04"),
        ({"nights": 0}, "nights is 0"),
        ({"accounts": 0}, "accounts is 0"),
        ({"history_days": -1}, "history_days is -1"),
        ({"file_format": "xml"}, "file_format is xml"),
    ],
)
def test_a_call_that_does_not_continue_the_book_is_refused_and_changes_nothing(tmp_path, options, reason):
    home, _ = land(tmp_path / "home")
    before = tree_of(home.landing)
    with pytest.raises(UsageError, match=reason):
        land(tmp_path / "home", **options)
    assert tree_of(home.landing) == before


def test_there_must_be_a_book_to_continue(tmp_path):
    home = create_home(tmp_path / "home", sample_home_settings())
    with pytest.raises(UsageError, match="no simulated book"):
        continue_book(home)


def test_somebody_elses_delivery_is_never_overwritten(tmp_path):
    home, _ = land(tmp_path / "home")
    theirs = home.landing / "2026-09-02"
    theirs.mkdir()
    (theirs / "manifest.json").write_text(json.dumps({"feed": "branch", "sequence": 2}))
    with pytest.raises(UsageError, match="holds delivery 2 of feed branch"):
        continue_book(home)
    assert [path.name for path in theirs.iterdir()] == ["manifest.json"]


def test_sequences_go_on_after_what_is_landed_already(tmp_path):
    home = create_home(tmp_path / "home", sample_home_settings())
    (home.landing / "2026-08-31").mkdir(parents=True)
    (home.landing / "2026-08-31" / "manifest.json").write_text(json.dumps({"feed": "core", "sequence": 41}))
    simulate_book(home, accounts=30, nights=2, first_date=FIRST, seed=5)
    manifests = [json.loads((home.landing / f"2026-09-0{n}" / "manifest.json").read_text()) for n in (1, 2)]
    assert [manifest["sequence"] for manifest in manifests] == [42, 43]


def test_a_damaged_record_says_what_to_do(tmp_path):
    home, book = land(tmp_path / "home")
    (book.truth_dir / "world.npz").write_bytes(b"not a world")
    with pytest.raises(CreditlineError, match="simulate it again into another home"):
        continue_book(home)
