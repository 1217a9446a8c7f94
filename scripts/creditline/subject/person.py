"""Who a customer is to the house: the keys behind an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import connect


@dataclass(frozen=True)
class Person:
    """One customer: the key, the id of each account by its key, and on which nights an account was this customer's.

    An account may change hands: `accounts` are all that ever were the customer's, `last_accounts` those whose newest
    snapshot names no other owner.
    """

    customer_id: str
    customer_key: int
    accounts: dict[int, str]
    last_accounts: tuple[int, ...]
    nights: tuple[tuple[int, date], ...]


def find_person(home: Home, customer_id: str) -> Person:
    """The keys of one customer and of every account that a snapshot ever gave to that customer.

    Raises:
        CreditlineError: no delivery ever named this customer, or the customer was erased.
    """
    with connect() as connection:
        attach_identity(connection, home)
        row = connection.execute(
            "select customer_key from identity.customer where customer_id = ?", [customer_id]
        ).fetchone()
        if row is None:
            raise CreditlineError(f"customer {customer_id} is not known in {home.root}; check the id")
        snapshots = [str(path) for path in sorted((home.raw / "account_snapshot").glob("*/*.parquet"))]
        connection.execute(
            "create temp table owned as select account_key, customer_key, business_date, known_at"
            " from read_parquet($files, hive_partitioning = false, union_by_name = true)"
            " where account_key in"
            " (select account_key from read_parquet($files, union_by_name = true) where customer_key = $customer)",
            {"files": snapshots, "customer": row[0]},
        )
        accounts = connection.execute(
            "select account_key, account_id, owners.customer_key from identity.account"
            " inner join (select account_key, max_by(customer_key, (business_date, known_at)) as customer_key"
            " from owned group by account_key) as owners using (account_key) order by account_key"
        ).fetchall()
        nights = connection.execute(
            "select distinct account_key, business_date from owned where customer_key = ? order by all", [row[0]]
        ).fetchall()
    return Person(
        customer_id,
        row[0],
        {key: account_id for key, account_id, _ in accounts},
        tuple(key for key, _, owner in accounts if owner == row[0]),
        tuple(nights),
    )
