"""Erase a person's data: the ids are deleted, the record stays.

Immutable files hold only keys, so a customer is erased by deleting the rows that say whose keys these are. Landing, quarantine and outbox hold ids until their retention ends (`home.retention`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.identity import forget_keys
from creditline.home import Home
from creditline.home.control import append_line
from creditline.home.database import connect_within, one_row
from creditline.home.marts import mart_rows
from creditline.home.people import require_two_people
from creditline.home.publications import is_void, last_valid, read_manifest
from creditline.subject.person import Person, find_person

RETENTION = "customer_record_retention_years"


class ErasureRefused(CreditlineError):
    """The customer's data must still be kept; says why, and until when."""


@dataclass(frozen=True)
class Erasure:
    """One line of `control/erasures.jsonl`: keys, no ids; `merged_keys` were those of customers merged into this one."""

    customer_key: int
    merged_keys: tuple[int, ...]
    account_keys: tuple[int, ...]
    reason: str
    by: str
    approved_by: str
    recorded_at: str


def erase_subject(home: Home, customer_id: str, *, reason: str, by: str, approved_by: str) -> Erasure:
    """Delete all ids of a customer, and of the accounts whose last owner this customer was, from the identity store.

    Raises:
        UsageError: the second person is missing or is the first.
        CreditlineError: the customer is not known.
        ErasureRefused: an account is open or has a balance, there is a legal hold, or records must still be kept.
    """
    require_two_people("an erasure", by, approved_by)
    person = find_person(home, customer_id)
    _refuse_duties(home, person)
    erasure = Erasure(
        person.customer_key,
        person.customer_keys[1:],
        person.last_accounts,
        reason,
        by,
        approved_by,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    # Written first, so that a kill leaves a record whose erasure is repeated, and never an erasure without a record.
    append_line(home, home.erasures_file, asdict(erasure))
    forget_keys(home, {"customer": list(person.customer_keys), "account": list(person.last_accounts)})
    return erasure


def _refuse_duties(home: Home, person: Person) -> None:
    newest = max(home.published_dates(), default=None)
    if newest is None:
        raise ErasureRefused(
            f"customer {person.customer_id}: no night is published that shows its accounts and holds; run the night"
        )
    valid = max((day for day in (newest, last_valid(home, newest)) if day and not is_void(home, day)), default=None)
    with connect_within(home) as connection:
        _lay_marts(connection, home, newest, valid)
        _refuse_open_accounts(connection, person, newest)
        _refuse_running_retention(connection, person, newest)
        _refuse_legal_hold(connection, home, person, valid)


def _lay_marts(connection: duckdb.DuckDBPyConnection, home: Home, newest: date, valid: date | None) -> None:
    """The latest published marts that say whether data must be kept. They are checked, because an altered mart must not erase
    anybody."""
    read = {
        "fct_account_night": home.published_dates(),
        "dim_regulatory_parameter": [newest],
        "fct_case": [valid] if valid else [],
    }
    for mart, nights in read.items():
        connection.execute(f"create view {mart} as {mart_rows(home, mart, nights, None)}")


def _refuse_open_accounts(connection: duckdb.DuckDBPyConnection, person: Person, newest: date) -> None:
    row = connection.execute(
        "select account_key, is_open, principal_balance from fct_account_night"
        " where business_date = $newest and list_contains($customers, customer_key) and (is_open or principal_balance <> 0)"
        " order by account_key limit 1",
        {"newest": newest, "customers": list(person.customer_keys)},
    ).fetchone()
    if row:
        stands = "is open" if row[1] else f"owes {row[2]}"
        raise ErasureRefused(
            f"customer {person.customer_id}: account {person.accounts[row[0]]} {stands} on {newest}; close and settle it first"
        )


def _refuse_running_retention(connection: duckdb.DuckDBPyConnection, person: Person, newest: date) -> None:
    """Records are kept for years after the relationship ended: policy parameter `customer_record_retention_years`."""
    years = one_row(
        connection.execute("select max(value) from dim_regulatory_parameter where param = $param", {"param": RETENTION})
    )[0]
    ended, until = one_row(
        connection.execute(
            "select ended, cast(ended + to_years($years) as date)"
            " from (select coalesce(max(business_date) filter (is_open or principal_balance <> 0), min(business_date)) as ended"
            " from fct_account_night where list_contains($customers, customer_key))",
            {"years": int(years or 0), "customers": list(person.customer_keys)},
        )
    )
    if until and until > newest:
        raise ErasureRefused(
            f"customer {person.customer_id}: the relationship ended on {ended}, records are kept until {until}"
            f" ({RETENTION} of the policy pack)"
        )


def _refuse_legal_hold(connection: duckdb.DuckDBPyConnection, home: Home, person: Person, valid: date | None) -> None:
    if valid and "fct_case" not in read_manifest(home, valid)["rows"]:
        raise ErasureRefused(
            f"customer {person.customer_id}: night {valid} has no table of cases, so it is not known whether there is a"
            " legal hold; run the next night first"
        )
    row = connection.execute(
        "select opened_date from fct_case where business_date = $valid and kind = 'legal_hold' and is_open"
        " and (list_contains($customers, customer_key) or list_contains($accounts, account_key))"
        " order by opened_date limit 1",
        {"valid": valid, "customers": list(person.customer_keys), "accounts": list(person.last_accounts)},
    ).fetchone()
    if row:
        raise ErasureRefused(
            f"customer {person.customer_id}: a legal hold stands since {row[0]}; it ends with a case event of outcome withdrawn"
        )
