"""Since when a limit has stood, and why: an order that ends without being applied leaves no trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pytest
from decision_harness import ACK_COLUMNS, ORDER_COLUMNS, Nights, project_logic
from golden_book import Case, _inputs, bundled

FIRST = date(2026, 9, 1)
KEY = 7
CHANGED, IN_FLIGHT, AFTER, LATER = (FIRST + timedelta(days=number) for number in (1, 2, 3, 4))
RESTING = Case(pack="default", expected={})


@pytest.fixture
def nights():
    """The core lowered a limit of 9,000 to 8,000 by itself; that night decided 6,000, and the night after its order is on its way."""
    nights = Nights(project_logic())
    run(nights, FIRST, 9000)
    run(nights, CHANGED, 8000, override=6000)
    order = nights.rows("select * from dec_adjustment")
    assert [(row["action"], row["new_limit_minor"]) for row in order] == [("DOWN", 600000)]
    run(nights, IN_FLIGHT, 8000, orders=[order[0] | {"sequence": 1}])
    assert standing(nights) == (True, IN_FLIGHT, 800000, CHANGED)
    yield nights, order[0]["adjustment_id"]
    nights.close()


def run(nights, day, limit, *, override=None, orders=(), acks=(), is_void=False):
    case = replace(RESTING, limit=str(limit), override=override and str(override))
    inputs = _inputs({KEY: case}, day, bundled(day))
    nights.run(
        replace(
            inputs,
            night=replace(inputs.night, is_void=is_void),
            orders=pa.Table.from_pylist(list(orders), ORDER_COLUMNS),
            acks=pa.Table.from_pylist(list(acks), ACK_COLUMNS),
        )
    )


def standing(nights):
    (row,) = nights.rows("from dec_limit_standing")
    return row["is_in_flight"], row["limit_since_date"], row["previous_limit_minor"], row["cause_date"]


def answer(adjustment_id, status, day, limit=None):
    moment = datetime.combine(day, time(9))
    return {"adjustment_id": adjustment_id, "status": status, "applied_limit_minor": limit, "acked_at": moment}


BEFORE_THE_ORDER = (False, CHANGED, 900000, None)


def test_a_rejected_order_leaves_no_trace(nights):
    nights, order = nights
    run(nights, AFTER, 8000, acks=[answer(order, "rejected", AFTER)])
    assert standing(nights) == BEFORE_THE_ORDER
    run(nights, LATER, 8000)
    assert standing(nights) == BEFORE_THE_ORDER


def test_an_expired_order_leaves_no_trace(nights):
    nights, _ = nights
    waiting = 0
    while standing(nights)[0]:
        waiting += 1
        run(nights, IN_FLIGHT + timedelta(days=waiting), 8000)
    assert waiting > 1, "it was on its way for more than one night"
    assert standing(nights) == BEFORE_THE_ORDER


def test_a_void_night_leaves_out_what_is_on_its_way(nights):
    nights, order = nights
    run(nights, AFTER, 8000, is_void=True)
    assert standing(nights) == BEFORE_THE_ORDER
    run(nights, LATER, 6000, acks=[answer(order, "applied", LATER)])
    assert standing(nights) == (False, IN_FLIGHT, 800000, CHANGED)


def test_an_applied_order_stands(nights):
    nights, order = nights
    run(nights, AFTER, 6000, acks=[answer(order, "applied", AFTER)])
    assert standing(nights) == (False, IN_FLIGHT, 800000, CHANGED)


def test_what_the_core_undoes_after_it_applied_it_is_a_change_of_its_own(nights):
    nights, order = nights
    run(nights, AFTER, 8000, acks=[answer(order, "applied", AFTER)])
    run(nights, LATER, 8000)
    assert standing(nights) == (False, LATER, 600000, None)
