"""Exchange ids for keys and write the accepted rows as immutable raw Parquet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import duckdb

from creditline.gate.id_changes import SOURCE as ID_CHANGE
from creditline.gate.id_changes import take_id_changes
from creditline.gate.identity import assign_keys, identity, known_ids, last_keys
from creditline.gate.keyed_hash import keyed_hash, pads
from creditline.home import Home
from creditline.home.database import workers_beside
from creditline.home.files import sha256_of
from creditline.landing.accept import Acceptance, AcceptedSource
from creditline.landing.contract import Column, Source, contract
from creditline.landing.rawtypes import raw_columns
from creditline.store.parquet import write_parquet

_TOKEN_LENGTH = 32


@dataclass(frozen=True)
class RawFile:
    """One raw file: its path relative to the home, and its bytes' sha256."""

    file: str
    sha256: str


def write_raw(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    acceptance: Acceptance,
    kept: list[AcceptedSource],
    *,
    gives_keys: bool = True,
) -> tuple[dict[str, RawFile], dict[str, int]]:
    """Exchange ids of every kept source and write its raw file.

    Returns: raw files by relation, and the highest keys that were given out, by subject.

    Changes of ids come first. Keys are given out in the order of the contract's sources and sorted within a file, so the
    same deliveries give everybody the same key. Without `gives_keys` every id has a key already. Raises IdentityBusy.
    """
    if not kept:
        return {}, {}
    order = list(contract())
    kept = sorted(kept, key=lambda entry: order.index(entry.source))
    if gives_keys:
        _give_keys(home, connection, acceptance, kept)
    with identity(connection, home):
        with workers_beside(connection) as workers:
            written = {
                entry.relation: workers.submit(partial(_write_source, home, acceptance, entry)) for entry in kept
            }
        return {relation: file.result() for relation, file in written.items()}, last_keys(connection)


def _give_keys(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, kept: list[AcceptedSource]
) -> None:
    with identity(connection, home, for_writing=True):
        changes = [entry.relation for entry in kept if entry.source == ID_CHANGE]
        take_id_changes(connection, acceptance, changes)
        for entry in kept:
            for subject, query in _id_queries(contract()[entry.source], entry.relation):
                assign_keys(connection, subject, query)


def _id_queries(source: Source, relation: str) -> list[tuple[str, str]]:
    names = {column.name for column in source.columns}
    return [
        (subject, f"select {subject}_id as id from accepted_{relation}")
        for subject in ("account", "customer")
        if f"{subject}_id" in names
    ]


def _write_source(
    home: Home, acceptance: Acceptance, entry: AcceptedSource, connection: duckdb.DuckDBPyConnection
) -> RawFile:
    source = contract()[entry.source]
    partition = entry.corrects_business_date or acceptance.business_date
    batch = f"{acceptance.feed}-{acceptance.sequence:06d}"
    target = home.raw / source.name / f"business_date={partition}" / f"{batch}.parquet"
    secret = pads(home.pseudonym_secret())
    _lay_tokens(connection, source, entry.relation, secret)
    values = {
        "business_date": f"date '{partition}'",
        "batch_id": f"'{batch}'",
        "known_at": f"timestamp '{acceptance.delivered_at.isoformat(sep=' ')}'",
        "source_row": "accepted.source_row",
        **{name: expression for column in source.columns for name, expression in [_exchanged(source, column)]},
    }
    if source.local_of:
        local = f"timezone('{home.settings.time_zone}', accepted.{source.local_of} at time zone 'UTC')"
        values |= {"local_date": f"cast({local} as date)", "local_hour": f"extract(hour from {local})"}
    types = raw_columns(source)
    selected = ", ".join(f"cast({values[name]} as {kind}) as {name}" for name, kind in types.items())
    write_parquet(
        connection,
        f"select {selected} from accepted_{entry.relation} as accepted {_joins(source)} order by {_order(source)}",
        target,
        secret if any(_is_own_key(source, column) for column in source.columns) else None,
    )
    return RawFile(str(target.relative_to(home.root)), sha256_of(target))


def _order(source: Source) -> str:
    """The source's key with the names of raw, so that rows of one account or customer are together."""
    return ", ".join(_exchanged(source, source.column(name))[0] for name in source.key)


def _exchanged(source: Source, column: Column) -> tuple[str, str]:
    if column.token and _is_own_key(source, column):
        return column.token, _token(f"accepted.{column.name}")
    if column.token:
        return column.token, f"{column.token}_of.token"
    subject = {"account_id": "account", "customer_id": "customer"}.get(column.name)
    if subject:
        return f"{subject}_key", f"{subject}_of.key"
    if column.name in ("old_id", "new_id"):
        side = column.name.removesuffix("_id")
        return f"{side}_key", f"noted.{side}_key"
    return column.name, f'accepted."{column.name}"'


def _joins(source: Source) -> str:
    joins = []
    for column in source.columns:
        if column.token and not _is_own_key(source, column):
            joins.append(
                f"left join token_{column.token} as {column.token}_of on accepted.{column.name} = {column.token}_of.id"
            )
        elif column.name in ("account_id", "customer_id"):
            subject = column.name.removesuffix("_id")
            joins.append(f"left join {known_ids(subject)} as {subject}_of on accepted.{subject}_id = {subject}_of.id")
        elif column.name == "old_id":
            joins.append("left join identity.change as noted using (kind, subject, old_id, new_id)")
    return " ".join(joins)


def _is_own_key(source: Source, column: Column) -> bool:
    """Whether every value is different; then a table of tokens would be as long as the source."""
    return bool(column.token) and source.key == (column.name,)


def _token(value: str) -> str:
    return f"left({keyed_hash(value)}, {_TOKEN_LENGTH})"


def _lay_tokens(connection: duckdb.DuckDBPyConnection, source: Source, relation: str, secret: dict[str, str]) -> None:
    """Compute the token of each repeated value once, as `token_<name>(id, token)`; no table holds the secret."""
    for column in source.columns:
        if column.token and not _is_own_key(source, column):
            connection.execute(
                f"create or replace temp table token_{column.token} as"
                f" select id, {_token('id')} as token from (select distinct {column.name} as id from accepted_{relation})",
                secret,
            )
