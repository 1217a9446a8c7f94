"""The review queue: every open request leaves each night, with what the reviewer needs, and nobody's key."""

from __future__ import annotations

import csv
import json
import shutil

import duckdb
import pytest
from homes import copy_home
from resigned import lay_record, resign

from creditline.home.publications import REVISION
from creditline.release import ReleaseRefused, review, write_review_queue
from creditline.release.review import FEED

REQUESTS = """
    select business_date, 'case' || number as case_id, account_key, customer_key,
        case when number = 1 then 'appeal' else 'human_review' end as kind, 'RECHECKED' as state, 'reduction_disputed' as ground,
        business_date - number::integer as opened_date, business_date + 20 - number::integer as due_date,
        false as is_overdue, old_limit_amount as limit_amount, business_date - 1 as cut_date,
        old_limit_amount + 1000 as limit_before_cut_amount, reference_limit_amount, display_state, 'B1;C1' as reason_codes,
        'FACTS_CHANGED' as recheck_result, true as is_target_higher, max_grantable_amount
    from (select *, row_number() over (order by account_key) as number from decisions) where number <= {count}
"""


def lay_requests(home, night, count):
    """Requests of a published night, about its first accounts."""
    marts = home.published / str(night) / REVISION / "marts"
    with duckdb.connect() as connection:
        connection.execute(f"create view decisions as from read_parquet('{marts}/fct_limit_decision.parquet')")
        connection.execute(
            f"copy ({REQUESTS.format(count=count)}) to '{marts}/fct_review_request.parquet' (format parquet)"
        )
    resign(home, night)


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book, on whose last night two requests are open; its queues have not left."""
    home = copy_home(sample_book.home, tmp_path / "home")
    for folder in (home.releases / FEED, home.outbox / FEED):
        shutil.rmtree(folder, ignore_errors=True)
    lay_requests(home, home.published_dates()[-1], 2)
    return home


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def rows_of(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_what_the_reviewer_needs_leaves_under_the_cores_ids(home, night):
    queue = write_review_queue(home, night)
    assert queue.file == home.outbox / FEED / f"review_queue_{night}.csv"
    # what is due first stands first
    rows = rows_of(queue.file)
    assert [row["case_id"] for row in rows] == ["case2", "case1"]
    assert all(row["account_id"].startswith("A") and row["customer_id"].startswith("C") for row in rows)
    assert {"limit_amount", "limit_before_cut_amount", "recheck_result", "max_grantable_amount", "due_date"} <= set(
        rows[0]
    )
    assert not {"account_key", "customer_key"} & set(rows[0])
    control = json.loads(queue.file.with_suffix(".ctl").read_text())
    assert (control["feed"], control["rows"], control["sequence"], control["previous_sha256"]) == (FEED, 2, 1, None)


def test_a_request_of_an_earlier_release_leaves_with_what_was_known_of_it(home, night):
    file = home.published / str(night) / REVISION / "marts" / "fct_review_request.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table old as select * exclude (recheck_result, is_target_higher) from '{file}'")
        connection.execute(f"copy old to '{file}' (format parquet)")
    resign(home, night)
    rows = rows_of(write_review_queue(home, night).file)
    assert [(row["case_id"], row["recheck_result"]) for row in rows] == [("case2", ""), ("case1", "")]


def test_a_night_writes_one_queue_whatever_is_repeated_or_killed(home, night, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(review, "control_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_review_queue(home, night)
    queue = write_review_queue(home, night)
    content = queue.file.read_bytes()
    assert write_review_queue(home, night) == queue
    assert queue.file.read_bytes() == content
    assert len(list((home.releases / FEED).glob("*.json"))) == 1


def test_an_older_night_has_no_queue_any_more(home):
    assert write_review_queue(home, home.published_dates()[0]).file is None
    assert not (home.outbox / FEED).exists()


def test_an_empty_queue_leaves_once_so_that_nobody_works_on_an_old_one(home, night):
    lay_requests(home, night, 0)
    assert write_review_queue(home, night).file is None
    (home.releases / FEED).mkdir(parents=True)
    before = {
        "business_date": str(home.published_dates()[0]),
        "rows": 2,
        "sequence": 1,
        "sha256": "0" * 64,
        "file": "old.csv",
    }
    lay_record(home, home.releases / FEED / "000001.json", before)
    queue = write_review_queue(home, night)
    assert (rows_of(queue.file), queue.requests) == ([], 0)


def test_a_night_that_nobody_published_has_none(home, night):
    with pytest.raises(ReleaseRefused, match="is not published"):
        write_review_queue(home, night.replace(year=2030))
