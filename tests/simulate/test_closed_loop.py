"""A book lives under our decisions; the core does what was ordered, late, in part, twice, or as it likes."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from closed_loop import CLAIMS, FIRST, OBEDIENT_CLAIMS, check, live

from creditline.errors import CreditlineError, UsageError
from creditline.home import create_home
from creditline.home.files import sha256_of
from creditline.simulate import sample_home_settings, simulate_book
from creditline.simulate.calendar import day_number, local_day
from creditline.simulate.core import Core, core_as_text, core_from_text
from creditline.simulate.world import CLOSED, Book, World

DAY = day_number(FIRST)
SPOILT = {
    "an order is applied at most once": "insert into core_order from core_order where status = 'applied' limit 1",
    "the core applies only what left": "delete from released",
    "every freeze and restore is obeyed or refused": "update frozen set adjustment_id = 'lost'",
    "a limit moves by an applied order, or an external change is recorded": (
        "update fct_account_night set limit_amount = limit_amount + 1"
        " where business_date = (select max(business_date) from fct_account_night)"
    ),
    "an external change is the doing of no order but one in flight": (
        "insert into fct_external_change by name"
        " select business_date, account_key from move where adjustment_id is not null"
    ),
    "a night goes on from the core's limit, or from that of an order the core may still apply or has just answered": (
        "update fct_account_night set current_limit_amount = limit_amount + 1"
    ),
    "what the night says was applied, the core applied": "update core_order set status = 'rejected'",
    "a notice speaks of a change that the core applied, of what it applied": "update core_order set applied_amount = 1",
    "nobody is told twice": "insert into notice from notice limit 1",
    "an applied cut is told within three nights, to the customer or to the desk of restricted ones": "delete from told",
    "an order is called for from the limit that the night goes on from": (
        "update fct_limit_adjustment set old_limit_amount = old_limit_amount + 1"
    ),
    "a date ends kept, or it is said what made it void and whose doing that was": (
        "insert into recourse by name select 'MISSED' as ended_status"
    ),
    "a date is kept where the core has the limit": (
        "update recourse set promise_status = 'KEPT', restores_to_amount = 1000000000"
    ),
    "no order is refused": "update core_order set status = 'rejected', reason = 'STALE'",
    "no limit is changed but by us": (
        "insert into fct_external_change by name select business_date, account_key from fct_account_night"
    ),
    "the core's limit is the one that the night before decided": (
        "update fct_account_night set limit_amount = limit_amount + 1"
        " where business_date = (select max(business_date) from fct_account_night)"
    ),
}


@pytest.fixture(scope="module")
def chaos(tmp_path_factory):
    home = create_home(tmp_path_factory.mktemp("chaos") / "home", sample_home_settings("chaotic"))
    live(home, accounts=200, nights=6, seed=3, core="chaotic")
    return home


@pytest.mark.slow
def test_core_and_warehouse_agree_whatever_the_core_does(chaos):
    checked = check(chaos, "chaotic")
    assert {one.claim: one.breaches for one in checked} == dict.fromkeys(CLAIMS, 0)
    # no date ends within these nights
    assert all(one.rows or one.claim.startswith("a date ") for one in checked)


@pytest.mark.slow
@pytest.mark.parametrize("claim", [*CLAIMS, *OBEDIENT_CLAIMS])
def test_a_broken_claim_is_seen(chaos, claim):
    broken = [one.claim for one in check(chaos, "obedient", SPOILT[claim]) if one.breaches]
    assert claim in broken


# ---- the core alone


@pytest.fixture
def world() -> World:
    return World(Book(1, 20, DAY, 0, "Asia/Shanghai", "obedient"))


def lay_file(outbox, orders, *, sequence=1, previous=None, feed="limit_adjustments"):
    """An adjustment file as a release writes it; `orders` are id, account, old, new, expiry."""
    folder = outbox / feed
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{feed}_{FIRST}_{sequence:06d}.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("adjustment_id", "account_id", "action", "old_limit_amount", "new_limit_amount", "expires_at"))
        writer.writerows(orders)
    control = {
        "file": file.name,
        "sequence": sequence,
        "rows": len(orders),
        "sha256": sha256_of(file),
        "previous_sha256": previous,
    }
    file.with_suffix(".ctl").write_text(json.dumps(control))
    return file


def amount(fen):
    return f"{fen / 100:.2f}"


def order(world, number, account, new, *, old=None, expires_at="2099-01-01T00:00:00Z", action="DOWN"):
    old = world.limit[account] if old is None else old
    return (f"order{number}", f"A{account + 1:08d}", action, amount(old), amount(new), expires_at)


def test_the_core_applies_an_order_once_and_answers_the_same_day(world, tmp_path):
    lay_file(tmp_path, [order(world, 1, 3, 100_00)])
    core, done = Core(is_chaotic=False).work(world, tmp_path, DAY + 1)
    assert world.limit[3] == 100_00
    later, told = core.tell(DAY + 1)
    assert (
        [(one.adjustment_id, one.status, one.applied) for one in told]
        == [("order1", "applied", 100_00)]
        == [(one.adjustment_id, one.status, one.applied) for one in done]
    )
    assert later.work(world, tmp_path, DAY + 2)[1] == []


def test_the_core_refuses_what_is_stale_expired_or_closed(world, tmp_path):
    world.status[5] = CLOSED
    before = world.limit.copy()
    nine = local_day(DAY + 1, "Asia/Shanghai").starts_at + 9 * 3600
    lay_file(
        tmp_path,
        [
            order(world, 1, 3, 100_00, old=world.limit[3] + 1),
            order(world, 2, 4, 100_00, expires_at=f"{np.datetime64(nine, 's')}Z"),
            order(world, 3, 5, 100_00),
        ],
    )
    _, done = Core(is_chaotic=False).work(world, tmp_path, DAY + 1)
    assert [one.reason for one in done] == ["STALE", "EXPIRED", "CLOSED"]
    assert (world.limit == before).all()


def test_a_freeze_stops_draws_until_it_ends_or_is_restored_and_moves_no_limit(world, tmp_path):
    before, ends = world.limit.copy(), "2026-09-05T00:00:00Z"
    frozen = [order(world, number, number, world.limit[number], action="FREEZE", expires_at=ends) for number in (3, 4)]
    first = lay_file(tmp_path, frozen, feed="security_orders")
    core, done = Core(is_chaotic=False).work(world, tmp_path, DAY + 1)
    assert [one.status for one in done] == ["applied", "applied"]
    assert list(np.flatnonzero(world.frozen_until)) == [3, 4]
    restored = [order(world, 9, 3, world.limit[3], action="RESTORE")]
    lay_file(tmp_path, restored, sequence=2, previous=sha256_of(first), feed="security_orders")
    core.work(world, tmp_path, DAY + 2)
    assert list(np.flatnonzero(world.frozen_until)) == [4]
    assert (world.limit == before).all()


def test_a_file_without_its_control_file_never_left(world, tmp_path):
    lay_file(tmp_path, [order(world, 1, 3, 100_00)]).with_suffix(".ctl").unlink()
    core, done = Core(is_chaotic=False).work(world, tmp_path, DAY + 1)
    assert (core, done) == (Core(is_chaotic=False), [])


@pytest.mark.parametrize("spoil", ["content", "gap", "chain"])
def test_the_core_takes_no_file_that_is_not_what_its_control_file_says(world, tmp_path, spoil):
    first = lay_file(tmp_path, [order(world, 1, 3, 100_00)])
    sequence, previous = (3 if spoil == "gap" else 2), ("0" * 64 if spoil == "chain" else sha256_of(first))
    second = lay_file(tmp_path, [order(world, 2, 4, 100_00)], sequence=sequence, previous=previous)
    if spoil == "content":
        second.write_text(second.read_text().replace("order2", "order9"))
    with pytest.raises(CreditlineError, match="does not match its control file"):
        Core(is_chaotic=False).work(world, tmp_path, DAY + 1)


def test_a_core_goes_on_from_where_it_was_stored(world, tmp_path):
    lay_file(tmp_path, [order(world, number, number, 100_00) for number in range(15)])
    core, _ = Core(is_chaotic=True).work(world, tmp_path, DAY + 1)
    assert core_from_text(core_as_text(core)) == core
    assert core_from_text(core_as_text(None)) is None


def test_an_unknown_kind_of_core_is_refused(tmp_path):
    home = create_home(tmp_path / "home", sample_home_settings())
    with pytest.raises(UsageError, match="core is wild; it must be one of apart, obedient, chaotic"):
        simulate_book(home, accounts=1, nights=1, first_date=FIRST, seed=1, core="wild")
