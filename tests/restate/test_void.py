"""A published night was wrong: two people declare it void, and the nights after it are computed without its rows."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from corrected_book import ACCOUNTS, AFTER, CORRECTED, CUT, FIRST, FLOOR, GRANTED, LAST, NEXT, SNAPSHOT, land, run_next
from homes import copy_home, lasting
from laid_orders import take_back
from small_delivery import NIGHT, add_correction, change_entry, small_home, spoil, spoil_cell

from creditline.cli.replay import replay_nights
from creditline.cli.status import home_status
from creditline.errors import UsageError
from creditline.explain import explain_account, explanation_text
from creditline.home import Home
from creditline.home.publications import is_void, last_valid, latest_revision, publication_directory, read_manifest
from creditline.home.restatements import read_restatements
from creditline.night import release, run_night
from creditline.publish.reader import query_marts
from creditline.release import ALL_SLICES, set_mode
from creditline.release.holds import NotHeld, approve
from creditline.restate import RestatementRefused, declare_void, restate
from creditline.warehouse.sources import security_relation

PEOPLE = {"reason": "days past due were those of another book", "by": "maker", "approved_by": "checker"}
SESSION = "session.csv"
# A customer with two accounts, whom the sessions of the wrong night freeze.
FROZEN, FROZEN_ACCOUNTS = "C00005", ("A00010", "A00011")
COVERED = str(NIGHT - timedelta(days=200))


def land_wrong(home: Home, night: date) -> Path:
    """A night on which a customer is 45 days past due, and another one's sessions look like a takeover."""
    directory = land(home, night, days_past_due="45")
    strange = "".join(
        f"W-{number},{FROZEN},{night}T02:0{number}:00Z,strange-{number},far-{number},true,true\n" for number in range(3)
    )
    spoil(directory, SESSION, lambda content: content + strange.encode())
    change_entry(directory, SESSION, coverage_from=COVERED)
    return directory


def ordered(file: Path) -> dict[str, tuple[str, str, str]]:
    """What a file of orders says of each account: action, old and new limit."""
    with file.open(newline="") as stream:
        return {
            row["account_id"]: (row["action"], row["old_limit_amount"], row["new_limit_amount"])
            for row in csv.DictReader(stream)
        }


def last_orders(home: Home, feed: str) -> dict[str, tuple[str, str, str]]:
    return ordered(max((home.outbox / feed).glob("*.csv"), key=lambda path: path.stem[-6:]))


def actions(orders: dict[str, tuple[str, str, str]]) -> dict[str, str]:
    return {name: action for name, (action, _, _) in orders.items()}


def rows(home: Home, query: str) -> list[tuple]:
    return query_marts(home, query)[1]


GIVEN_BACK = {
    name: ("UP", before, after) for name, before, after in zip(ACCOUNTS, FLOOR, GRANTED, strict=True)
}  # fmt: skip


@pytest.fixture(scope="module")
def wrong_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A good night and a wrong one, on which one customer is cut and another one frozen. Read-only."""
    home = small_home(tmp_path_factory.mktemp("wrong") / "home")
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    first = land(home, FIRST)
    # devices that are known by the wrong night
    spoil(first, SESSION, lambda content: content.replace(b"T16:30", b"T02:30"))
    change_entry(first, SESSION, coverage_from=COVERED)
    run_night(home, FIRST)
    land_wrong(home, CUT)
    run_night(home, CUT)
    return home


@pytest.fixture(scope="module")
def void_home(wrong_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The wrong night was the newest and is void. Read-only."""
    home = copy_home(wrong_home, tmp_path_factory.mktemp("void") / "home")
    declare_void(home, CUT, **PEOPLE)
    return home


@pytest.fixture(scope="module")
def later_home(wrong_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two good nights followed the wrong one before it was found. Read-only."""
    home = copy_home(wrong_home, tmp_path_factory.mktemp("later") / "home")
    for night in (AFTER, CORRECTED):
        run_next(home, night, FLOOR)
    return home


@pytest.fixture(scope="module")
def voided(later_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The wrong night is void, and so are the two after it without its rows. Read-only."""
    home = copy_home(later_home, tmp_path_factory.mktemp("voided") / "home")
    declare_void(home, CUT, **PEOPLE)
    return home


# --- what the void night becomes ---------------------------------------------------------------------------------------


def test_a_wrong_night_cuts_and_freezes(wrong_home):
    assert actions(last_orders(wrong_home, "limit_adjustments")) == dict.fromkeys(ACCOUNTS, "DOWN")
    assert actions(last_orders(wrong_home, "security_orders")) == dict.fromkeys(FROZEN_ACCOUNTS, "FREEZE")


def test_the_night_is_void_for_every_reader(void_home, wrong_home):
    home = void_home
    assert (is_void(wrong_home, CUT), is_void(home, CUT), is_void(home, FIRST)) == (False, True, False)
    assert last_valid(home, AFTER) == FIRST
    assert rows(home, "select business_date, is_void from fct_night order by 1") == [(FIRST, False), (CUT, True)]
    assert rows(
        home, f"select distinct action, is_void from fct_limit_decision where business_date = date '{CUT}'"
    ) == [("HOLD", True)]
    status = home_status(home.root)
    assert {row["night"]: row["state"] for row in status["nights"]} == {FIRST: "published", CUT: "void"}
    (need,) = (need for need in status["needs"] if need["what"] == f"night {CUT} is void")
    assert need["why"].startswith(f"maker and checker declared it void: {PEOPLE['reason']}")


def test_the_manifest_says_who_and_why(void_home):
    manifest = read_manifest(void_home, CUT)
    assert (manifest["revision"], manifest["is_void"]) == (1, True)
    said = {"from_date": str(CUT), "known_until": str(CUT), "kind": "void", **PEOPLE}
    assert manifest["restatement"] == said
    (record,) = read_restatements(void_home)
    assert (record.kind, record.from_date, record.by, record.approved_by) == ("void", CUT, "maker", "checker")
    assert read_manifest(void_home, CUT, 0)["is_void"] is False


def test_no_published_byte_of_before_changes(later_home, voided):
    before, after = lasting(later_home), lasting(voided)
    assert {path: after[path] for path in before} == before
    assert all("/r01/" in path for path in after.keys() - before.keys())


# --- the next night gives back -------------------------------------------------------------------------------------------


def test_the_night_after_gives_back_what_the_void_one_took_and_ends_its_freeze(void_home, tmp_path):
    home = copy_home(void_home, tmp_path / "home")
    result = run_next(home, AFTER, FLOOR)
    assert ordered(result.release.file) == GIVEN_BACK
    # the core has ended the freeze by itself by then
    shown = f"select distinct display_state, action from fct_limit_decision where business_date = date '{AFTER}'"
    assert rows(home, f"{shown} and account_key in (11, 12)") == [("NORMAL", "HOLD")]
    assert rows(home, f"select count(*) from fct_trigger_night where business_date = date '{AFTER}'") == [(0,)]
    settled = run_next(home, CORRECTED, GRANTED).settlement
    assert "We corrected our records" in settled.notices.file.read_text()
    found, problems = replay_nights(home.root, None, lambda _message: None)
    assert problems == []
    assert [(row[0], row[8]) for row in found] == [
        (FIRST, "r00"), (CUT, "r00"), (CUT, "r01"), (AFTER, "r00"), (CORRECTED, "r00"),
    ]  # fmt: skip


def test_the_night_after_is_told_of_the_freezes_that_the_void_one_ordered(wrong_home, void_home):
    """It has no cause for them, so it ends those that still stand at the core."""
    read = [file.path.name for file in security_relation(void_home, FIRST, AFTER).files]
    assert read == ["000001.parquet"]
    assert not security_relation(wrong_home, FIRST, CUT).files, "a night never reads its own"


def test_nights_after_the_void_one_know_nothing_of_it_and_the_next_gives_back(voided, tmp_path):
    home = copy_home(voided, tmp_path / "home")
    decided = (
        "select business_date, action, recommended_limit_amount, reason_code_1 from fct_limit_decision"
        f" where account_key = 1 and business_date > date '{FIRST}' order by all"
    )
    assert [(day, action, int(limit), why) for day, action, limit, why in rows(home, decided)] == [
        (CUT, "HOLD", 5000, None),
        (AFTER, "UP", 5000, "U2"),
        (CORRECTED, "UP", 5000, "U2"),
    ]
    for table in ("fct_limit_adjustment", "fct_security_order"):
        for day in (CUT, AFTER, CORRECTED):
            then, now = (publication_directory(home, day, each) / f"marts/{table}.parquet" for each in (0, 1))
            assert then.read_bytes() == now.read_bytes(), "what was ordered stands"
    seen = (
        "select revision, max(f33_new_devices_7d) > 2, max(f01_dpd_now), max(f02_dpd_max_30d)"
        f" from fct_risk_feature_as_published where business_date > date '{CUT}' group by 1 order by 1"
    )
    assert rows(home, seen) == [(0, True, 0, 45), (1, False, 0, 0)]
    assert ordered(run_next(home, NEXT, FLOOR).release.file) == GIVEN_BACK
    found, problems = replay_nights(home.root, None, lambda _message: None)
    assert (problems, len(found)) == ([], 8)


def test_nobody_gets_more_than_the_night_before_knew(wrong_home, tmp_path):
    """The void night's own limits may be the wrong ones."""
    home = small_home(tmp_path / "home")
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    land(home, FIRST)
    run_night(home, FIRST)
    wrong = land(home, CUT, days_past_due="45")
    spoil_cell(wrong, SNAPSHOT, 1, "limit_amount", "19000.00")
    run_night(home, CUT)
    declare_void(home, CUT, **PEOPLE)
    # the core rejected the order for the first account, because its limit was never 19,000
    result = run_next(home, AFTER, (GRANTED[0], FLOOR[1]))
    assert ordered(result.release.file) == {ACCOUNTS[1]: GIVEN_BACK[ACCOUNTS[1]]}


def test_the_right_rows_count_once_a_correction_brings_them(voided, tmp_path):
    home = copy_home(voided, tmp_path / "home")
    directory = land(home, NEXT, limits=FLOOR)
    header, row, *_ = (home.landing / str(CUT) / SNAPSHOT).read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True)) | {"days_past_due": "3"}
    add_correction(directory, "account_snapshot", CUT, f"{header}\n{','.join(cells.values())}\n")
    run_night(home, NEXT)
    restate(home, CUT, **PEOPLE)
    late = "select max(f02_dpd_max_30d) from fct_risk_feature where business_date = date '{}' and customer_key = 1"
    assert rows(home, late.format(AFTER)) == [(3,)]
    assert is_void(home, CUT)
    assert latest_revision(home, AFTER) == 2
    _, problems = replay_nights(home.root, None, lambda _message: None)
    assert problems == []


# --- what is told --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("night", [None, CUT], ids=["today", "the void night"])
def test_explain_says_that_the_data_were_wrong_and_what_comes_back(void_home, night):
    facts = explain_account(void_home, ACCOUNTS[0], night)
    text = explanation_text(facts)
    assert "the data of 2 September were wrong: the review of that day counts no more" in text
    assert "goes back to 5,000 yuan" in text
    (correction,) = facts["corrections"]
    assert (correction["effect"], correction["limit_now_amount"], correction["reasons_now"]) == ("void", None, [])
    staff = explanation_text(explain_account(void_home, ACCOUNTS[0], night, "compliance"))
    assert PEOPLE["reason"] in staff
    assert "approved by checker" in staff


# --- orders that did not leave yet ---------------------------------------------------------------------------------------


def test_no_order_of_an_overtaken_night_leaves_any_more(wrong_home, tmp_path):
    home = copy_home(wrong_home, tmp_path / "home")
    take_back(home)
    declare_void(home, CUT, **PEOPLE)
    released = release(home, CUT)
    assert (released.file, released.orders) == (None, 0)
    assert "declared void" in released.reason
    assert not list((home.outbox / "security_orders").glob("*.csv"))
    with pytest.raises(NotHeld, match="declared void"):
        approve(home, "BANK01/card", CUT, by="maker", approved_by="checker")
    assert not run_next(home, AFTER, GRANTED).release.orders, "nothing was taken, nothing comes back"


# --- again, and refused --------------------------------------------------------------------------------------------------


def test_the_same_again_changes_nothing(voided, tmp_path):
    home = copy_home(voided, tmp_path / "home")
    before = lasting(home)
    again = declare_void(home, CUT, **PEOPLE)
    assert (again.nights, again.owed, again.record) == ((), 2, read_restatements(home)[0])
    assert lasting(home) == before
    assert restate(home, CUT, **PEOPLE).record is None, "a restatement goes by the void night, too"
    assert lasting(home) == before


INSTANTS = {
    "the line from which on it counts": lambda home, target: target == home.restatements_file,
    "the flip": lambda home, target: target == home.current,
}


@pytest.mark.slow
@pytest.mark.parametrize("instant", INSTANTS)
def test_a_kill_leaves_the_night_valid_or_void_and_again_gives_the_same_bytes(
    later_home, voided, tmp_path, monkeypatch, instant
):
    import creditline.home.files as files

    home = copy_home(later_home, tmp_path / "home")
    is_reached = INSTANTS[instant]

    def dying(real):
        def dies(source, target, *others):
            if is_reached(home, Path(target)):
                raise KeyboardInterrupt
            return real(source, target, *others)

        return dies

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", dying(files.os.replace))
        patch.setattr(files.os, "rename", dying(files.os.rename))
        with pytest.raises(KeyboardInterrupt):
            declare_void(home, CUT, **PEOPLE)
    assert is_void(home, CUT) is (instant == "the flip")
    declare_void(home, CUT, **PEOPLE)
    assert lasting(home) == lasting(voided)
    assert home.current.resolve() == publication_directory(home, CORRECTED, 1)
    assert len(read_restatements(home)) == 1


@pytest.mark.parametrize(
    ("night", "changed", "said"),
    [
        (CUT, {"approved_by": "maker"}, "two people"),
        (CUT, {"reason": " "}, "needs a reason"),
        (LAST, {}, "is not published, so nothing was decided on it"),
    ],
)
def test_what_is_refused(wrong_home, night, changed, said):
    with pytest.raises(UsageError, match=said):
        declare_void(wrong_home, night, **PEOPLE | changed)


def test_the_first_night_has_nothing_to_go_on_from(wrong_home):
    with pytest.raises(RestatementRefused, match="no valid night before it"):
        declare_void(wrong_home, FIRST, **PEOPLE)
