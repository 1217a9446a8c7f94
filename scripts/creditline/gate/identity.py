"""Keys instead of ids: the only store that changes, open for writing only for the seconds of an exchange.

account, customer   the id of each key now: one row for each key
alias               former ids of a key, and announced ones: late rows under them still find the key
merged              keys of customers who were merged into another one
change              every change of ids that was taken in, with its keys; those not yet applied wait for their date
judged              files of changes of the last delivery, with the rows that were held, by number
forgotten           keys of erased people and keys that were taken back, never given to anybody else
whole               how many rows each of these tables has, and the sum of their seals; `judged` has none

Each row has a seal, a keyed hash of its content. So two ids that somebody swapped are noticed before one person is taken for
another. If `seal.json` shows that the file changed since we wrote it, every row is checked; else none is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from creditline.errors import CreditlineError
from creditline.gate.keyed_hash import derived, keyed_hash, pads
from creditline.home import Home
from creditline.home.database import connect, one_row, path_to_write
from creditline.home.files import make_directory, move_into_place, partial_of
from creditline.home.proof import NotGenuine, read_signed, write_signed
from creditline.home.scratch import is_untouched, log_of, seal_of
from creditline.store.record import keys_given

_WAIT_SECONDS = 30
_STEP_SECONDS = 0.1
_SEAL = "seal.json"
_SUBJECTS = ("account", "customer")
_SEALED = {
    **{subject: f"{subject}_key bigint not null, {subject}_id varchar not null" for subject in _SUBJECTS},
    "forgotten": "subject varchar not null, key bigint not null",
    "alias": "subject varchar not null, id varchar not null, key bigint not null",
    "merged": "customer_key bigint not null, into_key bigint not null",
    "change": "kind varchar not null, subject varchar not null, old_id varchar not null, new_id varchar not null,"
    " effective_date date not null, old_key bigint not null, new_key bigint not null, is_applied boolean not null",
}
_TABLES = {
    **{table: f"{columns}, seal varchar" for table, columns in _SEALED.items()},
    "judged": "manifest_sha256 varchar not null, relation varchar not null,"
    " held struct(source_row bigint, rule varchar, column_name varchar)[] not null",
    "whole": "table_name varchar not null, row_count bigint not null, seals hugeint not null, seal varchar not null",
}


_WHOLE_SEAL = keyed_hash("concat_ws('|', 'whole', table_name, row_count, seals)")


class IdentityBusy(CreditlineError):
    """Somebody else holds the identity store for longer than an exchange takes."""


class IdentityChanged(CreditlineError):
    """Somebody else wrote to the identity store, so it is no longer certain which key belongs to whom."""


@contextmanager
def identity(connection: duckdb.DuckDBPyConnection, home: Home, *, for_writing: bool = False) -> Iterator[None]:
    """Attach the identity store as `identity`; waits a moment while another process exchanges ids. Everything written inside
    is one transaction.

    Raises:
        IdentityBusy: it stayed locked for half a minute.
        IdentityChanged: it is not what this home wrote.
    """
    _attach(connection, home, for_writing)
    if not for_writing:
        try:
            yield
        finally:
            connection.execute("detach identity")
        return
    connection.begin()
    try:
        yield
        _seal_rows(connection, home)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.execute("detach identity")
    _seal_file(home)


def attach_identity(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Attach the identity store read-only as `identity` for as long as the connection lives. Raises as `identity`."""
    _attach(connection, home, False)


def _attach(connection: duckdb.DuckDBPyConnection, home: Home, for_writing: bool) -> None:
    path = home.identity_file
    if not path.exists():
        if home.published_dates():
            raise IdentityChanged(f"{path} is missing; restore it from a backup")
        # the home's key seals a store, so a store is only begun with a key
        home.pseudonym_secret()
        _create(path)
    _attach_waiting(connection, path, for_writing)
    try:
        is_as_sealed = _is_as_sealed(home)
        if not is_as_sealed:
            _check_tables(connection, home)
        _require_newest(connection, home)
        if not is_as_sealed:
            _check_rows(connection, home)
            if not for_writing:
                _seal_file(home)
    except BaseException:
        connection.execute("detach identity")
        raise


def last_keys(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The highest key that was ever given out, by subject; the store is attached as `identity`."""
    return {
        subject: one_row(connection.execute(f"select coalesce(max(key), 0) from {_every_key(subject)}"))[0]
        for subject in _SUBJECTS
    }


def _every_key(subject: str) -> str:
    """SQL: every key that was given out, the same one perhaps more than once."""
    merged = " union all select customer_key from identity.merged" if subject == "customer" else ""
    return (
        f"(select {subject}_key as key from identity.{subject}{merged}"
        f" union all select key from identity.forgotten where subject = '{subject}')"
    )


def _require_newest(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Refuse an older store that was put back: it would give keys twice, and lose the orders of unknown customers."""
    known = last_keys(connection)
    for subject, given in keys_given(home).items():
        if known[subject] < given:
            raise IdentityChanged(
                f"{home.identity_file} is older than the newest delivery: it knows {known[subject]} {subject} keys, {given} were"
                " given out; restore the newest backup of it"
            )


def _is_as_sealed(home: Home) -> bool:
    """Whether the file is the sealed one. With a log of writes beside it that are not yet in it, it never is."""
    path = home.identity_file
    try:
        seal = read_signed(home, path.with_name(_SEAL))
    except NotGenuine:
        return False
    return is_untouched(home, seal)


def _seal_file(home: Home) -> None:
    if not log_of(home.identity_file).exists():
        write_signed(home, home.identity_file.with_name(_SEAL), seal_of(home, [home.identity_file]))


def _row_seal(table: str) -> str:
    """SQL: the keyed hash of a row's whole content."""
    columns = [column.split()[0] for column in _SEALED[table].split(", ")]
    return keyed_hash(f"concat_ws('|', '{table}', {', '.join(columns)})")


def _secret(home: Home) -> dict[str, str]:
    return pads(derived(home.pseudonym_secret(), "identity store"))


def _seal_rows(connection: duckdb.DuckDBPyConnection, home: Home, store: str = "identity") -> None:
    """Seal the rows that have no seal yet, and each table as a whole."""
    connection.execute(f"delete from {store}.whole")
    for table in _SEALED:
        connection.execute(f"update {store}.{table} set seal = {_row_seal(table)} where seal is null", _secret(home))
        connection.execute(
            f"insert into {store}.whole select *, {_WHOLE_SEAL} from ({_whole(table, store)})", _secret(home)
        )


def _whole(table: str, store: str = "identity") -> str:
    """SQL: the count and the sum of seals of a table's rows (table_name, row_count, seals)."""
    return (
        f"select '{table}' as table_name, count(*) as row_count,"
        f" coalesce(sum(('0x' || left(seal, 15))::bigint), 0)::hugeint as seals from {store}.{table}"
    )


def _is_used(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything was ever written to the store: a new one has not been sealed as a whole."""
    tables = " union all ".join(f"select 1 from identity.{table}" for table in (*_SEALED, "whole"))
    return bool(one_row(connection.execute(f"select count(*) from ({tables})"))[0])


def _check_tables(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Check that the store holds exactly the tables that we create, and nothing that could replace one of them."""
    with connect() as fresh:
        _create_tables(fresh, "main")
        made = fresh.execute("select table_name, sql from duckdb_tables() order by 1").fetchall()
    held = connection.execute(
        "select table_name, sql from duckdb_tables() where database_name = 'identity' order by 1"
    ).fetchall()
    (others,) = one_row(
        connection.execute(
            "select (select count(*) from duckdb_views() where database_name = 'identity' and not internal)"
            " + (select count(*) from duckdb_functions() where database_name = 'identity' and not internal)"
            " + (select count(*) from duckdb_schemas() where database_name = 'identity' and not internal and schema_name <> 'main')"
        )
    )
    if held != made or others:
        raise IdentityChanged(
            f"{home.identity_file} does not hold the tables that the house keeps there, as it makes them; restore it from a backup"
        )


def _check_rows(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Check that every row fits its seal, none was added or removed, and every key given out is somebody's or forgotten."""
    for table in _SEALED:
        (broken,) = one_row(
            connection.execute(
                f"select count(*) from identity.{table} where seal is distinct from {_row_seal(table)}", _secret(home)
            )
        )
        if broken:
            raise IdentityChanged(
                f"{home.identity_file}: {broken} rows of {table} are not what the house wrote; restore it from a backup"
            )
        (is_whole,) = one_row(
            connection.execute(
                f"select count(*) = 1 from ({_whole(table)}) as now inner join identity.whole"
                f" using (table_name, row_count, seals) where whole.seal = {_WHOLE_SEAL}",
                _secret(home),
            )
        )
        if not is_whole and _is_used(connection):
            raise IdentityChanged(f"{home.identity_file}: rows of {table} came or went; restore it from a backup")
    for subject in _SUBJECTS:
        given, last = one_row(
            connection.execute(f"select count(distinct key), coalesce(max(key), 0) from {_every_key(subject)}")
        )
        if given != last:
            raise IdentityChanged(
                f"{home.identity_file}: {last - given} rows of {subject} are missing; restore it from a backup"
            )


def _attach_waiting(connection: duckdb.DuckDBPyConnection, path: Path, for_writing: bool) -> None:
    option = "" if for_writing else " (read_only)"
    # held by another process, or by another connection of this one
    busy = (duckdb.IOException, duckdb.BinderException)
    patiently = Retrying(
        retry=retry_if_exception_type(busy),
        wait=wait_fixed(_STEP_SECONDS),
        stop=stop_after_delay(_WAIT_SECONDS),
        reraise=True,
    )
    try:
        patiently(connection.execute, f"attach {path_to_write(path)} as identity{option}")
    except busy as error:
        raise IdentityBusy(f"{path} is held by another process; end it and try again ({error})") from error


def _create(path: Path) -> None:
    make_directory(path.parent)
    partial = partial_of(path)
    partial.unlink(missing_ok=True)
    with connect() as connection:
        _attach_empty(connection, partial)
    move_into_place(partial, path)


def _attach_empty(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """A new store, attached as `store`."""
    connection.execute(f"attach {path_to_write(path)} as store")
    _create_tables(connection, "store")


def _create_tables(connection: duckdb.DuckDBPyConnection, store: str) -> None:
    for table, columns in _TABLES.items():
        connection.execute(f"create table if not exists {store}.{table} ({columns})")


def known_ids(subject: str) -> str:
    """SQL: every present or former id of accounts or customers (id, key, is_current)."""
    return (
        f"(select {subject}_id as id, {subject}_key as key, true as is_current from identity.{subject}"
        f" union all select id, key, false from identity.alias where subject = '{subject}')"
    )


def current_customers() -> str:
    """SQL: the present id of the customer behind a key, also if that customer was merged into another one."""
    return (
        "(select customer_key, customer_id from identity.customer"
        " union all select merged.customer_key, customer.customer_id from identity.merged"
        " inner join identity.customer on merged.into_key = customer.customer_key)"
    )


def keys_of_people(keys: str) -> str:
    """SQL: every key of the people behind some keys (`customer_key`): a merged customer has more than one.

    Args:
        keys: a query with one column, `customer_key`.
    """
    return (
        "(with people as (select distinct coalesce(into_key, customer_key) as person_key"
        f" from ({keys}) as asked left join identity.merged using (customer_key))"
        " select person_key as customer_key from people"
        " union all select merged.customer_key from identity.merged inner join people on merged.into_key = people.person_key)"
    )


def assign_keys(connection: duckdb.DuckDBPyConnection, subject: str, ids_query: str) -> None:
    """Give every id of the query that has no key yet the next free number, sorted by id.

    Args:
        subject: account or customer; `identity` must be attached for writing.
        ids_query: a query with one column, `id`; nulls are ignored.
    """
    connection.execute(
        f"insert into identity.{subject} ({subject}_key, {subject}_id)"
        f" select (select coalesce(max(key), 0) from {_every_key(subject)}) + row_number() over (order by id), id"
        f" from (select distinct id from ({ids_query}) as delivered"
        f" anti join {known_ids(subject)} as known using (id) where id is not null)"
    )


def account_key_of(home: Home, account_id: str) -> int:
    """Our key of one account, by its present or a former id.

    Raises CreditlineError if no delivery ever named it.
    """
    with connect() as connection:
        attach_identity(connection, home)
        row = connection.execute(f"select key from {known_ids('account')} where id = ?", [account_id]).fetchone()
    if row is None:
        raise CreditlineError(f"account {account_id} is not known in {home.root}; check the id")
    return int(row[0])


def forget_keys(home: Home, keys: dict[str, list[int]]) -> None:
    """Delete all ids of these keys from the store and from its file; the keys are never given to anybody else.

    Args:
        keys: keys by subject, account or customer; of a customer also those of customers who were merged into this one.

    Raises:
        IdentityBusy: another process holds the store.
    """
    path = home.identity_file
    partial = partial_of(path)
    partial.unlink(missing_ok=True)
    with connect() as connection:
        _attach(connection, home, True)
        # A deleted row stays readable in the file until its block is used again, so the file is written again.
        _attach_empty(connection, partial)
        connection.execute("create temp table going (subject varchar, key bigint)")
        for subject in _SUBJECTS:
            connection.execute(
                "insert into going select distinct $subject, unnest($keys)",
                {"subject": subject, "keys": keys.get(subject, [])},
            )
        for table, stays in _STAYS.items():
            connection.execute(f"insert into store.{table} from identity.{table} as kept where {stays}")
        connection.execute(
            "insert into store.forgotten select subject, key, null from ("
            " select 'account' as subject, account_key as key from identity.account"
            " union all select 'customer', customer_key from identity.customer"
            " union all select 'customer', customer_key from identity.merged"
            ") semi join going using (subject, key) order by all"
        )
        _seal_rows(connection, home, "store")
        connection.execute("detach store")
        # still under the lock of the old file: nobody can give out a key in between
        move_into_place(partial, path)
        _seal_file(home)


def take_back_keys(connection: duckdb.DuckDBPyConnection, subject: str, keys: Collection[int]) -> None:
    """Free the ids of some keys, so that a later delivery may name other people by them. The keys are never given to anybody
    else; `identity` must be attached for writing."""
    asked = {"subject": subject, "keys": list(keys)}
    connection.execute(
        f"insert into identity.forgotten (subject, key) select $subject, {subject}_key from identity.{subject}"
        f" where list_contains($keys, {subject}_key) order by all",
        asked,
    )
    connection.execute(
        f"delete from identity.{subject} where list_contains($keys, {subject}_key)", {"keys": list(keys)}
    )
    connection.execute("delete from identity.alias where subject = $subject and list_contains($keys, key)", asked)


# The rows that an erasure keeps.
_STAYS = {
    **dict.fromkeys(("forgotten", "judged"), "true"),
    **{
        subject: f"not exists (from going where subject = '{subject}' and key = kept.{subject}_key)"
        for subject in _SUBJECTS
    },
    "alias": "not exists (from going where subject = kept.subject and key = kept.key)",
    "merged": "not exists (from going where subject = 'customer' and key in (kept.customer_key, kept.into_key))",
    "change": "not exists (from going where subject = kept.subject and key in (kept.old_key, kept.new_key))",
}
