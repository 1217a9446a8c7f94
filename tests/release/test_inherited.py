"""Day one on a running book: what is older than the warehouse cuts nobody, until two people approve the batch."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest
from homes import copy_home
from resigned import control_lines, resign_control
from small_delivery import NIGHT, add_entry, change_entry, deliver, small_home, spoil, spoil_cell

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.proof import NotGenuine
from creditline.night import run_night
from creditline.publish.reader import query_marts
from creditline.release import ALL_SLICES, NothingInherited, approve_batch, read_batch, set_mode
from creditline.replay import replay_night
from creditline.warehouse.inherited import approved_relation

pytestmark = pytest.mark.slow

PEOPLE = {"by": "maker", "approved_by": "checker"}
SECOND, THIRD = NIGHT + timedelta(days=1), NIGHT + timedelta(days=2)
# Accounts 0 and 1 are one customer, past due since before the first night; account 10 comes with a trigger of the old
# system and account 12 with its freeze; account 14 had a higher limit approved.
PAST_DUE = {1: "45", 2: "45"}
OPENING = (
    "account_id,reference_limit_amount,pre_trigger_limit_amount,trigger_code,triggered_date,frozen_until\n"
    "A00010,20000.00,20000.00,H1,2026-08-01,\n"
    "A00012,5012.00,,,,2026-09-03T08:00:00Z\n"
    "A00014,8000.00,,,,\n"
)
EVENTS = ("loan_application", "session", "cash_flow")


def land(home, night, past_due=None):
    """A book that has lived before: standard lines, arrears, events with a history."""
    first = night == NIGHT
    directory = deliver(home, night=night, sources=("account_snapshot", *EVENTS) if first else ("account_snapshot",))
    spoil(directory, "account_snapshot.csv", lambda content: content.replace(b",card,", b",jiebei_standard,"))
    for row, days in (past_due or PAST_DUE).items():
        spoil_cell(directory, "account_snapshot.csv", row, "days_past_due", days)
        spoil_cell(directory, "account_snapshot.csv", row, "arrears_balance", "120.00")
    if first:
        for source in ("account_snapshot", *EVENTS):
            change_entry(directory, f"{source}.csv", coverage_from=str(NIGHT - timedelta(days=395)))
        (directory / "opening_state.csv").write_text(OPENING)
        add_entry(directory, "opening_state")


@pytest.fixture(scope="module")
def day_one(tmp_path_factory):
    """A book whose first night was run live."""
    home = small_home(tmp_path_factory.mktemp("inherited") / "home")
    set_mode(home, ALL_SLICES, "live", **PEOPLE)
    land(home, NIGHT)
    run_night(home, NIGHT)
    return home


@pytest.fixture
def home(day_one, tmp_path):
    return copy_home(day_one, tmp_path / "home")


def decisions(home, night):
    rows = query_marts(
        home,
        "select account_key, action, old_limit_amount, recommended_limit_amount, reason_code_1, reference_limit_amount"
        f" from fct_limit_decision where business_date = '{night}' order by account_key",
    )[1]
    return {row[0] - 1: row[1:] for row in rows}


def triggers(home, night):
    """Customer (from 0), trigger, whether it is inherited."""
    rows = query_marts(
        home,
        f"select customer_key - 1, trigger_code, is_inherited from fct_trigger_night where business_date = '{night}'"
        " order by all",
    )[1]
    return rows


def test_the_first_night_of_a_running_book_cuts_nobody(day_one):
    decided = decisions(day_one, NIGHT)
    assert {row[0] for row in decided.values()} == {"HOLD", "FREEZE"}
    assert all(row[1] == row[2] for row in decided.values())
    # a freeze is the customer's, so it holds the other account, too
    assert [number for number, row in decided.items() if row[0] == "FREEZE"] == [12, 13]
    assert (decided[10][4], decided[14][4]) == (Decimal("20000.00"), Decimal("8000.00"))
    assert triggers(day_one, NIGHT) == [(0, "H1", True), (0, "H2", True), (5, "H1", True)]
    assert query_marts(day_one, "select count(*) from fct_limit_adjustment")[1] == [(0,)]


def test_the_batch_says_whom_it_concerns(day_one):
    batch = read_batch(day_one, NIGHT)
    assert [(part.pack, part.trigger_code, part.customers, part.accounts) for part in batch] == [
        ("default", "H1", 2, 4),
        ("default", "H2", 1, 2),
    ]
    # accounts 0, 1, 10 and 11
    assert batch[0].limit_amount == Decimal("20022.00")
    assert str(batch[0].first_date) == "2026-08-01"


def test_nobody_is_cut_while_nobody_approves(home):
    land(home, SECOND)
    run_night(home, SECOND)
    assert {row[0] for row in decisions(home, SECOND).values()} <= {"HOLD", "RESTORE"}
    assert triggers(home, SECOND) == triggers(home, NIGHT)


def test_an_approved_batch_acts_from_the_next_night_on_and_replays(home):
    said = approve_batch(home, NIGHT, **PEOPLE)
    assert said.triggers == 3
    land(home, SECOND)
    run_night(home, SECOND)
    assert triggers(home, SECOND) == [(0, "H1", False), (0, "H2", False), (5, "H1", False)]
    decided = decisions(home, SECOND)
    cut = {number: row for number, row in decided.items() if row[0] == "DOWN"}
    assert sorted(cut) == [0, 1, 10, 11]
    assert {row[2] for row in cut.values()} == {Decimal("10.00")}
    assert cut[0][3] == "B1"
    inputs = json.loads((home.state / f"business_date={SECOND}" / "inputs.json").read_text())
    (laid,) = (entry for entry in inputs["relations"] if entry["name"] == "release.inherited_trigger")
    assert [file["path"] for file in laid["files"]] == [f"control/inherited/{said.batch_sha256}.parquet"]
    assert replay_night(home, SECOND).differences == ()
    # what acts stays so, and nothing of it waits any more
    with pytest.raises(NothingInherited, match="has no inherited trigger"):
        read_batch(home, SECOND)
    land(home, THIRD)
    run_night(home, THIRD)
    assert {row[2] for row in triggers(home, THIRD)} == {False}


def test_approving_takes_two_people_and_the_newest_night(home):
    with pytest.raises(UsageError, match="two people"):
        approve_batch(home, NIGHT, by="maker", approved_by="maker ")
    with pytest.raises(NothingInherited, match=f"the newest published night is {NIGHT}"):
        approve_batch(home, SECOND, **PEOPLE)
    assert not home.inherited_file.exists()


def test_approving_twice_is_recorded_twice_and_read_once(home):
    assert approve_batch(home, NIGHT, **PEOPLE).batch_sha256 == approve_batch(home, NIGHT, **PEOPLE).batch_sha256
    assert len(home.inherited_file.read_text().splitlines()) == 2
    assert len(approved_relation(home, SECOND, NIGHT).files) == 1


SPOILT = {
    "no signature": {"signature": {}},
    "another approver": {"approved_by": "somebody"},
    "another batch": {"batch_sha256": "0" * 64},
}


@pytest.mark.parametrize("changes", SPOILT.values(), ids=SPOILT)
def test_an_approval_that_somebody_else_wrote_stops_the_night(home, changes):
    approve_batch(home, NIGHT, **PEOPLE)
    assert approved_relation(home, SECOND, NIGHT).files
    line = json.loads(home.inherited_file.read_text())
    home.inherited_file.write_text(json.dumps(line | changes) + "\n")
    with pytest.raises(NotGenuine, match=r"inherited\.jsonl line 1 was changed"):
        approved_relation(home, SECOND, NIGHT)


def test_a_signed_approval_by_one_person_lets_nothing_act(home):
    approve_batch(home, NIGHT, **PEOPLE)
    resign_control(home, home.inherited_file, [control_lines(home.inherited_file)[0] | {"approved_by": "maker"}])
    assert approved_relation(home, SECOND, NIGHT).files == ()


def test_a_batch_that_was_changed_stops_the_night(home):
    said = approve_batch(home, NIGHT, **PEOPLE)
    file = home.inherited_batches / f"{said.batch_sha256}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table batch as select * replace (customer_key + 1 as customer_key) from '{file}'")
        connection.execute(f"copy batch to '{file}' (format parquet)")
    with pytest.raises(NotGenuine, match="was changed"):
        approved_relation(home, SECOND, NIGHT)


def test_an_approval_that_came_while_a_night_was_built_acts_on_the_night_after_it(home):
    """It speaks of the night before the one that was being built, and is read one published night further."""
    land(home, SECOND)
    run_night(home, SECOND)
    line = approve_late(home)
    assert [file.sha256 for file in approved_relation(home, THIRD, SECOND).files] == [line["batch_sha256"]]
    land(home, THIRD)
    run_night(home, THIRD)
    assert {row[2] for row in triggers(home, THIRD)} == {False}
    fourth = THIRD + timedelta(days=1)
    assert approved_relation(home, fourth, THIRD).files == ()


def approve_late(home):
    """The line that two people would have recorded while the second night was being built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "published_dates", lambda _home: [NIGHT])
        approve_batch(home, NIGHT, **PEOPLE)
    return json.loads(home.inherited_file.read_text())
