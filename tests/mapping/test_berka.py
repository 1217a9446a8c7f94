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


def rows(tmp_path: Path, source: str, what: str) -> list[tuple]:
    files = f"{tmp_path}/home/landing/*/{source}.csv"
    reader = f"read_csv('{files}', all_varchar = true, filename = true)"
    return duckdb.sql(f"select {what.format(night='filename[-len(parse_filename(filename)) - 11:-len(parse_filename(filename)) - 2]')} from {reader} order by all").fetchall()
