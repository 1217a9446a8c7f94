"""The keys behind a customer's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity, known_ids
from creditline.home import Home
from creditline.home.database import as_pattern, connect


@dataclass(frozen=True)
class Person:
    """One customer: the keys, the id of each account by its key, and on which nights an account was this customer's.

    `customer_id` is the present id, whichever was asked for; `customer_keys` are those of customers who were merged into this
    one, too. An account may change hands: `accounts` are all that ever were the customer's, `last_accounts` those whose
    newest snapshot names no other owner. `former_ids` are ids that the customer (None) or an account (its key) bore before,
    or that are announced.
    """

    customer_id: str
    customer_key: int
    customer_keys: tuple[int, ...]
    accounts: dict[int, str]
    last_accounts: tuple[int, ...]
    nights: tuple[tuple[int, date], ...]
    former_ids: dict[int | None, tuple[str, ...]]


def find_person(home: Home, customer_id: str) -> Person:
    """The keys of one customer and of every account that a snapshot ever gave to that customer.

    Raises:
        CreditlineError: no delivery ever named this customer, or the customer was erased.
    """
    with connect() as connection:
        attach_identity(connection, home)
        row = connection.execute(
            "select customer_key, customer_id from identity.customer"
            f" inner join {known_ids('customer')} as known on customer_key = known.key where known.id = ?",
            [customer_id],
        ).fetchone()
        if row is None:
            raise CreditlineError(f"customer {customer_id} is not known in {home.root}; check the id")
        merged = connection.execute(
            "select customer_key from identity.merged where into_key = ? order by customer_key", [row[0]]
        ).fetchall()
        keys = [row[0], *(key for (key,) in merged)]
        snapshots = [as_pattern(path) for path in sorted((home.raw / "account_snapshot").glob("*/*.parquet"))]
        connection.execute(
            "create temp table owned as select account_key, business_date, known_at,"
            " list_contains($customers, customer_key) as is_own"
            " from read_parquet($files, hive_partitioning = false, union_by_name = true)"
            " where account_key in (select account_key from read_parquet($files, union_by_name = true)"
            " where list_contains($customers, customer_key))",
            {"files": snapshots, "customers": keys},
        )
        accounts = connection.execute(
            "select account_key, account_id, owners.is_own from identity.account"
            " inner join (select account_key, max_by(is_own, (business_date, known_at)) as is_own"
            " from owned group by account_key) as owners using (account_key) order by account_key"
        ).fetchall()
        nights = connection.execute(
            "select distinct account_key, business_date from owned where is_own order by all"
        ).fetchall()
        former = connection.execute(
            "select case when subject = 'account' then key end, list(id order by id) from identity.alias"
            " where (subject = 'customer' and key = $customer)"
            " or (subject = 'account' and key in (select account_key from owned where is_own)) group by 1",
            {"customer": row[0]},
        ).fetchall()
    return Person(
        row[1],
        row[0],
        tuple(keys),
        {key: account_id for key, account_id, _ in accounts},
        tuple(key for key, _, is_own in accounts if is_own),
        tuple(nights),
        {key: tuple(ids) for key, ids in former},
    )
