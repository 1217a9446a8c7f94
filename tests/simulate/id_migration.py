"""One night every account gets another id and one customer in a hundred turns out to be another one: does anything move?
`scripts/evaluate id-migration` prints what was compared with a home in which no id changed, and what differs."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np

from creditline.gate.identity import attach_identity
from creditline.home import Home, create_home, open_home
from creditline.home.database import connect
from creditline.landing.contract import MANIFEST_FILE, contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.night import run_all, run_night
from creditline.output import Format, print_rows, tell
from creditline.replay import replay_night
from creditline.simulate import continue_book, sample_home_settings, simulate_book

FIRST = date(2026, 9, 1)
NEW = "N-"
# What a core that merges customers adds up, and of what it keeps the survivor's.
_SUMMED = {"cash_flow": ("amount", "event_count"), "related_product": ("balance",)}
_KEPT = ("bureau_score",)
_NOTHING_LEFT = "business_date date, " + ", ".join(
    f"{name} varchar"
    for name in ("adjustment_id", "account_id", "action", "old_limit_amount", "new_limit_amount", "expires_at")
)


@dataclass(frozen=True)
class Migration:
    """Two homes of one book, equal until the night on which the ids of one changed."""

    plain: Home
    moved: Home
    nights: tuple[date, ...]
    # ids of the customers who were merged, and of those whom they are from then on
    pairs: tuple[tuple[str, str], ...]

    @property
    def night(self) -> date:
        return self.nights[0]

    @property
    def night_before(self) -> date:
        return max(day for day in self.plain.published_dates() if day < self.night)


@dataclass(frozen=True)
class Compared:
    """One claim: how many rows it speaks of, and how many break it."""

    claim: str
    rows: int
    breaches: int


def migrate(root: Path, *, accounts: int, before: int, after: int, seed: int) -> Migration:
    """Run a closed loop; a copy of its home goes on with other ids.

    Args:
        before, after: nights before the one on which ids change, and after it.
    """
    plain = create_home(root / "plain", sample_home_settings("obedient"))
    simulate_book(
        plain, accounts=accounts, nights=before, first_date=FIRST, seed=seed, file_format="parquet", core="obedient",
        progress=tell,
    )  # fmt: skip
    list(run_all(plain))
    shutil.copytree(plain.root, root / "moved", symlinks=True)
    moved = open_home(root / "moved")
    pairs = _choose_pairs(plain, seed)
    nights = continue_book(plain, nights=after + 1, progress=tell).dates
    list(run_all(plain))
    for night in nights:
        _land(plain, moved, night, pairs, is_first=night == nights[0])
        tell(f"ran {night} with other ids: {run_night(moved, night).release.orders} orders released")
    return Migration(plain, moved, nights, pairs)


def _choose_pairs(home: Home, seed: int) -> tuple[tuple[str, str], ...]:
    """One customer in a hundred, at least four; half of them with a freeze, a trigger, an order of the night or a floor, and of
    each of these one, if there is any."""
    newest = home.published_dates()[-1]
    with connect() as connection:
        attach_identity(connection, home)
        _views(connection, home, "")
        customers = [row[0] for row in connection.execute("select customer_id from identity.customer").fetchall()]
        notable = connection.execute(
            "select customer_id, min(kind) from ("
            " select customer_key, '1 frozen' as kind from state_freeze where business_date = $night"
            " union select customer_key, '3 triggered' from state_trigger where business_date = $night"
            " union select fct_account_night.customer_key, '2 ordered' from fct_account_night"
            " inner join fct_limit_adjustment using (business_date, account_key) where business_date = $night"
            " union select customer_key, '4 floored' from fct_limit_decision"
            " where business_date = $night and display_state = 'FLOORED'"
            ") inner join identity.customer using (customer_key) group by customer_id order by customer_id",
            {"night": newest},
        ).fetchall()
    rng = np.random.default_rng(seed)
    count = max(4, len(customers) // 100)
    drawn = [notable[at] for at in rng.permutation(len(notable))]
    first_of_kind = {kind: customer for customer, kind in reversed(drawn)}
    ordered = dict.fromkeys([*(first_of_kind[kind] for kind in sorted(first_of_kind)), *(one for one, _ in drawn)])
    old = list(ordered)[: count // 2]
    others = [str(one) for one in rng.permutation(sorted(set(customers) - set(old)))]
    old += others[: count - len(old)]
    new = others[count : 2 * count]
    # some are merged into a notable one
    left = [one for one in ordered if one not in old and one not in new]
    new[: len(left[:2])] = left[:2]
    return tuple(zip(old, new, strict=True))


def _land(plain: Home, moved: Home, night: date, pairs: tuple[tuple[str, str], ...], *, is_first: bool) -> None:
    """The night's delivery with the ids of after; on the first night with the changes."""
    folder = plain.landing / str(night)
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    tables = []
    with connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create table pair (old varchar, new varchar)")
        connection.executemany("insert into pair values (?, ?)", [list(pair) for pair in pairs])
        for entry in manifest["sources"]:
            _lay_source(connection, entry["source"], folder / entry["file"])
            coverage = date.fromisoformat(entry["coverage_from"]) if entry.get("coverage_from") else None
            tables.append(DeliveredTable(entry["source"], entry["source"], coverage_from=coverage, in_order=True))
        if is_first:
            attach_identity(connection, moved)
            connection.execute(
                f"create table id_change as select 'renumber' as kind, 'account' as subject, account_id as old_id,"
                f" '{NEW}' || account_id as new_id, date '{night}' as effective_date from identity.account"
                f" union all select 'merge', 'customer', old, new, date '{night}' from pair"
            )
            tables.append(DeliveredTable("id_change", "id_change"))
        write_delivery(
            connection,
            moved.landing,
            feed=manifest["feed"],
            business_date=night,
            sequence=manifest["sequence"],
            delivered_at=datetime.fromisoformat(manifest["delivered_at"].removesuffix("Z")),
            cutoff_at=datetime.fromisoformat(manifest["cutoff_at"].removesuffix("Z")),
            tables=tables,
            file_format="parquet",
        )


def _lay_source(connection: duckdb.DuckDBPyConnection, source: str, file: Path) -> None:
    names = {column.name for column in contract()[source].columns}
    connection.execute(f"create table {source} as from read_parquet('{file}')")
    if "account_id" in names:
        connection.execute(f"update {source} set account_id = '{NEW}' || account_id where account_id is not null")
    if source in _KEPT:
        connection.execute(f"delete from {source} where customer_id in (select old from pair)")
    if source in _SUMMED:
        key = contract()[source].key
        sums = ", ".join(f"sum({name}) as {name}" for name in _SUMMED[source])
        others = [name for name in names if name not in (*key, *_SUMMED[source])]
        latest = "".join(f", max({name}) as {name}" for name in others)
        connection.execute(
            f"create table together as select {', '.join(key)}, {sums}{latest} from ("
            f" select * replace (coalesce(new, customer_id) as customer_id) from {source}"
            " left join pair on customer_id = old"
            " where customer_id in (select unnest([old, new]) from pair)) group by all"
        )
        connection.execute(f"delete from {source} where customer_id in (select unnest([old, new]) from pair)")
        connection.execute(f"insert into {source} by name from together")
        connection.execute("drop table together")
    elif "customer_id" in names:
        connection.execute(f"update {source} set customer_id = new from pair where customer_id = old")


def _views(connection: duckdb.DuckDBPyConnection, home: Home, prefix: str) -> None:
    for mart in (
        "fct_limit_decision", "fct_account_night", "fct_trigger_night", "fct_freeze_night", "fct_order_night",
        "fct_external_change", "fct_security_order", "fct_limit_adjustment", "fct_recourse",
    ):  # fmt: skip
        connection.execute(
            f"create view {prefix}{mart} as from read_parquet('{home.published}/*/r00/marts/{mart}.parquet')"
        )
    for table in ("trigger", "freeze", "account"):
        connection.execute(
            f"create view {prefix}state_{table} as select cast(business_date as date) as business_date,"
            f" * exclude (business_date) from read_parquet('{home.state}/*/{table}.parquet', hive_partitioning = true)"
        )
    for feed in ("limit_adjustments", "security_orders"):
        if not list((home.outbox / feed).glob("*.csv")):
            connection.execute(f"create table {prefix}out_{feed} ({_NOTHING_LEFT})")
            continue
        connection.execute(
            f"create view {prefix}out_{feed} as select *, cast(regexp_extract(filename, '{feed}_([0-9-]+)_', 1) as date)"
            f" as business_date from read_csv('{home.outbox}/{feed}/*.csv', filename = true, all_varchar = true)"
        )


# Claim: what it speaks of, and the rows that break it. `later` are nights from the change on, `merged` the customers' keys.
CLAIMS = {
    "a decision about whoever only got another id is the same, in every column": (
        "(from plain_decision where business_date >= $night)",
        "((from plain_decision where business_date >= $night) except all (from moved_decision))",
    ),
    "so are the clocks of triggers": (
        "(from plain_trigger where business_date >= $night)",
        "((from plain_trigger where business_date >= $night) except all (from moved_trigger))",
    ),
    "so are freezes": (
        "(from plain_freeze where business_date >= $night)",
        "((from plain_freeze where business_date >= $night) except all (from moved_freeze))",
    ),
    "so are orders, under the new id": (
        "(from plain_order where business_date >= $night)",
        "((from plain_order where business_date >= $night) except all (from moved_order))",
    ),
    "nobody else is decided or ordered about": (
        "(from moved_decision where business_date >= $night)",
        "(select business_date, account_key from moved_decision where business_date >= $night"
        " except all select business_date, account_key from plain_decision)",
    ),
    "no external change is recorded of whoever only got another id": (
        "moved_fct_external_change where account_key not in (from merged_account)",
        "(select business_date, account_key from moved_fct_external_change where account_key not in (from merged_account)"
        " except all select business_date, account_key from plain_fct_external_change)",
    ),
    "on the night of the merge no limit of a merged customer moves": (
        "moved_fct_limit_decision where business_date = $night and account_key in (from merged_account)",
        "moved_fct_limit_decision where business_date = $night and account_key in (from merged_account)"
        " and (recommended_limit_amount <> old_limit_amount or action <> 'HOLD')",
    ),
    "it goes on from the limit that it would have gone on from": (
        "plain_fct_limit_decision where business_date = $night and account_key in (from merged_account)",
        "(select account_key, old_limit_amount, reference_limit_amount from plain_fct_limit_decision"
        " where business_date = $night and account_key in (from merged_account) except all"
        " select account_key, old_limit_amount, reference_limit_amount from moved_fct_limit_decision"
        " where business_date = $night)",
    ),
    "nor is any account of theirs frozen or restored": (
        "moved_state_account where business_date = $night and account_key in (from merged_account)",
        "(select account_key, is_overlaid, pending_minor, pending_effective_date from moved_state_account"
        " where business_date = $night and account_key in (from merged_account) except all"
        " select account_key, is_overlaid, pending_minor, pending_effective_date from moved_state_account"
        " where business_date = $before)",
    ),
    "no clock of theirs starts again, and none is lost": (
        "clock_before",
        "clock_before left join moved_state_trigger as now on now.business_date = $night"
        " and now.customer_key = clock_before.customer_key and now.pack = clock_before.pack"
        " and now.trigger_code = clock_before.trigger_code"
        " where now.customer_key is null or now.triggered_date > clock_before.triggered_date"
        " or now.last_hit_date < clock_before.last_hit_date or now.nights_in_a_row < clock_before.nights_in_a_row"
        " or (clock_before.clean_since_date is not null and now.clean_since_date is distinct from"
        " least(now.clean_since_date, clock_before.clean_since_date))",
    ),
    "no freeze of theirs ends early": (
        "freeze_before",
        "freeze_before left join moved_state_freeze as now on now.business_date = $night"
        " and now.customer_key = freeze_before.customer_key and now.pack = freeze_before.pack"
        " where now.customer_key is null or now.frozen_until_at < freeze_before.frozen_until_at",
    ),
    "an order of theirs in flight stands as it would": (
        "plain_fct_order_night where business_date = $night and account_key in (from merged_account)",
        "(select adjustment_id, status, applied_limit_amount from plain_fct_order_night where business_date = $night"
        " and account_key in (from merged_account) except all"
        " select adjustment_id, status, applied_limit_amount from moved_fct_order_night where business_date = $night)",
    ),
    "whoever only got another id has the same way back, the same dates, kept and void for the same reasons": (
        "(from plain_recourse where business_date >= $night)",
        "((from plain_recourse where business_date >= $night) except all (from moved_recourse))",
    ),
    "a date that a merged customer had stands on the night of the merge": (
        "date_before",
        "(from date_before except all select account_key, restores_on_date, promise_status from moved_fct_recourse"
        " where business_date = $night)",
    ),
    "and is never missed, nor void by their own doing": (
        "moved_fct_recourse where business_date >= $night and account_key in (select account_key from date_before)",
        "moved_fct_recourse where business_date >= $night and account_key in (select account_key from date_before)"
        " and (ended_status = 'MISSED' or voided_by = 'CUSTOMER')"
        " and ended_promised_date < $night",
    ),
    "the core is spoken to by the new ids only": (
        "moved_out where business_date >= $night",
        f"moved_out where business_date >= $night and not starts_with(account_id, '{NEW}')",
    ),
}


def compare(migration: Migration, tamper: str = "") -> list[Compared]:
    """Every claim over the nights from the change on.

    Args:
        tamper: statements over what was laid, for the question whether a claim can break.
    """
    with connect() as connection:
        _lay(connection, migration)
        connection.execute(tamper)
        days = {
            "night": migration.night,
            "before": migration.night_before,
        }
        return [
            Compared(claim, _count(connection, about, days), _count(connection, breaking, days))
            for claim, (about, breaking) in CLAIMS.items()
        ]


def replay(migration: Migration) -> Compared:
    """Every night from the change on once more, from its record."""
    replayed = [replay_night(migration.moved, night) for night in migration.nights]
    return Compared(
        "nights with changed ids replay",
        sum(one.decisions for one in replayed),
        sum(len(one.differences) for one in replayed),
    )


def _lay(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    """Keys are the same in both homes, so that rows are compared as they are; the survivors' keys are known to both."""
    for name, home in (("plain", migration.plain), ("moved", migration.moved)):
        _views(connection, home, f"{name}_")
        connection.execute(
            f"create view {name}_out as select business_date, adjustment_id, account_id, action, old_limit_amount,"
            f" new_limit_amount, expires_at from {name}_out_limit_adjustments union all by name select business_date,"
            f" adjustment_id, account_id, action, old_limit_amount, new_limit_amount, expires_at from {name}_out_security_orders"
        )
    connection.execute(f"attach '{migration.plain.identity_file}' as identity (read_only)")
    connection.execute("create table pair (old varchar, new varchar)")
    connection.executemany("insert into pair values (?, ?)", [list(pair) for pair in migration.pairs])
    connection.execute(
        "create table key_pair as select former.customer_key as old_key, latter.customer_key as new_key from pair"
        " inner join identity.customer as former on former.customer_id = pair.old"
        " inner join identity.customer as latter on latter.customer_id = pair.new;"
        "create table merged as select unnest([old_key, new_key]) as customer_key from key_pair;"
        "create table merged_account as select distinct account_key from plain_fct_limit_decision"
        " where customer_key in (from merged);"
    )
    for name in ("plain", "moved"):
        connection.execute(
            f"create table {name}_decision as from {name}_fct_limit_decision where account_key not in (from merged_account);"
            f"create table {name}_recourse as from {name}_fct_recourse where account_key not in (from merged_account);"
            f"create table {name}_trigger as from {name}_state_trigger where customer_key not in (from merged);"
            f"create table {name}_freeze as from {name}_state_freeze where customer_key not in (from merged);"
            f"create table {name}_order as select {name}_out.* replace"
            f" (case when business_date < date '{migration.night}' or '{name}' = 'moved' then account_id"
            f" else '{NEW}' || account_id end as account_id) from {name}_out"
            f" where adjustment_id not in (select adjustment_id from {name}_fct_limit_adjustment"
            f" where account_key in (from merged_account)) and adjustment_id not in (select adjustment_id"
            f" from {name}_fct_security_order where account_key in (from merged_account))"
        )
    connection.execute(
        "create table date_before as select account_key, restores_on_date, promise_status from moved_fct_recourse"
        " where account_key in (from merged_account) and promise_status = 'OPEN'"
        f" and business_date = date '{migration.night_before}'"
    )
    for table, state in (("clock_before", "trigger"), ("freeze_before", "freeze")):
        connection.execute(
            f"create table {table} as select state.* replace (coalesce(key_pair.new_key, customer_key) as customer_key)"
            f" from moved_state_{state} as state left join key_pair on customer_key = old_key"
            f" where customer_key in (from merged) and business_date = date '{migration.night_before}'"
        )


def _count(connection: duckdb.DuckDBPyConnection, rows: str, days: dict[str, date]) -> int:
    used = {name: day for name, day in days.items() if f"${name}" in rows}
    return connection.execute(f"select count(*) from {rows}", used).fetchone()[0]


def later_moves(migration: Migration) -> int:
    """Decisions about accounts of merged customers that differ on the nights after: evidence of two has become that of one."""
    with connect() as connection:
        _lay(connection, migration)
        return connection.execute(
            "select count(*) from plain_fct_limit_decision as plain inner join moved_fct_limit_decision as moved"
            " using (business_date, account_key) where business_date > $night and account_key in (from merged_account)"
            " and plain.recommended_limit_amount <> moved.recommended_limit_amount",
            {"night": migration.night},
        ).fetchone()[0]


def main() -> int:
    """Migrate, compare, print; 1 if a claim is broken."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate id-migration", description=__doc__)
    parser.add_argument("--accounts", type=int, default=600)
    parser.add_argument("--before", type=int, default=12)
    parser.add_argument("--after", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        migration = migrate(
            Path(folder), accounts=asked.accounts, before=asked.before, after=asked.after, seed=asked.seed
        )
        found, moves = [*compare(migration), replay(migration)], later_moves(migration)
    print_rows(
        ("claim", "rows", "breaches"),
        [(one.claim, f"{one.rows:,}", one.breaches) for one in found],
        Format.TABLE,
        title=f"{asked.accounts:,} accounts renumbered and {len(migration.pairs)} customers merged after {asked.before} nights,"
        f" seed {asked.seed}, {time.monotonic() - began:.0f} s",
    )
    tell(
        f"nights after the merge: {moves} decisions about merged customers are others, as evidence of two is that of one"
    )
    return 1 if any(one.breaches for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
