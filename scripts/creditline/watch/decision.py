"""Which accounts are frozen and restored between nights: the last published night's own SQL, run on newer facts.

The archived code of that night runs in memory as one more night of the day, with the time of the delivery as its cut-off.
Its sources are what the night carried over, the raw rows since then, and the orders that left since then. Only the models
run that a freeze depends on. The SQL here decides nothing but what these models cannot know: whose orders the modes of this
instant let leave, and who is restricted after merges that only the identity store knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from creditline.gate.identity import keys_of_people
from creditline.home import Home
from creditline.home.database import connect_beside, one_row
from creditline.home.marts import with_columns
from creditline.home.publications import read_manifest
from creditline.home.releases import is_of_watch, records_since
from creditline.release.feed import SECURITY, write_orders
from creditline.release.modes import modes_of_night
from creditline.release.orders import ReleaseRefused, choose_orders, lay_marts, modes_in_force, refuse_moves
from creditline.release.security import BESIDE
from creditline.store.inputs import Relation, check_inputs, lay, read_inputs
from creditline.store.record import DeliveryRecord, counting_records, intraday_records
from creditline.warehouse.logic import archived_logic, needed_for, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.sources import (
    NightParameters,
    raw_relations,
    released_relation,
    run_relations,
    security_relation,
)
from creditline.warehouse.state import state_relations
from creditline.watch.notices import RESTRICTED_WORDS, TOLD

ORDERS, RESTRICTED = "dec_watch_order", "dec_restricted_customer"
# Whom the last night or this delivery names.
_RESTRICTED_KEYS = (
    f"select customer_key from {RESTRICTED} union all select customer_key from dim_customer where is_restricted"
)
# The orders with what their notices need. Only the identity store knows of a merge since the last night, so people are compared
# and not keys.
_WITH_TOLD = f"""
    select
        orders.*,
        orders.customer_key in (select customer_key from {keys_of_people(_RESTRICTED_KEYS)}) as is_restricted,
        decisions.reference_limit_amount,
        policies.floor_amount
    from release_order as orders
    inner join fct_limit_decision as decisions on orders.account_key = decisions.account_key
    inner join dim_policy as policies on orders.policy_version = policies.policy_version
"""


@dataclass(frozen=True)
class Outcome:
    """Which orders left because of one delivery, and which were kept back; `file` is the name of the file, if there is one."""

    at: str
    freezes: int
    restores: int
    withheld: int
    guarded: int
    file: str | None


def decide(home: Home, record: DeliveryRecord, night: date, scratch: Path) -> Outcome:
    """Freeze and restore once because of one delivery that was taken in. The caller holds the lock.

    Args:
        night: the valid published night that the watch starts from.
        scratch: an existing folder for what does not fit into memory.

    Raises: ReleaseRefused, LogicRefused, NotGenuine.
    """
    left = left_before(home, record)
    if left is not None:
        return left
    # read only once, because a night that runs meanwhile may take in its delivery at any time
    deliveries = counting_records(home)
    logic_hash = read_manifest(home, night)["logic_hash"]
    logic = needed_for(archived_logic(home, logic_hash), ORDERS, RESTRICTED)
    with connect_beside(home, scratch) as connection:
        use_scratch_catalog(connection)
        _lay_sources(connection, home, _as_night(home, record, night), night, deliveries)
        run_logic(connection, logic)
        orders = f"select *, timestamp '{record.instant.isoformat(sep=' ')}' as watched_at from {ORDERS}"
        # the code of an earlier release has no words for the desk
        connection.execute(
            f"create table watch_order as {with_columns(dict.fromkeys(RESTRICTED_WORDS, 'varchar'), orders)}"
        )
        return _release(connection, home, record, night, logic_hash, deliveries[-1].business_date)


def _as_night(home: Home, record: DeliveryRecord, night: date) -> NightParameters:
    return NightParameters(
        business_date=record.business_date,
        # of a night that ran before its cut-off everything is known
        cut_off_at=max(record.instant, home.cut_off_at(night)),
        previous_business_date=night,
        is_void=False,
        home_name=home.settings.name,
        is_between_nights=True,
    )


def _lay_sources(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    today: NightParameters,
    night: date,
    deliveries: list[DeliveryRecord],
) -> None:
    """The night's policies and its trust in sources stay; its snapshot is the latest one."""
    recorded = {relation.name: relation for relation in read_inputs(home, night)}
    state = state_relations(home, night, today.business_date)
    raw = raw_relations(home, [*deliveries, *intraday_records(home, night)], today, state)
    relations = [
        run_relations(today, [])[0],
        recorded["run.night_source"],
        *(relation for relation in raw if relation.name != "raw.account_snapshot"),
        *state,
        released_relation(home, today.business_date, state),
        security_relation(home, night),
        *(relation for name, relation in recorded.items() if name.startswith("policy.")),
        _renamed(recorded["raw.account_snapshot"], "night.account_snapshot"),
    ]
    check_inputs(home, relations)
    lay(connection, relations)
    connection.execute(
        f"create view raw.account_snapshot as select * replace (date '{today.business_date}' as business_date)"
        f" from night.account_snapshot where business_date = date '{night}'"
    )


def _renamed(relation: Relation, name: str) -> Relation:
    return replace(relation, name=name)


def _release(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    record: DeliveryRecord,
    night: date,
    logic_hash: str,
    last_delivery: date,
) -> Outcome:
    modes = modes_of_night(home, night)
    lay_marts(connection, home, night, ("fct_limit_decision", "dim_policy", "dim_customer"))
    orders, called_for = choose_orders(connection, home, "watch_order", modes, lambda _slice: True)
    outcome = _outcome(connection, home, record, called_for - orders)
    if not orders:
        return outcome
    refuse_moves(connection, home, night)
    connection.execute(f"create or replace table release_order as {_WITH_TOLD}")
    facts = {name: value for name, value in vars(outcome).items() if name != "file"}
    facts = {
        "modes": modes_in_force(connection),
        "keeps_freezes": True,
        "watch": {
            "feed": record.feed,
            "sequence": record.sequence,
            "night": str(night),
            "last_delivery": str(last_delivery),
            "logic_hash": logic_hash,
            **facts,
        },
    }
    stamp = f"{record.business_date}_{outcome.at}"
    left = write_orders(
        connection,
        home,
        SECURITY,
        record.business_date,
        stamp,
        facts,
        lambda: modes_of_night(home, night) == modes,
        (*BESIDE, *TOLD),
        night,
    )
    if left is None:
        raise ReleaseRefused("a mode was changed while the freezes were written; none of them left: watch again")
    return replace(outcome, file=left[0].name)


def _outcome(connection: duckdb.DuckDBPyConnection, home: Home, record: DeliveryRecord, withheld: int) -> Outcome:
    freezes, restores = one_row(
        connection.execute(
            "select coalesce(count_if(action = 'FREEZE'), 0), coalesce(count_if(action = 'RESTORE'), 0) from release_order"
        )
    )
    guarded = one_row(
        connection.execute("select count(distinct customer_key) from dec_freeze where movement = 'WITHHELD'")
    )[0]
    local = datetime.fromisoformat(record.delivered_at).astimezone(ZoneInfo(home.settings.time_zone))
    return Outcome(f"{local:%H%M}", freezes, restores, withheld, guarded, None)


def left_before(home: Home, record: DeliveryRecord) -> Outcome | None:
    """Which orders left because of a delivery whose watch was killed before it recorded them."""
    for earlier in records_since(home, SECURITY, record.business_date):
        if is_of_watch(earlier):
            acted_on = earlier["watch"]
            if (acted_on["feed"], acted_on["sequence"]) == (record.feed, record.sequence):
                names = ("at", "freezes", "restores", "withheld", "guarded")
                return Outcome(**{name: acted_on[name] for name in names}, file=earlier["file"])
    return None
