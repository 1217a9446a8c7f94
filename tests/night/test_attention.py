"""`status` and `night` begin with what needs somebody, each with the next command to type."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from small_delivery import NIGHT, change_manifest, deliver, small_home
from typer.testing import CliRunner

from creditline.cli import app
from creditline.gate.inputs import gate_inputs
from creditline.home.proof import write_signed
from creditline.home.publications import latest_publication, read_manifest
from creditline.landing.accept import DeliveryRefused, accept
from creditline.night import attention
from creditline.night.attention import needs_of_home, needs_of_night
from creditline.release.holds import Hold
from creditline.watch import watch


@pytest.fixture
def newest(home):
    return home.published_dates()[-1]


def needs(home):
    return {need.what: need for need in needs_of_home(home)}


def run(home, *arguments):
    return CliRunner().invoke(app, ["--home", str(home.root), *arguments])


def land_something(home, day, content="["):
    folder = home.landing / str(day)
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(content)


def test_a_healthy_home_stops_nothing(home):
    assert not any(need.stops for need in needs(home).values())
    assert run(home, "status").exit_code == 0


@pytest.mark.parametrize("name", ["marts/fct_limit_decision.parquet", "marts.duckdb", "manifest.json", "reports"])
@pytest.mark.parametrize("is_gone", [True, False])
def test_a_file_that_is_gone_or_changed_is_named(home, newest, name, is_gone):
    path = latest_publication(home, newest) / name
    if path.is_dir():
        path = sorted(path.glob("*.csv"))[0]
    content = path.read_bytes()
    path.unlink() if is_gone else path.write_bytes(content[:-1])
    found = needs(home)[f"files of night {newest} are gone or changed"]
    assert path.name in found.why or name == "manifest.json"
    assert found.command == f"creditline replay --date {newest}"
    ended = run(home, "status", "--format", "json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["needs"][0]["what"] == found.what


def test_carried_state_counts_too(home, newest):
    (home.state / f"business_date={newest}" / "account.parquet").unlink()
    assert needs(home)[f"files of night {newest} are gone or changed"].why.startswith(str(home.state))


def test_a_refused_night_is_told_with_its_reason(home, newest):
    day = newest + timedelta(days=1)
    land_something(home, day)
    with pytest.raises(DeliveryRefused):
        accept(home, day)
    found = needs(home)[f"night {day} is refused"]
    assert found.stops
    assert "manifest.json: manifest: " in found.why
    assert found.command == f"creditline check {home.landing / str(day)}"
    assert run(home, "status").exit_code == 1


def test_a_missing_night_holds_the_one_that_came(home, newest):
    missing, came = newest + timedelta(days=1), newest + timedelta(days=2)
    land_something(home, came)
    found = needs(home)
    assert found[f"night {missing} is missing"].command.startswith(f"creditline skip --date {missing} ")
    assert found[f"night {came} is held"].why == f"it waits for {missing}"
    assert found[f"night {missing} is missing"].stops
    assert found[f"night {came} is held"].stops


def test_a_delivery_of_a_later_day_tells_that_a_night_is_missing(home, newest):
    (home.landing / str(newest + timedelta(days=2)) / "intraday" / "1000").mkdir(parents=True)
    assert f"night {newest + timedelta(days=1)} is missing" in needs(home)


def test_each_held_slice_has_its_command(home, newest, monkeypatch):
    until = home.cut_off_at(newest + timedelta(days=1))
    holds = {f"BANK0{n}/card": Hold(f"BANK0{n}/card", "breaker", f"{n}" * 64, n, until) for n in range(1, 10)}
    monkeypatch.setattr(attention, "read_holds", lambda home, night: holds)
    monkeypatch.setattr(attention, "is_answered", lambda home, night, hold: hold.slice_code == "BANK09/card")
    commands = [need.command for what, need in needs(home).items() if what.endswith(" is held")]
    assert commands == [f"creditline approve BANK0{n}/card --date {newest} --by A --approved-by B" for n in range(1, 9)]


def test_a_distrusted_source_is_told(home, newest, monkeypatch):
    inputs = attention.read_inputs(home, newest)
    sources = next(relation for relation in inputs if relation.name == "run.night_source")
    rows = tuple(row if row[0] != "session" else (*row[:2], "distrust", False, True, None) for row in sources.rows)
    monkeypatch.setattr(attention, "read_inputs", lambda home, night: (replace(sources, rows=rows),))
    assert needs(home)["source session is distrusted"].why.startswith("distrust: ")


def test_rows_and_accounts_in_quarantine_are_counted(home, newest, monkeypatch):
    manifest = read_manifest(home, newest)
    for entry in manifest["deliveries"][0]["sources"]:
        entry["quarantined_rows"] = {"account_snapshot": 3, "session": 5}.get(entry["source"], 0)
    monkeypatch.setattr(attention, "read_manifest", lambda home, night: manifest)
    found = needs(home)
    assert str(home.quarantine / str(newest)) in found["accounts in quarantine: 3"].command
    assert found["other rows in quarantine: 5"].why == f"of night {newest}: session 5"


def test_an_interrupted_release_and_an_unsettled_night_are_told(home, newest):
    write_signed(home, home.releases / "limit_adjustments" / "000099.prepared", {"file": "limit_adjustments_x.csv"})
    (home.releases / "settlement" / f"{newest}.json").unlink()
    found = needs(home)
    assert found["a release was interrupted"].why.startswith("limit_adjustments_x.csv: ")
    assert found[f"night {newest} is not settled"].command == f"creditline night --date {newest}"


def test_a_refused_delivery_between_nights_is_told_until_it_is_gone(home, newest):
    day = newest + timedelta(days=1)
    folder = home.landing / str(day) / "intraday" / "1000"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("[" * 100_000)
    assert watch(home, day).refused
    assert needs(home)[f"delivery {day} 1000 is refused"].command == f"creditline watch --date {day}"
    shutil.rmtree(folder)
    assert f"delivery {day} 1000 is refused" not in needs(home)


def test_a_night_says_what_it_needs(home, newest, monkeypatch):
    until = home.cut_off_at(newest + timedelta(days=1))
    hold = Hold("BANK01/card", "breaker", "0" * 64, 7, until)
    monkeypatch.setattr(attention, "read_holds", lambda home, night: {hold.slice_code: hold})
    assert "slice BANK01/card is held" in run(home, "night", "--date", str(newest)).stdout
    (told,) = json.loads(run(home, "night", "--date", str(newest), "--format", "json").stdout)
    assert "slice BANK01/card is held" in [need["what"] for need in told["needs"]]
    assert [need["what"] for need in told["needs"]] == [need.what for need in needs_of_night(home, newest)]


def test_nothing_to_run_is_said(tmp_path):
    home = small_home(tmp_path / "home")
    for command in (["night", "--all"], ["status"]):
        ended = run(home, *command)
        assert ended.exit_code == 0
        assert "no night is landed" in ended.output


def test_the_reason_of_a_refusal_goes_when_the_delivery_succeeds(tmp_path):
    home = small_home(tmp_path / "home")
    delivery = deliver(home)
    good = (delivery / "manifest.json").read_bytes()
    change_manifest(delivery, lambda manifest: manifest.pop("feed"))
    with pytest.raises(DeliveryRefused):
        accept(home, NIGHT)
    refusal = home.quarantine / str(NIGHT) / "refusal.json"
    assert refusal.is_file()
    (delivery / "manifest.json").write_bytes(good)
    accept(home, NIGHT)
    gate_inputs(home, NIGHT)
    assert not refusal.exists()
