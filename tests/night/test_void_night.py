"""Void nights and sources that came too late or in their maintenance: published, and no evidence."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from own_policies import calendar_row, lay_policies
from small_delivery import (
    NIGHT,
    add_correction,
    add_entry,
    change_entry,
    deliver,
    small_home,
    spoil_cell,
    stand_as_published,
)

from creditline.cli.status import home_status
from creditline.gate.acceptance import accept_jump
from creditline.home.publications import REVISION, is_void, read_manifest
from creditline.home.skips import record_skip
from creditline.night import accept, gate_inputs, run_night
from creditline.policy import packs_in_force
from creditline.policy.calendar import Timetable, timetable
from creditline.publish.reader import query_marts
from creditline.store.record import delivery_records
from creditline.warehouse.sources import night_sources
from creditline.warehouse.state import state_file, state_tables

SECOND, THIRD = NIGHT + timedelta(days=1), NIGHT + timedelta(days=2)
# Small deliveries come at 01:00 of the day after.
DAILY = calendar_row("expected_nights", "daily")
TOO_EARLY, IN_TIME = "00:59", "01:00"


def land_and_run(home, night, *, days_past_due="0"):
    directory = deliver(home, night=night, sources=("account_snapshot",))
    spoil_cell(directory, "account_snapshot.csv", 1, "days_past_due", days_past_due)
    change_entry(directory, "account_snapshot.csv", coverage_from=str(NIGHT - timedelta(days=200)))
    run_night(home, night)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two books of three nights: in one the second is void, and somebody is past due on it only; in one it is skipped."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("void")
        rows = [
            DAILY,
            calendar_row("deadline", TOO_EARLY, "account_snapshot", start=str(SECOND), end=str(THIRD)),
        ]
        lay_policies(patch, root, calendar=rows)
        void, skipped = small_home(root / "void"), small_home(root / "skipped")
        land_and_run(void, NIGHT)
        land_and_run(void, SECOND, days_past_due="45")
        land_and_run(void, THIRD)
        land_and_run(skipped, NIGHT)
        record_skip(skipped, SECOND, by="maker", approved_by="checker", reason="a twin for the void night")
        land_and_run(skipped, THIRD)
    return void, skipped


def test_a_night_whose_snapshot_came_too_late_is_void_and_published(book):
    void, _ = book
    assert [is_void(void, day) for day in (NIGHT, SECOND, THIRD)] == [False, True, False]
    _, rows = query_marts(void, "select is_void, count(*) from fct_limit_decision where action = 'HOLD' group by 1")
    assert sorted(rows) == [(False, 80), (True, 40)]
    assert query_marts(void, "select is_void from fct_night order by business_date")[1] == [(False,), (True,), (False,)]
    assert [night["state"] for night in home_status(void.root)["nights"]] == ["published", "void", "published"]


def test_a_void_night_hands_nothing_on(book):
    void, _ = book
    assert not state_file(void, SECOND, "account").exists()
    manifest = read_manifest(void, THIRD)
    assert manifest["previous_business_date"] == str(NIGHT)
    assert query_marts(void, f"select previous_business_date from fct_night where business_date = date '{THIRD}'")[
        1
    ] == [(NIGHT,)]


def test_publications_chain_over_a_void_night(book):
    void, _ = book
    content = (void.published / str(SECOND) / REVISION / "manifest.json").read_bytes()
    assert read_manifest(void, THIRD)["previous_manifest_sha256"] == hashlib.sha256(content).hexdigest()


def test_a_void_night_counts_no_more_than_one_that_was_skipped(book):
    void, skipped = book
    for table in state_tables():
        ours, twins = (state_file(home, THIRD, table.name).read_bytes() for home in book)
        assert ours == twins, table.name
    worst = f"select max(f02_dpd_max_30d) from fct_risk_feature where business_date = date '{THIRD}'"
    assert query_marts(void, worst)[1] == query_marts(skipped, worst)[1] == [(0,)]


def window(source, start, end):
    return {"source_name": source, "from_date": start, "to_date": end, "description": "works"}


PASSED = ("pass", False)
SOURCE_RULES = [
    ("in time", {"calendar": [DAILY, calendar_row("deadline", IN_TIME)]}, PASSED),
    ("too late", {"calendar": [DAILY, calendar_row("deadline", TOO_EARLY, "session")]}, ("late", True)),
    (
        "its own deadline comes before that of all sources",
        {
            "calendar": [
                DAILY,
                calendar_row("deadline", TOO_EARLY),
                calendar_row("deadline", IN_TIME, "account_snapshot"),
            ]
        },
        ("late", True),
    ),
    (
        "in maintenance",
        {"maintenance_window": [window("session", str(NIGHT), str(SECOND))]},
        ("maintenance", True),
    ),
    (
        "after its maintenance",
        {"maintenance_window": [window("session", "2026-08-01", str(NIGHT))]},
        PASSED,
    ),
    (
        "maintenance of the whole house distrusts nothing",
        {"maintenance_window": [window("*", str(NIGHT), str(SECOND))]},
        PASSED,
    ),
]


@pytest.mark.parametrize(("tables", "expected"), [case[1:] for case in SOURCE_RULES], ids=[c[0] for c in SOURCE_RULES])
def test_what_a_night_believes_of_a_source(tmp_path, monkeypatch, tables, expected):
    policies = lay_policies(monkeypatch, tmp_path, **tables)
    home = small_home(tmp_path / "home")
    deliver(home)
    accept(home, NIGHT)
    gate_inputs(home, NIGHT)
    rules = timetable(home, packs_in_force(policies, NIGHT), NIGHT)
    believed = {row.source: row for row in night_sources(home, delivery_records(home), NIGHT, rules)}
    assert (believed["session"].verdict, believed["session"].is_distrusted) == expected
    assert believed["account_snapshot"].verdict == "pass"


@pytest.mark.parametrize(
    ("source", "is_expected", "believed"),
    [
        ("opening_state", False, (True, False)),
        ("opening_state", True, (False, True)),
        ("session", False, (False, True)),
    ],
    ids=["an occasional source", "one that the house expects every night", "a source that came before"],
)
def test_a_source_that_came_once_and_does_not_come_again(tmp_path, source, is_expected, believed):
    expected = ["account_snapshot", *([source] if is_expected else [])]
    home = small_home(tmp_path / "home", expected_sources=expected)
    columns = {
        "opening_state": "account_id,reference_limit_amount,pre_trigger_limit_amount,trigger_code,triggered_date,frozen_until",
        "session": "event_id,customer_id,occurred_at,device_id,ip_region,is_proxy,succeeded",
    }
    for night, sources in ((NIGHT, ("account_snapshot", source)), (SECOND, ("account_snapshot",))):
        directory = deliver(home, night=night, sources=("account_snapshot",))
        if source in sources:
            (directory / f"{source}.csv").write_text(f"{columns[source]}\n")
            add_entry(directory, source)
        accept(home, night)
        gate_inputs(home, night)
    rows = {row.source: row for row in night_sources(home, delivery_records(home), SECOND, Timetable({}, frozenset()))}
    assert (rows[source].is_missing, rows[source].is_distrusted) == believed


INSTALMENTS = "instalment_id,account_id,instalment_no,due_date,due_amount,paid_date,paid_amount,is_reversed"


@pytest.mark.parametrize("closed_by", ["nobody", "a correction", "coverage", "two people"])
def test_a_refused_file_of_payments_is_a_gap_until_its_rows_come(tmp_path, closed_by):
    home = small_home(tmp_path / "home")
    row = "I1,A00001,1,2026-08-25,100.00,2026-08-31,100.00,false"
    for night, header in ((NIGHT, f"wrong,{INSTALMENTS}"), (SECOND, INSTALMENTS)):
        directory = deliver(home, night=night, sources=("account_snapshot",))
        (directory / "instalment.csv").write_text(f"{header}\n{row}\n")
        covered = {"coverage_from": str(NIGHT)} if night == SECOND and closed_by == "coverage" else {}
        add_entry(directory, "instalment", **covered)
        if night == SECOND and closed_by == "a correction":
            add_correction(directory, "instalment", NIGHT, f"{INSTALMENTS}\n{row}\n")
        accept(home, night)
        gate_inputs(home, night)
    if closed_by == "two people":
        stand_as_published(home, NIGHT)
        accept_jump(home, "instalment", NIGHT, by="maker", approved_by="checker", reason="the rows are lost")
    rows = {row.source: row for row in night_sources(home, delivery_records(home), SECOND, Timetable({}, frozenset()))}
    is_open = closed_by == "nobody"
    assert (rows["instalment"].verdict, rows["instalment"].is_distrusted) == (("gap" if is_open else "pass"), is_open)
