"""What a wrong delivery made of keys and ids is taken back before anything is decided on it; a key is never anybody else's."""

from __future__ import annotations

import shutil

import pytest
from homes import take_in, tree_of
from small_delivery import NIGHT, stand_as_published
from test_id_changes import land, night, store

from creditline.errors import UsageError
from creditline.gate import undo as undoing
from creditline.gate.acceptance import accept_jump
from creditline.gate.id_changes import NotRevertible
from creditline.gate.identity import attach_identity
from creditline.gate.undo import UndoRefused, undo_identity
from creditline.home import Home
from creditline.home.database import connect
from creditline.home.proof import NotGenuine
from creditline.home.undone import UndoneChange, read_undone, undone_dates
from creditline.store.record import delivery_records

PEOPLE = {"reason": "the ids had lost their zeros", "by": "maker", "approved_by": "checker"}
KNOWN = {f"A0000{number}": number + 1 for number in range(6)}


@pytest.fixture
def known(home) -> Home:
    """A home that knows the accounts A00000 to A00005 (keys 1 to 6) of C00000 to C00002 (keys 1 to 3), as published."""
    land(home, 1)
    take_in(home)
    stand_as_published(home, NIGHT)
    return home


def accounts(home: Home) -> dict[str, int]:
    return dict(store(home, "select account_id, account_key from identity.account"))


def whole(home: Home) -> None:
    """The store is what the house wrote, to the last row."""
    (home.identity_file.parent / "seal.json").unlink()
    with connect() as connection:
        attach_identity(connection, home)


def come(home: Home, number: int) -> None:
    """Take a delivery in that two people took for a real jump."""
    accept_jump(home, "account_snapshot", night(number), **PEOPLE)
    take_in(home, night(number))


def again(home: Home, number: int, *changes: str, **facts: object) -> None:
    """The right delivery of a night in place of the wrong one."""
    shutil.rmtree(home.landing / str(night(number)))
    land(home, number, *changes, **facts)
    come(home, number)


def test_keys_of_an_unpublished_delivery_are_taken_back_and_never_given_again(known):
    land(known, 2, ids={"A0000": "A", "C0000": "C"})
    come(known, 2)
    assert accounts(known) == KNOWN | {f"A{number}": number + 7 for number in range(6)}
    undone = undo_identity(known, night(2), **PEOPLE)
    assert (undone.account_keys, undone.customer_keys) == (tuple(range(7, 13)), (4, 5, 6))
    assert accounts(known) == KNOWN
    assert [record.business_date for record in delivery_records(known)] == [NIGHT]
    assert not [name for name in tree_of(known.raw) if str(night(2)) in name and name.endswith(".parquet")]
    whole(known)
    # the right delivery brings two accounts that are new
    again(known, 2, accounts=8)
    assert accounts(known) == KNOWN | {"A00006": 13, "A00007": 14}
    assert undone_dates(known) == frozenset(), "the right delivery's changes of ids count"


def test_an_id_that_a_wrong_delivery_took_is_free_for_a_change_of_ids(known):
    land(known, 2, ids={"A00000": "B00000"})
    come(known, 2)
    undo_identity(known, night(2), **PEOPLE)
    again(known, 2, "renumber account A00000 B00000", ids={"A00000": "B00000"})
    assert accounts(known)["B00000"] == 1


@pytest.mark.parametrize("effective", [2, 9], ids=["applied", "waiting"])
def test_a_renumbering_is_taken_back(known, effective):
    land(known, 2, f"renumber account A00000 B00000 {night(effective)}")
    come(known, 2)
    undone = undo_identity(known, night(2), **PEOPLE)
    assert undone.changes == (UndoneChange("renumber", "account", 1, 1),)
    assert accounts(known) == KNOWN
    assert store(known, "from identity.alias") == store(known, "from identity.change") == []
    whole(known)
    again(known, 2)
    assert accounts(known) == KNOWN


def test_a_merge_is_taken_back_with_the_former_ids_of_the_merged(known):
    land(known, 2, "renumber customer C00000 D00000", ids={"C00000": "D00000"})
    come(known, 2)
    stand_as_published(known, night(2))
    land(known, 3, "merge customer D00000 C00001", ids={"C00000": "C00001"})
    come(known, 3)
    assert store(known, "select customer_key, into_key from identity.merged") == [(1, 2)]
    undo_identity(known, night(3), **PEOPLE)
    customers = store(known, "select customer_id, customer_key from identity.customer order by 2")
    assert customers == [("D00000", 1), ("C00001", 2), ("C00002", 3)]
    assert store(known, "select id, key from identity.alias") == [("C00000", 1)]
    assert store(known, "from identity.merged") == []
    whole(known)


def test_a_merge_of_who_was_merged_into_before_is_refused_and_changes_nothing(known):
    land(known, 2, "merge customer C00000 C00001", ids={"C00000": "C00001"})
    come(known, 2)
    stand_as_published(known, night(2))
    land(known, 3, "merge customer C00001 C00002", ids={"C00000": "C00002", "C00001": "C00002"})
    come(known, 3)
    before = store(known, "from identity.customer"), store(known, "from identity.merged")
    with pytest.raises(NotRevertible, match="have the customers split again by id_change"):
        undo_identity(known, night(3), **PEOPLE)
    assert (store(known, "from identity.customer"), store(known, "from identity.merged")) == before


def void(home: Home, monkeypatch, day) -> None:
    """A published night counts as declared void."""
    stand_as_published(home, day)
    monkeypatch.setattr(undoing, "is_void", lambda _home, asked: asked == day)


def test_of_a_void_night_only_what_nothing_else_names_is_taken_back(known, monkeypatch):
    land(known, 2, ids={"A00000": "B00000"}, accounts=8)
    come(known, 2)
    void(known, monkeypatch, night(2))
    land(known, 3, accounts=7)
    come(known, 3)
    undone = undo_identity(known, night(2), **PEOPLE)
    # A00006 came again on the night after, so it is somebody
    assert (undone.account_keys, undone.customer_keys) == ((8, 9), ())
    assert accounts(known) == KNOWN | {"A00006": 7}
    assert len(delivery_records(known)) == 3, "what was published stays"
    whole(known)


def test_changes_of_a_void_night_count_no_more(known, monkeypatch):
    land(known, 2, "renumber account A00000 B00000")
    come(known, 2)
    void(known, monkeypatch, night(2))
    undo_identity(known, night(2), **PEOPLE)
    assert accounts(known) == KNOWN
    assert undone_dates(known) == {night(2)}


def test_changes_that_a_later_delivery_followed_are_refused(known, monkeypatch):
    land(known, 2, "renumber account A00000 B00000", ids={"A00000": "B00000"})
    come(known, 2)
    void(known, monkeypatch, night(2))
    land(known, 3, ids={"A00000": "B00000"})
    come(known, 3)
    with pytest.raises(UndoRefused, match=f"delivery core 3 of {night(3)} followed the changes of ids of {night(2)}"):
        undo_identity(known, night(2), **PEOPLE)
    assert accounts(known)["B00000"] == 1


def test_a_night_that_was_decided_is_declared_void_first(known):
    with pytest.raises(UndoRefused, match=f"creditline void --date {NIGHT}"):
        undo_identity(known, NIGHT, **PEOPLE)


@pytest.mark.parametrize(("changed", "said"), [({"approved_by": "maker"}, "two people"), ({"reason": " "}, "reason")])
def test_it_takes_two_people_and_a_reason(known, changed, said):
    with pytest.raises(UsageError, match=said):
        undo_identity(known, night(2), **PEOPLE | changed)


def test_the_same_again_finds_nothing(known):
    land(known, 2, ids={"A00000": "B00000"})
    come(known, 2)
    undo_identity(known, night(2), **PEOPLE)
    assert undo_identity(known, night(2), **PEOPLE) is None
    assert len(read_undone(known)) == 1


@pytest.mark.parametrize("step", ["make_way", "revert_changes", "take_back_keys"])
def test_a_killed_command_is_ended_by_the_same_command(known, monkeypatch, step):
    land(known, 2, "renumber account A00001 B00001", ids={"A00000": "B00000"})
    come(known, 2)

    def dies(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(undoing, step, dies)
        with pytest.raises(KeyboardInterrupt):
            undo_identity(known, night(2), **PEOPLE)
    undo_identity(known, night(2), **PEOPLE)
    assert accounts(known) == KNOWN
    assert store(known, "from identity.change") == []
    assert len(delivery_records(known)) == 1
    assert len(read_undone(known)) == 1
    whole(known)


def test_a_line_that_somebody_changed_is_noticed(known):
    land(known, 2, ids={"A00000": "B00000"})
    come(known, 2)
    undo_identity(known, night(2), **PEOPLE)
    file = known.undone_file
    file.write_text(file.read_text().replace("lost their zeros", "been right"))
    with pytest.raises(NotGenuine, match=r"identity_undone\.jsonl line 1"):
        read_undone(known)
