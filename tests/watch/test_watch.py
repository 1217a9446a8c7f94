"""Between nights: a takeover is frozen and a verified customer restored by the watch that takes their events in."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from homes import copy_home, tree_of
from intraday import (
    FEED,
    change_mart,
    customer_of_two_accounts,
    instant,
    land_intraday,
    order_files,
    orders_of,
    people,
    read_orders,
    takeover,
    verified,
)
from resigned import lay_record, resign, write_identity
from small_delivery import change_manifest, small_home, spoil
from typer.testing import CliRunner

from creditline import night
from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.home.files import sha256_of
from creditline.home.proof import read_signed
from creditline.home.publications import publication_directory
from creditline.home.releases import records_since
from creditline.release import ALL_SLICES, set_mode
from creditline.release.feed import SECURITY
from creditline.store.record import close_day, delivery_records, intraday_records
from creditline.watch import (
    WatchRefused,
    decision,
    open_days,
    require_nothing_refused,
    tell_untold,
    watch,
    watch_open_days,
)
from creditline.watch.notices import FEED as NOTICES
from creditline.watch.notices import RESTRICTED_FEED as RESTRICTED_NOTICES
from creditline.watch.notices import RESTRICTED_WORDS

TTL = timedelta(hours=24)


def land_a_day(home, day):
    """Freeze at ten, restore at eleven, freeze again at three in the afternoon. Returns: whom."""
    (victim,) = people(home, 1)
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    land_intraday(home, day, "1100", sequence=2, case_event=verified(home, victim, day, "1100"))
    land_intraday(home, day, "1500", sequence=3, session=takeover(home, victim, day, "1500"))
    return victim


def left(home):
    """Everything that left, and what the house keeps of it; all of it must be the same whenever a watch ran."""
    return {name: tree_of(home.root / name) for name in ("outbox", "releases", "raw", "quarantine")}


def told(home, feed):
    """The lines of a feed of notices, in order."""
    files = sorted((home.outbox / feed).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


# ---- what leaves


def test_a_freeze_a_restore_and_another_freeze_are_three_orders(home, day):
    victim = land_a_day(home, day)
    watched = watch(home, day)
    assert [(one.at, one.freezes, one.restores, one.notices) for one in watched.deliveries] == [
        ("1000", 1, 0, 1),
        ("1100", 0, 1, 1),
        ("1500", 1, 0, 1),
    ]
    orders = orders_of(home, victim)
    assert [(row["action"], row["display_state"], row["reason_codes"]) for row in orders] == [
        ("FREEZE", "FROZEN_SECURITY", "F1"),
        ("RESTORE", "NORMAL", "F3"),
        ("FREEZE", "FROZEN_SECURITY", "F1"),
    ]
    assert len({row["adjustment_id"] for row in orders}) == 3
    assert len({row["decision_sha256"] for row in orders}) == 3
    assert {row["old_limit_amount"] == row["new_limit_amount"] for row in orders} == {True}
    assert [row["expires_at"] for row in orders if row["action"] == "FREEZE"] == [
        f"{(instant(home, day, at) + TTL).isoformat()}Z" for at in ("1000", "1500")
    ]


def test_they_leave_in_the_feed_that_is_there_one_after_the_other(home, day):
    before = len(order_files(home))
    land_a_day(home, day)
    watch(home, day)
    files = order_files(home)
    assert [file.name for file in files[before:]] == [
        f"security_orders_{day}_{at}_{number:06d}.csv"
        for number, at in enumerate(("1000", "1100", "1500"), start=before + 1)
    ]
    controls = [json.loads(file.with_suffix(".ctl").read_text()) for file in files]
    assert [control["previous_sha256"] for control in controls[1:]] == [sha256_of(file) for file in files[:-1]]


def test_the_customer_is_told_with_the_order(home, day):
    victim = land_a_day(home, day)
    watch(home, day)
    notices = told(home, NOTICES)
    assert [one["adjustment_id"] for one in notices] == [row["adjustment_id"] for row in orders_of(home, victim)]
    assert {one["customer_id"] for one in notices} == {victim.customer_id}
    assert [one["reasons"][0]["text_en"][:9] for one in notices] == ["We notice", "Borrowing", "We notice"]
    # a freeze of 24 hours is over in the night of tomorrow
    free = day + timedelta(days=2)
    over = f"If nothing unusual happens again, borrowing opens again by itself by {free.day} {free:%B} at the latest."
    assert [one["way_back"] and one["way_back"]["text_en"] for one in notices] == [over, None, over]
    route = home.settings.appeal_route
    assert [(one["appeal_zh"], one["appeal_en"]) for one in notices] == [
        (route.zh, route.en),
        (None, None),
        (route.zh, route.en),
    ]


def test_the_same_files_leave_the_same_bytes_whenever_a_watch_ran(home, day, tmp_path):
    other = copy_home(home, tmp_path / "other")
    land_a_day(home, day)
    watch(home, day)
    assert watch(home, day).deliveries == ()
    for at in ("1000", "1100", "1500"):
        for one in ("1000", "1100", "1500"):
            if one <= at:
                source = home.landing / str(day) / "intraday" / one
                shutil.copytree(source, other.landing / str(day) / "intraday" / one, dirs_exist_ok=True)
        watch(other, day)
    assert left(other) == left(home)


def test_an_event_freezes_nobody_twice_when_another_delivery_brings_it_again(home, day):
    (victim,) = people(home, 1)
    events = takeover(home, victim, day, "1000")
    land_intraday(home, day, "1000", sequence=1, session=events)
    land_intraday(home, day, "1005", sequence=2, session=[*events, *takeover(home, "C99999999", day, "1005")])
    watch(home, day)
    assert [row["action"] for row in orders_of(home, victim)] == ["FREEZE"]


def test_an_attack_that_goes_on_uses_up_no_extension_before_its_time_is_over(home, day):
    (victim,) = people(home, 1)
    for sequence, at in enumerate(("1000", "1010", "1020"), start=1):
        land_intraday(home, day, at, sequence=sequence, session=takeover(home, victim, day, at))
    watch(home, day)
    assert [row["action"] for row in orders_of(home, victim)] == ["FREEZE"]


def test_a_legal_hold_stops_draws_at_once_and_has_no_end(home, day):
    (person,) = people(home, 1)
    moment = instant(home, day, "0955")
    hold = (
        "H1",
        "legal_hold",
        None,
        person.customer_id,
        moment,
        None,
        day,
        None,
        "clerk_ann",
        "clerk_bob",
        None,
        "received",
    )
    land_intraday(home, day, "1000", sequence=1, case_event=[hold])
    watched = watch(home, day)
    (order,) = orders_of(home, person)
    assert (order["action"], order["reason_codes"], order["expires_at"]) == ("FREEZE", "L1", "")
    # the legal desk tells
    assert (watched.deliveries[0].notices, watched.deliveries[0].restricted_notices) == (0, 1)


def test_of_the_dead_and_of_court_cases_only_the_restricted_feed_is_told_whatever_froze_them(home, day):
    plain, dead, gone, survivor = people(home, 4)
    sued, account = customer_of_two_accounts(home)
    change_mart(home, "dim_customer", f"customer_key in ({dead.customer_key}, {gone.customer_key}) as is_restricted")
    # a night that runs has taken the merge in already
    write_identity(
        home,
        f"delete from identity.customer where customer_key = {gone.customer_key}",
        f"insert into identity.alias (subject, id, key) values ('customer', '{gone.customer_id}', {survivor.customer_key})",
        f"insert into identity.merged (customer_key, into_key) values ({gone.customer_key}, {survivor.customer_key})",
    )
    # the court's order comes with the very delivery, on one of two accounts
    moment = instant(home, day, "0955")
    hold = ("H1", "legal_hold", account, None, moment, None, day, None, "clerk_ann", "clerk_bob", None, "received")
    events = [row for one in (plain, dead, survivor, sued) for row in takeover(home, one, day, "1000")]
    land_intraday(home, day, "1000", sequence=1, session=events, case_event=[hold])
    (watched,) = watch(home, day).deliveries
    customers, desk = told(home, NOTICES), told(home, RESTRICTED_NOTICES)
    assert {one["customer_id"] for one in customers} == {plain.customer_id}
    assert sorted((one["customer_id"], one["reasons"][0]["code"]) for one in desk) == sorted(
        [(dead.customer_id, "F1"), (survivor.customer_id, "F1"), (sued, "F1"), (sued, "L1")]
    )
    assert (watched.notices, watched.restricted_notices) == (len(customers), len(desk))
    assert {one["reasons"][0]["text_en"][:15] for one in desk if one["reasons"][0]["code"] == "F1"} == {
        "Security freeze"
    }


def test_nobody_is_told_of_the_least_as_of_money_to_borrow(home, day):
    (victim,) = people(home, 1)
    change_mart(home, "dim_policy", "900000000::decimal(18, 2) as floor_amount")
    change_mart(home, "fct_limit_decision", "900000001::decimal(18, 2) as reference_limit_amount")
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    watch(home, day)
    (notice,) = told(home, NOTICES)
    assert (notice["old_limit_amount"], notice["new_limit_amount"]) == (None, None)


def test_more_freezes_than_the_mass_guard_lets_through_are_none_however_they_come(home, day):
    crowd = people(home, 8)
    for number, victim in enumerate(crowd, start=1):
        at = f"10{number:02d}"
        land_intraday(home, day, at, sequence=number, session=takeover(home, victim, day, at))
    watched = watch(home, day)
    assert [one.freezes for one in watched.deliveries] == [1, 1, 1, 1, 1, 0, 0, 0]
    assert [one.guarded for one in watched.deliveries] == [0, 0, 0, 0, 0, 1, 2, 3]


@pytest.mark.parametrize("mode", ["observe", "paused"])
def test_only_the_mode_of_a_slice_stops_a_freeze(home, day, mode):
    (victim,) = people(home, 1)
    set_mode(home, ALL_SLICES, mode, by="maker")
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    (watched,) = watch(home, day).deliveries
    assert (watched.freezes, watched.withheld, watched.file) == (0, 1, None)
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    land_intraday(home, day, "1005", sequence=2, session=takeover(home, "C99999999", day, "1005"))
    assert [one.freezes for one in watch(home, day).deliveries] == [1]


def test_no_answer_is_waited_for_and_answers_are_taken_in(home, day):
    (victim,) = people(home, 1)
    moment = instant(home, day, "0930")
    acks = [("0" * 64, "applied", None, moment, None)]
    session = takeover(home, victim, day, "1000")
    land_intraday(home, day, "1000", sequence=1, session=session, adjustment_ack=acks)
    (watched,) = watch(home, day).deliveries
    assert (watched.rows, watched.freezes) == (4, 1)


# ---- what does not come in


def test_whom_no_night_has_named_is_said_and_not_frozen(home, day):
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        known = connection.execute("from customer").fetchall()
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, "C99999999", day, "1000"))
    (watched,) = watch(home, day).deliveries
    assert (watched.rows, watched.freezes) == (0, 0)
    assert watched.notes == ("session: unknown_customer: 3 rows in quarantine",)
    lines = (home.quarantine / str(day) / f"{FEED}-000001" / "session.jsonl").read_text().splitlines()
    assert {json.loads(line)["value"] for line in lines} == {"C99999999"}
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        assert connection.execute("from customer").fetchall() == known


def test_a_refused_delivery_keeps_no_other_back_and_comes_in_once_it_is_mended(home, day):
    first, second = people(home, 2)
    bad = land_intraday(home, day, "1000", sequence=1, session=takeover(home, first, day, "1000"))
    good = (bad / "session.csv").read_bytes()
    spoil(bad, "session.csv", lambda content: content + b"half a li", is_sealed=False)
    land_intraday(home, day, "1001", sequence=1, feed="intraday_other", session=takeover(home, second, day, "1001"))
    watched = watch(home, day)
    assert [one.at for one in watched.refused] == ["1000"]
    assert "sha256" in watched.refused[0].reason
    assert (
        json.loads((home.quarantine / str(day) / "intraday" / "1000" / "refusal.json").read_text())["rule"] == "refused"
    )
    assert [row["action"] for row in orders_of(home, second)] == ["FREEZE"]
    assert orders_of(home, first) == []
    # order holds within its feed: what another one brought after it does not keep it out
    (bad / "session.csv").write_bytes(good)
    require_nothing_refused(watch_open_days(home))
    assert [row["action"] for row in orders_of(home, first)] == ["FREEZE"]


def change(field, value):
    return lambda manifest: manifest.update({field: value})


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        (change("feed", "core"), "feed"),
        (change("business_date", "2026-09-09"), "intraday_time"),
        (change("delivered_at", "2026-09-04T02:01:00Z"), "intraday_time"),
        (lambda manifest: manifest["sources"][0].update(corrects_business_date="2026-09-02"), "corrects_business_date"),
        (lambda manifest: manifest["sources"][0].update(source="bureau_score"), "source"),
        (change("sequence", 0), "manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_its_folder_is_refused(home, day, spoilt, rule):
    (victim,) = people(home, 1)
    folder = land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    change_manifest(folder, spoilt)
    watched = watch(home, day)
    assert [refusal.reason.split(": ")[1] for refusal in watched.refused] == [rule]
    assert (watched.deliveries, intraday_records(home, date.min)) == ((), [])


def test_a_folder_without_its_manifest_is_waited_for(home, day):
    (home.landing / str(day) / "intraday" / "1000").mkdir(parents=True)
    assert watch(home, day).refused == ()


def test_a_sequence_comes_once_and_may_be_left_out(home, day):
    first, second = people(home, 2)
    land_intraday(home, day, "1000", sequence=3, session=takeover(home, first, day, "1000"))
    watch(home, day)
    land_intraday(home, day, "1001", sequence=3, session=takeover(home, second, day, "1001"))
    land_intraday(home, day, "1002", sequence=9, session=takeover(home, second, day, "1002"))
    watched = watch(home, day)
    assert [(one.at, one.reason.split(": ")[1]) for one in watched.refused] == [("1001", "sequence_old")]
    assert [one.sequence for one in watched.deliveries] == [9]


def test_a_day_with_deliveries_between_nights_alone_is_no_landed_night(home, day):
    landed = home.landed_dates()
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, people(home, 1)[0], day, "1000"))
    assert home.landed_dates() == landed
    assert open_days(home) == [day]


def test_a_day_that_its_night_reads_is_over(home, day):
    land_a_day(home, day)
    close_day(home, day)
    assert open_days(home) == []
    with pytest.raises(WatchRefused, match=f"{day} is over"):
        watch(home, day)
    with pytest.raises(WatchRefused, match="is over"):
        watch(home, day - timedelta(days=1))


def test_a_home_without_a_night_is_not_watched(tmp_path):
    home = small_home(tmp_path / "home")
    with pytest.raises(WatchRefused, match="no valid night before 2026-09-04 is published"):
        watch(home, date(2026, 9, 4))


# ---- beside others


def test_a_watch_says_of_no_delivery_that_it_knows_it_that_came_while_it_looked(home, day, monkeypatch):
    (victim,) = people(home, 1)
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    last = decision.counting_records(home)[-1]
    looks = iter([[last], [last, replace(last, business_date=day)]])
    monkeypatch.setattr(decision, "counting_records", lambda home: [*delivery_records(home)[:-1], *next(looks)])
    watch(home, day)
    (record,) = (one for one in records_since(home, SECURITY, day) if "watch" in one)
    assert record["watch"]["last_delivery"] == str(last.business_date)


HOLDER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from creditline.home import open_home
from creditline.home.turns import only_worker
with only_worker(open_home(Path(sys.argv[1])), "test"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_it_works_while_a_step_of_a_night_runs(home, day):
    victim = land_a_day(home, day)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        watch(home, day)
    finally:
        process.kill()
        process.wait()
    assert len(orders_of(home, victim)) == 3


def test_watches_that_run_at_once_freeze_once(home, day):
    victim = land_a_day(home, day)
    command = [sys.executable, "-c", "from creditline.cli import main; main()", "--home", str(home.root), "watch"]
    running = [subprocess.Popen([*command, "--date", str(day)], stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert [row["action"] for row in orders_of(home, victim)] == ["FREEZE", "RESTORE", "FREEZE"]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("instruction", range(1, 40, 6))
def test_a_killed_watch_is_made_good_by_the_next(home, day, tmp_path, monkeypatch, instruction):
    from creditline.home import files

    other = copy_home(home, tmp_path / "other")
    for each in (home, other):
        land_a_day(each, day)
    watch(other, day)
    replaced, moves = files.os.replace, iter(range(1, 1000))

    def replace(*arguments):
        if next(moves) == instruction:
            raise Killed
        replaced(*arguments)

    monkeypatch.setattr(files.os, "replace", replace)
    with contextlib.suppress(Killed):
        watch(home, day)
    monkeypatch.setattr(files.os, "replace", replaced)
    watch(home, day)
    whole = {
        name: {path: bytes_ for path, bytes_ in of.items() if not Path(path).name.startswith(".")}
        for name, of in left(home).items()
    }
    assert whole == left(other)


def test_what_a_killed_watch_left_untold_is_told_by_the_night(home, day, tmp_path, monkeypatch):
    other = copy_home(home, tmp_path / "other")
    (victim,) = people(home, 1)
    for each in (home, other):
        land_intraday(each, day, "1000", sequence=1, session=takeover(each, victim, day, "1000"))
    watch(other, day)
    monkeypatch.setattr(night, "build_warehouse", lambda *_arguments: SimpleNamespace(logic_hash="0"))
    with monkeypatch.context() as killed:
        killed.setattr("creditline.watch.send_notices", lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            watch(home, day)
    assert (len(orders_of(home, victim)), told(home, NOTICES)) == (1, [])
    night.build(home, day)
    assert told(home, NOTICES) != []
    assert {name: left(home)[name] for name in ("outbox", "releases")} == {
        name: left(other)[name] for name in ("outbox", "releases")
    }


@pytest.mark.parametrize("names_the_dead", [True, False])
def test_what_a_killed_watch_of_an_earlier_release_left_untold_is_told(home, day, monkeypatch, names_the_dead):
    """It kept neither who is restricted nor the words for their desk; a night of long ago did not say who is, either."""
    plain, dead = people(home, 2)
    change_mart(home, "dim_customer", f"customer_key = {dead.customer_key} as is_restricted")
    events = [row for one in (plain, dead) for row in takeover(home, one, day, "1000")]
    land_intraday(home, day, "1000", sequence=1, session=events)
    with monkeypatch.context() as killed:
        killed.setattr("creditline.watch.send_notices", lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            watch(home, day)
        with pytest.raises(ZeroDivisionError):
            tell_untold(home)
    assert not (home.warehouse / "watch").exists()
    orders = home.releases / SECURITY / f"{len(order_files(home)):06d}.parquet"
    keep_less(orders, "is_restricted", "reference_limit_amount", "floor_amount", *RESTRICTED_WORDS)
    lay_record(home, orders.with_suffix(".json"), read_signed(home, orders.with_suffix(".json")))
    if not names_the_dead:
        keep_less(
            publication_directory(home, home.published_dates()[-1]) / "marts" / "dim_customer.parquet", "is_restricted"
        )
        resign(home)
    tell_untold(home)
    customers, desk = told(home, NOTICES), told(home, RESTRICTED_NOTICES)
    assert [one["customer_id"] for one in customers] == ([plain.customer_id] if names_the_dead else [])
    assert {one["customer_id"] for one in (*customers, *desk)} == {plain.customer_id, dead.customer_id}
    assert all(one["reasons"][0]["text_en"] for one in (*customers, *desk))


def test_a_watch_goes_on_from_a_night_whose_code_has_no_words_for_the_desk(home, day, monkeypatch):
    plain, dead = people(home, 2)
    change_mart(home, "dim_customer", f"customer_key = {dead.customer_key} as is_restricted")
    events = [row for one in (plain, dead) for row in takeover(home, one, day, "1000")]
    land_intraday(home, day, "1000", sequence=1, session=events)
    archived = decision.archived_logic

    def of_an_earlier_release(*arguments):
        logic = archived(*arguments)
        models = [
            replace(one, sql=f"select * exclude ({', '.join(RESTRICTED_WORDS)}) from ({one.sql})")
            if one.name == decision.ORDERS
            else one
            for one in logic.models
        ]
        return replace(logic, models=tuple(models))

    monkeypatch.setattr(decision, "archived_logic", of_an_earlier_release)
    watch(home, day)
    assert [one["customer_id"] for one in told(home, NOTICES)] == [plain.customer_id]
    (line,) = told(home, RESTRICTED_NOTICES)
    assert (line["customer_id"], bool(line["reasons"][0]["text_en"])) == (dead.customer_id, True)


def keep_less(file, *gone):
    """Rewrite a file without some columns."""
    with duckdb.connect() as connection:
        connection.execute(f"create table kept as select * exclude ({', '.join(gone)}) from read_parquet('{file}')")
        connection.execute(f"copy kept to '{file}' (format parquet)")


def test_the_kill_switch_bites_while_freezes_are_written(home, day, monkeypatch):
    (victim,) = people(home, 1)
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    write = decision.write_orders

    def pause_then_write(*arguments):
        set_mode(home, ALL_SLICES, "paused", by="maker")
        return write(*arguments)

    monkeypatch.setattr(decision, "write_orders", pause_then_write)
    with pytest.raises(CreditlineError, match="a mode was changed"):
        watch(home, day)
    monkeypatch.undo()
    assert orders_of(home, victim) == []
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    watch(home, day)
    assert [row["action"] for row in orders_of(home, victim)] == ["FREEZE"]


def test_the_command_prints_what_it_did_and_fails_for_what_it_refused(home, day):
    victim = land_a_day(home, day)
    folder = land_intraday(home, day, "1600", sequence=4, session=takeover(home, victim, day, "1600"))
    change_manifest(folder, change("feed", "core"))
    shown = CliRunner().invoke(app, ["--home", str(home.root), "watch", "--format", "json"])
    assert [(row["at"], row["freezes"], row["restores"]) for row in json.loads(shown.stdout)] == [
        ("1000", 1, 0),
        ("1100", 0, 1),
        ("1500", 1, 0),
    ]
    assert isinstance(shown.exception, CreditlineError)
    assert f"{day} 1600: manifest.json: feed" in str(shown.exception)
    assert read_orders(order_files(home))[-1]["account_id"] == victim.account_id
    assert sorted(path.name for path in (home.releases / SECURITY).glob(".*")) == []
