"""Keys instead of ids: the one mutable store, open for writing only for the seconds of an exchange."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.database import connect
from creditline.home.files import move_into_place, partial_of

_WAIT_SECONDS = 30
_STEP_SECONDS = 0.1
_SUBJECTS = ("account", "customer")


class IdentityBusy(CreditlineError):
    """Somebody else holds the identity store for longer than an exchange takes."""


@contextmanager
def identity(connection: duckdb.DuckDBPyConnection, home: Home, *, for_writing: bool = False) -> Iterator[None]:
    """Attach the identity store as `identity`; waits a moment while another process exchanges ids.

    Raises:
        IdentityBusy: it stayed locked for half a minute.
    """
    _attach(connection, home, for_writing)
    try:
        yield
    finally:
        connection.execute("detach identity")


def attach_identity(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Attach the identity store read-only as `identity` for as long as the connection lives."""
    _attach(connection, home, False)


def _attach(connection: duckdb.DuckDBPyConnection, home: Home, for_writing: bool) -> None:
    path = home.identity_file
    if not path.exists():
        _create(path)
    option = "" if for_writing else " (read_only)"
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute(f"attach '{path}' as identity{option}")
            return
        # held by another process, or by another connection of this one
        except (duckdb.IOException, duckdb.BinderException) as error:
            if time.monotonic() > deadline:
                raise IdentityBusy(f"{path} is held by another process; end it and try again ({error})") from error
            time.sleep(_STEP_SECONDS)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    partial.unlink(missing_ok=True)
    with connect() as connection:
        _attach_empty(connection, partial)
    move_into_place(partial, path)


def _attach_empty(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A new store, attached as `store`."""
    connection.execute(f"attach '{path}' as store")
    for subject in _SUBJECTS:
        connection.execute(
            f"create table store.{subject} ({subject}_key bigint not null, {subject}_id varchar not null)"
        )
    connection.execute("create table store.forgotten (subject varchar not null, key bigint not null)")


def assign_keys(connection: duckdb.DuckDBPyConnection, subject: str, ids_query: str) -> None:
    """Give every id of the query that has no key yet the next free number, sorted by id.

    Args:
        subject: account or customer; `identity` must be attached for writing.
        ids_query: a query with one column, `id`; nulls are ignored.
    """
    connection.execute(
        f"insert into identity.{subject}"
        f" select greatest("
        f"   (select coalesce(max({subject}_key), 0) from identity.{subject}),"
        f"   (select coalesce(max(key), 0) from identity.forgotten where subject = '{subject}')"
        f" ) + row_number() over (order by id), id"
        f" from (select distinct id from ({ids_query}) as delivered"
        f" anti join identity.{subject} as known on delivered.id = known.{subject}_id where id is not null)"
    )


def account_key_of(home: Home, account_id: str) -> int:
    """Our key of one account. Raises CreditlineError if no delivery ever named it."""
    with connect() as connection:
        attach_identity(connection, home)
        row = connection.execute(
            "select account_key from identity.account where account_id = ?", [account_id]
        ).fetchone()
    if row is None:
        raise CreditlineError(f"account {account_id} is not known in {home.root}; check the id")
    return row[0]


def forget_keys(home: Home, keys: dict[str, list[int]]) -> None:
    """Take the ids of these keys out of the store, and out of its file; the keys are never given to anybody else.

    Args:
        keys: keys by subject, account or customer.

    Raises:
        IdentityBusy: another process holds the store.
    """
    path = home.identity_file
    partial = partial_of(path)
    partial.unlink(missing_ok=True)
    with connect() as connection, identity(connection, home, for_writing=True):
        # A deleted row stays readable in the file until its block is used again, so the file is written anew.
        _attach_empty(connection, partial)
        connection.execute("insert into store.forgotten from identity.forgotten")
        for subject in _SUBJECTS:
            named = {"keys": keys.get(subject, [])}
            connection.execute(
                f"insert into store.{subject} from identity.{subject} where not list_contains($keys, {subject}_key)",
                named,
            )
            connection.execute(
                f"insert into store.forgotten select '{subject}', {subject}_key from identity.{subject}"
                f" where list_contains($keys, {subject}_key) order by {subject}_key",
                named,
            )
        connection.execute("detach store")
        # still under the lock of the old file: nobody can give out a key in between
        move_into_place(partial, path)
