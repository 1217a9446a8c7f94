"""A date over a merge: it stands on that night, and what becomes of it afterwards is no doing of the customer's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from decision_harness import CHANGE_COLUMNS, Inputs, Nights, project_logic
from recourse_paths import DAY, START, People, quick_pack

PEOPLE, NIGHTS = 80, 50
CUT = """
    select promises.customer_key from dec_promise as promises
    inner join dec_decision as limits on promises.account_key = limits.account_key and limits.is_assigned
    where promises.status = 'OPEN' and limits.recommended_minor < promises.restores_to_minor order by all
"""


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    return People(5, PEOPLE, quick_pack(Path(tmp_path_factory.mktemp("recourse")) / "pack"))


@pytest.fixture(scope="module")
def warehouse(lives):
    """After the first night on which somebody who was given a date is cut."""
    nights, previous = Nights(project_logic(), way_back=True), None
    for number in range(NIGHTS):
        day = START + number * DAY
        lives.live(day)
        nights.run(lives.inputs(day, previous))
        previous = day
        lives.take_over(nights.rows("select account_key, recommended_minor from dec_decision where is_assigned"))
        if nights.rows(CUT):
            break
    yield nights, previous
    nights.close()


def of_one_person(inputs: Inputs, old: int, new: int) -> Inputs:
    keys = inputs.accounts["customer_key"]
    owners = pc.if_else(pc.equal(keys, old), pa.scalar(new, pa.int64()), keys)
    place = inputs.accounts.schema.get_field_index("customer_key")
    return replace(
        inputs,
        accounts=inputs.accounts.set_column(place, "customer_key", owners),
        features=inputs.features.filter(pc.not_equal(inputs.features["customer_key"], old)),
    )


def with_fact(inputs: Inputs, customer: int, feature: str, value: int) -> Inputs:
    rows = inputs.features.to_pylist()
    for row in rows:
        row[feature] = value if row["customer_key"] == customer else row[feature]
    return replace(inputs, features=pa.Table.from_pylist(rows, inputs.features.schema))


def test_a_date_stands_over_a_merge_and_is_void_by_the_house_afterwards(lives, warehouse):
    nights, before = warehouse
    told = nights.rows(CUT)[0]["customer_key"]
    other = next(key for key in lives.persons if key != told)
    merge = {"kind": "merge", "subject": "customer", "old_key": told, "new_key": other}

    def promise(day: date, *, changes: list[dict], use_bp: int) -> tuple:
        inputs = of_one_person(lives.inputs(day, day - DAY), told, other)
        changed = pa.Table.from_pylist(changes, CHANGE_COLUMNS)
        nights.run(replace(with_fact(inputs, other, "f06_util_bp", use_bp), changes=changed))
        (row,) = nights.rows(
            f"select status, void_reason, voided_by, uncounted_nights from dec_promise where account_key = {told}"
        )
        return tuple(row.values())

    night = before + DAY
    # nothing of the other one's, however bad, is judged on the night itself
    assert promise(night, changes=[merge | {"effective_date": night}], use_bp=20_000)[:3] == ("OPEN", None, None)
    assert promise(night + DAY, changes=[], use_bp=20_000)[:3] == ("VOIDED", "PERSON_CHANGED", "HOUSE")
