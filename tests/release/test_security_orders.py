"""Freezes and restores leave in a feed of their own: no hold stops them, the mode of their slice does."""

from __future__ import annotations

import csv
import json

import duckdb
import pytest
from homes import copy_home
from laid_orders import lay_security_orders
from resigned import lay_record, resign

from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import REVISION
from creditline.home.releases import settlement_record
from creditline.release import ALL_SLICES, ReleaseRefused, release_security, security, set_mode, settle_interrupted
from creditline.release.feed import SECURITY
from creditline.release.notices import security_through
from creditline.store.inputs import inputs_file
from creditline.warehouse.sources import security_relation


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book, whose last night also freezes two accounts and restores one; none of it has left."""
    home = copy_home(sample_book.home, tmp_path / "home")
    lay_security_orders(home)
    return home


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def rows_of(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_freezes_and_restores_leave_once_with_their_end(home, night):
    released = release_security(home, night)
    rows = rows_of(released.file)
    assert released.file.name == f"security_orders_{night}_0200_000001.csv"
    assert sorted((row["action"], row["expires_at"]) for row in rows) == [
        ("FREEZE", ""),
        ("FREEZE", "2026-09-05T18:00:00Z"),
        ("RESTORE", "2026-09-05T18:00:00Z"),
    ]
    assert all(row["old_limit_amount"] == row["new_limit_amount"] for row in rows)
    control = json.loads(released.file.with_suffix(".ctl").read_text())
    assert (control["feed"], control["rows"], control["previous_sha256"]) == (SECURITY, 3, None)
    content = released.file.read_bytes()
    assert release_security(home, night) == released
    assert released.file.read_bytes() == content


def test_a_hold_of_the_breaker_stops_no_freeze(home, night):
    marts = home.published / str(night) / REVISION / "marts"
    with duckdb.connect() as connection:
        file = marts / "fct_slice_night.parquet"
        connection.execute(f"create table slices as select * replace (true as is_held) from read_parquet('{file}')")
        connection.execute(f"copy slices to '{file}' (format parquet)")
    resign(home)
    assert release_security(home, night).orders == 3


@pytest.mark.parametrize("mode", ["observe", "paused"])
def test_a_slice_that_may_not_be_ordered_about_is_not_frozen(home, night, mode):
    set_mode(home, ALL_SLICES, mode, by="maker")
    released = release_security(home, night)
    assert (released.file, released.orders) == (None, 0)
    assert not (home.outbox / SECURITY).exists()


def test_freezes_of_a_paused_slice_follow_once_it_is_live_again(home, night):
    marts = home.published / str(night) / REVISION / "marts"
    file = marts / "fct_security_order.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table orders as from read_parquet('{file}')")
        (paused,) = connection.execute("select any_value(slice_code) from orders").fetchone()
        (other,) = connection.execute(
            f"select min(slice_code) from read_parquet('{marts}/fct_limit_decision.parquet') where slice_code <> ?",
            [paused],
        ).fetchone()
        connection.execute(
            "update orders set slice_code = case when action = 'RESTORE' then ? else ? end", [other, paused]
        )
        connection.execute(f"copy orders to '{file}' (format parquet)")
    resign(home)
    set_mode(home, paused, "paused", by="maker")
    first = release_security(home, night)
    assert [row["action"] for row in rows_of(first.file)] == ["RESTORE"]
    assert release_security(home, night) == first
    set_mode(home, paused, "live", by="maker", approved_by="checker")
    second = release_security(home, night)
    assert [row["action"] for row in rows_of(second.file)] == ["FREEZE", "FREEZE"]
    controls = [json.loads(one.file.with_suffix(".ctl").read_text()) for one in (first, second)]
    assert (controls[1]["sequence"], controls[1]["previous_sha256"]) == (2, controls[0]["sha256"])
    assert release_security(home, night) == second


def test_what_leaves_late_of_a_night_that_an_earlier_release_settled_is_left_to_the_notices_of_the_next(home, night):
    record = settlement_record(home, night)
    settled = read_signed(home, record)
    del settled["security_through"]
    write_signed(home, record, settled)
    record.with_suffix(".through").unlink()
    release_security(home, night)
    assert security_through(home, night) == 0


def test_the_kill_switch_bites_while_the_file_is_written(home, night, monkeypatch):
    write = security.write_orders

    def pause_then_write(*arguments):
        set_mode(home, ALL_SLICES, "paused", by="maker")
        return write(*arguments)

    monkeypatch.setattr(security, "write_orders", pause_then_write)
    with pytest.raises(ReleaseRefused, match="a mode was changed"):
        release_security(home, night)
    settle_interrupted(home, SECURITY)
    assert list((home.outbox / SECURITY).glob("*")) == []
    assert list((home.releases / SECURITY).glob("*")) == []


def test_an_order_that_no_decision_covers_is_refused(home, night):
    file = home.published / str(night) / REVISION / "marts" / "fct_security_order.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table orders as select * replace (new_limit_amount + 1 as new_limit_amount) from read_parquet('{file}')"
        )
        connection.execute(f"copy orders to '{file}' (format parquet)")
    resign(home)
    with pytest.raises(ReleaseRefused, match="is not a decision of this night"):
        release_security(home, night)


def test_an_older_night_freezes_nobody_any_more(home):
    first, *_ = home.published_dates()
    assert release_security(home, first).orders == 0


# ---- orders of the night before that leave while this one is built


def lay_late_order(home, night, action, *, is_known):
    """An order of the night before about one account left; whether this night had read it. Returns: the account."""
    before = home.published_dates()[-2]
    marts = home.published / str(night) / REVISION / "marts"
    folder = home.releases / SECURITY
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        (account,) = connection.execute(
            f"select min(account_key) from '{marts}/fct_security_order.parquet' where action = 'FREEZE'"
        ).fetchone()
        connection.execute(
            f"copy (select 1 as sequence, {account} as account_key, '{action}' as action)"
            f" to '{folder}/000001.parquet' (format parquet)"
        )
    record = {
        "business_date": str(before), "sequence": 1, "sha256": "0" * 64, "keeps_freezes": True,
        "modes": {}, "file": "security_orders_late.csv", "rows": 1,
    }  # fmt: skip
    lay_record(home, folder / "000001.json", record)
    inputs = inputs_file(home, night)
    content = json.loads(inputs.read_text())
    (relation,) = [each for each in content["relations"] if each["name"] == "release.security_order"]
    known = {"path": f"releases/{SECURITY}/000001.parquet", "sha256": "1" * 64, "values": {}}
    relation["files"] = [known] if is_known else []
    inputs.write_text(json.dumps(content))
    resign(home, night)
    return account


@pytest.mark.parametrize(
    ("action", "is_known", "leaves"), [("FREEZE", False, False), ("FREEZE", True, True), ("RESTORE", False, True)]
)
def test_what_left_late_of_the_night_before_does_not_leave_twice(home, night, action, is_known, leaves):
    account = lay_late_order(home, night, action, is_known=is_known)
    release_security(home, night)
    with duckdb.connect() as connection:
        left = connection.execute(
            f"select account_key from '{home.releases}/{SECURITY}/000002.parquet' where action = 'FREEZE'"
        ).fetchall()
    assert ((account,) in left) == leaves


@pytest.mark.parametrize("is_known", [False, True])
def test_the_next_night_knows_what_left_late_of_the_night_before(home, night, is_known):
    lay_late_order(home, night, "RESTORE", is_known=is_known)
    files = security_relation(home, night).files
    assert [file.path.name for file in files] == ([] if is_known else ["000001.parquet"])
