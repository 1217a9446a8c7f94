"""A delivery is tried against a home: all that its night would say, and no byte of the home changes."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime, timedelta

import pytest
from intraday import land_intraday
from small_delivery import NIGHT, add_entry, change_manifest, deliver, small_home, spoil_cell
from typer.testing import CliRunner

from creditline.cli import app
from creditline.gate.checking import FILE_REFUSED, HELD, REFUSED
from creditline.gate.inputs import gate_inputs
from creditline.landing.accept import accept
from creditline.night.checking import check_against

SECOND = NIGHT + timedelta(days=1)
SNAPSHOT = "account_snapshot.csv"
# As many as a jump over night is looked for among.
ACCOUNTS = 1000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home that has taken in its first night."""
    home = small_home(tmp_path_factory.mktemp("check") / "home", expected_sources=("account_snapshot", "session"))
    deliver(home, night=NIGHT, accounts=ACCOUNTS)
    accept(home, NIGHT)
    gate_inputs(home, NIGHT)
    return home


@pytest.fixture
def delivery(home, tmp_path):
    """The good delivery of its second night, outside of the home."""
    directory = deliver(home, night=SECOND, accounts=ACCOUNTS)
    return shutil.move(directory, tmp_path / "delivery")


@pytest.fixture(autouse=True)
def unchanged(home):
    def digest():
        return {
            str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in home.root.rglob("*")
            if path.is_file()
        }

    before, folders = digest(), sorted(path for path in home.root.rglob("*") if path.is_dir())
    yield
    assert digest() == before
    assert sorted(path for path in home.root.rglob("*") if path.is_dir()) == folders


def test_a_good_delivery_fits(home, delivery):
    assert check_against(home, delivery).misfits == ()


def test_what_is_in_the_home_already_is_said(home):
    result = check_against(home, home.landing / str(NIGHT))
    assert (result.misfits, result.is_known) == ((), True)


def stamp(delivery, delivered_at):
    change_manifest(delivery, lambda manifest: manifest.update(delivered_at=delivered_at, cutoff_at=delivered_at))


def repeat_the_first_night(delivery, home):
    shutil.copy(home.landing / str(NIGHT) / SNAPSHOT, delivery)
    stated = json.loads((home.landing / str(NIGHT) / "manifest.json").read_text())["sources"]
    entry = next(entry for entry in stated if entry["file"] == SNAPSHOT)

    def change(manifest):
        manifest["sources"] = [entry, *(one for one in manifest["sources"] if one["file"] != SNAPSHOT)]

    change_manifest(delivery, change)


REFUSALS = {
    "late": lambda delivery, home: stamp(delivery, f"{SECOND + timedelta(days=1)}T19:00:00Z"),
    "sequence_gap": lambda delivery, home: change_manifest(delivery, lambda manifest: manifest.update(sequence=3)),
    "business_date": lambda delivery, home: stamp(delivery, f"{NIGHT}T01:00:00Z"),
    "duplicate": repeat_the_first_night,
}


@pytest.mark.parametrize("rule", REFUSALS)
def test_what_its_night_would_refuse_is_refused(home, delivery, rule):
    REFUSALS[rule](delivery, home)
    spoil_cell(delivery, "session.csv", 2, "is_proxy", "maybe")
    refused, *others = check_against(home, delivery).misfits
    assert (refused.rule, refused.then) == (rule, REFUSED)
    assert "bool:is_proxy" in [misfit.rule for misfit in others]


def test_what_its_night_would_hold_is_held_with_what_to_do(home, delivery):
    spoil_cell(delivery, SNAPSHOT, 3, "legal_entity_code", "NOBODY")
    (delivery / "id_change.csv").write_text(
        f"kind,subject,old_id,new_id,effective_date\nrenumber,account,A99999,B1,{SECOND}\n"
    )
    add_entry(delivery, "id_change")
    change_manifest(
        delivery,
        lambda manifest: manifest.update(sources=[one for one in manifest["sources"] if one["source"] != "session"]),
    )
    found = {misfit.rule: misfit for misfit in check_against(home, delivery).misfits}
    routed = found["routed:legal_entity_code+product_code"]
    assert routed.rows == 1
    assert routed.then.startswith(f"{HELD}; add a row for NOBODY")
    assert (found["known:old_id"].rows, found["known:old_id"].then) == (1, HELD)
    assert (found["expected_source"].file, found["expected_source"].then) == ("session", "the night goes on without it")
    assert not any(misfit.then in (FILE_REFUSED, REFUSED) for misfit in found.values())


def test_the_night_before_refuses_what_jumps(home, tmp_path):
    directory = shutil.move(deliver(home, night=SECOND, accounts=800), tmp_path / "delivery")
    found = {misfit.rule: misfit.then for misfit in check_against(home, directory).misfits}
    assert found["missing"] == REFUSED


def test_one_between_nights_is_looked_at_as_one(home, tmp_path):
    other = small_home(tmp_path / "other")
    event = ("E1", "C00001", datetime(2026, 9, 2, 1), "device", "region", False, True)
    delivery = land_intraday(other, SECOND, "1000", sequence=1, session=[event])
    assert check_against(home, delivery).misfits == ()
    moved = shutil.move(delivery, tmp_path / "0900")
    (refused,) = check_against(home, moved).misfits
    assert (refused.rule, refused.then) == ("intraday_time", REFUSED)


def test_the_command_says_that_it_fits(home, delivery):
    landed = home.landing / str(NIGHT)
    for words, said in (
        (["check", str(delivery)], f"{delivery} fits; --home tries it against a home, too\n"),
        (["--home", str(home.root), "check", str(landed)], f"{landed} fits: it is in the home already\n"),
    ):
        shown = CliRunner().invoke(app, words, env={"CREDITLINE_HOME": None})
        assert (shown.exit_code, shown.stdout) == (0, said)
