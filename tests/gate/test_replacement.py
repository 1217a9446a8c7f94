"""A delivery of a night that was never published comes again with other content, under its own sequence."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import duckdb
import pytest
from homes import take_in, tree_of
from small_delivery import (
    NIGHT,
    SOURCES,
    add_correction,
    change_manifest,
    deliver,
    small_home,
    spoil_cell,
    stand_as_published,
)

import creditline.gate.inputs as gate
import creditline.gate.replacement as replacement
from creditline.gate.inputs import InputsRefused, gate_inputs
from creditline.gate.replacement import NotReplaceable
from creditline.home.proof import SIGNATURE
from creditline.landing.accept import DeliveryRefused, accept
from creditline.store.built import read_build
from creditline.store.record import delivery_records

SECOND = NIGHT + timedelta(days=1)
SNAPSHOT = "account_snapshot.csv"


def house(home) -> dict[str, object]:
    """What lies there for good. Whom the home knows, and so the highest key that a record knows of, is asked by itself."""
    found = tree_of(home.raw, home.quarantine)
    return {name: _said(content) if "_deliveries" in name else content for name, content in found.items()}


def _said(record: bytes) -> dict[str, object]:
    return {name: value for name, value in json.loads(record).items() if name not in ("last_keys", SIGNATURE)}


def faulty(home, night=SECOND) -> None:
    """A delivery with a bad row, one source more than the mended one, and a correction."""
    delivery = deliver(home, night=night, sources=(*SOURCES, "cash_flow"))
    spoil_cell(delivery, SNAPSHOT, 3, "limit_amount", "-1.00")
    header, first = (home.landing / str(NIGHT) / SNAPSHOT).read_text().splitlines()[:2]
    add_correction(delivery, "account_snapshot", NIGHT, f"{header}\n{first.replace('5000.00', '6000.00')}\n")


def mended(home, night=SECOND) -> None:
    shutil.rmtree(home.landing / str(night), ignore_errors=True)
    spoil_cell(deliver(home, night=night), SNAPSHOT, 5, "status", "ACTIVE")


@pytest.fixture(scope="module", autouse=True)
def great_expectations_judges_elsewhere():
    """What it counts is compared in other tests, and takes a second a delivery."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "run_suites", lambda *_, **__: [])
        yield


@pytest.fixture
def home(tmp_path):
    """A published night, and the next one with a delivery that was taken in and must be mended."""
    return _begun(tmp_path / "home")


def _begun(root):
    home = small_home(root)
    deliver(home)
    take_in(home, NIGHT)
    stand_as_published(home, NIGHT)
    faulty(home)
    return home


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The same home, to which only the mended delivery ever came."""
    home = _begun(tmp_path_factory.mktemp("straight") / "home")
    mended(home)
    take_in(home, SECOND)
    return home


def test_the_mended_delivery_takes_the_place_of_the_one_before_whole(home, straight):
    old = take_in(home, SECOND)
    mended(home)
    record = take_in(home, SECOND)
    assert (record.sequence, record.manifest_sha256) != (old.sequence, old.manifest_sha256)
    assert record.sequence == old.sequence
    assert house(home) == house(straight)
    assert [each.business_date for each in delivery_records(home)] == [NIGHT, SECOND]
    # files that were good stand again as they were: they are no duplicates of what goes
    assert {entry.verdict for entry in record.sources} == {"pass"}


def test_keys_that_were_given_stay(home):
    take_in(home, SECOND)
    before = _keys(home)
    mended(home)
    take_in(home, SECOND)
    assert _keys(home) == before


def _keys(home) -> list[tuple]:
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        return connection.execute("from account order by all").fetchall()


def test_what_a_build_made_of_it_goes_too(home):
    take_in(home, SECOND)
    state, built = home.state / f"business_date={SECOND}", home.warehouse / "build" / f"{SECOND}.json"
    for file in (state / "account.parquet", built, home.warehouse_file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    mended(home)
    take_in(home, SECOND)
    assert not state.exists()
    assert read_build(home, SECOND) is None


def test_a_refused_replacement_leaves_the_one_before_in_the_house(home):
    old = take_in(home, SECOND)
    raw = tree_of(home.raw)
    mended(home)
    for row in range(10, 17):
        spoil_cell(home.landing / str(SECOND), SNAPSHOT, row, "status", "ACTIVE")
    accept(home, SECOND)
    with pytest.raises(InputsRefused, match="quarantine_share"):
        gate_inputs(home, SECOND)
    assert tree_of(home.raw) == raw
    assert delivery_records(home)[-1] == old


@pytest.mark.parametrize(
    "dies_at", ["forget_build", "withdraw_record", "quarantine_folder", "write_raw", "write_record"]
)
def test_a_kill_leaves_the_old_one_or_the_new_one(home, straight, dies_at):
    take_in(home, SECOND)
    before = tree_of(home.raw)
    mended(home)
    accept(home, SECOND)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        _die_after(patch, dies_at)
        gate_inputs(home, SECOND)
    records = [record.business_date for record in delivery_records(home)]
    assert records == ([NIGHT, SECOND] if dies_at in ("forget_build", "write_record") else [NIGHT])
    assert dies_at != "forget_build" or tree_of(home.raw) == before
    take_in(home, SECOND)
    assert house(home) == house(straight)


def _die_after(patch: pytest.MonkeyPatch, name: str) -> None:
    of_replacement = dict.fromkeys(("withdraw_record", "quarantine_folder"), replacement)
    owner = {"forget_build": replacement, **of_replacement}.get(name, gate)
    real = getattr(owner, name)

    def dies(*arguments: object, **named: object) -> None:
        real(*arguments, **named)
        raise KeyboardInterrupt

    patch.setattr(owner, name, dies)


def test_the_one_before_may_come_back_after_a_kill(home):
    old = take_in(home, SECOND)
    kept = home.root / "kept"
    shutil.copytree(home.landing / str(SECOND), kept)
    mended(home)
    accept(home, SECOND)
    shutil.rmtree(home.landing / str(SECOND))
    shutil.copytree(kept, home.landing / str(SECOND))
    assert take_in(home, SECOND) == old


def test_a_night_that_is_published_meanwhile_stands(home):
    old = take_in(home, SECOND)
    mended(home)
    accept(home, SECOND)
    (home.published / str(SECOND) / "r00").mkdir(parents=True)
    with pytest.raises(NotReplaceable, match="core 2, which stays"):
        gate_inputs(home, SECOND)
    assert delivery_records(home)[-1] == old


def test_a_night_before_a_published_one_is_not_replaced(home):
    """Later nights read its rows."""
    take_in(home, SECOND)
    (home.published / str(SECOND + timedelta(days=1)) / "r00").mkdir(parents=True)
    mended(home)
    with pytest.raises(DeliveryRefused, match="sequence_conflict"):
        accept(home, SECOND)


def test_a_feed_that_is_renamed_with_it_leaves_one_delivery_of_the_night(home):
    take_in(home, SECOND)
    mended(home)
    change_manifest(home.landing / str(SECOND), lambda manifest: manifest.update(feed="core2", sequence=1))
    settings = home.root / "creditline.yml"
    settings.write_text(settings.read_text().replace("night_feed: null", "night_feed: core2"))
    record = take_in(type(home)(home.root), SECOND)
    assert [each.feed for each in delivery_records(home)] == ["core", "core2"]
    assert record.feed == "core2"
    assert sorted(path.name for path in (home.quarantine / str(SECOND)).iterdir()) == ["core2-000001"]
