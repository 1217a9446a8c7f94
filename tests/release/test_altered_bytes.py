"""Nothing leaves, and nobody is told anything, because of bytes that this home did not write."""

from __future__ import annotations

import shutil

import duckdb
import pytest
from homes import copy_home
from laid_orders import lay_security_orders, take_back
from resigned import control_lines, resign_control

from creditline.home.proof import NotGenuine
from creditline.home.publications import publication_directory
from creditline.release import (
    FEED,
    approve_logic,
    decision_codes,
    release,
    release_security,
    write_review_queue,
)

PEOPLE = {"by": "maker", "approved_by": "checker"}


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book, live, before its newest night is released."""
    home = copy_home(sample_book.home, tmp_path / "home")
    take_back(home)
    return home


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def rewrite(file, select):
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as {select} from read_parquet('{file}')")
        connection.execute(f"copy rows to '{file}' (format parquet)")


def spoil(file):
    file.write_bytes(file.read_bytes() + b" ")


def raise_everybody(home, night):
    """The attack that was seen: an order and its decision say the same other limit."""
    marts = publication_directory(home, night) / "marts"
    rewrite(
        marts / "fct_limit_adjustment.parquet",
        "select * replace ('UP' as action, 99999::decimal(18, 2) as new_limit_amount)",
    )
    rewrite(
        marts / "fct_limit_decision.parquet", "select * replace (99999::decimal(18, 2) as recommended_limit_amount)"
    )


ALTERED = {
    "marts that agree with each other": raise_everybody,
    "policies": lambda home, night: rewrite(
        publication_directory(home, night) / "marts" / "dim_policy.parquet", "select * replace (false as is_demo)"
    ),
    "holds": lambda home, night: rewrite(
        publication_directory(home, night) / "marts" / "fct_slice_night.parquet",
        "select * replace (false as is_held)",
    ),
    "the manifest": lambda home, night: (publication_directory(home, night) / "manifest.json").write_text(
        (publication_directory(home, night) / "manifest.json").read_text().replace('"revision": 0', '"revision":  0')
    ),
    "another night's publication": lambda home, night: (
        shutil.rmtree(publication_directory(home, night)),
        shutil.copytree(publication_directory(home, home.published_dates()[0]), publication_directory(home, night)),
    ),
    "a manifest without its signature": lambda home, night: (
        publication_directory(home, night) / "manifest.json.sig"
    ).unlink(),
    "a record of what left before": lambda home, night: write_altered_record(home),
}


def write_altered_record(home):
    path = sorted((home.releases / FEED).glob("*.json"))[-1]
    path.write_text(path.read_text().replace('"withheld": ', '"withheld": 1'))


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_no_order_leaves_because_of_altered_bytes(home, night, alter):
    alter(home, night)
    before = sorted(home.outbox.rglob("*"))
    with pytest.raises(NotGenuine, match=r"restore (it|both) from a backup"):
        release(home, night)
    assert sorted(home.outbox.rglob("*")) == before


@pytest.mark.parametrize("mart", ["fct_security_order", "fct_limit_decision", "dim_policy"])
def test_nobody_is_frozen_because_of_altered_bytes(home, night, mart):
    lay_security_orders(home)
    spoil(publication_directory(home, night) / "marts" / f"{mart}.parquet")
    with pytest.raises(NotGenuine, match=f"{mart}.parquet was changed"):
        release_security(home, night)
    assert not list((home.outbox / "security_orders").glob("*.csv"))


def test_no_desk_gets_a_queue_of_altered_bytes(home, night):
    shutil.rmtree(home.releases / "review_queue", ignore_errors=True)
    spoil(publication_directory(home, night) / "marts" / "fct_review_request.parquet")
    with pytest.raises(NotGenuine, match=r"fct_review_request\.parquet was changed"):
        write_review_queue(home, night)


# --- code that nobody approved ----------------------------------------------------------------------------------------


@pytest.fixture
def unapproved(home):
    """The home whose code nobody has approved."""
    resign_control(home, home.logic_approvals_file, [])
    return home


def test_a_demo_home_approves_its_first_code_and_says_so(home, night):
    (code,) = decision_codes(home)
    assert code.is_approved
    assert (code.approval.by, code.approval.approved_by) == ("the home itself", None)
    assert release(home, night).file


def test_code_that_nobody_approved_decides_in_observe_only(unapproved, night):
    held_back = release(unapproved, night)
    assert (held_back.file, held_back.orders) == (None, 0)
    assert (
        "is approved by no two people, so every slice is in observe; run creditline logic approve" in held_back.reason
    )
    lay_security_orders(unapproved)
    assert release_security(unapproved, night).file is None
    (code,) = decision_codes(unapproved)
    approve_logic(unapproved, code.logic_hash[:12], **PEOPLE)
    assert release(unapproved, night).orders > 0
    assert release_security(unapproved, night).orders == 3


def test_one_person_cannot_approve_code_by_writing_the_line(unapproved, night):
    (code,) = decision_codes(unapproved)
    line = {"logic_hash": code.logic_hash, "by": "maker", "approved_by": "Maker ", "recorded_at": "now"}
    resign_control(unapproved, unapproved.logic_approvals_file, [line])
    assert release(unapproved, night).file is None


def test_a_demo_home_does_not_approve_the_code_of_a_later_release_by_itself(home, night):
    from creditline.release import approve_first_logic

    assert approve_first_logic(home, "f" * 64) is None
    assert len(control_lines(home.logic_approvals_file)) == 1
