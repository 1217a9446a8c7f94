"""Held slices: their orders stay behind until two people approve exactly these orders."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import os

import duckdb
import pytest
from homes import copy_home
from resigned import resign
from typer.testing import CliRunner

from creditline.cli import app
from creditline.cli.status import home_status
from creditline.errors import CreditlineError, UsageError
from creditline.home.control import read_lines
from creditline.home.proof import NotGenuine
from creditline.home.publications import REVISION
from creditline.night.approval import approve_slices
from creditline.release import (
    FEED,
    OrdersLeft,
    ReleaseRefused,
    adjustments,
    approve,
    feed,
    holds,
    read_holds,
    reject,
    release,
    set_mode,
    settle_interrupted,
    unanswered_slices,
)
from creditline.release.holds import APPROVED, NotHeld

HELD = "BANK01/jiebei_standard"
PEOPLE = {"by": "maker", "approved_by": "checker"}


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book with its last night unreleased, as if the breaker held one slice of it."""
    home = copy_home(sample_book.home, tmp_path / "home")
    last = sample_book.results[-1].release
    for path in [
        *(home.releases / FEED).glob(f"{last.sequence:06d}.*"),
        *(home.outbox / FEED).glob(f"{last.file.stem}.*"),
    ]:
        path.unlink()
    hold(home, HELD)
    return home


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def marts(home):
    return home.published / str(home.published_dates()[-1]) / REVISION / "marts"


def hold(home, slice_code):
    rewrite(
        home,
        "fct_slice_night",
        f"select * replace (slice_code = '{slice_code}' as is_held,"
        f" case when slice_code = '{slice_code}' then 'cuts: 45, median 5' end as hold_reason)",
    )


def rewrite(home, mart, select):
    file = marts(home) / f"{mart}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as {select} from read_parquet('{file}')")
        connection.execute(f"copy rows to '{file}' (format parquet)")
    resign(home)


def orders_of(home, slices):
    file = marts(home) / "fct_limit_adjustment.parquet"
    rows = duckdb.sql(f"select adjustment_id from read_parquet('{file}') where slice_code {slices} '{HELD}'").fetchall()
    return {row[0] for row in rows}


def released(result):
    with result.file.open(newline="") as stream:
        return {row["adjustment_id"] for row in csv.DictReader(stream)}


def record(home, result):
    return json.loads((home.releases / FEED / f"{result.sequence:06d}.json").read_text())


def test_the_orders_of_a_held_slice_stay_behind_and_the_release_says_so(home, night):
    waiting, free = orders_of(home, "="), orders_of(home, "<>")
    assert waiting
    assert free
    result = release(home, night)
    assert released(result) == free
    assert result.withheld == len(waiting)
    (held,) = result.held
    assert held.startswith(f"{HELD} is held (cuts: 45, median 5) until ")
    assert record(home, result)["held"] == {HELD: "cuts: 45, median 5"}
    again = release(home, night)
    assert (again.is_new, again.sequence) == (False, result.sequence)
    assert again.held == (held,)


def test_approved_orders_follow_once_in_a_file_of_their_own(home, night):
    first = release(home, night)
    answer = approve(home, HELD, night, **PEOPLE)
    second = release(home, night)
    assert released(second) == orders_of(home, "=")
    assert (second.sequence, second.withheld, second.reason) == (first.sequence + 1, 0, "released")
    assert record(home, second)["approved"] == {HELD: answer.orders_sha256}
    assert not release(home, night).is_new
    assert home_status(home.root)["nights"][-1]["orders"] == first.orders + second.orders
    controls = [json.loads(result.file.with_suffix(".ctl").read_text()) for result in (first, second)]
    assert controls[1]["sequence"] == controls[0]["sequence"] + 1
    assert controls[1]["previous_sha256"] == controls[0]["sha256"]


@pytest.mark.parametrize("is_held", [False, True])
def test_orders_of_a_paused_slice_follow_once_it_is_live_again(home, night, is_held):
    if not is_held:
        hold(home, "none")
    set_mode(home, HELD, "paused", by="maker")
    first = release(home, night)
    assert released(first) == orders_of(home, "<>")
    if is_held:
        approve(home, HELD, night, **PEOPLE)
    assert not release(home, night).is_new
    set_mode(home, HELD, "live", **PEOPLE)
    second = release(home, night)
    assert released(second) == orders_of(home, "=")
    assert (second.sequence, second.withheld) == (first.sequence + 1, 0)
    assert record(home, second)["previous_sha256"] == record(home, first)["sha256"]
    assert not release(home, night).is_new


def test_a_slice_whose_orders_left_before_a_pause_is_ordered_about_no_second_time(home, night):
    release(home, night)
    for mode in ("paused", "live"):
        set_mode(home, "*", mode, **PEOPLE)
        assert not release(home, night).is_new


def test_orders_approved_before_the_release_leave_with_the_others(home, night):
    approve(home, HELD, night, **PEOPLE)
    result = release(home, night)
    assert released(result) == orders_of(home, "=") | orders_of(home, "<>")
    assert not release(home, night).is_new


def test_an_approval_takes_two_people_and_a_hold(home, night):
    with pytest.raises(UsageError, match="two people"):
        approve(home, HELD, night, by="maker", approved_by="maker")
    with pytest.raises(UsageError, match="a person who answers for it"):
        reject(home, HELD, night, by="")
    with pytest.raises(NotHeld, match=f"is not held on {night}; held are: {HELD}"):
        approve(home, "CFC01/jiebei_plus", night, **PEOPLE)
    assert not home.approvals_file.exists()


def test_a_hold_that_nobody_answered_expires_with_the_next_night(home, sample_book):
    earlier = sample_book.home.published_dates()[-2]
    with pytest.raises(NotHeld, match=f"expired when {home.published_dates()[-1]} was published"):
        approve(home, HELD, earlier, **PEOPLE)


def spoil_answer(home, **changes):
    line = json.loads(home.approvals_file.read_text())
    home.approvals_file.write_text(json.dumps({**line, **changes}) + "\n")


def other_orders(home):
    rewrite(home, "fct_limit_adjustment", "select * replace (new_limit_amount - 10 as new_limit_amount)")


SPOILT = {
    "no signature": lambda home: spoil_answer(home, signature={}),
    "another approver": lambda home: spoil_answer(home, approved_by="somebody"),
    "another key": lambda home: spoil_answer(
        home, signature={**json.loads(home.approvals_file.read_text())["signature"], "signature": "AAAA"}
    ),
}


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT)
def test_an_approval_that_somebody_else_wrote_stops_every_release(home, night, change):
    approve(home, HELD, night, **PEOPLE)
    change(home)
    with pytest.raises(NotGenuine, match=r"approvals\.jsonl line 1 was changed"):
        adjustments._may_leave(home, night)


def test_an_approval_of_other_orders_lets_nothing_go(home, night):
    approve(home, HELD, night, **PEOPLE)
    other_orders(home)
    permitted = adjustments._may_leave(home, night)
    assert permitted.approved == frozenset()
    assert list(permitted.waiting()) == [HELD]


def test_a_signed_approval_by_one_person_who_spells_his_name_in_two_ways_lets_nothing_go(home, night):
    holds._record(home, HELD, night, APPROVED, "Maker", "maker ")
    assert adjustments._may_leave(home, night).approved == frozenset()


def test_one_person_rejects_and_the_last_answer_counts(home, night):
    approve(home, HELD, night, **PEOPLE)
    reject(home, HELD, night, by="operator")
    assert released(release(home, night)) == orders_of(home, "<>")
    approve(home, HELD, night, **PEOPLE)
    assert released(release(home, night)) == orders_of(home, "=")


def test_an_answer_during_the_release_withdraws_its_file(home, night, monkeypatch):
    write = feed.write_parquet

    def write_and_reject(*arguments):
        write(*arguments)
        reject(home, HELD, night, by="operator")

    approve(home, HELD, night, **PEOPLE)
    monkeypatch.setattr(feed, "write_parquet", write_and_reject)
    with pytest.raises(ReleaseRefused, match="a mode or an answer was changed"):
        release(home, night)
    assert not list((home.outbox / FEED).glob(f"*{night}*"))


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("instruction", range(1, 12))
def test_a_release_killed_at_any_instruction_leaves_all_orders_recorded_or_none(home, night, monkeypatch, instruction):
    """Killed before or after each change of the disk, the next night's start settles it and a release completes it."""
    from creditline.home import files

    calls = itertools.count(1)

    def killing(change):
        def changed(*arguments):
            if next(calls) == instruction:
                raise Killed
            change(*arguments)
            if next(calls) == instruction:
                raise Killed

        return changed

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", killing(os.replace))
        with contextlib.suppress(Killed):
            release(home, night)
    settle_interrupted(home, FEED)
    left = [path for path in (home.outbox / FEED).glob(f"*{night}*.ctl")]
    known = [path for path in (home.releases / FEED).glob("*.json") if str(night) in path.read_text()]
    assert len(left) == len(known) <= 1
    assert not list((home.releases / FEED).glob("*.prepared"))
    result = release(home, night)
    assert result.is_new != bool(known)
    assert released(result) == orders_of(home, "<>")
    assert len([path for path in (home.releases / FEED).glob("*.json") if str(night) in path.read_text()]) == 1


def test_orders_the_core_fetched_before_they_were_recorded_are_recorded(home, night, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(feed, "move_into_place", killed_at_the_record(feed.move_into_place))
        with pytest.raises(Killed):
            release(home, night)
    for path in (home.outbox / FEED).glob(f"*{night}*"):
        path.unlink()
    again = release(home, night)
    assert not again.is_new
    assert again.orders == len(orders_of(home, "<>"))


def killed_at_the_record(move):
    def moved(partial, target):
        if target.suffix == ".json":
            raise Killed
        move(partial, target)

    return moved


def test_an_approved_slice_that_is_paused_stays_behind(home, night):
    approve(home, HELD, night, **PEOPLE)
    set_mode(home, HELD, "paused", by="operator")
    assert released(release(home, night)) == orders_of(home, "<>")


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_rejection_after_the_orders_left_says_what_left_and_is_none(home, night, monkeypatch, is_recorded):
    approve(home, HELD, night, **PEOPLE)
    if is_recorded:
        result = release(home, night)
        sequence, file = result.sequence, result.file
    else:
        with monkeypatch.context() as patch:
            patch.setattr(feed, "move_into_place", killed_at_the_record(feed.move_into_place))
            with pytest.raises(Killed):
                release(home, night)
        (control,) = (home.outbox / FEED).glob(f"*{night}*.ctl")
        sequence, file = json.loads(control.read_text())["sequence"], control.with_suffix(".csv")
    count = len(orders_of(home, "="))
    with pytest.raises(OrdersLeft) as refused:
        reject(home, HELD, night, by="operator")
    assert f"{count} orders in {file} (sequence {sequence}) of the {count} that were held have left" in str(
        refused.value
    )
    assert [line["answer"] for line in read_lines(home, home.approvals_file)] == [APPROVED, holds.TOO_LATE]
    assert adjustments._may_leave(home, night).approved == {HELD}


def test_an_approval_of_a_slice_that_may_not_be_ordered_about_reports_no_other_slices_file(home, night):
    release(home, night)
    for mode in ("paused", "observe"):
        set_mode(home, "*", mode, by="operator")
        (one,) = approve_slices(home, [HELD], night, **PEOPLE)
        assert one.left == ()
        assert one.why_none.startswith(
            f"it is in {mode}; once that is changed, `creditline night --date {night}` lets "
        )
    set_mode(home, HELD, "live", **PEOPLE)
    (one,) = approve_slices(home, [HELD], night, **PEOPLE)
    (left,) = one.left
    assert (left.orders, one.why_none) == (len(orders_of(home, "=")), None)
    assert left.file.name in {path.name for path in (home.outbox / FEED).glob(f"*{night}*.csv")}


def test_an_approval_whose_release_fails_says_that_it_is_recorded(home, night, monkeypatch):
    def fail(*_):
        raise ReleaseRefused("no pack is validated")

    monkeypatch.setattr("creditline.night.release", fail)
    with pytest.raises(CreditlineError, match=f"{HELD}: the approval is recorded, .* no pack is validated"):
        approve_slices(home, [HELD], night, **PEOPLE)
    assert adjustments._may_leave(home, night).approved == {HELD}


def run(home, *words):
    people = ("--by", "maker", "--approved-by", "checker") if words[0] == "approve" else ("--by", "operator")
    return CliRunner().invoke(
        app, ["--home", str(home.root), *words, "--date", str(home.published_dates()[-1]), *people]
    )


def test_all_held_slices_are_answered_but_those_that_somebody_answered(home, night):
    rewrite(home, "fct_slice_night", "select * replace (true as is_held, 'cuts' as hold_reason)")
    every = list(read_holds(home, night))
    assert run(home, "reject", every[0]).exit_code == 0
    lines = run(home, "approve", "--all-held").stderr.splitlines()
    assert [line.split(" is approved")[0] for line in lines] == every[1:]
    assert sum(int(line.split(": ")[1].split()[0]) for line in lines if " orders in " in line) == sum(
        hold.orders for name, hold in read_holds(home, night).items() if name != every[0]
    )
    with pytest.raises(NotHeld, match="waits for an answer"):
        unanswered_slices(home, night)


def test_one_slice_is_named_or_all_are_meant(home):
    for words in (["approve"], ["approve", HELD, "--all-held"]):
        said = run(home, *words).exception
        assert isinstance(said, UsageError)
        assert str(said) == "give a SLICE or --all-held"
    assert not home.approvals_file.exists()


def test_answers_that_come_to_nothing_end_with_a_no(home):
    set_mode(home, "*", "paused", by="operator")
    said = run(home, "approve", HELD)
    assert f"{HELD} is approved" in said.stderr
    assert "nothing of it left" in said.stderr
    assert str(said.exception).startswith(f"the approval is recorded, and no order left for {HELD}: it is in paused")
    set_mode(home, "*", "live", **PEOPLE)
    assert run(home, "approve", HELD).exit_code == 0
    said = run(home, "reject", HELD)
    assert isinstance(said.exception, OrdersLeft)
    assert "is rejected" not in said.output + str(said.exception)


def test_a_hold_names_exactly_the_orders_that_wait(home, night):
    before = read_holds(home, night)[HELD]
    assert before.orders == len(orders_of(home, "="))
    other_orders(home)
    assert read_holds(home, night)[HELD].orders_sha256 != before.orders_sha256
