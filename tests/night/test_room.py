"""A night that the machine cannot hold does not start, and says what is missing."""

from __future__ import annotations

import threading
from collections import namedtuple
from datetime import timedelta

import duckdb
import pytest
import yaml
from small_delivery import NIGHT, deliver, small_home

import creditline.night.room as room
from creditline.errors import UsageError
from creditline.home import open_home
from creditline.home.database import connect_within
from creditline.landing.accept import DeliveryRefused
from creditline.landing.manifest import read_manifest
from creditline.night import accept, build, gate_inputs, run_night
from creditline.night.room import NoRoom, require_room
from creditline.warehouse import logic_run
from creditline.warehouse.logic import LogicRefused

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(tmp_path):
    home = small_home(tmp_path / "home")
    deliver(home)
    return home


def delivered_rows(home, night):
    manifest, _ = read_manifest(home.landing / str(night))
    return sum(entry.rows for entry in manifest.sources)


def set_setting(home, name, value):
    path = home.root / "creditline.yml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {name: value}))
    return open_home(home.root)


def give_disk(monkeypatch, free):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _place: Usage(0, 0, free))


def test_a_full_disk_is_told_before_anything_is_taken_in(home, monkeypatch):
    give_disk(monkeypatch, 260 * delivered_rows(home, NIGHT) - 1)
    with pytest.raises(NoRoom, match=rf"^night {NIGHT}: .*home has .* free, .* can need .*; free some space"):
        accept(home, NIGHT)
    assert not (home.warehouse / "accept").exists()
    give_disk(monkeypatch, 260 * delivered_rows(home, NIGHT))
    accept(home, NIGHT)


def test_what_spills_counts_up_to_its_limit(home, monkeypatch):
    home = set_setting(home, "spill_limit", "1KiB")
    give_disk(monkeypatch, 100 * delivered_rows(home, NIGHT) + 1024)
    require_room(home, NIGHT)
    give_disk(monkeypatch, 100 * delivered_rows(home, NIGHT) + 1023)
    with pytest.raises(NoRoom):
        require_room(home, NIGHT)


def test_what_was_carried_over_counts(home, monkeypatch):
    run_night(home, NIGHT)
    tomorrow = NIGHT + timedelta(days=1)
    deliver(home, night=tomorrow)
    state = sum(path.stat().st_size for path in (home.state / f"business_date={NIGHT}").glob("*.parquet"))
    give_disk(monkeypatch, 260 * delivered_rows(home, tomorrow))
    assert state > 0
    with pytest.raises(NoRoom):
        require_room(home, tomorrow)


def test_memory_that_is_not_there_is_told(home):
    home = set_setting(home, "memory_limit", "900TB")
    with pytest.raises(NoRoom, match=r"the engine may use 900TB .* are available; lower memory_limit"):
        require_room(home, NIGHT)


def test_a_container_that_leaves_less_than_the_machine_counts(home, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "_CONTAINER", tmp_path)
    (tmp_path / "memory.current").write_text("1000000000\n")
    (tmp_path / "memory.max").write_text("max\n")
    require_room(home, NIGHT)
    (tmp_path / "memory.max").write_text("6999999999\n")
    with pytest.raises(NoRoom, match=r"the program 6\.4GB, and 6\.0GB are available"):
        require_room(home, NIGHT)


def test_the_10_million_night_that_was_seen_would_have_been_refused_with_less(home, monkeypatch):
    """289,164,603 rows wrote 29 GB and spilled 46 GB at once."""
    monkeypatch.setattr(room, "_delivered_rows", lambda *_: 289_164_603)
    monkeypatch.setattr(room, "_require_memory", lambda *_: None)
    give_disk(monkeypatch, 74_000_000_000)
    with pytest.raises(NoRoom):
        require_room(home, NIGHT)
    give_disk(monkeypatch, 76_000_000_000)
    require_room(home, NIGHT)


@pytest.mark.parametrize("name", ["memory_limit", "spill_limit"])
@pytest.mark.parametrize("value", ["4 apples", "", "80%"])
def test_a_size_is_one_that_the_engine_reads(home, name, value):
    with pytest.raises(UsageError, match=name):
        set_setting(home, name, value)


def test_a_manifest_that_cannot_be_read_is_refused_as_one(home):
    (home.landing / str(NIGHT) / "manifest.json").write_text("{")
    with pytest.raises(DeliveryRefused, match="Invalid JSON"):
        accept(home, NIGHT)


def test_what_spills_is_bounded(home):
    home = set_setting(home, "memory_limit", "60MB")
    rows = "create temp table spilled as select i, md5(i::varchar) as text from range(2000000) as numbers(i)"
    with connect_within(home) as connection:
        connection.execute(rows)
        assert home.spill.is_dir()
    home = set_setting(home, "spill_limit", "1MB")
    with (
        connect_within(home) as connection,
        pytest.raises(duckdb.OutOfMemoryException, match="max_temp_directory_size"),
    ):
        connection.execute(rows)


# Room enough to lay the night, and none for what is read from a CSV.
TOO_LITTLE = "14MB"


def test_what_does_not_fit_beside_another_model_is_built_alone(home, monkeypatch, caplog):
    create = logic_run._create_model

    def create_alone(connection, model):
        if model.name == "ftr_cash_flow" and threading.current_thread() is not threading.main_thread():
            raise duckdb.OutOfMemoryException("Out of Memory Error")
        create(connection, model)

    monkeypatch.setattr(logic_run, "_create_model", create_alone)
    run_night(home, NIGHT)
    assert home.published_dates() == [NIGHT]
    assert "Out of Memory Error; the models that are left run one at a time" in caplog.text


def test_a_night_that_fits_in_no_way_says_what_did_not(home):
    accept(home, NIGHT)
    gate_inputs(home, NIGHT)
    home = set_setting(set_setting(home, "threads", 1), "memory_limit", TOO_LITTLE)
    with pytest.raises(LogicRefused, match=r"\w+ does not run .*Out of Memory Error"):
        build(home, NIGHT)
    assert home.published_dates() == []
