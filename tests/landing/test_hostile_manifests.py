"""A manifest is written by a stranger: whatever it holds, its own folder is refused, in one line that can be printed."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from small_delivery import NIGHT, change_manifest

from creditline.landing.accept import DeliveryRefused, accept
from creditline.landing.files import FileRefused
from creditline.landing.manifest import (
    check_feed,
    check_follows,
    check_intraday,
    check_night,
    check_not_repeated,
    read_manifest,
)
from creditline.store.record import delivery_records

# One of each kind that a parser, a calendar, a path or a terminal may trip over.
ODD = """
    null true false 1.0 -0.0 1e999 NaN Infinity 9223372036854775808 "" "3" "1e999" "NaN" [] {} [[]] "../core" "/etc/passwd"
    "0001-01-01T00:00:00+14:00" "9999-12-31T23:59:59-12:00" "0000-01-01" "10000-01-01" "9999-12-31" "0001-01-01" "1899-12-31"
    "2026-09-01T24:00:00Z" "2026-09-01T10:00:00+23:59" "2026-02-30" "2026-W36-2" "\\ud800" "\\u001b[2J" "a\\nb" "\uff10\uff11"
"""
VALUES = st.one_of(
    st.sampled_from([json.loads(text) for text in ODD.split()] + ["x" * 5000]),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.dictionaries(st.text(max_size=10), st.integers() | st.text(max_size=10), max_size=3),
)
FIELDS = ("contract_version", "feed", "business_date", "sequence", "delivered_at", "cutoff_at", "sources")
OF_SOURCE = ("source", "file", "format", "rows", "sha256", "totals", "coverage_from", "corrects_business_date")
PLACES = st.one_of(
    st.tuples(st.sampled_from(FIELDS)),
    st.tuples(st.text(max_size=20)),
    st.tuples(st.just("sources"), st.integers(0, 1), st.sampled_from(OF_SOURCE)),
    st.tuples(st.just("sources"), st.integers(0, 1), st.just("totals"), st.just("limit_amount") | st.text(max_size=10)),
)


def look_at(home, delivery, text: str) -> str | None:
    """What a watch and a night look at before any file. Returns: the refusal; nothing else may come out."""
    (delivery / "manifest.json").write_bytes(text.encode(errors="surrogatepass"))
    at = "1000"
    try:
        for is_intraday in (True, False):
            manifest, _ = read_manifest(delivery, is_intraday=is_intraday)
            check_intraday(home, manifest, NIGHT, at, [], None)
            check_night(home, manifest, NIGHT)
            check_feed(home, manifest, delivery_records(home))
            check_follows(manifest, delivery_records(home))
            for entry in manifest.sources:
                check_not_repeated(entry, delivery_records(home))
    except FileRefused as error:
        return str(error)
    return None


def is_one_line(refusal: str) -> bool:
    return refusal.isprintable() and len(refusal) < 1000


DEEP = ["[" * 100_000, '{"a":' * 100_000, '{"sources": ' + "[" * 100_000, '{"totals": ' + "[" * 5000 + "]" * 5000 + "}"]
RAW = [
    *DEEP,
    '{"rows": ' + "9" * 5000 + "}",
    '{"a": NaN}',
    '{"a": 1e999}',
    '"\\ud800"',
    "\ufeff{}",
    '{"\\u001b[31m": 1}',
]


@pytest.mark.parametrize("text", RAW, ids=range(len(RAW)))
def test_a_manifest_that_no_parser_likes_is_refused_in_one_line(home, delivery, text):
    refusal = look_at(home, delivery, text)
    assert refusal
    assert is_one_line(refusal)


@pytest.mark.parametrize("field", ["delivered_at", "cutoff_at"])
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_at_the_end_of_the_calendar_refuses_the_night(home, delivery, field, instant):
    change_manifest(delivery, lambda manifest: manifest.__setitem__(field, instant))
    with pytest.raises(DeliveryRefused, match=field):
        accept(home, NIGHT)
    assert json.loads((home.quarantine / str(NIGHT) / "refusal.json").read_text())["rule"] == "manifest"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("sequence",), True),
        (("sequence",), "1"),
        (("sequence",), 2**70),
        (("sources", 0, "rows"), False),
        (("sources", 0, "rows"), 40.0),
        (("business_date",), 1788220800),
        (("delivered_at",), 1788220800),
    ],
)
def test_a_value_of_another_kind_is_not_guessed_at(home, delivery, place, value):
    manifest = json.loads((delivery / "manifest.json").read_text())
    put(manifest, place, value)
    assert ".".join(map(str, place)) in look_at(home, delivery, json.dumps(manifest))


@pytest.mark.parametrize("folder", ["9999-12-31", "0001-01-01", "20260902", "2026-W36-3", "a-b-c"])
def test_a_folder_that_is_no_business_date_is_none(home, delivery, folder):
    (home.landing / folder / "intraday" / "1000").mkdir(parents=True)
    (home.landing / folder / "manifest.json").write_text("[" * 100_000)
    assert home.landed_dates() == [NIGHT]
    assert home.watched_dates() == []
    (home.landing / str(NIGHT + timedelta(days=1)) / "intraday").mkdir(parents=True)
    assert home.watched_dates() == [NIGHT + timedelta(days=1)]


def put(manifest: dict, place: tuple, value: object) -> None:
    *way, last = place
    for step in way:
        manifest = manifest[step]
    manifest[last] = value


@given(changes=st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=3))
@example(changes=[(("delivered_at",), "0001-01-01T00:00:00+14:00")])
@example(changes=[(("sources", 0, "source"), "\x1b]0;x\x07" * 1000)])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_a_refusal_comes_out_of_any_manifest(home, delivery, changes):
    good = delivery / "good.json"
    if not good.exists():
        good.write_bytes((delivery / "manifest.json").read_bytes())
    manifest = copy.deepcopy(json.loads(good.read_text()))
    for place, value in changes:
        try:
            put(manifest, place, value)
        except (KeyError, IndexError, TypeError):
            continue
    refusal = look_at(home, delivery, json.dumps(manifest))
    assert refusal is None or is_one_line(refusal)
