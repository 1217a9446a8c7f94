"""One person at a time, decided night by night: what tests of single people are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache

import pyarrow as pa
from decision_harness import (
    ACCOUNT_COLUMNS,
    CHANGE_COLUMNS,
    CORRECTION_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    WATCHED_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
)
from decision_packs import route

from creditline.landing.contract import contract
from creditline.policy import PolicySet
from creditline.warehouse.sources import NightParameters, NightSource
from creditline.warehouse.state import state_tables

FIRST = date(2026, 3, 2)
PERSON = 7
AT_ONCE = {"confirmation": {"needed_nights": 1, "window_nights": 2, "ewma_alpha_pct": 100}}
DAILY = {**AT_ONCE, "slots": {"cut_days": 1, "raise_days": 30}}
LIMIT = 50_000_00
WELL = {"f01_dpd_now": 0, "f02_dpd_max_30d": 0, "suspicious_events_new": 0} | dict.fromkeys(
    ("on_time_instalments_90d", "due_instalments_90d"), 3
)
BAD = {
    "f02_dpd_max_30d": 9, "f03_dpd_max_180d": 80, "f04_overdue_days_90d": 40, "f05_overdue_ratio_bp": 9000,
    "f06_util_bp": 9000, "f14_apps_30d": 50, "f24_bounced_payments_90d": 9, "f38_bureau_score": 300,
}  # fmt: skip


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


@dataclass
class Lived:
    """A night as a number of lives share it, and the nights that went on from it."""

    inputs: Inputs
    before: Lived | None
    # where the warehouse of all lives keeps what the next night goes on from
    place: str
    decided: list[dict] = field(default_factory=list)
    after: list[Lived] = field(default_factory=list)


class Lives:
    """One warehouse for all lives: a night that begins as one before it, with the same nights behind it, is decided once."""

    def __init__(self) -> None:
        self.nights = Nights(project_logic())
        self.first: list[Lived] = []
        self.known = 0
        self._keep_at("nothing")
        self.tonight: Lived | None = None

    def decide(self, before: Lived | None, inputs: Inputs) -> Lived:
        """The night of these inputs after that one."""
        others = before.after if before else self.first
        for other in others:
            if other.inputs == inputs:
                return other
        self.known += 1
        lived = Lived(inputs, before, f"lived_{self.known}")
        self._run(lived)
        self._keep_at(lived.place)
        lived.decided = self.nights.rows("select * from dec_decision where is_assigned")
        others.append(lived)
        return lived

    def warehouse_of(self, lived: Lived) -> Nights:
        """The warehouse as that night left it, which is decided again if another night came since."""
        if self.tonight is not lived:
            self._run(lived)
        return self.nights

    def altered(self, lived: Lived, statement: str) -> Lived:
        """That night as if what it keeps were something else; no other life shares it."""
        self._lay(lived.place)
        self.nights.connection.execute(statement)
        self.known += 1
        other = replace(lived, place=f"lived_{self.known}", after=[])
        self._keep_at(other.place)
        return other

    def _run(self, lived: Lived) -> None:
        self._lay(lived.before.place if lived.before else "nothing")
        self.nights.run(lived.inputs)
        self.tonight = lived

    def _lay(self, place: str) -> None:
        for table in state_tables():
            self.nights.connection.execute(
                f"create or replace table memory.kept.{table.name} as from memory.{place}.{table.name}"
            )

    def _keep_at(self, place: str) -> None:
        self.nights.connection.execute(f"create schema memory.{place}")
        for table in state_tables():
            self.nights.connection.execute(f"create table memory.{place}.{table.name} as from memory.kept.{table.name}")


@cache
def _lives() -> Lives:
    return Lives()


class Life:
    """The nights of one person from the first on; the core follows only where a test says so."""

    def __init__(self) -> None:
        self.previous, self.number, self.lived = None, 0, None

    @property
    def nights(self) -> Nights:
        """Tonight's warehouse, to be read."""
        return _lives().warehouse_of(self.lived)

    def alter_what_is_kept(self, statement: str) -> None:
        """Change what the next night goes on from, which is in `memory.kept`."""
        self.lived = _lives().altered(self.lived, statement)

    def night(
        self,
        policies: PolicySet,
        *accounts: dict,
        facts: dict | None = None,
        events: Sequence[dict] = (),
        corrections: Sequence[dict] = (),
        changes: Sequence[dict] = (),
        told: Sequence[dict] = (),
        late: Sequence[str] = (),
        is_void: bool = False,
    ) -> dict[int, dict]:
        """Decide the next night. `told`: freezes and restores that left since the night before.

        Returns: the assigned decisions by account.
        """
        self.number += 1
        tonight = day(self.number)
        people = sorted({PERSON} | {each["customer_key"] for each in accounts})
        features = {"customer_key": people} | {
            name: [(WELL | (facts or {})).get(name)] * len(people) for name in all_features()
        }
        self.lived = _lives().decide(
            self.lived,
            Inputs(
                night=NightParameters(tonight, datetime.combine(tonight, time(18)), self.previous, is_void, "one"),
                sources=[
                    NightSource(
                        name, True, "missing" if name in late else "pass", False, name in late, date(2000, 1, 1)
                    )
                    for name in contract()
                ],
                policies=policies,
                accounts=pa.Table.from_pylist(
                    [account | {"income_as_of_date": tonight} for account in accounts], ACCOUNT_COLUMNS
                ),
                features=pa.table(features, pa.schema([(name, pa.int64()) for name in features])),
                events=pa.Table.from_pylist(list(events), EVENT_COLUMNS),
                corrections=pa.Table.from_pylist(list(corrections), CORRECTION_COLUMNS),
                changes=pa.Table.from_pylist(list(changes), CHANGE_COLUMNS),
                watched=pa.Table.from_pylist(list(told), WATCHED_COLUMNS),
                opening=OPENING_COLUMNS.empty_table(),
            ),
        )
        if not is_void:
            self.previous = tonight
        return {row["account_key"]: dict(row) for row in self.lived.decided}


def account(key: int = 1, limit: int = 50_000_00, **changed: object) -> dict:
    return {
        "account_key": key,
        "customer_key": PERSON,
        "product_code": "p",
        "status": "active",
        "opened_date": date(2020, 1, 1),
        "limit_minor": limit,
        "principal_minor": 0,
        "legal_entity_code": "E1",
        "purpose_code": "business",
        "channel_code": "branch",
        "income_monthly_minor": 10**12,
        "raise_consent_code": "opted_in",
    } | changed


def event(kind: str, number: int, token: str, **values: object) -> dict:
    known = day(number)
    return {
        "event_token": token,
        "kind": kind,
        "occurred_at": datetime.combine(known, time(12)),
        "local_date": known,
    } | values


def everybody(*packs, challenger: tuple[str, str] | None = None) -> PolicySet:
    first = packs[0].settings.name
    extra = (("*", "*", challenger[0], "challenger", challenger[1]),) if challenger else ()
    return PolicySet(tuple(packs), route(("*", "*", first, "champion", ""), *extra))


def cases(life: Life, *columns: str) -> list[tuple]:
    """Columns of the cases of tonight, in the order in which they were opened."""
    rows = life.nights.rows("select * from dec_case order by opened_date, case_id")
    return [tuple(row[column] for column in columns) for row in rows]
