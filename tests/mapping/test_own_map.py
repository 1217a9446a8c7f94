"""The example of docs/how-to/mapping.md is a whole map: these tests run it as it is printed there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from homes import tree_of

from creditline.errors import CreditlineError, UsageError
from creditline.home import open_home
from creditline.landing.contract import Manifest
from creditline.mapping import BrokenMap, UnexpectedExtract, import_book, load_map
from creditline.publish.reader import query_marts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "mapping.md"
PRINTED = dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL))
CREDITLINE = Path(sys.executable).with_name("creditline")
JANUARY, FEBRUARY = date(2024, 1, 31), date(2024, 2, 1)


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A folder with the printed map and extract, which a test may change."""
    for name, text in PRINTED.items():
        if not name.startswith("home/"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    return tmp_path


def land(bench: Path, home: str = "home", **choices):
    return import_book(bench / home, load_map(bench / "northbank"), bench / "northbank-extract", **choices)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new))


def manifest(bench: Path, day: date, home: str = "home") -> Manifest:
    return Manifest.model_validate_json((bench / home / "landing" / str(day) / "manifest.json").read_bytes())


def test_the_printed_example_gives_the_printed_files(bench):
    book = land(bench)

    assert book.dates == (JANUARY, FEBRUARY)
    assert dict(book.rows) == {"account_snapshot": 5, "cash_flow": 4}
    shown = [name for name in PRINTED if name.startswith("home/")]
    assert len(shown) == 2
    for name in shown:
        assert (bench / name).read_text() == PRINTED[name]


@pytest.mark.slow
def test_the_nights_of_the_printed_example_are_decided(bench):
    """The commands of the page, as they are printed there."""
    commands = [
        line.split()[1:] for line in re.findall("^    creditline --home north .*$", PAGE.read_text(), re.MULTILINE)
    ]
    assert [words[2] for words in commands] == ["import", "night"]
    for words in commands:
        shown = subprocess.run([CREDITLINE, *words], cwd=bench, capture_output=True, text=True, check=False)
        assert shown.returncode == 0, shown.stderr
    home = open_home(bench / "north")
    assert query_marts(
        home, "select business_date, account_count, decision_count, is_void from fct_night order by all"
    )[1] == [(JANUARY, 2, 2, False), (FEBRUARY, 3, 3, False)]
    assert list(home.quarantine.glob("*/*/*")) == []


def test_the_delivery_is_numbered_and_timed_by_the_map(bench):
    land(bench)
    first, second = manifest(bench, JANUARY), manifest(bench, FEBRUARY)

    assert (first.feed, first.sequence, second.sequence) == ("northbank", 1, 2)
    # 02:00 of 2 February in Shanghai is 18:00 UTC of the day before
    assert second.cutoff_at.isoformat() == "2024-02-01T18:00:00+00:00"
    assert second.delivered_at.isoformat() == "2024-02-01T17:00:00+00:00"
    assert {entry.source: entry.coverage_from for entry in second.sources} == {
        "account_snapshot": None,
        "cash_flow": date(2023, 12, 1),
    }


def test_a_first_delivery_brings_the_events_since_the_coverage_began(bench):
    land(bench, first=FEBRUARY)

    assert manifest(bench, FEBRUARY).sequence == 1
    flows = (bench / "home/landing/2024-02-01/cash_flow.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in flows[1:]] == ["2023-12-20", "2024-01-31", "2024-02-01", "2024-02-01"]


def test_a_first_delivery_reaches_back_four_hundred_days_at_most(bench):
    edit(bench / "northbank/map.yml", "2023-12-01", "2020-01-01")
    land(bench)

    reached = manifest(bench, JANUARY).sources[1].coverage_from
    assert (JANUARY - reached).days + 1 == 400


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_two_imports_give_the_same_bytes(bench, file_format):
    land(bench, "one", file_format=file_format)
    land(bench, "two", file_format=file_format)

    one = tree_of(bench / "one" / "landing")
    assert len(one) == 6
    assert one == tree_of(bench / "two" / "landing")


def test_a_repeated_import_leaves_landed_nights_alone(bench):
    assert land(bench, max_nights=1).new_dates == (JANUARY,)
    edit(bench / "northbank-extract/accounts_2024-01-31.csv", "3500.25", "1.00")
    before = tree_of(bench / "home" / "landing" / str(JANUARY))

    book = land(bench)

    assert book.new_dates == (FEBRUARY,)
    assert dict(book.rows) == {"account_snapshot": 5, "cash_flow": 4}
    assert tree_of(bench / "home" / "landing" / str(JANUARY)) == before
    assert manifest(bench, FEBRUARY).sequence == 2
    assert land(bench).new_dates == ()


def test_carrying_on_gives_the_bytes_of_one_go(bench):
    land(bench, "whole")
    land(bench, "parts", max_nights=1)
    land(bench, "parts", first=FEBRUARY)

    assert tree_of(bench / "parts" / "landing") == tree_of(bench / "whole" / "landing")


def test_no_night_is_landed_before_the_books_first(bench):
    land(bench, first=FEBRUARY)
    with pytest.raises(UsageError, match="starts with 2024-02-01"):
        land(bench)


def test_no_night_is_skipped(bench):
    edit(bench / "northbank-extract/accounts_2024-02-01.csv", "7003", "7004")
    (bench / "northbank-extract/accounts_2024-02-02.csv").write_text(
        PRINTED["northbank-extract/accounts_2024-01-31.csv"]
    )
    land(bench, max_nights=1)
    with pytest.raises(UsageError, match=r"the night after 2024-01-31.* is 2024-02-01"):
        land(bench, first=date(2024, 2, 2))


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_a_night_that_brings_the_file_of_another_is_warned_of(bench, file_format):
    extract = bench / "northbank-extract"
    shutil.copy(extract / "accounts_2024-01-31.csv", extract / "accounts_2024-02-01.csv")
    said = "2024-02-01: account_snapshot is byte for byte that of 2024-01-31, and no night takes a file twice: the extract is a"
    (warning,) = land(bench, file_format=file_format).warnings
    assert warning.startswith(said)
    # also when the first night was landed by an earlier call
    assert land(bench, "parts", file_format=file_format, max_nights=1).warnings == ()
    (warning,) = land(bench, "parts", file_format=file_format).warnings
    assert warning.startswith(said)


def test_a_source_without_a_row_may_come_again(bench):
    edit(bench / "northbank-extract/payments.csv", "2024-0", "2023-0")
    edit(bench / "northbank-extract/payments.csv", "2023-12-20", "2023-02-20")
    book = land(bench)
    assert (dict(book.rows), book.warnings) == ({"account_snapshot": 5, "cash_flow": 0}, ())


def test_progress_tells_every_new_night(bench):
    told = []
    land(bench, progress=lambda *what: told.append(what))
    assert told == [(JANUARY, 1, 2), (FEBRUARY, 2, 2)]


def test_a_home_of_another_feed_is_refused(bench):
    land(bench)
    edit(bench / "northbank/map.yml", "name: northbank\ndescription", "name: southbank\ndescription")
    with pytest.raises(UsageError, match="delivered by feed 'northbank'"):
        land(bench)


def test_truth_lies_sorted_beside_the_nights(bench):
    (bench / "northbank/truth.sql").write_text(
        "select distinct account as account_id, account = '7002' as has_defaulted from extract.line order by 1 desc;\n"
    )
    home = land(bench).home

    truth = duckdb.sql(f"from '{home.landing / 'truth' / 'northbank.parquet'}'").fetchall()
    assert truth == [("7001", False), ("7002", True), ("7003", False)]
    assert home.landed_dates() == [JANUARY, FEBRUARY]
    assert {entry.source for entry in manifest(bench, FEBRUARY).sources} == {"account_snapshot", "cash_flow"}


def test_a_folder_without_a_manifest_is_named(bench):
    land(bench, max_nights=1)
    (bench / "home/landing/2024-01-31/manifest.json").unlink()
    with pytest.raises(
        CreditlineError, match=r"2024-01-31/manifest.json is not a manifest of a delivery; take the folder"
    ):
        land(bench)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    rate_or_text(apr) as rate_apr,\n", "", "account_snapshot.sql gives no rate_apr"),
        (
            "rate_or_text(apr) as rate_apr",
            "apr as rate_apr, 1 as paid_amuont",
            "account_snapshot.sql gives paid_amuont",
        ),
        (
            "amount_or_text(line) as limit_amount",
            "line::double as limit_amount",
            "limit_amount is DOUBLE, which does not reach money",
        ),
        (
            "amount_or_text(line) as limit_amount",
            "line::decimal(18, 3) as limit_amount",
            r"limit_amount is DECIMAL\(18,3\)",
        ),
        ("getvariable('currency_code')", "'USD'", "currency_code is USD in 2 rows"),
        ("getvariable('currency_code')", "null::varchar", "currency_code is None in 2 rows"),
        ("from lines", "from lanes", "account_snapshot.sql: Catalog Error"),
        ("extract.line", "read_csv('/etc/hostname')", "account_snapshot.sql: Permission Error"),
    ],
)
def test_a_select_that_misses_the_contract_is_named(bench, old, new, said):
    edit(bench / "northbank/account_snapshot.sql", old, new)
    with pytest.raises(BrokenMap, match=said) as raised:
        land(bench)
    assert "\n" not in str(raised.value)
    assert not (bench / "home").exists()


def test_a_column_that_the_map_does_not_list_is_out_of_reach(bench):
    edit(bench / "northbank/map.yml", "days_late, apr]", "days_late]")
    with pytest.raises(BrokenMap, match='Referenced column "apr" not found'):
        land(bench)


def test_a_file_without_a_listed_column_is_named(bench):
    edit(bench / "northbank-extract/accounts_2024-02-01.csv", ";overdue;", ";late_amount;")
    with pytest.raises(
        UnexpectedExtract, match=r"accounts_2024-02-01.csv .* line 1, .* no column overdue \(table 'line'"
    ):
        land(bench)
    assert not (bench / "home").exists()


@pytest.mark.parametrize(("old", "new"), [("1500.00", "many"), ("2023-12-20", "20.12.23"), ("50.00", "50.00,extra")])
def test_a_value_that_cannot_be_read_is_told(bench, old, new):
    edit(bench / "northbank-extract/payments.csv", old, new)
    with pytest.raises(UnexpectedExtract, match="is not what map 'northbank' expects"):
        land(bench)
    assert not (bench / "home").exists()


def test_parquet_of_a_text_that_is_no_amount_is_told(bench):
    edit(bench / "northbank-extract/accounts_2024-01-31.csv", "3500.25", "plenty")
    with pytest.raises(UnexpectedExtract, match=r"2024-01-31.*plenty"):
        land(bench, file_format="parquet")


def test_a_night_without_accounts_is_refused(bench):
    (bench / "northbank/dates.sql").unlink()
    edit(bench / "northbank/map.yml", "coverage_from:", "dates: [2024-01-31, 2024-02-02]\ncoverage_from:")
    with pytest.raises(UnexpectedExtract, match="gives no row for 2024-02-02"):
        land(bench)


@pytest.mark.parametrize("text", ["select 'soon'", "select null::date", "select date '2024-01-31' where false"])
def test_dates_must_be_dates(bench, text):
    (bench / "northbank/dates.sql").write_text(text)
    with pytest.raises(UnexpectedExtract, match=r"dates.sql must give one DATE column"):
        land(bench)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"first": date(2025, 1, 1)}, "no night from 2025-01-01 to the end: the extract's nights are 2024-01-31 to"),
        ({"max_nights": 0}, "ask for one or more"),
        ({"file_format": "xlsx"}, "'xlsx' is not a format"),
    ],
)
def test_a_call_that_cannot_be_met_is_refused(bench, choices, said):
    with pytest.raises(UsageError, match=said):
        land(bench, **choices)


def test_a_source_of_the_wrong_sort_is_refused(bench):
    loaded = load_map(bench / "northbank")
    with pytest.raises(UsageError, match="is not a directory"):
        import_book(bench / "home", loaded, bench / "northbank-extract" / "payments.csv")
    with pytest.raises(UsageError, match="does not exist"):
        import_book(bench / "home", loaded, bench / "nowhere")
    (bench / "northbank-extract" / "payments.csv").unlink()
    with pytest.raises(UnexpectedExtract, match=r"it has no payments.csv \(table 'payment'"):
        import_book(bench / "home", loaded, bench / "northbank-extract")


def test_an_extract_and_a_home_may_have_awkward_names(bench):
    """`'` ends a literal of SQL, `[1]` and `*` are patterns."""
    extract = bench / "their [1] extract's"
    (bench / "northbank-extract").rename(extract)
    book = import_book(bench / "x's [1] home*", load_map(bench / "northbank"), extract)

    assert dict(book.rows) == {"account_snapshot": 5, "cash_flow": 4}
    assert {path.name for path in book.home.landing.iterdir()} == {str(day) for day in book.dates}
