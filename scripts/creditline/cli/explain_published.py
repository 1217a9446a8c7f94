"""What the marts hold about one account on one night, and what the core was told of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.database import as_pattern
from creditline.home.marts import with_added
from creditline.release.told import Told, told_core
from creditline.release.wording import is_least

Facts = dict[str, object]


@dataclass(frozen=True)
class Published:
    """What the marts hold about one account on one night; `standing` only where it is today that is asked for.

    `was_blocked`: a trigger has kept the customer from borrowing since an earlier night; `least_draw`: the smallest amount that
    can be borrowed at once.
    """

    decision: Facts
    account: Facts
    standing: Facts | None
    reasons: list[Facts]
    cause_reasons: list[Facts]
    conditions: list[Facts]
    recourse: Facts | None
    appeals: list[Facts]
    trace: list[Facts]
    floor: Decimal
    told: Told
    was_blocked: bool
    least_draw: Decimal

    def is_floor(self, amount: Decimal) -> bool:
        """The least that a credit outcome leaves: nothing that anybody could borrow."""
        return is_least(amount, self.floor, self.decision["reference_limit_amount"])

    @property
    def is_silent(self) -> bool:
        """Whether a customer hears nothing of tonight's decision: nothing of it reaches the core, but for a freeze that stands."""
        return self.told.withheld is not None or (self.told.mode is not None and not self.told.is_frozen)


def read_published(
    home: Home, connection: duckdb.DuckDBPyConnection, account_id: str, key: int, asked: date | None
) -> Published:
    """What is published about an account on a night, the newest if none is asked for.

    Raises:
        CreditlineError: no decision on that night.
    """
    night = asked or connection.execute("select max(business_date) from publication").fetchone()[0]
    decisions = _rows(connection, "fct_limit_decision", key, night)
    if not decisions:
        raise CreditlineError(
            f"account {account_id} has no decision on {night}; see `creditline status` for the nights"
        )
    decision = decisions[0]
    standings = [] if asked else _found(connection, "dim_limit_standing", "account_key = ?", [key])
    standing = standings[0] if standings else None
    cause = standing and standing["cause_date"]
    return Published(
        decision=decision,
        account=_rows(connection, "fct_account_night", key, night)[0],
        standing=standing,
        reasons=_rows(connection, "fct_decision_reason", key, night, "reason_rank"),
        cause_reasons=_rows(connection, "fct_decision_reason", key, cause, "reason_rank") if cause else [],
        conditions=_found(
            connection,
            "fct_trigger_night",
            "customer_key = ? and policy_version = ? and business_date = ? and is_held and not is_cured"
            " order by clean_days_needed - least(clean_days, clean_days_needed) desc, trigger_code",
            [decision["customer_key"], decision["policy_version"], night],
        ),
        recourse=next(iter(_rows(connection, "fct_recourse", key, night)), None),
        appeals=_found(
            connection,
            "fct_case",
            "(account_key = ? or account_key is null and customer_key = ?) and business_date = ? and kind = 'appeal'"
            " and is_open order by opened_date",
            [key, decision["customer_key"], night],
        ),
        trace=_rows(connection, "fct_decision_trace", key, night, "step"),
        floor=_floor(home, connection, decision),
        told=told_core(home, decision, is_today=asked is None),
        was_blocked=_was_blocked(connection, decision),
        least_draw=_least_draw(home, decision),
    )


def _floor(home: Home, connection: duckdb.DuckDBPyConnection, decision: Facts) -> Decimal:
    """The floor of the pack that decided; `dim_policy` knows only those of the newest night."""
    (path,) = connection.execute(
        "select path from publication where business_date = ? and is_latest", [decision["business_date"]]
    ).fetchone()
    return connection.execute(
        "select floor_amount from read_parquet(?) where policy_version = ?",
        [as_pattern(home.published / path / "marts" / "dim_policy.parquet"), decision["policy_version"]],
    ).fetchone()[0]


def _was_blocked(connection: duckdb.DuckDBPyConnection, decision: Facts) -> bool:
    """Whether a trigger of the night before, that still stands, lets the customer borrow nothing."""
    night = decision["business_date"]
    (before,) = connection.execute(
        "select max(business_date) from publication where business_date < ?", [night]
    ).fetchone()
    blocking = "customer_key = ? and business_date = ? and effect = 'block_draws' and is_held and not is_inherited and not is_cured"
    customer, pack = decision["customer_key"], decision["policy_version"]
    # the pack may have been another one then
    was, is_still = (
        _found(connection, "fct_trigger_night", blocking, [customer, before]),
        _found(connection, "fct_trigger_night", f"{blocking} and policy_version = ?", [customer, night, pack]),
    )
    return bool(was and is_still)


def _least_draw(home: Home, decision: Facts) -> Decimal:
    """The smallest draw of the account's product, by the pack that decided as the home keeps it."""
    with (home.policy / decision["policy_version"] / "product_tier.csv").open(encoding="utf-8-sig") as stream:
        tiers = {row["product_code"]: row["min_draw_amount"] for row in csv.DictReader(stream)}
    return Decimal(tiers.get(decision["product_code"], 0))


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, key: int, night: date, order: str = "account_key"
) -> list[Facts]:
    return _found(connection, table, f"account_key = ? and business_date = ? order by {order}", [key, night])


def _found(connection: duckdb.DuckDBPyConnection, table: str, condition: str, values: list[object]) -> list[Facts]:
    """Rows of a published table, whichever release made `marts.duckdb`."""
    is_there = connection.execute("select count(*) from information_schema.tables where table_name = ?", [table])
    rows = with_added(table, f"from {table}" if is_there.fetchone()[0] else None)
    cursor = connection.execute(f"select * from ({rows}) where {condition}", values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
