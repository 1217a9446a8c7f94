"""Order holds within a feed: no stamp of one feed and no hostile folder keeps the deliveries of others out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from intraday import instant, land_intraday, orders_of, people, takeover, verified

import creditline.watch as watching
from creditline.home import Home, HomeSettings
from creditline.release.clock import latest_stamp
from creditline.store.record import intraday_records
from creditline.watch import watch, watch_open_days


def land(home, day, at, feed, sequence=1, **rows):
    return land_intraday(home, day, at, sequence=sequence, feed=f"intraday_{feed}", **rows)


def rules(watched):
    return [(refusal.at, refusal.reason.split(": ")[1]) for refusal in watched.refused]


def actions(home, person):
    return [row["action"] for row in orders_of(home, person)]


def test_a_late_stamp_of_one_feed_keeps_no_other_feed_out(home, day):
    first, second, third = people(home, 3)
    land(home, day, "2359", "a", session=takeover(home, first, day, "2359"))
    watch(home, day)
    land(home, day, "1000", "b", session=takeover(home, second, day, "1000"))
    land(home, day, "1200", "a", 2, session=takeover(home, third, day, "1200"))
    watched = watch(home, day)
    assert [(one.feed, one.freezes) for one in watched.deliveries] == [("intraday_b", 1)]
    assert rules(watched) == [("1200", "intraday_order")]
    assert (actions(home, second), actions(home, third)) == (["FREEZE"], [])
    # it became known after what was done already
    assert [record.instant for record in intraday_records(home, date.min)] == [
        instant(home, day, "2359"),
        instant(home, day, "2359") + timedelta(seconds=1),
    ]


def test_what_comes_late_undoes_no_newer_restore_and_no_newer_freeze(home, day):
    restored, frozen = people(home, 2)
    land(home, day, "1000", "a", session=takeover(home, restored, day, "1000"))
    land(home, day, "1100", "b", case_event=verified(home, restored, day, "1100"))
    land(home, day, "1500", "a", 2, session=takeover(home, frozen, day, "1500"))
    watch(home, day)
    before = (actions(home, restored), actions(home, frozen))
    assert before == (["FREEZE", "RESTORE"], ["FREEZE"])
    land(home, day, "1030", "c", session=takeover(home, restored, day, "1030"))
    land(home, day, "1400", "d", case_event=verified(home, frozen, day, "1400"))
    watched = watch(home, day)
    assert [(one.feed, one.freezes, one.restores) for one in watched.deliveries] == [
        ("intraday_c", 0, 0),
        ("intraday_d", 0, 0),
    ]
    assert (actions(home, restored), actions(home, frozen)) == before


def test_a_stamp_ahead_of_now_is_refused_until_its_time_has_come(home, day, monkeypatch):
    (victim,) = people(home, 1)
    land(home, day, "2359", "a", session=takeover(home, victim, day, "2359"))
    refusal = home.quarantine / str(day) / "intraday" / "2359" / "refusal.json"
    for now, freezes in (("2358", []), ("2359", [1])):
        monkeypatch.setattr(watching, "latest_stamp", lambda home, now=now: instant(home, day, now))
        watched = watch(home, day)
        assert [one.freezes for one in watched.deliveries] == freezes
        assert rules(watched) == ([] if freezes else [("2359", "intraday_ahead")])
        assert refusal.is_file() == (not freezes)


@pytest.mark.parametrize(
    "hostile",
    ["[" * 100_000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"],
    ids=["deep", "first", "last"],
)
def test_a_hostile_manifest_is_refused_alone(home, day, hostile):
    (victim,) = people(home, 1)
    bad = land(home, day, "0959", "a", session=takeover(home, victim, day, "0959")) / "manifest.json"
    manifest = json.loads(bad.read_text())
    bad.write_text(hostile if hostile[0] == "[" else json.dumps(manifest | {"delivered_at": hostile}))
    (home.landing / "9999-12-31" / "intraday" / "1000").mkdir(parents=True)
    land(home, day, "1000", "b", session=takeover(home, victim, day, "1000"))
    (watched,) = watch_open_days(home)
    assert [(one.feed, one.freezes) for one in watched.deliveries] == [("intraday_b", 1)]
    assert rules(watched) == [("0959", "manifest")]


def test_now_is_the_machines_where_days_are_not_made_up(tmp_path):
    for kind in ({"is_demo": True}, {"is_trial": True}, {}):
        home = Home(tmp_path)
        home.__dict__["settings"] = HomeSettings(name="x", **kind)
        latest = latest_stamp(home)
        now = datetime.now(UTC).replace(tzinfo=None)
        assert latest is None if kind else abs(latest - now) < timedelta(minutes=1)
