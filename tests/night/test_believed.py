"""What a night reads, and what one of its steps leaves to the next, decides only if this home wrote it."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import duckdb
import pytest
from homes import copy_home
from small_delivery import NIGHT, deliver, small_home

from creditline.home import Home
from creditline.home.proof import NotGenuine
from creditline.home.scratch import ScratchChanged
from creditline.landing.accept import scratch_file
from creditline.night import accept, build, gate_inputs, gate_outputs, publish, run_night
from creditline.project import PROJECT_DIR
from creditline.warehouse import compiled
from creditline.warehouse.logic import LogicRefused
from creditline.warehouse.state import state_file

SECOND = NIGHT + timedelta(days=1)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """A home with a published night, and one that is judged and not built. Read-only: a test copies it."""
    home = small_home(tmp_path_factory.mktemp("believed") / "home")
    deliver(home)
    run_night(home, NIGHT)
    deliver(home, night=SECOND)
    accept(home, SECOND)
    gate_inputs(home, SECOND)
    return home


@pytest.fixture
def home(waiting, tmp_path):
    return copy_home(waiting, tmp_path / "home")


def one(folder, pattern):
    return sorted(folder.glob(pattern))[0]


def spoil(path):
    path.write_bytes(path.read_bytes() + b" ")


def lower_limits(path):
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as select * replace (10 as limit_minor) from read_parquet('{path}')")
        connection.execute(f"copy rows to '{path}' (format parquet)")


def change_record(path):
    path.write_text(path.read_text().replace('"accepted_rows": 40', '"accepted_rows": 41'))


READ = {
    "state of the night before": lambda home: lower_limits(state_file(home, NIGHT, "account")),
    "raw rows of tonight": lambda home: spoil(one(home.raw, f"account_snapshot/business_date={SECOND}/*")),
    "raw rows of an earlier night": lambda home: spoil(one(home.raw, f"session/business_date={NIGHT}/*")),
    "the record of tonight's delivery": lambda home: change_record(
        one(home.raw, f"_deliveries/business_date={SECOND}/*")
    ),
    "the record of an earlier delivery": lambda home: change_record(
        one(home.raw, f"_deliveries/business_date={NIGHT}/*")
    ),
    "another delivery's record": lambda home: shutil.copy(
        one(home.raw, f"_deliveries/business_date={NIGHT}/*"), one(home.raw, f"_deliveries/business_date={SECOND}/*")
    ),
    "the manifest of the night before": lambda home: spoil(home.published / str(NIGHT) / "r00" / "manifest.json"),
    "a policy pack that is kept": lambda home: (file := one(home.policy, "*/band.csv")).write_text(
        file.read_text().replace("3000", "9000")
    ),
    "a record of people": lambda home: spoil(home.control / "logic.jsonl"),
}


@pytest.mark.parametrize("change", READ.values(), ids=READ)
def test_a_night_is_not_built_on_what_somebody_else_wrote(home, change):
    change(home)
    with pytest.raises(NotGenuine, match="from a backup"):
        build(home, SECOND)
    assert home.published_dates() == [NIGHT]


def test_what_the_gate_finds_in_touched_scratch_is_accepted_anew(waiting, tmp_path):
    home = small_home(tmp_path / "home")
    deliver(home)
    accept(home, NIGHT)
    with duckdb.connect(str(scratch_file(home, NIGHT))) as connection:
        connection.execute("update typed_account_snapshot set limit_amount = 99999")
    (entry, _) = gate_inputs(home, NIGHT).record.sources
    assert duckdb.sql(f"select max(limit_amount) from '{home.root / entry.raw_file}'").fetchone() == (5039,)


@pytest.fixture(scope="module")
def built(waiting, tmp_path_factory):
    """The waiting home, built."""
    home = copy_home(waiting, tmp_path_factory.mktemp("built") / "home")
    build(home, SECOND)
    return home


def test_nothing_is_published_of_scratch_that_somebody_else_wrote(built):
    """In one test, as the scratch of a build lies in its home alone."""
    state = state_file(built, SECOND, "account")
    kept = state.read_bytes()
    lower_limits(state)
    with pytest.raises(NotGenuine, match=r"account\.parquet was changed"):
        publish(built, SECOND)
    state.write_bytes(kept)
    record = built.warehouse / "build" / f"{SECOND}.json"
    said = record.read_text()
    record.write_text(said.replace('"is_void": false', '"is_void": true'))
    with pytest.raises(NotGenuine, match="was changed"):
        publish(built, SECOND)
    record.write_text(said)
    # the engine would take a log beside the file for writes that are not in it yet
    log = built.warehouse_file.with_name(f"{built.warehouse_file.name}.wal")
    log.write_bytes(b"forged")
    with pytest.raises(ScratchChanged, match="is not what the build"):
        publish(built, SECOND)
    log.unlink()
    with duckdb.connect(str(built.warehouse_file)) as connection:
        connection.execute("update fct_limit_decision set recommended_limit_amount = 99999")
    for step in (gate_outputs, publish):
        with pytest.raises(ScratchChanged, match="is not what the build of 2026-09-02 left; run `creditline night"):
            step(built, SECOND)
    assert built.published_dates() == [NIGHT]
    run_night(built, SECOND)
    marts = built.published / str(SECOND) / "r00" / "marts"
    query = f"select max(recommended_limit_amount) from '{marts}/fct_limit_decision.parquet'"
    assert duckdb.sql(query).fetchone()[0] < 99999


# --- what a home keeps of the project -----------------------------------------------------------------------------------


def kept_file(home: Home):
    return home.warehouse / "dbt" / "compiled.json"


def refuse_to_compile(*_):
    raise AssertionError("dbt was asked")


def test_a_project_that_is_as_it_was_is_not_compiled_again(home, monkeypatch):
    monkeypatch.setattr(compiled, "compile_project", refuse_to_compile)
    build(home, SECOND)


FORGED = {
    "other claims": lambda text: re.sub(r"assert_every_cut", "assert_every_raise", text),
    "no signature": lambda text: re.sub(r'"signature"', '"sign"', text),
    "no record": lambda text: text[:-5],
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_somebody_else_wrote_is_compiled_anew(home, forge):
    genuine = kept_file(home).read_text()
    kept_file(home).write_text(forge(genuine))
    assert kept_file(home).read_text() != genuine
    build(home, SECOND)
    assert kept_file(home).read_text() == genuine


def test_a_changed_project_is_compiled(home, tmp_path, monkeypatch):
    project = shutil.copytree(PROJECT_DIR, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr("creditline.project.PROJECT_DIR", project)
    (project / "macros" / "to_milli.sql").open("a").write("\n")
    monkeypatch.setattr(compiled, "compile_project", refuse_to_compile)
    with pytest.raises(AssertionError, match="dbt was asked"):
        build(home, SECOND)


def test_archived_code_that_somebody_changed_is_not_taken_for_tonights(home):
    (model,) = home.logic.glob("*/*_dec_trigger_bound.sql")
    model.write_text("select 1 where false\n")
    with pytest.raises(LogicRefused, match=r"dec_trigger_bound\.sql was changed since it was archived"):
        build(home, SECOND)
