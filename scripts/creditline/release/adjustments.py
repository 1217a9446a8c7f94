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
from creditline.home.database import connect_within
from creditline.home.files import canonical_json, move_into_place, partial_of, sha256_of, write_file
from creditline.home.publications import MANIFEST, publication_directory
from creditline.release.holds import Hold, is_approved, read_holds
from creditline.release.modes import Modes, read_modes
from creditline.warehouse.parquet import write_parquet

FEED = "limit_adjustments"
_PREPARED = ".prepared"
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

    Slices that the breaker holds stay behind until two people approve them; then they follow in a file of their own.
    A kill at any instruction leaves orders that left and are recorded, or none: see `settle_interrupted`.
    Modes and approvals are read at this instant, and again before the control file makes the orders valid.

    Raises:
        ReleaseRefused: the night is not published or not the newest, a demo pack in a home that is no demo, an order
            that no decision covers, or a mode or an answer changed while the file was written.
    """
    settle_interrupted(home)
    publication = publication_directory(home, business_date)
    if not publication.is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    earlier = _records_of(home, business_date)
    permit = _may_leave(home, business_date)
    wanted = permit.approved - {name for record in earlier for name in record["approved"]} if earlier else None
    if earlier and (not wanted or business_date != max(home.published_dates())):
        return _released_before(home, business_date, earlier[-1], permit)
    if business_date != max(home.published_dates()):
        raise ReleaseRefused(f"night {business_date} is not the newest; its orders were replaced by a later night's")
    with connect_within(home) as connection:
        orders, called_for = _lay_orders(connection, home, publication, permit, wanted)
        withheld = called_for - orders - sum(record["rows"] for record in earlier)
        if not _has_live_slice(connection):
            return Release(business_date, None, None, 0, withheld, "every slice is in observe or paused", is_new=False)
        _refuse_demo_packs(connection, home)
        _refuse_undecided(connection)
        return _write_release(connection, home, business_date, permit, orders, withheld)


@dataclass(frozen=True)
class _Permit:
    """What people and the breaker say about a night's slices at one instant."""

    modes: Modes
    holds: dict[str, Hold]
    approved: frozenset[str]

    def waiting(self) -> dict[str, str]:
        """Held slices without an approval, with the reason."""
        return {name: hold.reason for name, hold in self.holds.items() if name not in self.approved}

    def reason(self, done: str) -> str:
        """What was done, and which slices stay behind."""
        waiting = "; ".join(f"{name} is held ({why})" for name, why in self.waiting().items())
        return f"{done}; {waiting}" if waiting else done


def _may_leave(home: Home, business_date: date) -> _Permit:
    holds = read_holds(home, business_date)
    approved = frozenset(name for name, hold in holds.items() if is_approved(home, business_date, hold))
    return _Permit(read_modes(home), holds, approved)


def _lay_orders(
    connection: duckdb.DuckDBPyConnection, home: Home, publication: Path, permit: _Permit, wanted: frozenset[str] | None
) -> tuple[int, int]:
    """Lay the orders that may leave; `wanted` are the slices to look at, None is all. Returns them and all called for."""
    for table in ("fct_limit_adjustment", "fct_limit_decision", "dim_policy"):
        connection.execute(f"create view {table} as from read_parquet('{publication}/marts/{table}.parquet')")
    attach_identity(connection, home)
    slices = [row[0] for row in connection.execute("select distinct slice_code from fct_limit_decision").fetchall()]
    connection.execute("create table slice_mode (slice_code varchar, share_percent integer, is_leaving boolean)")
    connection.executemany(
        "insert into slice_mode values (?, ?, ?)",
        [
            [
                name,
                permit.modes.share_percent(name),
                name not in permit.waiting() and (wanted is None or name in wanted),
            ]
            for name in slices
        ],
    )
    connection.execute(
        # The share of a ramp is fixed by the customer's key, so that nobody comes and goes while it grows.
        "create table release_order as"
        " select orders.*, account.account_id"
        " from fct_limit_adjustment as orders"
        " inner join slice_mode on orders.slice_code = slice_mode.slice_code and slice_mode.is_leaving"
        " inner join identity.account using (account_key)"
        " where ('0x' || left(sha256(orders.customer_key::varchar), 8))::bigint % 100 < slice_mode.share_percent"
    )
    orders = connection.execute("select count(*) from release_order").fetchone()[0]
    return orders, connection.execute("select count(*) from fct_limit_adjustment").fetchone()[0]


def _has_live_slice(connection: duckdb.DuckDBPyConnection) -> bool:
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
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, permit: _Permit, orders: int, withheld: int
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
        " (old_limit_amount * 100)::bigint as old_limit_minor, (new_limit_amount * 100)::bigint as new_limit_minor,"
        " expires_at"
        " from release_order order by account_key, adjustment_id",
        orders_file,
    )
    control = _control(connection, file, business_date, sequence, previous)
    record = {
        **control,
        "withheld": withheld,
        "held": permit.waiting(),
        "approved": {name: permit.holds[name].orders_sha256 for name in sorted(permit.approved)},
        "manifest_sha256": sha256_of(publication_directory(home, business_date) / MANIFEST),
        "orders_sha256": sha256_of(orders_file),
        "modes": _mode_table(connection),
    }
    prepared = records / f"{sequence:06d}{_PREPARED}"
    write_file(prepared, canonical_json(record))
    if _may_leave(home, business_date) != permit:
        settle_interrupted(home)
        raise ReleaseRefused(
            "a mode or an answer was changed while the orders were written; none of them left: release again"
        )
    write_file(file.with_suffix(".ctl"), canonical_json(control))
    move_into_place(prepared, prepared.with_suffix(".json"))
    return Release(business_date, file, sequence, orders, withheld, permit.reason("released"), is_new=True)


def settle_interrupted(home: Home) -> None:
    """Record a release that was interrupted after its control file made the orders valid; withdraw one before that.

    The core may have fetched the files since: a file of orders that lies there without its control file never left.
    """
    for prepared in sorted((home.releases / FEED).glob(f"*{_PREPARED}")):
        file = home.outbox / FEED / json.loads(prepared.read_text())["file"]
        if file.exists() and not file.with_suffix(".ctl").exists():
            file.unlink()
            prepared.with_suffix(".parquet").unlink()
            prepared.unlink()
        else:
            move_into_place(prepared, prepared.with_suffix(".json"))


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


def _records_of(home: Home, business_date: date) -> list[dict]:
    """What was released of one night before, in order."""
    records = [json.loads(path.read_text()) for path in sorted((home.releases / FEED).glob("*.json"))]
    return [record for record in records if record["business_date"] == str(business_date)]


def _released_before(home: Home, business_date: date, record: dict, permit: _Permit) -> Release:
    return Release(
        business_date,
        home.outbox / FEED / record["file"],
        record["sequence"],
        record["rows"],
        record["withheld"],
        permit.reason("released before"),
        is_new=False,
    )
