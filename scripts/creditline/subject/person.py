"""Who a customer is to the house: the keys behind an id."""

from __future__ import annotations

from dataclasses import dataclass

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import connect


@dataclass(frozen=True)
class Person:
    """One customer: the key, and the id of each account by its key."""

    customer_id: str
    customer_key: int
    accounts: dict[int, str]


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
        snapshots = sorted((home.raw / "account_snapshot").glob("*/*.parquet"))
        accounts = connection.execute(
            "select account_key, account_id from identity.account"
            " where account_key in (select account_key from read_parquet($files) where customer_key = $customer)"
            " order by account_key",
            {"files": [str(path) for path in snapshots], "customer": row[0]},
        ).fetchall()
    return Person(customer_id, row[0], dict(accounts))
