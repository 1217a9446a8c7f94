"""Wrong deliveries that add up: a sample of `scripts/evaluate wrong-files`, and the helpers that it stands on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from false_alarms import alarms_of, quiet_nights, watch_world
from wrong_books import (
    ACCEPTED,
    DISTRUSTED,
    FROZEN,
    REFUSED,
    SIMULATED,
    VOID,
    Account,
    Outcome,
    Prepared,
    controls,
    harm,
    judge,
    prepare,
    verdict,
)
from wrong_files import try_kind
from wrong_kinds import SNAPSHOT, DoesNotApply, Kind, kinds, spoil

from creditline.gate.checking import check_delivery
from creditline.home.files import sha256_of
from creditline.landing.contract import MANIFEST_FILE, contract

KINDS = {kind.label: kind for kind in kinds()}
# Rules that a wrong file may break, because they are about its content; every other one is about a delivery as a whole.
CONTENT = {"quarantine_share", "empty_snapshot"}


@pytest.fixture(scope="module")
def book(shared) -> Prepared:
    return shared.once("wrong-files", lambda folder: prepare(SIMULATED, folder, seed=1, accounts=60, nights=3))


@pytest.fixture
def delivery(book, tmp_path) -> Path:
    return Path(shutil.copytree(book.delivery(book.home), tmp_path / "landing" / str(book.night)))


def spoil_it(book: Prepared, label: str, delivery: Path, share: float = 100) -> None:
    before, other = book.delivery(book.home, 1), book.other
    spoil(KINDS[label], delivery, share=share, seed="1", before=before, week=before, other=other)


def rows_of(delivery: Path, source: str) -> list[dict[str, str]]:
    with (delivery / f"{source}.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


# --- kinds ---------------------------------------------------------------------------------------------------------------


def test_every_column_of_every_source_has_kinds_of_its_own():
    assert len(KINDS) == len(kinds()) > 80
    spoilt = {(kind.source, kind.column) for kind in KINDS.values()}
    assert {(source.name, column.name) for source in contract().values() for column in source.columns} <= spoilt


def test_a_delivery_that_is_written_anew_without_a_change_is_the_same_to_the_byte(book, delivery):
    before = {path.name: path.read_bytes() for path in delivery.iterdir()}

    def forth_and_back(tonight) -> None:
        tonight.replace(SNAPSHOT, {"status": "'x' || tonight.status"})
        # the rest of the change undoes itself, so only the manifest's sha256 of this one file may differ
        tonight.replace(SNAPSHOT, {"status": "substr(tonight.status, 2)"})
        tonight.lay_rows("session", "select * from session order by row_no desc")
        tonight.lay_rows("session", "select * from session order by row_no desc")
        tonight.lay_rows("gl_balance", "select * from gl_balance limit 0")

    spoil(Kind("nothing", SNAPSHOT, "", forth_and_back), delivery, share=100, seed="1")
    differ = {path.name for path in delivery.iterdir() if path.read_bytes() != before[path.name]}
    assert differ == {"gl_balance.csv", MANIFEST_FILE}


@pytest.mark.slow
@pytest.mark.parametrize("label", list(KINDS)[::25])
def test_a_spoilt_delivery_is_whole_and_well_formed(book, delivery, label):
    before = {path.name: sha256_of(path) for path in delivery.iterdir()}
    try:
        spoil_it(book, label, delivery)
    except DoesNotApply as error:
        pytest.skip(str(error))
    assert {path.name for path in delivery.iterdir()} == set(before)
    assert {name for name in before if sha256_of(delivery / name) != before[name]} > {MANIFEST_FILE}
    broken = {one.rule for one in check_delivery(delivery).refusals if not one.column} - CONTENT
    assert not {
        rule for rule in broken if rule in ("sha256", "row_count", "totals", "header", "unreadable", "manifest")
    }


def test_a_share_spoils_so_many_rows_and_a_seed_chooses_them(book, delivery):
    before = rows_of(delivery, SNAPSHOT)
    spoil_it(book, "account_snapshot.days_past_due/plus_30", delivery, share=10)
    after = rows_of(delivery, SNAPSHOT)
    moved = [old["account_id"] for old, new in zip(before, after, strict=True) if old != new]
    assert len(moved) == 6
    assert [
        int(new["days_past_due"]) - int(old["days_past_due"])
        for old, new in zip(before, after, strict=True)
        if old != new
    ] == [30] * 6


def test_the_manifest_speaks_of_what_is_there(book, delivery):
    spoil_it(book, "account_snapshot.limit_amount/times_10", delivery)
    entry = next(
        one for one in json.loads((delivery / MANIFEST_FILE).read_text())["sources"] if one["source"] == SNAPSHOT
    )
    limits = [float(row["limit_amount"]) for row in rows_of(delivery, SNAPSHOT)]
    assert float(entry["totals"]["limit_amount"]) == pytest.approx(sum(limits))
    assert entry["sha256"] == sha256_of(delivery / "account_snapshot.csv")


def test_two_columns_change_places_at_once(book, delivery):
    before = rows_of(delivery, SNAPSHOT)
    spoil_it(book, "account_snapshot/limit_and_balance_swapped", delivery)
    after = rows_of(delivery, SNAPSHOT)
    assert [(row["limit_amount"], row["principal_balance"]) for row in after] == [
        (row["principal_balance"], row["limit_amount"]) for row in before
    ]


def test_a_shifted_column_keeps_its_values(book, delivery):
    before = [row["customer_id"] for row in rows_of(delivery, SNAPSHOT)]
    spoil_it(book, "account_snapshot.customer_id/shifted_by_a_row", delivery)
    assert [row["customer_id"] for row in rows_of(delivery, SNAPSHOT)] == [*before[1:], before[0]]


def test_a_kind_without_its_source_does_not_apply(book, delivery):
    with pytest.raises(DoesNotApply, match="source not there"):
        spoil_it(book, "opening_state/rows_left_out", delivery)
    with pytest.raises(DoesNotApply, match="changes nothing"):
        spoil_it(book, "account_snapshot.currency_code/shuffled", delivery)


# --- what is counted -----------------------------------------------------------------------------------------------------


def night(*accounts: tuple[str, str, str, str], **facts) -> Outcome:
    """A night of accounts: name, limit before, limit, action. Each has a customer of its own."""
    decided = {
        name: Account(f"C{name}", old, limit, action, FROZEN if action == "FREEZE" else "NORMAL")
        for name, old, limit, action in accounts
    }
    return Outcome("2026-09-01", accounts=decided, **facts)


def test_a_cut_is_below_the_right_limit_and_below_that_of_the_night_before():
    right = night(("A", "100.00", "100.00", "HOLD"), ("B", "100.00", "120.00", "UP"), ("D", "100.00", "80.00", "DOWN"))
    wrong = night(("A", "100.00", "60.00", "DOWN"), ("B", "100.00", "100.00", "HOLD"), ("D", "100.00", "70.00", "DOWN"))
    found = harm(wrong, right)
    assert (found.cut_people, found.cut_amount, found.delayed_people) == (2, "50.00", 1)


def test_who_is_frozen_and_who_is_new_and_who_is_not_decided_are_counted():
    right = night(("A", "100.00", "100.00", "HOLD"), ("B", "100.00", "100.00", "HOLD"))
    wrong = night(("A", "100.00", "100.00", "FREEZE"), ("N", "100.00", "10.00", "DOWN"))
    found = harm(wrong, right)
    assert (found.frozen_people, found.cut_people, found.undecided_accounts) == (1, 1, 1)


def test_orders_count_that_the_right_night_had_not():
    right = night(orders=[["limit_adjustments", "A", "DOWN", "80.00"]])
    orders = [["limit_adjustments", "A", "DOWN", "80.00"], ["limit_adjustments", "B", "UP", "120.00"]]
    found = harm(night(orders=orders), right)
    assert (found.orders, found.raises) == (1, 1)


def test_a_verdict_is_what_the_right_night_did_not_hear():
    right = night(verdicts={"session": "distrust"}, said={"session": ["late"]}, quarantined={"session": 3})
    assert verdict(right, right)[0] == ACCEPTED
    worse = night(verdicts={"session": "distrust", "cash_flow": "distrust"}, said={"cash_flow": ["stale"]})
    assert verdict(worse, right) == (DISTRUSTED, ["cash_flow: stale"])
    assert verdict(night(is_void=True), right)[0] == VOID
    assert verdict(night(refused="InputsRefused: no"), right) == (REFUSED, ["InputsRefused: no"])
    more = night(verdicts={"session": "distrust"}, quarantined={"session": 5})
    assert verdict(more, right)[0] == "2 rows quarantined"


def test_rows_that_are_known_to_be_bad_are_no_alarm():
    said = night(verdicts={"session": "pass"}, said={"session": ["unique"]}, quarantined={"session": 2})
    assert alarms_of(said, {"session": 2}) == []
    assert alarms_of(said, {"session": 1}) == ["session 2 rows, 1 of them bad: unique"]


# --- the sample ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("label", ["account_snapshot/rows_left_out", "session/rows_left_out"])
def test_a_wrong_delivery_hurts_nobody(book, tmp_path, label):
    right = controls(book, follow=0)
    found = try_kind(book, KINDS[label], 100, right=right, seed=1, root=tmp_path / "trial", follow=0)
    assert right[0].refused == "" and len(right[0].accounts) > 50
    assert (found.cut_people, found.frozen_people, found.orders) == (0, 0, 0), found
    assert found.is_counted and (found.verdict == REFUSED) == (label == "account_snapshot/rows_left_out")


@pytest.mark.slow
def test_quiet_nights_are_quiet(tmp_path):
    watched = watch_world("quiet", quiet_nights(tmp_path / "home", judge, accounts=60, nights=4, seed=1))
    assert (watched.nights, watched.alarms) == (4, ())
