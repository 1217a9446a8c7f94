"""Changes of ids: a key keeps whose it is, late rows still find it, nothing is guessed, and the same again changes nothing."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from small_delivery import NIGHT, add_entry, change_entry, deliver, spoil

import creditline.gate.inputs as gate
from creditline.errors import CreditlineError
from creditline.gate.identity import IdentityChanged, account_key_of, attach_identity, current_customers, forget_keys
from creditline.home import Home
from creditline.home.database import connect
from creditline.landing.accept import accept
from creditline.subject import export_subject, find_person

HEADER = "kind,subject,old_id,new_id,effective_date\n"


def night(number: int) -> date:
    return NIGHT + timedelta(days=number - 1)


def land(home: Home, number: int, *changes: str, ids: dict[str, str] | None = None, accounts: int = 6) -> Path:
    """A night's delivery with changes of ids, `kind subject old new [effective]`, and with other ids in its files."""
    directory = deliver(home, night=night(number), accounts=accounts)
    for old, new in (ids or {}).items():
        for file in ("account_snapshot.csv", "session.csv"):
            spoil(directory, file, lambda content, old=old, new=new: content.replace(old.encode(), new.encode()))
    if changes:
        rows = [change.split() for change in changes]
        lines = [",".join([*row[:4], row[4] if len(row) > 4 else str(night(number))]) for row in rows]
        (directory / "id_change.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
        add_entry(directory, "id_change")
    return directory


def take_in(home: Home, number: int):
    accept(home, night(number))
    record = gate.gate_inputs(home, night(number)).record
    return {entry.source: entry for entry in record.sources}


@pytest.fixture
def known(home) -> Home:
    """A home that knows the accounts A00000 to A00005 (keys 1 to 6) of C00000 to C00002 (keys 1 to 3)."""
    land(home, 1)
    take_in(home, 1)
    return home


def store(home: Home, query: str) -> list[tuple]:
    with connect() as connection:
        attach_identity(connection, home)
        return connection.execute(query).fetchall()


def ids(home: Home, subject: str) -> dict[int, str]:
    return dict(store(home, f"select {subject}_key, {subject}_id from identity.{subject} order by 1"))


def raw(home: Home, source: str, number: int, columns: str) -> list[tuple]:
    folder = home.raw / source / f"business_date={night(number)}"
    return duckdb.sql(f"select {columns} from read_parquet('{folder}/*.parquet') order by all").fetchall()


def held(home: Home, number: int) -> list[tuple[str, str, str]]:
    files = sorted((home.quarantine / str(night(number))).rglob("id_change*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [(row["rule"], row["value"], row["raw_line"]) for row in rows]


# --- renumber --------------------------------------------------------------------------------------------------------


def test_a_renumbered_account_keeps_its_key_and_nothing_gets_a_new_one(known):
    land(known, 2, "renumber account A00001 B-1", ids={"A00001": "B-1"})
    take_in(known, 2)
    assert ids(known, "account") == {1: "A00000", 2: "B-1", 3: "A00002", 4: "A00003", 5: "A00004", 6: "A00005"}
    assert [row[0] for row in raw(known, "account_snapshot", 2, "account_key")] == [1, 2, 3, 4, 5, 6]
    assert raw(known, "id_change", 2, "kind, subject, old_key, new_key") == [("renumber", "account", 2, 2)]
    assert account_key_of(known, "A00001") == account_key_of(known, "B-1") == 2


def test_a_renumbered_customer_keeps_the_key(known):
    land(known, 2, "renumber customer C00001 D-1", ids={"C00001": "D-1"})
    take_in(known, 2)
    assert ids(known, "customer") == {1: "C00000", 2: "D-1", 3: "C00002"}
    assert {row[0] for row in raw(known, "session", 2, "customer_key")} == {1, 2, 3}
    assert find_person(known, "C00001").customer_id == "D-1"


def test_late_rows_under_the_old_id_find_the_key(known):
    land(known, 2, "renumber account A00001 B-1", ids={"A00001": "B-1"})
    take_in(known, 2)
    land(known, 3)
    take_in(known, 3)
    assert [row[0] for row in raw(known, "account_snapshot", 3, "account_key")] == [1, 2, 3, 4, 5, 6]
    assert ids(known, "account")[2] == "B-1"


def test_ids_change_one_after_another(known):
    for number, (old, new) in enumerate((("A00001", "B-1"), ("B-1", "E-1")), start=2):
        land(known, number, f"renumber account {old} {new}", ids={"A00001": new})
        take_in(known, number)
    assert ids(known, "account")[2] == "E-1"
    assert {account_key_of(known, each) for each in ("A00001", "B-1", "E-1")} == {2}


def test_the_new_id_stands_from_its_date_on_and_finds_the_key_before(known):
    land(known, 2, f"renumber account A00001 B-1 {night(4)}")
    take_in(known, 2)
    assert (ids(known, "account")[2], account_key_of(known, "B-1")) == ("A00001", 2)
    land(known, 3)
    take_in(known, 3)
    assert ids(known, "account")[2] == "A00001"
    land(known, 4, ids={"A00001": "B-1"})
    take_in(known, 4)
    assert ids(known, "account")[2] == "B-1"
    assert store(known, "select id, key from identity.alias") == [("A00001", 2)]


def test_a_change_of_a_correction_is_applied(known):
    directory = land(known, 2, f"renumber account A00001 B-1 {night(1)}")
    change_entry(directory, "id_change.csv", corrects_business_date=str(night(1)))
    take_in(known, 2)
    assert ids(known, "account")[2] == "B-1"


def test_the_same_change_again_changes_nothing(known):
    land(known, 2, "renumber account A00001 B-1", "merge customer C00002 C00001")
    take_in(known, 2)
    before = store(known, "from identity.change"), store(known, "from identity.alias"), ids(known, "customer")
    # another date, so that the file is another one
    land(known, 3, f"renumber account A00001 B-1 {night(1)}", f"merge customer C00002 C00001 {night(3)}")
    assert take_in(known, 3)["id_change"].quarantined_rows == 0
    assert (store(known, "from identity.change"), store(known, "from identity.alias"), ids(known, "customer")) == before
    assert raw(known, "id_change", 3, "kind, old_key, new_key") == [("merge", 3, 2), ("renumber", 2, 2)]


def test_a_gate_that_was_killed_after_the_exchange_says_the_same_again(known, monkeypatch):
    land(
        known, 2, "renumber account A00001 B-1", "merge customer C00002 C00001", "split customer C00000 D-0",
        "renumber account A00003 A00004", ids={"A00001": "B-1"},
    )  # fmt: skip

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gate, "write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(known, 2)
    once = [store(known, f"from identity.{table}") for table in ("account", "customer", "alias", "merged", "change")]
    rows, refused = raw(known, "id_change", 2, "*"), held(known, 2)
    take_in(known, 2)
    assert [
        store(known, f"from identity.{table}") for table in ("account", "customer", "alias", "merged", "change")
    ] == once
    assert (raw(known, "id_change", 2, "*"), held(known, 2)) == (rows, refused)
    assert [row[0] for row in refused] == ["unused:new_id"]


@pytest.mark.parametrize(
    "change",
    ["renumber account A00006 B-6", f"renumber account B-1 E-1 {night(3)}"],
    ids=["of an id that came tonight", "of an id that stands from tonight on"],
)
def test_a_change_that_was_held_is_held_again_after_a_kill(known, monkeypatch, change):
    land(known, 2, f"renumber account A00001 B-1 {night(3)}")
    take_in(known, 2)
    land(known, 3, change, accounts=8)

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gate, "write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(known, 3)
    refused = held(known, 3)
    shutil.rmtree(known.warehouse)
    take_in(known, 3)
    assert held(known, 3) == refused
    assert len(refused) == 1
    assert len(store(known, "from identity.change")) == 1


# --- merge and split -------------------------------------------------------------------------------------------------


def test_a_merged_customer_is_found_under_both_ids_and_the_key_is_given_to_nobody_else(known):
    land(known, 2, "merge customer C00002 C00000", ids={"C00002": "C00000"})
    take_in(known, 2)
    assert ids(known, "customer") == {1: "C00000", 2: "C00001"}
    assert raw(known, "id_change", 2, "kind, old_key, new_key") == [("merge", 3, 1)]
    land(known, 3, accounts=8)
    take_in(known, 3)
    # C00002 is delivered late, C00003 is new
    assert ids(known, "customer") == {1: "C00000", 2: "C00001", 4: "C00003"}
    assert {row[0] for row in raw(known, "account_snapshot", 3, "customer_key")} == {1, 2, 4}
    assert find_person(known, "C00002").customer_keys == (1, 3)


def test_customers_merge_one_after_another(known):
    land(known, 2, "merge customer C00002 C00001")
    take_in(known, 2)
    land(known, 3, "merge customer C00001 C00000")
    take_in(known, 3)
    assert ids(known, "customer") == {1: "C00000"}
    assert find_person(known, "C00002").customer_keys == (1, 2, 3)


def test_customers_merge_into_one_who_is_new(known):
    land(known, 2, "merge customer C00001 D-9", "merge customer C00002 D-9")
    take_in(known, 2)
    assert ids(known, "customer") == {1: "C00000", 4: "D-9"}


def test_a_merge_waits_for_its_date(known):
    land(known, 2, f"merge customer C00002 C00001 {night(3)}")
    take_in(known, 2)
    assert ids(known, "customer") == {1: "C00000", 2: "C00001", 3: "C00002"}
    land(known, 3)
    take_in(known, 3)
    assert ids(known, "customer") == {1: "C00000", 2: "C00001"}


def test_a_customer_who_splits_off_gets_the_next_key(known):
    land(known, 2, "split customer C00001 D-1")
    take_in(known, 2)
    assert ids(known, "customer") == {1: "C00000", 2: "C00001", 3: "C00002", 4: "D-1"}
    assert raw(known, "id_change", 2, "kind, old_key, new_key") == [("split", 2, 4)]


# --- contradictions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        (["renumber account A9 B-1"], [("known:old_id", "A9")]),
        (["renumber account A00001 A00002"], [("unused:new_id", "A00002")]),
        (["renumber account A00001 A00001"], [("another_id:new_id", "A00001")]),
        (["merge account A00001 A00002"], [("customers_only:kind", "merge")]),
        (["split account A00001 B-1"], [("customers_only:kind", "split")]),
        (["split customer C00001 C00002"], [("unused:new_id", "C00002")]),
        (["merge customer C9 C00001"], [("known:old_id", "C9")]),
        # a swap, a chain, two that want one id, and two things about one
        (
            ["renumber account A00001 A00002", "renumber account A00002 A00001"],
            [("one_change:old_id", "A00001"), ("one_change:old_id", "A00002")],
        ),
        (
            ["renumber account A00001 B-1", "renumber account B-1 B-2"],
            [("one_change:old_id", "A00001"), ("one_change:old_id", "B-1")],
        ),
        (
            ["renumber account A00001 B-1", "renumber account A00002 B-1"],
            [("one_change:old_id", "A00001"), ("one_change:old_id", "A00002")],
        ),
        (
            ["merge customer C00001 C00000", "split customer C00001 D-1"],
            [("one_change:old_id", "C00001"), ("one_change:old_id", "C00001")],
        ),
        # the key of the source itself
        (
            ["renumber account A00001 B-1", "renumber account A00001 B-2"],
            [("unique:kind+subject+old_id", "renumber"), ("unique:kind+subject+old_id", "renumber")],
        ),
        (["renumber account A00001 B-1", "renumber account A00001 B-1"], [("unique:kind+subject+old_id", "renumber")]),
        # ids of one subject say nothing about the other
        (["renumber account C00001 B-1"], [("known:old_id", "C00001")]),
        (["renumber account A00001 C00001"], []),
    ],
)
def test_a_contradiction_goes_to_quarantine_with_rule_and_value(known, changes, findings):
    land(known, 2, *changes)
    taken = take_in(known, 2)["id_change"]
    assert [row[:2] for row in held(known, 2)] == findings
    assert taken.accepted_rows == len(changes) - len(findings)
    if findings and taken.accepted_rows == 0:
        assert store(known, "from identity.change") == []


def test_an_id_is_never_used_again(known):
    land(known, 2, "renumber account A00001 B-1", "merge customer C00002 C00001")
    take_in(known, 2)
    land(
        known, 3, "renumber account A00003 A00001", "renumber account A00001 B-3", "renumber account B-1 A00001",
        "merge customer C00000 C00002",
    )  # fmt: skip
    take_in(known, 3)
    # the four name each other as well
    assert [row[:2] for row in held(known, 3)] == [
        ("one_change:old_id", "A00003"),
        ("one_change:old_id", "A00001"),
        ("one_change:old_id", "B-1"),
        ("current:new_id", "C00002"),
    ]
    land(known, 4, "renumber account A00003 A00001")
    take_in(known, 4)
    assert [row[:2] for row in held(known, 4)] == [("unused:new_id", "A00001")]


def test_what_waits_for_its_date_cannot_be_changed_but_for_the_date(known):
    land(known, 2, f"renumber account A00001 B-1 {night(9)}", f"merge customer C00002 C00001 {night(9)}")
    take_in(known, 2)
    land(known, 3, "renumber account A00001 B-2", "renumber customer C00001 D-1", "split customer C00000 D-2")
    take_in(known, 3)
    assert [row[:2] for row in held(known, 3)] == [("waiting:old_id", "A00001"), ("waiting:old_id", "C00001")]
    land(known, 4, f"renumber account A00001 B-1 {night(4)}")
    take_in(known, 4)
    assert ids(known, "account")[2] == "B-1"


# --- the store -------------------------------------------------------------------------------------------------------


def test_an_erasure_takes_every_id_and_keeps_every_key(known):
    land(known, 2, "renumber account A00004 B-4", "renumber customer C00001 D-1", "merge customer C00002 C00000")
    take_in(known, 2)
    land(known, 3, f"renumber account B-4 B-5 {night(9)}")
    take_in(known, 3)
    forget_keys(known, {"customer": [1, 3], "account": [5]})
    assert ids(known, "customer") == {2: "D-1"}
    assert store(known, "select subject, id, key from identity.alias") == [("customer", "C00001", 2)]
    assert store(known, "select old_id from identity.change") == [("C00001",)]
    assert store(known, "select subject, key from identity.forgotten") == [
        ("account", 5),
        ("customer", 1),
        ("customer", 3),
    ]
    written = known.identity_file.read_bytes()
    assert [word for word in (b"C00000", b"C00002", b"A00004", b"B-4", b"B-5") if word in written] == []
    with pytest.raises(CreditlineError, match="account A00004 is not known"):
        account_key_of(known, "A00004")


@pytest.mark.parametrize("statement", ["drop table merged", "alter table account drop column seal"])
def test_a_store_without_all_that_is_kept_there_names_nobody(known, statement):
    with duckdb.connect(str(known.identity_file)) as connection:
        connection.execute(statement)
    with pytest.raises(IdentityChanged, match="does not hold the tables that the house keeps there"):
        account_key_of(known, "A00001")


# --- who is told, and handed out -------------------------------------------------------------------------------------


def test_a_notice_about_a_merged_customer_finds_the_survivor(known):
    land(known, 2, "merge customer C00002 C00001")
    take_in(known, 2)
    assert store(known, f"select customer_key, customer_id from {current_customers()} order by 1") == [
        (1, "C00000"),
        (2, "C00001"),
        (3, "C00001"),
    ]


def test_an_export_names_former_ids_and_holds_what_was_delivered_under_them(known):
    land(known, 2, "merge customer C00002 C00001", "renumber account A00004 B-4", ids={"A00004": "B-4"})
    take_in(known, 2)
    exported = export_subject(known, "C00002")
    assert (exported["customer"], exported["former_ids"]) == ("C00001", ["C00002"])
    assert exported["accounts"] == ["A00002", "A00003", "B-4", "A00005"]
    assert exported["former_account_ids"] == {"B-4": ["A00004"]}
    found = {(row["business_date"], row["account_id"]) for row in exported["delivered"]["account_snapshot"]}
    assert found == {(night(number), account) for number in (1, 2) for account in exported["accounts"]}
    assert {row["customer_id"] for row in exported["delivered"]["account_snapshot"]} == {"C00001"}
    assert export_subject(known, "C00001") == exported
