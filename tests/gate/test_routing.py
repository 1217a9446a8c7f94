"""Accounts that no policy in force decides stay at the gate: one row ends no night."""

from __future__ import annotations

import json
from datetime import timedelta

import duckdb
import pytest
from small_delivery import ACCOUNTS, NIGHT, add_correction, deliver, spoil, spoil_cell, stand_as_published

from creditline.gate.inputs import InputsRefused, gate_inputs
from creditline.gate.routing import Route, with_routes
from creditline.gate.suites import load_suite
from creditline.landing.accept import accept

SECOND = NIGHT + timedelta(days=1)
SNAPSHOT = "account_snapshot.csv"
UNROUTED = "routed:legal_entity_code+product_code"
OTHER_CURRENCY = "currency_of_policy:currency_code"


@pytest.fixture
def judged_rows(home):
    """Takes in the night of a home; returns the record of the snapshot and what lies in quarantine."""

    def judge(night=NIGHT, relation="account_snapshot"):
        accept(home, night)
        record = gate_inputs(home, night).record
        path = home.quarantine / str(night) / f"core-{record.sequence:06d}" / f"{relation}.jsonl"
        held = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
        return record, held

    return judge


def test_an_account_that_no_row_routes_goes_to_quarantine_with_what_to_add(home, judged_rows):
    spoil_cell(deliver(home), SNAPSHOT, 7, "legal_entity_code", "BANK99")
    record, held = judged_rows()
    assert [(row["row"], row["rule"], row["value"]) for row in held] == [(7, UNROUTED, "BANK99/card")]
    snapshot = record.sources[0]
    assert (snapshot.verdict, snapshot.accepted_rows, snapshot.quarantined_rows) == ("pass", ACCOUNTS - 1, 1)
    assert snapshot.reasons == (
        f"{UNROUTED}: 1 rows in quarantine; add a row for BANK99/card to policies/assignment.csv that is in force on the"
        " business date",
    )


def test_an_account_in_another_currency_than_its_policy_goes_to_quarantine(home, judged_rows):
    spoil_cell(deliver(home), SNAPSHOT, 1, "currency_code", "USD")
    record, held = judged_rows()
    assert [(row["row"], row["rule"], row["value"]) for row in held] == [(1, OTHER_CURRENCY, "USD")]
    assert record.sources[0].verdict == "pass"


def test_many_that_nothing_routes_refuse_the_delivery_and_say_what_to_add(home):
    spoil(deliver(home), SNAPSHOT, lambda content: content.replace(b"BANK01", b"BANK99"))
    accept(home, NIGHT)
    with pytest.raises(InputsRefused, match=r"add a row for BANK99/card to policies/assignment\.csv"):
        gate_inputs(home, NIGHT)
    assert not home.identity_file.exists()


def test_packs_of_two_currencies_in_one_book_refuse_the_delivery(home):
    delivery = deliver(home)
    spoil_cell(delivery, SNAPSHOT, 1, "legal_entity_code", "TAIWAN_CARD")
    spoil_cell(delivery, SNAPSHOT, 1, "currency_code", "TWD")
    accept(home, NIGHT)
    with pytest.raises(InputsRefused, match="one_value:currency_code: CNY, TWD in one file"):
        gate_inputs(home, NIGHT)


def test_a_correction_is_judged_by_what_routed_its_own_night(home, judged_rows):
    """A row of assignment.csv that was closed since then routes it; one that came since does not."""
    deliver(home)
    judged_rows()
    stand_as_published(home, NIGHT, entity="BANK_THEN")
    header, *rows = (home.landing / str(NIGHT) / SNAPSHOT).read_text().splitlines()
    rows = [rows[0].replace("BANK01", "BANK_THEN"), rows[1]]
    add_correction(deliver(home, night=SECOND), "account_snapshot", NIGHT, "\n".join([header, *rows, ""]))
    record, held = judged_rows(SECOND, f"account_snapshot_corrects_{NIGHT:%Y%m%d}")
    assert [(row["row"], row["rule"], row["value"]) for row in held] == [(2, UNROUTED, "BANK01/card")]
    assert [entry.accepted_rows for entry in record.sources if entry.corrects_business_date] == [1]


ROUTES = (
    Route("*", "*", "EUR"),
    Route("*", "loan", "USD"),
    Route("BANK01", "*", "CNY"),
    Route("BANK01", "loan", "TWD"),
)


@pytest.mark.parametrize(
    ("routes", "entity", "product", "currency"),
    [
        (ROUTES, "BANK01", "loan", "TWD"),
        (ROUTES, "BANK01", "card", "CNY"),
        (ROUTES, "BANK02", "loan", "USD"),
        (ROUTES, "BANK02", "card", "EUR"),
        (ROUTES[2:], "BANK02", "loan", None),
        ((), "BANK01", "loan", None),
    ],
)
def test_the_most_specific_row_decides_as_in_the_build(routes, entity, product, currency):
    routed, of_currency = with_routes(load_suite("account_snapshot"), routes, "account_snapshot").row_rules[-2:]
    batch = f"(select '{entity}' as legal_entity_code, '{product}' as product_code, '{currency}' as currency_code)"
    found = duckdb.execute(f"select {routed.breaks}, {of_currency.breaks} from {batch}").fetchone()
    assert found == (currency is None, False)
