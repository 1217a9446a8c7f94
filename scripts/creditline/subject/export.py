"""Everything that is held about one customer, for the customer: what was delivered, decided and published."""

from __future__ import annotations

import duckdb

from creditline.home import Home
from creditline.home.database import connect, path_to_read
from creditline.home.files import Json
from creditline.publish.reader import open_marts
from creditline.subject.person import Person, find_person

Rows = list[Json]


def export_subject(home: Home, customer_id: str) -> Json:
    """Every row about one customer, ids in place of keys.

    Returns: `customer`, `former_ids`, `accounts`, `former_account_ids` (by the id of now), `delivered` (rows by landing
    source, every version as it came) and `published` (rows by mart or report, as they stand in the newest publication of
    each night). Devices, addresses and event ids are keyed hashes, which we cannot read back ourselves.

    Raises:
        CreditlineError: the customer is not known.
    """
    person = find_person(home, customer_id)
    return {
        "customer": person.customer_id,
        "former_ids": list(person.former_ids.get(None, ())),
        "accounts": list(person.accounts.values()),
        "former_account_ids": {
            person.accounts[key]: list(ids) for key, ids in person.former_ids.items() if key in person.accounts
        },
        "delivered": _delivered(home, person),
        "published": _published(home, person),
    }


def _delivered(home: Home, person: Person) -> dict[str, Rows]:
    found = {}
    with connect() as connection:
        for source in sorted(path for path in home.raw.iterdir() if not path.name.startswith("_")):
            files = ", ".join(path_to_read(path) for path in sorted(source.glob("*/*.parquet")))
            relation = f"read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
            if files and (rows := _rows_of(connection, relation, person)):
                found[source.name] = rows
    return found


def _published(home: Home, person: Person) -> dict[str, Rows]:
    if not home.current.is_symlink():
        return {}
    found = {}
    with open_marts(home) as connection:
        tables = [row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()]
        for table in sorted(name for name in tables if not name.endswith("_as_published")):
            if rows := _rows_of(connection, table, person):
                found[table] = rows
    return found


def _rows_of(connection: duckdb.DuckDBPyConnection, relation: str, person: Person) -> Rows:
    """The rows that name the customer, or an account on a night on which it was the customer's."""
    columns = [row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()]
    if (rule := _rule(columns, person)) is None:
        return []
    condition, keys = rule
    found = connection.execute(f"select * from {relation} where {condition} order by all", keys)
    return [_with_ids(dict(zip(columns, row, strict=True)), person) for row in found.fetchall()]


def _rule(columns: list[str], person: Person) -> tuple[str, Json] | None:
    """The condition for a row of the customer, with its parameters; None if a relation names nobody.

    An account may have belonged to another customer on another night, so its key alone is not enough.
    """
    by_customer = "list_contains($customers, customer_key)"
    by_account = "false"
    keys: Json = {}
    if "account_key" in columns and "business_date" in columns:
        by_account = "(account_key, business_date) in (select unnest($accounts), unnest($nights))"
        keys = {
            "accounts": [account for account, _ in person.nights],
            "nights": [night for _, night in person.nights],
        }
    elif "account_key" in columns:
        by_account, keys = "list_contains($accounts, account_key)", {"accounts": list(person.last_accounts)}
    if "customer_key" in columns:
        keys["customers"] = list(person.customer_keys)
        # a case may name only the account
        return (f"{by_customer} or (customer_key is null and {by_account})", keys)
    return (by_account, keys) if keys else None


def _with_ids(row: Json, person: Person) -> Json:
    """A row with ids in place of keys; an account that is somebody else's keeps its key."""
    named: Json = {}
    for name, value in row.items():
        if name == "customer_key":
            named["customer_id"] = person.customer_id
        elif name == "account_key":
            named["account_id"] = person.accounts.get(value)
        else:
            named[name] = value
    return named
