"""A book that lives under our decisions: do core and warehouse agree, night after night? `scripts/evaluate closed-loop` prints
the claims with what was looked at and what breaks them. With --home the book is kept there; called again, it lives on."""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.gate.identity import attach_identity
from creditline.home import Home, create_home, open_home
from creditline.home.database import connect
from creditline.night import run_all
from creditline.output import Format, print_rows, tell
from creditline.simulate import continue_book, sample_home_settings, simulate_book

FIRST = date(2026, 9, 1)
# What moved since the night before and what the core says it did that day; nights that a file was spoilt on have gaps.
TABLES = """
    create table core_order as select told.*, account.account_key,
        cast(regexp_extract(filename, '([0-9-]+).parquet', 1) as date) as day,
        cast(applied_limit_minor * 0.01 as decimal(18, 2)) as applied_amount
        from read_parquet('{truth}/core/*.parquet', filename = true) as told
        inner join identity.account using (account_id);
    create table notice as select adjustment_id, cast(new_limit_amount as decimal(18, 2)) as new_limit_amount,
        cast(regexp_extract(filename, 'notices_([0-9-]+)_', 1) as date) as noticed_date
        from read_json('{outbox}/notices/*.jsonl', format = 'newline_delimited', filename = true,
            columns = {{'adjustment_id': 'varchar', 'new_limit_amount': 'varchar'}});
    create table told as select adjustment_id, cast(regexp_extract(filename, 'notices_([0-9-]+)_', 1) as date) as noticed_date
        from read_json('{outbox}/*notices/*.jsonl', format = 'newline_delimited', filename = true,
            columns = {{'adjustment_id': 'varchar'}});
    create table recourse as from read_parquet('{published}/*/r00/marts/fct_recourse.parquet');
    create table released as from read_parquet('{releases}/limit_adjustments/*.parquet');
    create table frozen as from fct_security_order;
    create view night_limit as select business_date, account_key, limit_amount, current_limit_amount,
        lag(limit_amount) over account as limit_before, lag(business_date) over account = business_date - 1 as is_next
        from fct_account_night window account as (partition by account_key order by business_date);
    create view move as select night_limit.*, core_order.adjustment_id
        from night_limit left join core_order
        on core_order.account_key = night_limit.account_key and core_order.day = night_limit.business_date
        and core_order.status = 'applied' and core_order.applied_amount = night_limit.limit_amount
        where is_next and limit_amount <> limit_before;
    -- known from its day on, where the snapshot shows it; one that was applied half-way once it is answered
    create view applied_cut as select core_order.*, case when applied_amount <> ordered.new_limit_amount then ordered.answered_date
        else core_order.day end as known_date
        from core_order left join (
            select adjustment_id, any_value(new_limit_amount) as new_limit_amount,
                min(case when status = 'PARTIAL' then business_date end) as answered_date
            from fct_order_night group by adjustment_id
        ) as ordered on core_order.adjustment_id = ordered.adjustment_id
        where core_order.status = 'applied' and applied_limit_minor < limit_before_minor;
"""
# Claim: what it speaks of, and the rows that break it. `obedient` claims do not hold of a chaotic core.
CLAIMS = {
    "an order is applied at most once": (
        "core_order where status = 'applied'",
        "(select adjustment_id from core_order where status = 'applied' group by all having count(*) > 1)",
    ),
    "the core applies only what left": (
        "core_order",
        "core_order where adjustment_id not in (select adjustment_id from released)"
        " and adjustment_id not in (select adjustment_id from frozen)",
    ),
    "every freeze and restore is obeyed or refused": (
        "frozen where business_date <= (select max(business_date) - 3 from fct_account_night)",
        "frozen where business_date <= (select max(business_date) - 3 from fct_account_night)"
        " and adjustment_id not in (select adjustment_id from core_order)",
    ),
    "a limit moves by an applied order, or an external change is recorded": (
        "move",
        "move where adjustment_id is null and (business_date, account_key) not in"
        " (select (business_date, account_key) from fct_external_change)",
    ),
    # one that is applied half-way and not answered yet is taken for a change of the core's own (decision 0009)
    "an external change is the doing of no order but one in flight": (
        "fct_external_change",
        "fct_external_change inner join move using (business_date, account_key)"
        " left join fct_order_night as orders"
        " on orders.adjustment_id = move.adjustment_id and orders.business_date = move.business_date"
        " where move.adjustment_id is not null and orders.status is distinct from 'IN_FLIGHT'",
    ),
    "a night goes on from the core's limit, or from that of an order the core may still apply or has just answered": (
        "night_limit",
        "night_limit where current_limit_amount <> limit_amount and (business_date, account_key, current_limit_amount)"
        " not in (select (business_date, account_key, coalesce(applied_limit_amount, new_limit_amount))"
        " from fct_order_night where status in ('IN_FLIGHT', 'APPLIED', 'PARTIAL'))",
    ),
    "what the night says was applied, the core applied": (
        "fct_order_night where status in ('APPLIED', 'PARTIAL')",
        "fct_order_night left join core_order using (adjustment_id) where fct_order_night.status in ('APPLIED', 'PARTIAL')"
        " and (core_order.status is distinct from 'applied' or applied_amount <> applied_limit_amount)",
    ),
    "a notice speaks of a change that the core applied, of what it applied": (
        "notice",
        "notice left join core_order using (adjustment_id) where adjustment_id not in (select adjustment_id from frozen)"
        " and (core_order.status is distinct from 'applied' or applied_amount <> new_limit_amount)",
    ),
    "nobody is told twice": ("notice", "(select adjustment_id from notice group by all having count(*) > 1)"),
    "an applied cut is told within three nights, to the customer or to the desk of restricted ones": (
        "applied_cut where known_date <= (select max(business_date) - 3 from fct_account_night)",
        "applied_cut where known_date <= (select max(business_date) - 3 from fct_account_night)"
        " and adjustment_id not in (select adjustment_id from told where noticed_date <= known_date + 3)",
    ),
    "an order is called for from the limit that the night goes on from": (
        "fct_limit_adjustment",
        "fct_limit_adjustment inner join night_limit using (business_date, account_key)"
        " where old_limit_amount <> current_limit_amount",
    ),
    "a date ends kept, or it is said what made it void and whose doing that was": (
        "recourse where ended_status is not null",
        "recourse where ended_status = 'MISSED' or ended_status = 'VOIDED' and (void_reason is null or voided_by is null)",
    ),
    "a date is kept where the core has the limit": (
        "recourse where promise_status = 'KEPT'",
        "recourse inner join fct_account_night using (business_date, account_key)"
        " where promise_status = 'KEPT' and limit_amount < restores_to_amount",
    ),
}
OBEDIENT_CLAIMS = {
    "no order is refused": ("core_order", "core_order where status = 'rejected' and reason <> 'CLOSED'"),
    "no limit is changed but by us": ("fct_external_change", "fct_external_change"),
    "the core's limit is the one that the night before decided": (
        "night_limit where is_next",
        "night_limit inner join fct_limit_decision as decided on decided.account_key = night_limit.account_key"
        " and decided.business_date = night_limit.business_date - 1"
        " inner join fct_account_night as before on before.account_key = night_limit.account_key"
        " and before.business_date = decided.business_date"
        " where is_next and night_limit.limit_amount <> decided.recommended_limit_amount and before.is_open"
        " and decided.slice_code not in (select slice_code from fct_slice_night as held where held.is_held"
        " and held.business_date = decided.business_date)",
    ),
}


@dataclass(frozen=True)
class Checked:
    """One claim: how many rows it speaks of, and how many break it."""

    claim: str
    rows: int
    breaches: int


def live(home: Home, *, accounts: int, nights: int, seed: int, core: str) -> None:
    """Land and run a closed loop."""
    simulate_book(
        home,
        accounts=accounts,
        nights=nights,
        first_date=FIRST,
        seed=seed,
        file_format="parquet",
        core=core,
        progress=tell,
    )
    list(run_all(home))


def check(home: Home, core: str, tamper: str = "") -> list[Checked]:
    """Every claim over all nights of a home whose loop was closed.

    Args:
        tamper: statements over what was laid, for the question whether a claim can break.
    """
    with connect() as connection:
        _lay(connection, home)
        connection.execute(tamper)
        claims = CLAIMS if core == "chaotic" else CLAIMS | OBEDIENT_CLAIMS
        return [
            Checked(claim, _count(connection, about), _count(connection, breaking))
            for claim, (about, breaking) in claims.items()
        ]


def _lay(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    attach_identity(connection, home)
    for table in (
        "fct_account_night",
        "fct_limit_decision",
        "fct_limit_adjustment",
        "fct_order_night",
        "fct_external_change",
        "fct_slice_night",
        "fct_security_order",
    ):
        connection.execute(f"create table {table} as from read_parquet('{home.published}/*/r00/marts/{table}.parquet')")
    connection.execute(
        TABLES.format(
            truth=home.landing / "truth", outbox=home.outbox, releases=home.releases, published=home.published
        )
    )


def _count(connection: duckdb.DuckDBPyConnection, rows: str) -> int:
    return connection.execute(f"select count(*) from {rows}").fetchone()[0]


def main() -> int:
    """Live, check, print; 1 if a claim is broken."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate closed-loop", description=__doc__)
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chaos", action="store_true")
    parser.add_argument("--home", type=Path, help="where the book is kept; one that is there lives K nights more")
    asked = parser.parse_args()
    core = "chaotic" if asked.chaos else "obedient"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = asked.home or Path(folder) / "home"
        if root.exists():
            home = open_home(root)
            continue_book(home, nights=asked.nights, progress=tell)
            list(run_all(home))
        else:
            home = create_home(root, sample_home_settings(core))
            live(home, accounts=asked.accounts, nights=asked.nights, seed=asked.seed, core=core)
        checked = check(home, core)
    print_rows(
        ("claim", "rows", "breaches"),
        [(one.claim, f"{one.rows:,}", one.breaches) for one in checked],
        Format.TABLE,
        title=f"{asked.accounts:,} accounts, {asked.nights} nights, seed {asked.seed}, {core} core,"
        f" {time.monotonic() - began:.0f} s",
    )
    return 1 if any(one.breaches for one in checked) else 0


if __name__ == "__main__":
    raise SystemExit(main())
