"""The Taiwan map: what the codes become, what never enters, and the sums of the real file."""

from __future__ import annotations

import csv
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from homes import tree_of

from creditline.landing.contract import Manifest, contract
from creditline.mapping import UnexpectedExtract, import_book, load_map

PROTECTED = ("SEX", "EDUCATION", "MARRIAGE", "AGE")
STATUSES = ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")
NIGHTS = ("2005-04-30", "2005-05-31", "2005-06-30", "2005-07-31", "2005-08-31", "2005-09-30")
LABEL = "default.payment.next.month"


def card(number: int, statuses: tuple[int, ...], bills: tuple[int, ...], label: int = 0) -> dict[str, object]:
    """One row of the file; months run from April to September."""
    row: dict[str, object] = {"ID": number, "LIMIT_BAL": 20000}
    row |= {"SEX": 2, "EDUCATION": 1, "MARRIAGE": 1, "AGE": 30 + number}
    row |= dict(zip(STATUSES, statuses, strict=True))
    row |= {f"BILL_AMT{6 - month}": bill for month, bill in enumerate(bills)}
    row |= {f"PAY_AMT{6 - month}": 100 + month for month in range(6)}
    return row | {LABEL: label}


CARDS = [
    card(1, (-2, -1, 0, 1, 2, 8), (0, -50, 300, 400, 500, 25000), label=1),
    card(2, (0, 0, 0, 0, 2, 3), (10, 20, 30, 40, -5, 60)),
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def landed(root: Path, source: Path) -> dict[str, bytes]:
    """Everything that an import lands, the truth included, by its path."""
    home = import_book(root, load_map("taiwan"), source).home
    return tree_of(home.landing)


def column(root: Path, name: str, account: str = "TW00001") -> list[str]:
    """One account's values of one column, night after night."""
    rows = []
    for night in NIGHTS:
        with (root / "landing" / night / "account_snapshot.csv").open() as stream:
            rows += [row[name] for row in csv.DictReader(stream) if row["account_id"] == account]
    return rows


def test_codes_become_days_and_arrears(tmp_path):
    landed(tmp_path / "home", write(tmp_path / "cards.csv", CARDS))

    assert column(tmp_path / "home", "days_past_due") == ["0", "0", "0", "30", "60", "240"]
    assert column(tmp_path / "home", "principal_balance") == [
        "0.00",
        "-50.00",
        "300.00",
        "400.00",
        "500.00",
        "25000.00",
    ]
    assert column(tmp_path / "home", "arrears_balance") == ["0.00", "0.00", "0.00", "0.00", "500.00", "25000.00"]
    assert column(tmp_path / "home", "arrears_balance", "TW00002")[4:] == ["0.00", "60.00"]
    assert column(tmp_path / "home", "paid_amount") == ["100.00", "101.00", "102.00", "103.00", "104.00", "105.00"]
    assert set(column(tmp_path / "home", "limit_amount")) == {"20000.00"}
    assert set(column(tmp_path / "home", "opened_date")) == {"2005-04-30"}


@pytest.mark.parametrize("code", [-3, 10])
def test_an_unknown_repayment_status_stops_the_import(tmp_path, code):
    strange = [CARDS[0], {**CARDS[1], "PAY_3": code}]
    with pytest.raises(UnexpectedExtract, match=f"ID 2 has repayment status {code}"):
        landed(tmp_path / "home", write(tmp_path / "cards.csv", strange))
    assert not (tmp_path / "home").exists()


def test_another_file_is_refused(tmp_path):
    without = [{name: value for name, value in row.items() if name != "PAY_0"} for row in CARDS]
    with pytest.raises(UnexpectedExtract, match="no column PAY_0"):
        landed(tmp_path / "home", write(tmp_path / "cards.csv", without))


def test_protected_attributes_reach_no_landed_file(tmp_path):
    as_delivered = landed(tmp_path / "one", write(tmp_path / "one.csv", CARDS))
    turned = [{**row, "SEX": 1, "EDUCATION": 6, "MARRIAGE": 0, "AGE": 77} for row in CARDS]
    cut_out = [{name: value for name, value in row.items() if name not in PROTECTED} for row in CARDS]

    assert landed(tmp_path / "two", write(tmp_path / "two.csv", turned)) == as_delivered
    assert landed(tmp_path / "three", write(tmp_path / "three.csv", cut_out)) == as_delivered
    header = as_delivered["landing/2005-09-30/account_snapshot.csv"].decode().splitlines()[0].split(",")
    assert set(header) <= {column.name for column in contract()["account_snapshot"].columns}


def test_the_october_outcome_stays_in_the_truth_file(tmp_path):
    before = landed(tmp_path / "one", write(tmp_path / "one.csv", CARDS))
    turned = [{**row, LABEL: 1 - int(str(row[LABEL]))} for row in CARDS]
    after = landed(tmp_path / "two", write(tmp_path / "two.csv", turned))

    assert {name for name in before if before[name] != after[name]} == {"landing/truth/taiwan.parquet"}
    truth = duckdb.sql(f"select account_id, has_defaulted from '{tmp_path / 'one/landing/truth/taiwan.parquet'}'")
    assert truth.fetchall() == [("TW00001", True), ("TW00002", False)]


@pytest.mark.alone
def test_the_real_book_ties(taiwan_file, tmp_path):
    started = time.monotonic()
    book = import_book(tmp_path, load_map("taiwan"), taiwan_file)
    seconds = time.monotonic() - started

    assert [str(day) for day in book.dates] == list(NIGHTS)
    assert dict(book.rows) == {"account_snapshot": 180_000}
    manifests = [
        Manifest.model_validate_json((tmp_path / "landing" / night / "manifest.json").read_bytes()) for night in NIGHTS
    ]
    assert {manifest.sources[0].rows for manifest in manifests} == {30_000}
    assert {manifest.sources[0].totals["limit_amount"] for manifest in manifests} == {Decimal("5024529680.00")}
    assert manifests[-1].sources[0].totals["principal_balance"] == Decimal("1536699927.00")
    past_due = duckdb.sql(
        f"""
        select count(*) filter (days_past_due >= 60), count(*) filter (days_past_due = 30)
        from read_csv('{tmp_path}/landing/*/account_snapshot.csv', filename = true)
        group by filename
        order by filename
        """
    ).fetchall()
    assert [row[0] for row in past_due] == [3_079, 2_968, 3_508, 4_209, 4_410, 3_130]
    assert [row[1] for row in past_due] == [0, 0, 2, 4, 28, 3_688]
    truth = duckdb.sql(
        f"select count(*), count(*) filter (has_defaulted) from '{tmp_path}/landing/truth/taiwan.parquet'"
    )
    assert truth.fetchone() == (30_000, 6_636)
    assert seconds < 10
