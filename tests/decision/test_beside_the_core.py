"""Our decision of the night before beside what the core did since, and what became of it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pytest
from decision_harness import (
    ACCOUNT_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    ORDER_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
    trusted_sources,
)
from decision_packs import make_pack, route

from creditline.policy import PolicySet
from creditline.warehouse.sources import NightParameters

FIRST = date(2026, 3, 2)
LIMIT, LESS, MORE = 50_000_00, 30_000_00, 70_000_00
WELL = {"f01_dpd_now": 0, "f02_dpd_max_30d": 0, "suspicious_events_new": 0}
# a hard trigger cuts to the floor
CUT = {"f01_dpd_now": 30}
COLUMNS = ACCOUNT_COLUMNS.append(pa.field("days_past_due", pa.int64()))


class Beside:
    """A book of one account a customer, whose core does what a test says; nothing is ordered unless a test says so."""

    def __init__(self, folder) -> None:
        pack = make_pack(folder / "beside", "beside", settings={}, rows={})
        self.policies = PolicySet((pack,), route(("*", "*", "beside", "champion", "")))
        self.nights, self.previous = Nights(project_logic()), None

    def night(self, number, limits, *, facts=None, past_due=None, status=None, orders=(), events=(), is_void=False):
        """Decide a night of accounts with these limits, by customer."""
        tonight, facts = FIRST + timedelta(days=number - 1), facts or {}
        names = all_features()
        self.nights.run(
            Inputs(
                night=NightParameters(tonight, datetime.combine(tonight, time(18)), self.previous, is_void, "beside"),
                sources=trusted_sources(date(2000, 1, 1)),
                policies=self.policies,
                accounts=pa.Table.from_pylist(
                    [
                        {
                            "account_key": key,
                            "customer_key": key,
                            "product_code": "p",
                            "status": (status or {}).get(key, "active"),
                            "opened_date": date(2020, 1, 1),
                            "limit_minor": limit,
                            "principal_minor": 1_000_00,
                            "legal_entity_code": "E1",
                            "purpose_code": "business",
                            "channel_code": "branch",
                            "days_past_due": (past_due or {}).get(key, 0),
                        }
                        for key, limit in limits.items()
                    ],
                    COLUMNS,
                ),
                features=pa.Table.from_pylist(
                    [
                        {"customer_key": key} | {name: (WELL | facts.get(key, {})).get(name) for name in names}
                        for key in limits
                    ],
                    pa.schema([("customer_key", pa.int64()), *((name, pa.int64()) for name in names)]),
                ),
                events=pa.Table.from_pylist(list(events), EVENT_COLUMNS),
                opening=OPENING_COLUMNS.empty_table(),
                orders=pa.Table.from_pylist(list(orders), ORDER_COLUMNS),
            )
        )
        if not is_void:
            self.previous = tonight

    def compared(self) -> dict[int, str]:
        """Agreement by account."""
        return {row["account_key"]: row["agreement"] for row in self.nights.rows("select * from dec_parallel_run")}

    def cases(self, where: str = "true") -> dict[int, dict]:
        return {row["account_key"]: row for row in self.nights.rows(f"select * from dec_parallel_case where {where}")}


@pytest.fixture
def beside(tmp_path):
    book = Beside(tmp_path)
    yield book
    book.nights.close()


def raised_to(key, amount):
    """An approved override of the second night."""
    day = FIRST + timedelta(days=1)
    return {
        "event_token": f"o{key}", "kind": "override", "account_key": key, "amount_minor": amount, "actor": "a",
        "approver": "bob", "from_date": day, "to_date": day, "local_date": day,
        "occurred_at": datetime.combine(day, time(12)),
    }  # fmt: skip


def order(key, new, number):
    day = FIRST + timedelta(days=number - 1)
    return {
        "sequence": 1, "business_date": day, "adjustment_id": f"a{key}", "account_key": key, "action": "DOWN",
        "old_limit_minor": LIMIT, "new_limit_minor": new, "expires_at": datetime.combine(day + timedelta(days=3), time()),
    }  # fmt: skip


def test_every_kind_of_agreement(beside):
    keys = range(1, 9)
    beside.night(1, dict.fromkeys(keys, LIMIT))
    assert beside.compared() == {}
    ours = {key: CUT for key in (1, 2, 3)}
    beside.night(2, dict.fromkeys(keys, LIMIT), facts=ours, events=[raised_to(key, MORE) for key in (4, 5)])
    assert beside.compared() == {}
    core = {1: LESS, 2: LIMIT, 3: MORE, 4: MORE + 1, 5: LIMIT, 6: LESS, 7: MORE, 8: LIMIT}
    beside.night(3, core, facts=ours)
    assert beside.compared() == {
        1: "BOTH_CUT",
        2: "ONLY_WE_CUT",
        3: "OPPOSITE",
        4: "BOTH_RAISED",
        5: "ONLY_WE_RAISED",
        6: "ONLY_CORE_CUT",
        7: "ONLY_CORE_RAISED",
    }


def test_what_we_ordered_is_no_doing_of_the_core(beside):
    limits = {1: LIMIT, 2: LIMIT, 3: LIMIT}
    beside.night(1, limits)
    beside.night(2, limits, facts={1: CUT, 2: CUT, 3: CUT})
    orders = [order(1, 10_00, 2), order(2, 10_00, 2)]
    beside.night(3, {1: 10_00, 2: LIMIT, 3: LIMIT}, facts={1: CUT, 2: CUT, 3: CUT}, orders=orders)
    assert beside.compared() == {3: "ONLY_WE_CUT"}


def test_a_void_night_compares_nothing_and_the_night_after_it_goes_on(beside):
    beside.night(1, {1: LIMIT})
    beside.night(2, {1: LIMIT}, facts={1: CUT})
    beside.night(3, {1: LESS}, facts={1: CUT}, is_void=True)
    assert beside.compared() == {}
    beside.night(4, {1: LESS}, facts={1: CUT})
    assert beside.compared() == {1: "BOTH_CUT"}


def test_a_closed_account_is_not_compared(beside):
    beside.night(1, {1: LIMIT})
    beside.night(2, {1: 0}, status={1: "closed"})
    assert beside.compared() == {}


def test_an_account_counts_once_until_its_outcome_is_known(beside):
    beside.night(1, {1: LIMIT})
    for number in range(2, 6):
        beside.night(number, {1: LIMIT}, facts={1: CUT})
    assert beside.compared() == {1: "ONLY_WE_CUT"}
    assert beside.cases()[1]["compared_date"] == FIRST + timedelta(days=2)
    beside.night(6, {1: LESS}, facts={1: CUT})
    kinds = beside.nights.rows("select agreement, compared_date from dec_parallel_case order by agreement")
    assert [(row["agreement"], (row["compared_date"] - FIRST).days + 1) for row in kinds] == [
        ("BOTH_CUT", 6),
        ("ONLY_WE_CUT", 3),
    ]


@pytest.mark.parametrize(
    ("past_due", "status", "worst", "is_charged_off"),
    [
        ({50: 30, 93: 5}, {}, 30, False),
        # the last day of the window is in it, the day after is not
        ({93: 40}, {}, 40, False),
        ({60: 3, 95: 80}, {}, 3, False),
        ({}, {93: "charged_off"}, 0, True),
        ({}, {95: "charged_off"}, 0, False),
        ({3: 20}, {}, 0, False),
    ],
)
def test_the_outcome_is_told_once_after_its_days(beside, past_due, status, worst, is_charged_off):
    beside.night(1, {1: LIMIT})
    beside.night(2, {1: LIMIT})
    for number in (3, 50, 60, *((93,) if 93 in past_due or 93 in status else ()), 95, 96):
        beside.night(
            number,
            {1: LESS},
            past_due={1: past_due.get(number, 0)},
            status={1: status.get(number, "active")},
        )
        told = beside.cases("is_mature")
        if number == 3:
            assert beside.compared() == {1: "ONLY_CORE_CUT"}
        if number >= 93 and told:
            break
    assert number == (93 if 93 in past_due or 93 in status else 95)
    assert told[1]["worst_days_past_due"] == worst
    assert told[1]["was_charged_off"] == is_charged_off
    beside.night(number + 1, {1: LESS})
    assert beside.cases() == {}
