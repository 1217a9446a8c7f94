"""The night after a day of watches goes on from what they did, and counts nothing a second time."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import timedelta

import duckdb
import pytest
from homes import copy_home
from intraday import Person, instant, land_intraday, orders_of, people, read_orders, takeover, verified
from resigned import lay_record, resign
from small_delivery import add_entry, spoil

from creditline.home.lock import HomeBusy, holding
from creditline.home.publications import publication_directory, read_manifest
from creditline.night import run_night
from creditline.release import FEED, adjustments, release, release_security
from creditline.release.feed import SECURITY
from creditline.replay.night import replay_night
from creditline.simulate import continue_book
from creditline.store.inputs import read_inputs
from creditline.store.record import intraday_records
from creditline.warehouse.state import state_file
from creditline.watch import watch

TTL = timedelta(hours=24)


def deliver_again(home, day, rows):
    """Put events that came during the day into the night's own delivery, too."""
    folder = home.landing / str(day)
    (folder / "adjustment_ack.csv").write_text("adjustment_id,status,applied_limit_amount,acked_at,reason\n")
    add_entry(folder, "adjustment_ack")
    for source, values in rows.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in values)
        spoil(folder, f"{source}.csv", lambda content, text=text: content + text.getvalue().encode())


def answers(home, day, crowd):
    """Two orders of the night before, of others, that the core says it applied."""
    files = sorted((home.releases / FEED).glob("*.parquet"))
    keys = [person.account_key for person in crowd]
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select adjustment_id from read_parquet('{files[-1]}') where not list_contains(?, account_key)"
            " order by adjustment_id limit 2",
            [keys],
        ).fetchall()
    return [(adjustment_id, "applied", None, instant(home, day, "1430"), None) for (adjustment_id,) in rows]


def _cell(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, str) else f"{value.isoformat()}Z"


@pytest.fixture(scope="module")
def watched(sample_book, tmp_path_factory):
    """A day on which one customer is frozen (ten), one frozen and restored (ten, eleven), one frozen, restored and frozen
    again (three), and one frozen and attacked once more in the evening; then its night, whose delivery repeats it all."""
    home = copy_home(sample_book.home, tmp_path_factory.mktemp("watched") / "home")
    day = home.published_dates()[-1] + timedelta(days=1)
    crowd = dict(zip(("frozen", "restored", "again", "attacked"), people(home, 4), strict=True))
    ten = [row for person in crowd.values() for row in takeover(home, person, day, "1000")]
    eleven = [row for name in ("restored", "again") for row in verified(home, crowd[name], day, "1100")]
    three = takeover(home, crowd["again"], day, "1500")
    evening = takeover(home, crowd["attacked"], day, "2100")
    land_intraday(home, day, "1000", sequence=1, session=ten)
    land_intraday(home, day, "1100", sequence=2, case_event=eleven, file_format="parquet")
    acks = answers(home, day, crowd.values())
    land_intraday(home, day, "1500", sequence=3, session=three, adjustment_ack=acks)
    watch(home, day)
    continue_book(home)
    deliver_again(home, day, {"session": [*ten, *three, *evening], "case_event": eleven, "adjustment_ack": acks})
    run_night(home, day)
    return home, day, crowd


def of_night(home, day, mart, person: Person):
    file = publication_directory(home, day) / "marts" / f"{mart}.parquet"
    key = "customer_key" if mart == "fct_freeze_night" else "account_key"
    with duckdb.connect() as connection:
        found = connection.execute(f"select * from read_parquet('{file}') where {key} = ?", [getattr(person, key)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def carried_freeze(home, day, person):
    with duckdb.connect() as connection:
        return connection.execute(
            "select frozen_since_date, frozen_at, frozen_until_at, extension_count, reason_code"
            f" from read_parquet('{state_file(home, day, 'freeze')}') where customer_key = ?",
            [person.customer_key],
        ).fetchall()


def test_a_freeze_of_the_day_stands_at_night_as_it_was_set(watched):
    home, day, crowd = watched
    for name, at in (("frozen", "1000"), ("again", "1500")):
        began = instant(home, day, at)
        assert carried_freeze(home, day, crowd[name]) == [(day, began, began + TTL, 0, "F1")]
        (night,) = of_night(home, day, "fct_freeze_night", crowd[name])
        assert night["movement"] == "STAY"
        (decision,) = of_night(home, day, "fct_limit_decision", crowd[name])
        assert (decision["action"], decision["display_state"]) == ("HOLD", "FROZEN_SECURITY")
        assert decision["old_limit_amount"] == decision["recommended_limit_amount"]
        assert of_night(home, day, "fct_security_order", crowd[name]) == []


def test_a_restore_of_the_day_ends_it(watched):
    home, day, crowd = watched
    assert carried_freeze(home, day, crowd["restored"]) == []
    assert of_night(home, day, "fct_freeze_night", crowd["restored"]) == []
    (decision,) = of_night(home, day, "fct_limit_decision", crowd["restored"])
    assert decision["display_state"] != "FROZEN_SECURITY"


def test_what_came_since_the_freeze_extends_it_at_night(watched):
    home, day, crowd = watched
    cut_off = home.cut_off_at(day)
    assert carried_freeze(home, day, crowd["attacked"]) == [(day, instant(home, day, "1000"), cut_off + TTL, 1, "F1")]
    orders = orders_of(home, crowd["attacked"])
    assert [(row["action"], row["expires_at"]) for row in orders] == [
        ("FREEZE", f"{(instant(home, day, '1000') + TTL).isoformat()}Z"),
        ("FREEZE", f"{(cut_off + TTL).isoformat()}Z"),
    ]


def test_nobody_is_frozen_or_restored_twice(watched):
    home, _, crowd = watched
    actions = {name: [row["action"] for row in orders_of(home, person)] for name, person in crowd.items()}
    assert actions == {
        "frozen": ["FREEZE"],
        "restored": ["FREEZE", "RESTORE"],
        "again": ["FREEZE", "RESTORE", "FREEZE"],
        "attacked": ["FREEZE", "FREEZE"],
    }


def test_no_event_is_counted_twice(watched):
    home, day, crowd = watched
    (features,) = [
        row for row in of_mart(home, day, "fct_risk_feature") if row["customer_key"] == crowd["frozen"].customer_key
    ]
    assert features["f33_new_devices_7d"] == 3


def of_mart(home, day, mart):
    with duckdb.connect() as connection:
        found = connection.execute(f"from read_parquet('{publication_directory(home, day)}/marts/{mart}.parquet')")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_an_answer_of_the_day_that_the_night_brings_again_is_one_answer(watched):
    home, day, _ = watched
    lines = json.loads((home.releases / "settlement" / f"{day}.json").read_text())["lines"]
    assert {outcome: count for outcome, count in lines.items() if count} == {"APPLIED": 2}


def test_the_night_says_what_it_read_and_replays(watched):
    home, day, _ = watched
    relations = {relation.name: relation for relation in read_inputs(home, day)}
    read = {file.path.name for file in relations["release.security_order"].files}
    records = [json.loads(path.read_text()) for path in sorted((home.releases / SECURITY).glob("*.json"))]
    of_day = {f"{one['sequence']:06d}.parquet" for one in records if "watch" in one}
    assert of_day <= read
    assert {
        f"{record.feed}-{record.sequence:06d}.parquet" for record in intraday_records(home, day - timedelta(days=1))
    } <= {file.path.name for source in ("session", "case_event") for file in relations[f"raw.{source}"].files}
    feeds = [record["feed"] for record in read_manifest(home, day)["deliveries"]]
    assert sorted(feeds) == ["core", "intraday", "intraday", "intraday"]
    assert replay_night(home, day).differences == ()


def test_the_next_day_goes_on_from_the_night(watched, tmp_path):
    source, day, crowd = watched
    home = copy_home(source, tmp_path / "home")
    tomorrow = day + timedelta(days=1)
    rows = [row for name in ("again", "attacked") for row in verified(home, crowd[name], tomorrow, "0900")]
    land_intraday(home, tomorrow, "0900", sequence=4, case_event=rows)
    # of the time over at ten, the next delivery tells
    land_intraday(home, tomorrow, "1001", sequence=5, session=takeover(home, "C99999999", tomorrow, "1001"))
    watched = watch(home, tomorrow)
    assert [(one.freezes, one.restores) for one in watched.deliveries] == [(0, 2), (0, 1)]
    assert [row["action"] for row in orders_of(home, crowd["frozen"])] == ["FREEZE", "RESTORE"]


# ---- a night whose orders a watch has overtaken


def lay_watch_order(home, day, order, action, *, last_delivery):
    """What a watch of the day after a night left while the night ran: one order, recorded as the last of the feed."""
    folder = home.releases / SECURITY
    folder.mkdir(parents=True, exist_ok=True)
    sequence = 1 + len(list(folder.glob("*.json")))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {sequence} as sequence, {order['account_key']} as account_key, '{action}' as action)"
            f" to '{folder}/{sequence:06d}.parquet' (format parquet)"
        )
    record = {
        "business_date": str(day + timedelta(days=1)),
        "sequence": sequence,
        "sha256": "0" * 64,
        "watch": {"last_delivery": str(last_delivery)},
    }
    lay_record(home, folder / f"{sequence:06d}.json", record)


@pytest.mark.parametrize(
    ("action", "of_watch", "knows_night", "leaves"),
    [
        ("FREEZE", "FREEZE", False, False),
        ("FREEZE", "FREEZE", True, False),
        ("FREEZE", "RESTORE", False, True),
        ("FREEZE", "RESTORE", True, False),
        ("RESTORE", "RESTORE", False, False),
        ("RESTORE", "FREEZE", False, False),
        ("RESTORE", "FREEZE", True, False),
    ],
)
def test_a_night_freezes_and_restores_nobody_on_whom_a_watch_had_the_last_word(
    watched, tmp_path, action, of_watch, knows_night, leaves
):
    source, day, crowd = watched
    home = copy_home(source, tmp_path / "home")
    shutil.rmtree(home.releases / SECURITY)
    shutil.rmtree(home.outbox / SECURITY)
    (order,) = of_night(home, day, "fct_security_order", crowd["attacked"])
    file = publication_directory(home, day) / "marts" / "fct_security_order.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table orders as select * replace ('{action}' as action) from read_parquet('{file}') where account_key = ?",
            [order["account_key"]],
        )
        connection.execute(f"copy orders to '{file}' (format parquet)")
    resign(home, day)
    lay_watch_order(home, day, order, of_watch, last_delivery=day if knows_night else day - timedelta(days=1))
    assert release_security(home, day).orders == leaves


def test_nobody_is_frozen_while_limits_leave(watched, tmp_path, monkeypatch):
    source, day, _ = watched
    home = copy_home(source, tmp_path / "home")
    shutil.rmtree(home.releases / FEED)
    shutil.rmtree(home.outbox / FEED)

    def beside_a_watch(step):
        def tried(*arguments):
            with pytest.raises(HomeBusy), holding(home.releases / "security.lock", "a watch", 0):
                pass
            return step(*arguments)

        return tried

    for step in ("leave_out_frozen", "write_orders"):
        monkeypatch.setattr(adjustments, step, beside_a_watch(getattr(adjustments, step)))
    assert release(home, day).is_new


@pytest.mark.parametrize(("of_watch", "moves"), [("FREEZE", False), ("RESTORE", True)])
def test_no_limit_moves_of_whom_a_watch_froze_before_the_night_was_released(watched, tmp_path, of_watch, moves):
    source, day, _ = watched
    home = copy_home(source, tmp_path / "home")
    shutil.rmtree(home.releases / FEED)
    shutil.rmtree(home.outbox / FEED)
    (order, *_) = of_mart(home, day, "fct_limit_adjustment")
    lay_watch_order(home, day, order, of_watch, last_delivery=day)
    left = [row["adjustment_id"] for row in read_orders([release(home, day).file])]
    assert (order["adjustment_id"] in left) == moves
