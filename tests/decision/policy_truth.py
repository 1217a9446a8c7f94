"""The decision in closed loop on a simulated book, measured against what really happened to its customers.

Real acceptance and gates, real features and decisions; the core applies every decision by the next night. Nothing is
published, so that a year takes minutes. `scripts/evaluate measure-policy truth` prints the tables of policy-measured.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from decision_harness import NOT_NEEDED, project_logic

from creditline.gate.inputs import gate_inputs
from creditline.home import Home, create_home
from creditline.landing.accept import accept
from creditline.policy import packs_in_force, policy_relations
from creditline.policy.calendar import timetable
from creditline.project import POLICIES_DIR
from creditline.simulate import sample_home_settings, simulate_book
from creditline.store.inputs import InputFile, Relation, lay
from creditline.store.record import delivery_records
from creditline.warehouse.inherited import approved_relation
from creditline.warehouse.logic import CATALOG, Logic, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.sources import (
    NightParameters,
    night_sources,
    raw_relations,
    released_relation,
    run_relations,
    security_relation,
    standing_relation,
)
from creditline.warehouse.state import export_state, state_file, state_tables

# Causes that should cost a customer part of the limit, and causes that should not: neither by themselves nor soon after.
RISK_CAUSES = (
    "application_burst",
    "arrears_rise",
    "arrears_rise_and_cure",
    "income_loss",
    "related_product_arrears",
    "fading_activity",
)
FREEZE_CAUSES = ("account_takeover",)
HARMLESS_CAUSES = ("blip", "new_phone", "shared_network", "hardship", "appeal", "early_repay_redraw")
# Reasons that are about the customer's behaviour; caps, tiers, income bounds and own wishes are not.
NOT_BEHAVIOUR = ("G1", "G2", "T1", "I1", "M1", "N1", "P1", "U1")
REACTION_DAYS = 60  # a cut within so many days after a cause's end is still put down to it
BIG_CUT_BP = 2000


@dataclass(frozen=True)
class Lived:
    """A book that lived under our decisions: `connection` holds moves, freezes, causes and who was there."""

    connection: duckdb.DuckDBPyConnection
    customers: int
    nights: int

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def value(self, query: str) -> object:
        return self.rows(query)[0][0]


def live(root: Path, *, accounts: int, nights: int, seed: int, first: date, progress=lambda _line: None) -> Lived:
    """Land a book and let it live under the decisions of every night."""
    home = create_home(root, sample_home_settings())
    book = simulate_book(home, accounts=accounts, nights=nights, first_date=first, seed=seed, file_format="parquet")
    logic = project_logic()
    assert not any(model.name.startswith(NOT_NEEDED) for model in logic.models)
    connection = _memory()
    previous = None
    for number, day in enumerate(book.dates, start=1):
        accept(home, day)
        gate_inputs(home, day)
        _decide(connection, home, day, previous, logic)
        previous = day
        if number % 10 == 0 or number == len(book.dates):
            progress(f"{day} decided ({number} of {len(book.dates)})")
    _lay_truth(connection, home, book.truth_dir)
    return Lived(connection, book.customers, len(book.dates))


def _memory() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("create schema memory.kept")
    connection.execute("create table memory.kept.core (account_key bigint primary key, limit_minor bigint)")
    connection.execute(
        "create table memory.main.move (night date, account_key bigint, customer_key bigint, old_minor bigint,"
        " new_minor bigint, reason_code varchar)"
    )
    connection.execute("create table memory.main.frozen (night date, customer_key bigint)")
    return connection


def _decide(connection, home: Home, day: date, previous: date | None, logic: Logic) -> None:
    """One night as the house runs it, but in memory, and with the core's limits that our decisions left."""
    connection.execute("use memory")
    connection.execute(f"detach database if exists {CATALOG}")
    use_scratch_catalog(connection)
    lay(connection, _inputs(home, day, previous))
    _let_the_core_follow(connection)
    run_logic(connection, logic)
    export_state(connection, home, day)
    connection.execute(
        "insert or replace into memory.kept.core select account_key, recommended_minor from dec_decision where is_assigned"
    )
    connection.execute(
        "insert into memory.main.move select business_date, account_key, customer_key, old_limit_minor,"
        " recommended_minor, reason_code_1 from dec_decision where is_assigned and recommended_minor <> old_limit_minor"
    )
    connection.execute(
        "insert into memory.main.frozen select distinct ?::date, customer_key from dec_freeze where movement = 'FREEZE'",
        [day],
    )


def _inputs(home: Home, day: date, previous: date | None) -> list[Relation]:
    """What the night reads; the night before carried its state over without being published."""
    policies = packs_in_force(POLICIES_DIR, day)
    records = delivery_records(home)
    night = NightParameters(
        business_date=day,
        cut_off_at=home.cut_off_at(day),
        previous_business_date=previous,
        is_void=False,
        home_name=home.settings.name,
    )
    state = [
        Relation(
            f"state.{table.name}",
            table.columns,
            (InputFile(state_file(home, previous, table.name), sha256=""),) if previous else (),
        )
        for table in state_tables()
    ]
    return [
        *run_relations(night, night_sources(home, records, day, timetable(home, policies, day))),
        *raw_relations(home, records, night, state),
        *state,
        released_relation(home, day, state),
        security_relation(home, previous, day),
        standing_relation(),
        approved_relation(home, day, previous),
        *policy_relations(policies),
    ]


def _let_the_core_follow(connection: duckdb.DuckDBPyConnection) -> None:
    """The core's limit of tonight is our decision of the night before, or on an account's first night its own."""
    connection.execute("alter view raw.account_snapshot rename to delivered_account_snapshot")
    connection.execute(
        "create view raw.account_snapshot as select delivered.* replace (coalesce(cast(core.limit_minor * 0.01"
        " as decimal(18, 2)), delivered.limit_amount) as limit_amount) from raw.delivered_account_snapshot as delivered"
        " left join memory.kept.core as core using (account_key)"
    )


def _lay_truth(connection: duckdb.DuckDBPyConnection, home: Home, truth: Path) -> None:
    connection.execute("use memory")
    connection.execute(f"attach '{home.identity_file}' as identity (read_only)")
    connection.execute(
        "create table cause as select customer.customer_key, truth.cause, truth.start_date,"
        " coalesce(truth.end_date, date '9999-12-31') as end_date"
        f" from read_parquet('{truth}/cause.parquet') as truth inner join identity.customer using (customer_id)"
    )
    connection.execute("detach identity")
    connection.execute(
        f"create view cut as select *, old_minor - new_minor > old_minor * {BIG_CUT_BP} // 10000 as is_big from move"
        f" where new_minor < old_minor and reason_code not in {NOT_BEHAVIOUR}"
    )
    names = ", ".join(f"'{cause}'" for cause in RISK_CAUSES)
    connection.execute(f"create view risk as select * from cause where cause in ({names})")


def cause_rows(lived: Lived) -> list[tuple]:
    """One row a cause: customers struck while we watched, how many were cut or frozen, median nights to it."""
    first, last = lived.rows("select min(night), max(night) from move")[0]
    rows = []
    for cause in (*RISK_CAUSES, *FREEZE_CAUSES, *HARMLESS_CAUSES):
        acted = "frozen" if cause in (*FREEZE_CAUSES, "new_phone", "shared_network") else "cut"
        struck, hit, median = lived.rows(
            "select count(*), count(first_night), median(datediff('day', start_date, first_night)) from ("
            f" select cause.customer_key, cause.start_date, min(acted.night) as first_night from cause"
            f" left join {acted} as acted on acted.customer_key = cause.customer_key and acted.night >= cause.start_date"
            f" and acted.night <= least(cause.end_date, date '{last}') + {REACTION_DAYS if acted == 'cut' else 1}"
            f" where cause.cause = '{cause}' and cause.start_date between date '{first}' and date '{last}' - 20"
            " group by all)"
        )[0]
        wanted = "act" if cause in RISK_CAUSES or cause in FREEZE_CAUSES else "leave"
        share = round(100 * hit / struck, 1) if struck else None
        rows.append((cause, wanted, acted, struck, hit, share, median))
    return rows


def summary_rows(lived: Lived) -> list[tuple]:
    """Measures of the whole book, named as in the policy reference: name, figure."""
    years = lived.customers * lived.nights / 365
    changes = lived.value("select count(distinct (customer_key, night)) from move")
    reversals = lived.value(
        "select count(distinct (later.customer_key, later.night)) from move as later inner join move as earlier"
        " on later.account_key = earlier.account_key and earlier.night < later.night"
        " and earlier.night >= later.night - 30"
        " and sign(later.new_minor - later.old_minor) <> sign(earlier.new_minor - earlier.old_minor)"
    )
    stable = lived.customers - lived.value("select count(distinct customer_key) from cause")
    stable_cut = lived.value(
        "select count(distinct customer_key) from cut where is_big and customer_key not in (select customer_key from cause)"
    )
    cut_customers = lived.value("select count(distinct customer_key) from cut")
    justified = lived.value(
        "select count(distinct cut.customer_key) from cut inner join risk on cut.customer_key = risk.customer_key"
        f" and cut.night between risk.start_date and risk.end_date::timestamp + interval {REACTION_DAYS} day"
    )
    frozen = lived.value("select count(*) from frozen")
    takeovers = lived.value(
        "select count(*) from frozen inner join cause on cause.customer_key = frozen.customer_key"
        " and cause.cause = 'account_takeover' and frozen.night between cause.start_date and cause.end_date + 1"
    )
    return [
        ("changes a customer-year", round(changes / years, 2)),
        ("reversals within 30 days a customer-year", round(reversals / years, 3)),
        ("stable customers ever cut by more than 20 % (percent)", _percent(stable_cut, stable)),
        ("customers cut for behaviour", cut_customers),
        ("of these under a risk cause (precision, percent)", _percent(justified, cut_customers)),
        ("freezes", frozen),
        ("of these takeovers (precision, percent)", _percent(takeovers, frozen)),
    ]


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
