"""The Berka map: balances from the lender's side, codes, salaries, and the sums of the real days."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from creditline.landing.contract import Manifest
from creditline.mapping import ImportedBook, UnexpectedExtract, import_book, load_map

# trans_id, account, day, type, operation, amount, symbol, bank, counter account
TRANSACTIONS = [
    (1, 7, "1993-01-01", "PRIJEM", "VKLAD", "1000.00", None, None, None),
    (2, 7, "1993-01-03", "VYBER", "VYBER", "1200.50", None, None, None),
    (3, 7, "1993-01-05", "VYDAJ", "VYBER", "0.50", "SANKC. UROK", None, None),
    (4, 7, "1993-01-06", "PRIJEM", "PREVOD Z UCTU", "20000.00", None, "ST", "66"),
    (5, 8, "1993-01-04", "PRIJEM", "VKLAD", "300.00", " ", None, None),
    (6, 8, "1993-01-04", "PRIJEM", "VKLAD", "25.00", None, None, None),
    (7, 7, "1993-02-09", "PRIJEM", "PREVOD Z UCTU", "20000.00", None, "ST", "66"),
    (8, 7, "1993-02-06", "PRIJEM", "PREVOD Z UCTU", "20000.00", None, "ST", "77"),
    (9, 7, "1993-03-13", "PRIJEM", "PREVOD Z UCTU", "20000.00", None, "ST", "66"),
    (10, 7, "1993-03-13", "VYDAJ", "PREVOD NA UCET", "10.00", "UVER", "ST", "5"),
]


def extract(path: Path, transactions: list[tuple]) -> Path:
    """A folder in the shape of the Berka tables: two accounts, the second opened on the fourth day."""
    path.mkdir()
    tables = {
        "berka_account": "(values (7, date '1993-01-01'), (8, date '1993-01-04')) t(account_id, opened)",
        "berka_disp": "(values (7, 17, 'OWNER'), (7, 99, 'DISPONENT'), (8, 18, 'OWNER')) t(account_id, client_id, type)",
        "berka_loan": "(values (7, 70, date '1993-02-01', 'B')) t(account_id, loan_id, granted, status)",
        "berka_trans_19930101_19940330": "trans",
    }
    with duckdb.connect() as connection:
        connection.execute(
            "create table trans(trans_id integer, account_id integer, d date, type varchar, operation varchar, "
            "amount decimal(12, 2), k_symbol varchar, bank varchar, account varchar)"
        )
        connection.executemany("insert into trans values (?, ?, ?, ?, ?, ?, ?, ?, ?)", transactions)
        for name, rows in tables.items():
            connection.execute(f"copy (from {rows}) to '{path / name}.parquet' (format parquet)")
    return path


def land(tmp_path: Path, transactions: list[tuple] = TRANSACTIONS, **choices) -> ImportedBook:
    return import_book(tmp_path / "home", load_map("berka"), extract(tmp_path / "berka", transactions), **choices)


def landed(tmp_path: Path, source: str, columns: str, where: str = "true") -> list[tuple]:
    """Cells of one source over all nights, as text; `night` is the folder's date."""
    reader = f"read_csv('{tmp_path}/home/landing/*/{source}.csv', all_varchar = true, filename = true)"
    cells = f"select *, split_part(filename, '/', -2) as night from {reader}"
    return duckdb.sql(f"select {columns} from ({cells}) where {where} order by all").fetchall()


def test_an_overdraft_is_owed_and_past_due_and_a_deposit_is_negative(tmp_path):
    land(tmp_path, max_nights=6)

    account = landed(
        tmp_path,
        "account_snapshot",
        "night, principal_balance, arrears_balance, days_past_due",
        "account_id = 'BK00007'",
    )
    assert account == [
        ("1993-01-01", "-1000.00", "0.00", "0"),
        ("1993-01-02", "-1000.00", "0.00", "0"),
        ("1993-01-03", "200.50", "200.50", "1"),
        ("1993-01-04", "200.50", "200.50", "2"),
        ("1993-01-05", "201.00", "201.00", "3"),
        ("1993-01-06", "-19799.00", "0.00", "0"),
    ]
    assert landed(tmp_path, "account_snapshot", "distinct limit_amount") == [("0.00",)]


def test_an_account_appears_when_it_is_opened_and_belongs_to_its_owner(tmp_path):
    land(tmp_path, max_nights=6)

    seen = landed(tmp_path, "account_snapshot", "account_id, customer_id, min(night), count(*)", "true group by all")
    assert seen == [("BK00007", "BKC00017", "1993-01-01", 6), ("BK00008", "BKC00018", "1993-01-04", 3)]


def test_flows_are_summed_by_customer_day_direction_and_kind(tmp_path):
    land(tmp_path, max_nights=6)

    assert landed(tmp_path, "cash_flow", "night, flow_date, customer_id, direction, kind, amount, event_count") == [
        ("1993-01-01", "1993-01-01", "BKC00017", "in", "other", "1000.00", "1"),
        ("1993-01-03", "1993-01-03", "BKC00017", "out", "withdraw", "1200.50", "1"),
        ("1993-01-04", "1993-01-04", "BKC00018", "in", "other", "325.00", "2"),
        ("1993-01-05", "1993-01-05", "BKC00017", "out", "interest", "0.50", "1"),
        ("1993-01-06", "1993-01-06", "BKC00017", "in", "transfer", "20000.00", "1"),
    ]


def test_a_salary_is_known_from_its_second_month_and_by_its_sender(tmp_path):
    land(tmp_path, first=date(1993, 3, 13), max_nights=1)

    flows = landed(tmp_path, "cash_flow", "flow_date, kind", "amount = '20000.00'")
    assert flows == [
        ("1993-01-06", "transfer"),
        ("1993-02-06", "transfer"),  # another sender
        ("1993-02-09", "salary"),  # a month and three days
        ("1993-03-13", "transfer"),  # a month and four days
    ]
    assert landed(tmp_path, "cash_flow", "kind", "amount = '10.00'") == [("repay_own",)]


def test_a_later_night_changes_no_earlier_one(tmp_path):
    all_told = land(tmp_path, max_nights=40).home.landing
    known_then = [row for row in TRANSACTIONS if row[2] <= "1993-01-31"]
    (tmp_path / "then").mkdir()
    then = land(tmp_path / "then", known_then, max_nights=40).home.landing

    for day in range(1, 32):
        for file in ("account_snapshot.csv", "cash_flow.csv", "manifest.json"):
            name = f"1993-01-{day:02}/{file}"
            assert (then / name).read_bytes() == (all_told / name).read_bytes()


@pytest.mark.parametrize(
    "codes", [("PRIJEM", "VKLAD", "SIPO"), ("VYDEJ", "VYBER", None), ("VYDAJ", None, None), ("VYDAJ", "VYBER", "NOVY")]
)
def test_unknown_codes_stop_the_import(tmp_path, codes):
    type_, operation, symbol = codes
    strange = (11, 8, "1993-01-05", type_, operation, "1.00", symbol, None, None)
    with pytest.raises(UnexpectedExtract, match="trans_id 11 has unknown codes: " + type_):
        land(tmp_path, [*TRANSACTIONS, strange], max_nights=1)
    assert not (tmp_path / "home").exists()


def test_a_missing_table_is_named(tmp_path):
    source = extract(tmp_path / "berka", TRANSACTIONS)
    (source / "berka_disp.parquet").unlink()
    with pytest.raises(UnexpectedExtract, match=r"it has no berka_disp.parquet"):
        import_book(tmp_path / "home", load_map("berka"), source)


def test_the_state_of_a_loan_stays_in_the_truth_file(tmp_path):
    land(tmp_path, max_nights=2)

    truth = duckdb.sql(f"from '{tmp_path}/home/landing/truth/berka.parquet'").fetchall()
    assert truth == [("BK00007", 70, date(1993, 2, 1), "B", True)]


def check_ties(landing: Path, berka_directory: Path, nights: int) -> None:
    """Balances and flows of every landed night, to the cent, against the day table of the real data."""
    manifests = [Manifest.model_validate_json(path.read_bytes()) for path in sorted(landing.glob("1*/manifest.json"))]
    days = duckdb.sql(
        f"""
        select dt, count(*), -sum(balance), sum(credit_amt) + sum(debit_amt), sum(n_trans)
        from '{berka_directory}/berka_daily_19930101_19940330.parquet'
        group by dt
        order by dt
        limit {nights}
        """
    ).fetchall()
    events = dict(
        duckdb.sql(
            f"select flow_date, sum(event_count) from read_csv('{landing}/*/cash_flow.csv', filename = true) group by all"
        ).fetchall()
    )
    assert len(manifests) == len(days) == nights
    for manifest, (day, accounts, balance, flows, transactions) in zip(manifests, days, strict=True):
        snapshot, cash_flow = manifest.sources
        assert (manifest.business_date, snapshot.rows) == (day, accounts)
        assert snapshot.totals == {"limit_amount": 0, "principal_balance": balance}
        assert cash_flow.totals == {"amount": flows}
        assert events.get(day, 0) == transactions


@pytest.mark.alone
def test_the_real_book_ties_for_sixty_nights(berka_directory, tmp_path):
    started = time.monotonic()
    book = import_book(tmp_path, load_map("berka"), berka_directory, max_nights=60)
    assert time.monotonic() - started < 15

    assert (book.dates[0], book.dates[-1]) == (date(1993, 1, 1), date(1993, 3, 1))
    check_ties(tmp_path / "landing", berka_directory, 60)
    february = Manifest.model_validate_json((tmp_path / "landing/1993-02-28/manifest.json").read_bytes())
    assert str(february.sources[0].totals["principal_balance"]) == "-2796829.70"


@pytest.mark.alone
@pytest.mark.slow
def test_the_whole_real_book_ties(berka_directory, tmp_path):
    started = time.monotonic()
    book = import_book(tmp_path, load_map("berka"), berka_directory)
    assert time.monotonic() - started < 90

    assert (len(book.dates), book.dates[-1]) == (454, date(1994, 3, 30))
    assert book.rows["account_snapshot"] == 314_251
    check_ties(tmp_path / "landing", berka_directory, 454)
