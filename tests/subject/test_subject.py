"""All that is held of a customer can be handed out, and ends without a trace; the record stays what it was."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from erasures import traces
from homes import copy_home
from resigned import unpublish_mart
from small_delivery import NIGHT, add_entry, deliver, small_home, spoil_cell

import creditline.subject.erase as erasing
from creditline.errors import CreditlineError, UsageError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import connect
from creditline.home.proof import NotGenuine
from creditline.home.retention import purge_expired
from creditline.night import run_night
from creditline.replay import replay_night
from creditline.subject import ErasureRefused, erase_subject, export_subject

CUSTOMER, ACCOUNTS = "C00019", ("A00038", "A00039")
PEOPLE = {"reason": "asked for it", "by": "clerk", "approved_by": "officer"}


def night(number: int):
    return NIGHT + timedelta(days=number - 1)


@pytest.fixture(scope="module")
def closed_home(tmp_path_factory) -> Home:
    """Four nights: the customer's accounts are open, then closed and settled, then no longer delivered."""
    home = small_home(tmp_path_factory.mktemp("subject") / "home", retention_days=1)
    deliver(home, night=night(1))
    run_night(home, night(1))
    closing = deliver(home, night=night(2))
    for row in (39, 40):
        for column, value in (("status", "closed"), ("principal_balance", "0.00")):
            spoil_cell(closing, "account_snapshot.csv", row, column, value)
    run_night(home, night(2))
    for number in (3, 4):
        deliver(home, night=night(number), accounts=38)
        run_night(home, night(number))
    return home


@pytest.fixture
def home(closed_home, tmp_path) -> Home:
    """A copy that a test may change."""
    return copy_home(closed_home, tmp_path / "home")


@pytest.fixture
def no_retention(monkeypatch):
    monkeypatch.setattr(erasing, "RETENTION", "none_such")


def test_an_export_holds_every_row_of_the_customer_and_of_nobody_else(home):
    exported = export_subject(home, CUSTOMER)
    assert exported["accounts"] == list(ACCOUNTS)
    assert {(row["account_id"], row["status"]) for row in exported["delivered"]["account_snapshot"]} == {
        (account, status) for account in ACCOUNTS for status in ("active", "closed")
    }
    assert len(exported["delivered"]["session"]) == 4
    assert len(exported["published"]["fct_limit_decision"]) == 4
    assert {row["customer_id"] for rows in exported["published"].values() for row in rows if "customer_id" in row} == {
        CUSTOMER
    }
    assert not [
        name for rows in exported["published"].values() for row in rows for name in row if name.endswith("_key")
    ]


def test_an_erased_customer_leaves_no_trace_and_every_night_replays(home, no_retention):
    before = {path: path.read_bytes() for path in _files(home.published)}
    assert {CUSTOMER, *ACCOUNTS} <= _traces(home)

    erased = erase_subject(home, CUSTOMER, **PEOPLE)
    purge_expired(home)

    assert _traces(home) == set()
    assert {path: path.read_bytes() for path in _files(home.published)} == before
    assert all(not replay_night(home, day).differences for day in home.published_dates())
    with pytest.raises(CreditlineError, match=f"customer {CUSTOMER} is not known"):
        export_subject(home, CUSTOMER)
    assert len(erased.account_keys) == 2


def test_a_forgotten_key_is_never_given_to_anybody_else(home, no_retention):
    old = erase_subject(home, CUSTOMER, **PEOPLE)
    deliver(home, night=night(5), accounts=40)
    run_night(home, night(5))
    with connect() as connection:
        attach_identity(connection, home)
        accounts = dict(connection.execute("select account_id, account_key from identity.account").fetchall())
        customers = dict(connection.execute("select customer_id, customer_key from identity.customer").fetchall())
    assert not set(old.account_keys) & set(accounts.values())
    assert customers[CUSTOMER] == 21 and [accounts[account] for account in ACCOUNTS] == [41, 42]


def test_an_erasure_that_was_killed_is_repeated(home, no_retention, monkeypatch):
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "forget_keys", killed)
        with pytest.raises(KeyboardInterrupt):
            erase_subject(home, CUSTOMER, **PEOPLE)
    erase_subject(home, CUSTOMER, **PEOPLE)
    assert home.erasures_file.read_text().count("asked for it") == 2
    assert CUSTOMER not in home.erasures_file.read_text()


def test_two_people_erase(home, no_retention):
    for second in ("", "clerk"):
        with pytest.raises(UsageError, match="two people"):
            erase_subject(home, CUSTOMER, reason="r", by="clerk", approved_by=second)


def test_records_are_kept_for_years(home):
    until = night(1).replace(year=night(1).year + 5)
    with pytest.raises(ErasureRefused, match=f"ended on {night(1)}, records are kept until {until}"):
        erase_subject(home, CUSTOMER, **PEOPLE)


def test_an_open_account_is_no_past(home, no_retention):
    with pytest.raises(ErasureRefused, match=rf"account A00000 is open on {night(4)}; close and settle it first"):
        erase_subject(home, "C00000", **PEOPLE)


def test_what_is_owed_is_no_past(home, no_retention):
    again = deliver(home, night=night(5), accounts=38)
    for row in (1, 2):
        spoil_cell(again, "account_snapshot.csv", row, "status", "charged_off")
    spoil_cell(again, "account_snapshot.csv", 1, "principal_balance", "0.00")
    run_night(home, night(5))
    with pytest.raises(ErasureRefused, match=r"account A00001 owes 10\.00"):
        erase_subject(home, "C00000", **PEOPLE)


@pytest.mark.parametrize(
    ("rows", "is_held"),
    [
        (["E1,legal_hold,,C00019,{day}T01:00:00Z,,,,,,,"], True),
        (["E1,legal_hold,A00039,,{day}T01:00:00Z,,,,,,,"], True),
        (["E1,legal_hold,,C00018,{day}T01:00:00Z,,,,,,,"], False),
        (["E1,legal_hold,,C00019,{day}T01:00:00Z,,,{day},,,,"], True),
        (
            ["E1,legal_hold,,C00019,{day}T01:00:00Z,,,,,,,", "E2,legal_hold,,C00019,{day}T02:00:00Z,,,,,,,withdrawn"],
            False,
        ),
    ],
)
def test_a_legal_hold_keeps_everything(home, no_retention, rows, is_held):
    header = "event_id,kind,account_id,customer_id,occurred_at,amount,from_date,to_date,actor,approver,ground,outcome"
    directory = deliver(home, night=night(5), accounts=38)
    lines = [header, *(row.format(day=night(5)) for row in rows)]
    (directory / "case_event.csv").write_text("\n".join(lines) + "\n")
    add_entry(directory, "case_event")
    run_night(home, night(5))
    if is_held:
        with pytest.raises(ErasureRefused, match="a legal hold stands since"):
            erase_subject(home, CUSTOMER, **PEOPLE)
    else:
        erase_subject(home, CUSTOMER, **PEOPLE)


def test_where_no_night_tells_of_cases_nobody_is_erased(home, no_retention):
    unpublish_mart(home, "fct_case")
    with pytest.raises(ErasureRefused, match=r"night \S+ has no table of cases"):
        erase_subject(home, CUSTOMER, **PEOPLE)


@pytest.mark.parametrize("mart", ["fct_account_night", "fct_case", "dim_regulatory_parameter"])
def test_an_altered_mart_ends_nobodys_record(home, no_retention, mart):
    file = home.published / str(home.published_dates()[-1]) / "r00" / "marts" / f"{mart}.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(NotGenuine, match=rf"{mart}\.parquet was changed"):
        erase_subject(home, CUSTOMER, **PEOPLE)


def test_retention_goes_by_the_newest_night_and_spares_the_record(home):
    assert sorted(path.name for path in home.landing.iterdir()) == [str(night(number)) for number in (3, 4)]
    assert home.published_dates() == [night(number) for number in (1, 2, 3, 4)]
    assert purge_expired(home) == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _traces(home: Home) -> set[str]:
    """Which of the customer's ids any file of the home still spells."""
    return {one for one, _ in traces(home, {CUSTOMER, *ACCOUNTS})}


def test_an_account_that_changed_hands_is_the_new_owners(home, no_retention):
    """From night 5 on A00036 is C00000's; before it was C00018's."""
    moved = deliver(home, night=night(5), accounts=38)
    spoil_cell(moved, "account_snapshot.csv", 37, "customer_id", "C00000")
    for column, value in (("status", "closed"), ("principal_balance", "0.00")):
        spoil_cell(moved, "account_snapshot.csv", 38, column, value)
    run_night(home, night(5))

    before, after = export_subject(home, "C00018"), export_subject(home, "C00000")

    def nights(exported, table):
        return sorted({row["business_date"] for row in exported[table[0]][table[1]] if row["account_id"] == "A00036"})

    for table in (("published", "fct_limit_decision"), ("delivered", "account_snapshot")):
        assert nights(before, table) == [night(number) for number in (1, 2, 3, 4)]
        assert nights(after, table) == [night(5)]

    assert len(erase_subject(home, "C00018", **PEOPLE).account_keys) == 1
    assert "A00036" in export_subject(home, "C00000")["accounts"]
