"""The past is computed again with what is known now, and published beside what it said: whom it concerns, and nobody else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pytest
from corrected_book import AFTER, CORRECTED, CUSTOMER, CUT, FIRST, NEXT, PEOPLE, RESTATED, tell_of_a_merge
from homes import lasting

import creditline.restate.night as restating
from creditline.cli.replay import replay_nights
from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.proof import is_signed
from creditline.home.publications import (
    MANIFEST,
    latest_revision,
    publication_directory,
    read_manifest,
    state_directory,
)
from creditline.home.restatements import read_restatements
from creditline.publish.reader import query_marts
from creditline.replay import replay_night
from creditline.restate import RestatementRefused, restate


def rows(home: Home, query: str) -> list[tuple]:
    return query_marts(home, query)[1]


# --- what is published -------------------------------------------------------------------------------------------------


def test_nights_whose_rows_changed_are_published_once_more_and_the_rest_stays(restated):
    home, result = restated
    assert {night.business_date: night.revision for night in result.nights} == dict.fromkeys(RESTATED, 1)
    assert result.customers == 1
    assert all(night.changed_cells > 0 for night in result.nights)
    assert latest_revision(home, FIRST) == 0
    assert not publication_directory(home, FIRST, 1).exists()
    (record,) = read_restatements(home)
    assert record == result.record
    assert (record.from_date, record.known_until, record.by, record.approved_by) == (CUT, CORRECTED, "maker", "checker")


def test_no_published_byte_of_before_changes(corrected_home, restated):
    before, after = lasting(corrected_home), lasting(restated[0])
    assert {path: after[path] for path in before} == before
    assert all("/r01/" in path for path in after.keys() - before.keys())


def test_the_restated_past_knows_no_arrears(restated):
    home, _ = restated
    decided = (
        "select business_date, revision, action, recommended_limit_amount, reason_code_1"
        f" from fct_limit_decision_as_published where account_key = 1 and business_date >= date '{CUT}' order by all"
    )
    assert [(day, revision, action, int(limit)) for day, revision, action, limit, _ in rows(home, decided)] == [
        (CUT, 0, "DOWN", 10),
        (CUT, 1, "HOLD", 5000),
        (AFTER, 0, "HOLD", 10),
        (AFTER, 1, "UP", 5000),
        (CORRECTED, 0, "HOLD", 10),
        (CORRECTED, 1, "UP", 5000),
    ]
    plain = f"select business_date, max(f01_dpd_now) from fct_risk_feature where customer_key = {CUSTOMER} group by 1"
    assert {value for _, value in rows(home, plain)} == {0}


def test_rows_of_everybody_else_are_the_same(restated):
    home, _ = restated
    for day in RESTATED:
        first, second = (publication_directory(home, day, revision) / "marts" for revision in (0, 1))
        looked_at = 0
        for file in sorted(first.glob("*.parquet")):
            then, now = (f"read_parquet('{folder / file.name}')" for folder in (first, second))
            columns = [row[0] for row in duckdb.execute(f"describe from {then}").fetchall()]
            if "customer_key" in columns:
                looked_at += 1
                others = f"where customer_key <> {CUSTOMER}"
                assert duckdb.execute(f"from {then} {others} order by all").fetchall() == (
                    duckdb.execute(f"from {now} {others} order by all").fetchall()
                ), (day, file.name)
        assert looked_at > 5


def test_the_difference_names_every_changed_cell(restated):
    home, _ = restated
    directory = publication_directory(home, CUT, 1)
    cells = duckdb.execute(f"from read_parquet('{directory}/restatement_diff.parquet')").fetchall()
    assert (
        CUT,
        "fct_limit_decision",
        "account_key 1",
        "recommended_limit_amount",
        "10.00",
        "5000.00",
    ) in cells
    assert (CUT, "fct_limit_decision", "account_key 1", "action", "DOWN", "HOLD") in cells
    assert (CUT, "fct_trigger_night", "(row)") in {(day, table, column) for day, table, _, column, *_ in cells}
    assert (directory / "restatement_diff.csv").read_text().count("\n") == len(cells) + 1
    shown = rows(home, f"select count(*) from restatement_diff where business_date = date '{CUT}' and revision = 1")
    assert shown == [(len(cells),)]


def test_plain_tables_show_the_latest_and_as_published_shows_all(restated):
    home, _ = restated
    counted = "select business_date, count(*) from {} group by 1 order by 1"
    assert rows(home, counted.format("fct_limit_decision")) == [(day, 40) for day in (FIRST, *RESTATED)]
    twice = [(FIRST, 40), *((day, 80) for day in RESTATED)]
    assert rows(home, counted.format("fct_limit_decision_as_published")) == twice
    assert home.current.resolve() == publication_directory(home, CORRECTED, 1)
    assert rows(home, "select distinct revision from ops_run order by 1") == [(0,), (1,)]


def test_a_superseded_publication_stays_readable_under_the_old_pointer(restated):
    home, _ = restated
    with duckdb.connect(str(publication_directory(home, CORRECTED) / "marts.duckdb"), read_only=True) as old:
        old.execute(f"set variable creditline_home = '{home.root}'")
        counted = "select count(*), count(distinct business_date) from fct_limit_decision where reason_code_1 = 'B1'"
        assert old.execute(counted).fetchone()[0] > 0


def test_manifests_say_who_and_why_and_chain(restated):
    home, _ = restated
    for before, day in zip((FIRST, *RESTATED), RESTATED, strict=False):
        manifest = read_manifest(home, day)
        file = publication_directory(home, day, 1) / MANIFEST
        assert is_signed(home, file.read_bytes(), json.loads(Path(f"{file}.sig").read_text()))
        assert manifest["revision"] == 1
        assert manifest["restatement"] == {"from_date": str(CUT), "known_until": str(CORRECTED), **PEOPLE}
        superseded = publication_directory(home, day) / MANIFEST
        previous = publication_directory(home, before, latest_revision(home, before)) / MANIFEST
        assert manifest["superseded_manifest_sha256"] == hashlib.sha256(superseded.read_bytes()).hexdigest()
        assert manifest["previous_manifest_sha256"] == hashlib.sha256(previous.read_bytes()).hexdigest()


def test_what_was_ordered_stands(restated):
    home, _ = restated
    for table in ("fct_limit_adjustment", "fct_security_order", "rpt_r02_adjustment_register"):
        for day in RESTATED:
            then, now = (publication_directory(home, day, revision) / f"marts/{table}.parquet" for revision in (0, 1))
            assert then.read_bytes() == now.read_bytes()
    index = json.loads((publication_directory(home, CUT, 1) / "reports" / "report_index.json").read_text())
    assert {entry["status"] for entry in index if entry["report_id"] in ("R02", "R04")} == {"PRODUCED"}


def test_every_publication_of_a_night_replays(restated):
    home, _ = restated
    found, problems = replay_nights(home.root, None, lambda _message: None)
    assert problems == []
    assert [(row[0], row[2], row[8]) for row in found] == [
        (FIRST, 0, "r00"),
        *((day, 0, revision) for day in RESTATED for revision in ("r00", "r01")),
    ]


# --- late rows -----------------------------------------------------------------------------------------------------------


def test_an_event_that_came_late_is_known_to_the_night_on_which_it_happened(paused_home):
    result = restate(paused_home, CUT, **PEOPLE)
    assert result.customers == 1
    assert [night.revision for night in result.nights] == [1, 1, 1]
    late = state_directory(paused_home, CUT, 1) / "late"
    assert [path.name for path in late.iterdir()] == ["case_event.parquet"]
    ((known_at, batch),) = duckdb.execute(f"select known_at, batch_id from read_parquet('{late}/*.parquet')").fetchall()
    assert (known_at, batch) == (paused_home.cut_off_at(CUT), "core-000004")
    assert not list((state_directory(paused_home, CORRECTED, 1) / "late").iterdir())
    decided = "select action, display_state from fct_limit_decision where account_key = 1 and business_date = date '{}'"
    assert rows(paused_home, decided.format(CUT)) == [("HOLD", "NORMAL")]
    assert all(replay_night(paused_home, day, 1).differences == () for day in RESTATED)


def test_a_restated_night_knows_what_a_watch_took_in_before_it(watched_home):
    home = watched_home
    seen = f"select f34_regions_1d from fct_risk_feature where business_date = date '{CORRECTED}' and customer_key = 6"
    assert rows(home, seen) == [(3,)]
    assert restate(home, CORRECTED, **PEOPLE).record is None


def test_whoever_is_touched_is_followed_to_whom_they_were_merged_into(home):
    tell_of_a_merge(home)
    result = restate(home, CUT, **PEOPLE)
    assert result.customers == 2
    (merged,) = (night for night in result.nights if night.business_date == NEXT)
    assert merged.changed_rows["fct_limit_decision"]
    assert replay_night(home, NEXT, merged.revision).differences == ()


# --- again, and again ----------------------------------------------------------------------------------------------------


def test_the_same_restatement_once_more_changes_nothing(restated_home):
    before = lasting(restated_home)
    result = restate(restated_home, CUT, **PEOPLE)
    assert result.record is None
    assert {night.revision for night in result.nights} == {None}
    assert lasting(restated_home) == before
    assert len(read_restatements(restated_home)) == 1


INSTANTS = {
    "publication of the second night": lambda home, target: target == publication_directory(home, AFTER, 1),
    "the line from which on it counts": lambda home, target: target == home.restatements_file,
    "the flip": lambda home, target: target == home.current,
}


@pytest.mark.slow
@pytest.mark.parametrize("instant", INSTANTS)
def test_a_killed_restatement_is_whole_or_absent_and_run_again_gives_the_same_bytes(
    home, restated, monkeypatch, instant
):
    is_reached = INSTANTS[instant]

    def dying(real):
        def dies(source, target, *others):
            if is_reached(home, Path(target)):
                raise KeyboardInterrupt
            return real(source, target, *others)

        return dies

    import creditline.home.files as files

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", dying(files.os.replace))
        patch.setattr(files.os, "rename", dying(files.os.rename))
        with pytest.raises(KeyboardInterrupt):
            restate(home, CUT, **PEOPLE)
    # the signed line tells what counts, to readers too; the pointer decides nothing
    counts = 1 if instant == "the flip" else 0
    assert latest_revision(home, CUT) == counts
    assert rows(home, "select max(revision) from fct_limit_decision_as_published") == [(counts,)]
    restate(home, CUT, **PEOPLE)
    assert lasting(home) == lasting(restated[0])
    assert home.current.resolve() == publication_directory(home, CORRECTED, 1)
    assert [record.publications for record in read_restatements(home)] == [dict.fromkeys(RESTATED, 1)]


# --- what is refused -----------------------------------------------------------------------------------------------------


def test_a_change_of_somebody_whom_nothing_late_touches_is_refused(home, monkeypatch):
    before = lasting(home)
    monkeypatch.setattr(restating, "touched_customers", lambda *_: set())
    with pytest.raises(RestatementRefused, match=rf"night {CUT}: dim_\w+|fct_\w+, account_key 1 would change"):
        restate(home, CUT, **PEOPLE)
    assert read_restatements(home) == ()
    assert {path: digest for path, digest in lasting(home).items() if "/r01/" not in path} == before
    assert latest_revision(home, CUT) == 0


def test_a_night_that_is_built_and_not_published_comes_first(home):
    state_directory(home, CORRECTED.replace(day=CORRECTED.day + 1)).mkdir()
    with pytest.raises(RestatementRefused, match="is built and not published"):
        restate(home, CUT, **PEOPLE)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"approved_by": "maker"}, "two people"),
        ({"approved_by": " "}, "two people"),
        ({"reason": " "}, "needs a reason"),
        ({"from_date": CORRECTED.replace(year=2030)}, "nothing to restate"),
    ],
)
def test_a_restatement_needs_two_people_a_reason_and_a_past(home, changed, said):
    with pytest.raises(UsageError, match=said):
        restate(home, **{"from_date": CUT, **PEOPLE, **changed})
