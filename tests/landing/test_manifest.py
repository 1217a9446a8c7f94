"""The manifest: without a good one nothing of a delivery is looked at; every delivery comes once, and in order."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from homes import take_in, tree_of
from small_delivery import (
    NIGHT,
    add_entry,
    change_entry,
    change_manifest,
    deliver,
    seal,
    small_home,
    spoil,
    stand_as_published,
)

from creditline.gate.inputs import gate_inputs
from creditline.home import Home
from creditline.landing.accept import DeliveryRefused, accept
from creditline.store.record import delivery_records

SECOND = NIGHT + timedelta(days=1)
THIRD = NIGHT + timedelta(days=2)


def refusal(home, night=NIGHT) -> dict:
    """The reason that accept leaves; what it raises says the same."""
    with pytest.raises(DeliveryRefused) as refused:
        accept(home, night)
    kept = json.loads((home.quarantine / str(night) / "refusal.json").read_text())
    assert str(refused.value) == f"night {night}: {kept['reason']}"
    assert kept["reason"].startswith(f"{kept['file']}: {kept['rule']}: ")
    return kept


def change_text(delivery: Path, old: str, new: str) -> None:
    path = delivery / "manifest.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def drop(name: str):
    return lambda manifest: manifest.pop(name)


def put(name: str, value: object):
    return lambda manifest: manifest.__setitem__(name, value)


def of_first(**values: object):
    return lambda manifest: manifest["sources"][0].update(values)


MANIFESTS = [
    ("no feed", drop("feed"), "manifest"),
    ("hostile feed", put("feed", "../core"), "manifest"),
    ("no sequence", put("sequence", 0), "manifest"),
    ("unknown field", put("comment", "hello"), "manifest"),
    ("no hash", of_first(sha256="abc"), "manifest"),
    ("negative rows", of_first(rows=-1), "manifest"),
    ("total is no number", of_first(totals={"limit_amount": "NaN"}), "manifest"),
    ("unknown format", of_first(format="xlsx"), "manifest"),
    ("another contract", put("contract_version", "0"), "contract_version"),
    ("another night", put("business_date", str(SECOND)), "business_date"),
    ("unknown source", of_first(source="horoscope"), "source"),
    ("source twice", of_first(source="session", file="other.csv"), "source"),
    ("file twice", of_first(file="session.csv"), "file"),
    ("no snapshot", lambda manifest: manifest["sources"].pop(0), "required_source"),
    ("a snapshot of another night only", of_first(corrects_business_date="2026-08-31"), "required_source"),
    ("corrects itself", lambda manifest: manifest["sources"][1].update(corrects_business_date=str(NIGHT)), "corrects_business_date"),
    ("a day that is a number", put("business_date", 1788220800), "manifest"),
    ("twenty-four o'clock", put("delivered_at", "2026-09-01T24:00:00Z"), "manifest"),
    ("a leap second", put("delivered_at", "2026-09-01T17:59:60Z"), "manifest"),
    ("small letters", put("delivered_at", "2026-09-01t17:00:00z"), "manifest"),
    ("no zone", put("delivered_at", "2026-09-01T17:00:00"), "manifest"),
    ("a time that is a number", put("cutoff_at", 1788285600), "manifest"),
    ("rows as text", of_first(rows="40"), "manifest"),
    ("rows beyond counting", of_first(rows=10**30), "manifest"),
    ("a sequence that is true", put("sequence", True), "manifest"),
    ("a sequence beyond counting", put("sequence", 10**30), "manifest"),
    ("covered from tomorrow on", lambda manifest: manifest["sources"][1].update(coverage_from=str(SECOND)), "coverage_from"),
    ("corrects a night before the first", lambda manifest: manifest["sources"][1].update(corrects_business_date="2026-08-31"), "corrects_business_date"),
    ("after the cut-off", put("delivered_at", "2026-09-01T18:00:01Z"), "late"),
    ("before the day began", put("delivered_at", "2026-08-31T15:59:59Z"), "business_date"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule"), [case[1:] for case in MANIFESTS], ids=[case[0] for case in MANIFESTS])
def test_a_manifest_that_does_not_hold_refuses_the_delivery(home, delivery, change, rule):
    change_manifest(delivery, change)
    kept = refusal(home)
    assert (kept["file"], kept["rule"]) == ("manifest.json", rule)
    assert not list(home.raw.rglob("*"))


@pytest.mark.parametrize("delivered_at", ["2026-09-01T18:00:00Z", "2026-08-31T16:00:00Z", "2026-09-02T02:00:00+08:00"])
def test_delivery_at_the_very_edges_of_the_night(home, delivery, delivered_at):
    change_manifest(delivery, put("delivered_at", delivered_at))
    change_manifest(delivery, lambda manifest: manifest["sources"].__delitem__(slice(1, None)))
    assert accept(home, NIGHT).sources[0].refusal is None


def test_without_a_manifest_nothing_is_looked_at(home, delivery):
    (delivery / "manifest.json").unlink()
    assert refusal(home)["rule"] == "manifest_missing"


@pytest.mark.parametrize("content", ["", "[]", "{", "\xff", '{"a": 1}', '{"feed": 1, "feed": 2}'])
def test_what_is_no_manifest_is_refused(home, delivery, content):
    (delivery / "manifest.json").write_bytes(content.encode("latin-1"))
    assert refusal(home)["rule"] == "manifest"


def test_a_key_that_stands_twice_is_refused(home, delivery):
    change_text(delivery, '"sequence": 1', '"sequence": 1, "sequence": 2')
    assert "sequence is there twice" in refusal(home)["reason"]


# --- order ------------------------------------------------------------------------------------------------------------


def test_the_same_delivery_again_is_known_and_changes_nothing(home, delivery):
    record = take_in(home)
    before = tree_of(home.raw, home.root / "identity")
    assert accept(home, NIGHT).is_known
    assert gate_inputs(home, NIGHT).record == record
    assert tree_of(home.raw, home.root / "identity") == before


def test_the_same_sequence_with_other_content_is_a_conflict_once_the_night_is_published(home, delivery):
    take_in(home)
    stand_as_published(home, NIGHT)
    change_manifest(delivery, put("delivered_at", "2026-09-01T16:59:00Z"))
    kept = refusal(home)
    assert kept["rule"] == "sequence_conflict"
    assert "under the next sequence" in kept["reason"]


def test_the_next_sequence_for_a_night_that_is_in_names_the_one_to_use(home, delivery):
    take_in(home)
    change_manifest(delivery, put("sequence", 2))
    kept = refusal(home)
    assert kept["rule"] == "business_date"
    assert "as its sequence 1" in kept["reason"]
    assert "a night that is not published under its own sequence" in kept["reason"]


def test_another_feed_does_not_take_the_place_of_the_homes_own(home, delivery):
    """Its first sequence is none of the home's: it would fit any night."""
    take_in(home)
    deliver(home, night=SECOND, feed="core2", sequence=1)
    kept = refusal(home, SECOND)
    assert kept["rule"] == "feed"
    assert "'core'" in kept["reason"]
    assert "write `night_feed: core2` into creditline.yml" in kept["reason"]
    assert (
        "it brings account_snapshot.csv, session.csv; put the files of another system into the delivery"
        in kept["reason"]
    )


def test_a_delivery_of_another_system_alone_is_told_where_its_files_belong(home):
    """The general ledger delivers by itself."""
    delivery = deliver(home, sources=("account_snapshot",), feed="ledger")
    (delivery / "gl_balance.csv").write_text(
        "ledger_code,legal_entity_code,currency_code,balance\n1001,BANK01,CNY,5.00\n"
    )
    add_entry(delivery, "gl_balance")
    change_manifest(delivery, lambda manifest: manifest["sources"].pop(0))
    assert refusal(home)["reason"] == (
        "manifest.json: required_source: account_snapshot is not in it, feed 'ledger' brings gl_balance.csv; a night is one"
        " delivery of one feed: deliver account_snapshot with it, or put its files, each with its entry in the manifest, into the"
        " delivery that brings account_snapshot"
    )


def test_a_feed_that_was_renamed_in_the_settings_begins_anew_where_the_other_ended(tmp_path):
    home = small_home(tmp_path / "home")
    deliver(home)
    take_in(home)
    settings = tmp_path / "home" / "creditline.yml"
    settings.write_text(settings.read_text().replace("night_feed: null", "night_feed: core2"))
    renamed = Home(home.root)
    deliver(renamed, night=SECOND, sequence=2)
    assert refusal(renamed, SECOND)["rule"] == "feed"
    shutil.rmtree(renamed.landing / str(SECOND))
    deliver(renamed, night=SECOND, feed="core2", sequence=1)
    assert take_in(renamed, SECOND).feed == "core2"
    stand_as_published(renamed, NIGHT)
    shutil.rmtree(renamed.landing / str(NIGHT))
    deliver(renamed, night=NIGHT, feed="core2", sequence=2)
    assert refusal(renamed, NIGHT)["rule"] == "business_date"


def test_a_night_is_not_delivered_before_the_one_before_it(home, delivery):
    """What is known later counts, so a delivery that says it is older would lose to the night before."""
    change_manifest(delivery, put("delivered_at", "2026-09-01T17:30:00Z"))
    take_in(home)
    change_manifest(deliver(home, night=SECOND), put("delivered_at", "2026-09-01T17:30:00Z"))
    assert refusal(home, SECOND)["rule"] == "delivered_at"


def test_a_gap_is_held_and_names_the_missing_sequence(home, delivery):
    take_in(home)
    deliver(home, night=SECOND, sequence=3)
    kept = refusal(home, SECOND)
    assert kept["rule"] == "sequence_gap"
    assert "deliver sequence 2 first" in kept["reason"]


def test_an_older_sequence_is_refused(home):
    deliver(home, night=NIGHT, sequence=5)
    take_in(home)
    deliver(home, night=SECOND, sequence=4)
    assert refusal(home, SECOND)["rule"] == "sequence_old"


def test_an_earlier_night_under_the_next_sequence_is_refused(home):
    deliver(home, night=SECOND, sequence=1)
    take_in(home, SECOND)
    deliver(home, night=NIGHT, sequence=2)
    assert refusal(home)["rule"] == "business_date"


def test_a_refused_delivery_may_come_again_under_its_sequence(home, delivery):
    spoil(delivery, "account_snapshot.csv", lambda content: content[:-3])
    assert refusal(home)["rule"] == "final_newline"
    for path in delivery.iterdir():
        path.unlink()
    delivery.rmdir()
    deliver(home)
    assert take_in(home).sequence == 1


def stale(home, source: str) -> None:
    """Deliver the second night with the first night's bytes of one source."""
    delivery = deliver(home, night=SECOND)
    content = (home.landing / str(NIGHT) / f"{source}.csv").read_bytes()
    (delivery / f"{source}.csv").write_bytes(content)
    seal(delivery, f"{source}.csv")


def test_a_stale_snapshot_refuses_the_delivery(home, delivery):
    take_in(home)
    stale(home, "account_snapshot")
    kept = refusal(home, SECOND)
    assert kept["rule"] == "duplicate"
    assert f"taken in for {NIGHT}" in kept["reason"]


def test_a_stale_file_is_found_under_another_name(home, delivery):
    take_in(home)
    stale(home, "account_snapshot")
    second = home.landing / str(SECOND)
    (second / "account_snapshot.csv").rename(second / "accounts.csv")
    change_entry(second, "account_snapshot.csv", file="accounts.csv")
    assert refusal(home, SECOND)["rule"] == "duplicate"


def test_a_stale_source_is_refused_alone(home, delivery):
    take_in(home)
    stale(home, "session")
    record = take_in(home, SECOND)
    assert {entry.source: entry.verdict for entry in record.sources}["session"] == "refuse"
    assert "duplicate" in record.sources[1].reasons[0]


def test_a_refused_file_is_no_duplicate_of_itself(home, delivery):
    spoil(delivery, "session.csv", lambda content: content.replace(b"event_id", b"event", 1))
    take_in(home)
    stale(home, "session")
    assert "header" in take_in(home, SECOND).sources[1].reasons[0]


def test_an_empty_file_may_come_every_night(home):
    for night in (NIGHT, SECOND):
        delivery = deliver(home, night=night)
        spoil(delivery, "session.csv", lambda content: content.split(b"\n", 1)[0] + b"\n")
        assert {entry.source: entry.verdict for entry in take_in(home, night).sources}["session"] == "pass"


def test_records_stand_in_order(home):
    for night in (NIGHT, SECOND, THIRD):
        deliver(home, night=night)
        take_in(home, night)
    assert [(record.business_date, record.sequence) for record in delivery_records(home)] == [
        (NIGHT, 1),
        (SECOND, 2),
        (THIRD, 3),
    ]
