"""The limit-adjustment file: the orders that leave for the core because of a published night."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import connect
from creditline.home.files import canonical_json, move_into_place, partial_of, sha256_of, write_file
from creditline.home.publications import MANIFEST, publication_directory
from creditline.release.modes import Modes, read_modes
from creditline.warehouse.parquet import write_parquet

FEED = "limit_adjustments"
_COLUMNS = (
    "adjustment_id, account_id, action, old_limit_amount, new_limit_amount, effective_date,"
    " strftime(expires_at, '%Y-%m-%dT%H:%M:%SZ') as expires_at, display_state, reason_codes, decision_sha256"
)


class ReleaseRefused(CreditlineError):
    """Orders may not leave; says which rule forbids it and what to do."""


@dataclass(frozen=True)
class Release:
    """What a release did. `file` is None where no slice may be ordered about, and `reason` says so."""

    business_date: date
    file: Path | None
    sequence: int | None
    orders: int
    withheld: int
    reason: str
    is_new: bool


def release(home: Home, business_date: date) -> Release:
    """Write the orders of one published night for slices that are live or ramped, once.

    The modes are read at this instant, and again before the control file makes the orders valid.

    Raises:
        ReleaseRefused: the night is not published or not the newest, a demo pack in a home that is no demo, an order
            that no decision covers, or the modes changed while the file was written.
    """
    publication = publication_directory(home, business_date)
    if not publication.is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    earlier = _earlier_release(home, business_date)
    if earlier is not None:
        return earlier
    if business_date != max(home.published_dates()):
        raise ReleaseRefused(f"night {business_date} is not the newest; its orders were replaced by a later night's")
    modes = read_modes(home)
    with connect() as connection:
        orders, withheld = _lay_orders(connection, home, publication, modes)
        if not _has_live_slice(connection, modes):
            return Release(business_date, None, None, 0, withheld, "every slice is in observe or paused", is_new=False)
        _refuse_demo_packs(connection, home)
        _refuse_undecided(connection)
        return _write_release(connection, home, business_date, modes, orders, withheld)


def _lay_orders(connection: duckdb.DuckDBPyConnection, home: Home, publication: Path, modes: Modes) -> tuple[int, int]:
    for table in ("fct_limit_adjustment", "fct_limit_decision", "dim_policy"):
        connection.execute(f"create view {table} as from read_parquet('{publication}/marts/{table}.parquet')")
    attach_identity(connection, home)
    slices = [row[0] for row in connection.execute("select distinct slice_code from fct_limit_decision").fetchall()]
    connection.execute("create table slice_mode (slice_code varchar, share_percent integer)")
    connection.executemany(
        "insert into slice_mode values (?, ?)", [[name, modes.share_percent(name)] for name in slices]
    )
    connection.execute(
        # The share of a ramp is fixed by the customer's key, so that nobody comes and goes while it grows.
        "create table release_order as"
        " select orders.*, account.account_id"
        " from fct_limit_adjustment as orders"
        " inner join slice_mode using (slice_code)"
        " inner join identity.account using (account_key)"
        " where ('0x' || left(sha256(orders.customer_key::varchar), 8))::bigint % 100 < slice_mode.share_percent"
    )
    orders = connection.execute("select count(*) from release_order").fetchone()[0]
    called_for = connection.execute("select count(*) from fct_limit_adjustment").fetchone()[0]
    return orders, called_for - orders


def _has_live_slice(connection: duckdb.DuckDBPyConnection, modes: Modes) -> bool:
    return bool(connection.execute("select count(*) from slice_mode where share_percent > 0").fetchone()[0])


def _refuse_demo_packs(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    packs = connection.execute(
        "select distinct pack from dim_policy where is_demo"
        " and policy_version in (select policy_version from release_order) order by pack"
    ).fetchall()
    if packs and not home.settings.is_demo:
        names = ", ".join(row[0] for row in packs)
        raise ReleaseRefused(
            f"policy pack {names} is a demo and this home is not; set its slices to observe, or approve a pack of your own"
        )


def _refuse_undecided(connection: duckdb.DuckDBPyConnection) -> None:
    """An order must be a decision of the build: same account, same limit, same hash."""
    row = connection.execute(
        "select orders.adjustment_id from release_order as orders"
        " left join fct_limit_decision as decisions"
        " on orders.account_key = decisions.account_key"
        " and orders.new_limit_amount = decisions.recommended_limit_amount"
        " and orders.old_limit_amount = decisions.old_limit_amount"
        " and orders.decision_sha256 = decisions.decision_sha256"
        " where decisions.account_key is null limit 1"
    ).fetchone()
    if row:
        raise ReleaseRefused(
            f"order {row[0]} is no decision of this night; the publication is not to be trusted: verify it"
        )


def _write_release(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, modes: Modes, orders: int, withheld: int
) -> Release:
    records = home.releases / FEED
    records.mkdir(parents=True, exist_ok=True)
    previous = _last_record(records)
    sequence = previous["sequence"] + 1 if previous else 1
    file = home.outbox / FEED / f"{FEED}_{business_date}_{sequence:06d}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(file)
    connection.execute(
        f"copy (select {_COLUMNS} from release_order order by account_id, adjustment_id)"
        f" to '{partial}' (format csv, header true)"
    )
    move_into_place(partial, file)
    orders_file = records / f"{sequence:06d}.parquet"
    write_parquet(
        connection,
        f"select {sequence}::bigint as sequence, business_date, adjustment_id, account_key, action,"
        " (old_limit_amount * 100)::bigint as old_limit_minor, (new_limit_amount * 100)::bigint as new_limit_minor"
        " from release_order order by account_key, adjustment_id",
        orders_file,
    )
    if read_modes(home) != modes:
        file.unlink()
        raise ReleaseRefused("a mode was changed while the orders were written; none of them left: release again")
    control = _control(connection, file, business_date, sequence, previous)
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    publication_sha = sha256_of(publication_directory(home, business_date) / MANIFEST)
    record = {
        **control,
        "withheld": withheld,
        "manifest_sha256": publication_sha,
        "orders_sha256": sha256_of(orders_file),
        "modes": _mode_table(connection),
    }
    write_file(records / f"{sequence:06d}.json", canonical_json(record))
    return Release(business_date, file, sequence, orders, withheld, "released", is_new=True)


def _control(
    connection: duckdb.DuckDBPyConnection, file: Path, business_date: date, sequence: int, previous: dict | None
) -> dict[str, object]:
    totals = connection.execute(
        "select count(*), coalesce(sum(old_limit_amount), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(new_limit_amount), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(greatest(new_limit_amount - old_limit_amount, 0)), 0)::decimal(38, 2)::varchar,"
        " coalesce(sum(greatest(old_limit_amount - new_limit_amount, 0)), 0)::decimal(38, 2)::varchar"
        " from release_order"
    ).fetchone()
    names = ("old_limit_amount", "new_limit_amount", "increase_amount", "decrease_amount")
    return {
        "feed": FEED,
        "file": file.name,
        "business_date": str(business_date),
        "sequence": sequence,
        "rows": totals[0],
        "totals": dict(zip(names, totals[1:], strict=True)),
        "sha256": sha256_of(file),
        "previous_sha256": previous["sha256"] if previous else None,
    }


def _mode_table(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(connection.execute("select slice_code, share_percent from slice_mode order by slice_code").fetchall())


def _last_record(records: Path) -> dict | None:
    names = sorted(records.glob("*.json"))
    return json.loads(names[-1].read_text()) if names else None


def _earlier_release(home: Home, business_date: date) -> Release | None:
    for path in sorted((home.releases / FEED).glob("*.json")):
        record = json.loads(path.read_text())
        if record["business_date"] == str(business_date):
            file = home.outbox / FEED / record["file"]
            return Release(
                business_date,
                file,
                record["sequence"],
                record["rows"],
                record["withheld"],
                "released before",
                is_new=False,
            )
    return None
