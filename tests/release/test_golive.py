"""Going live: keys of one's own, a pack of one's own, and a validation that is not overdue; asked again as orders leave."""

from __future__ import annotations

import csv
import shutil
from datetime import date

import duckdb
import pytest
import yaml
from homes import copy_home
from laid_orders import OWN, in_pem, lay_security_orders, own_home, packs_say, take_back
from resigned import reseal_identity, resign_home

from creditline import project
from creditline.errors import UsageError
from creditline.home import DEMO_SECRET, HomeSettings, create_home
from creditline.home.keys import signing_key
from creditline.home.publications import REVISION
from creditline.policy.schema import ASSIGNMENT_COLUMNS
from creditline.release import (
    ALL_SLICES,
    NotReady,
    ReleaseRefused,
    clock,
    golive,
    read_modes,
    release,
    release_security,
    set_mode,
)

PEOPLE = {"by": "maker", "approved_by": "checker"}
NIGHT = "2026-09-01"
SLICE = "BANK01/jiebei_mini"
VALIDATED = {"validator": "Model Risk", "evidence": "report 12", "next_due_date": "2027-01-31"}


@pytest.fixture
def policies(tmp_path, monkeypatch):
    """The bundled policies with a pack `own` that is no demo and routes CFC01."""
    folder = tmp_path / "policies"
    shutil.copytree(project.POLICIES_DIR, folder)
    shutil.copytree(folder / "default", folder / "own")
    monkeypatch.setattr(project, "POLICIES_DIR", folder)
    validate(folder, VALIDATED)
    route(folder, {"legal_entity_code": "CFC01", "product_code": "*", "pack": "own", "role": "champion"})
    return folder


def validate(policies, record):
    path = policies / "own" / "policy.yml"
    settings = yaml.safe_load(path.read_text()) | {"name": "own", "is_demo": False}
    path.write_text(yaml.safe_dump(settings | ({"validation": record} if record else {})))


def route(policies, *rows):
    """Replace the rows of these entities and add what is given."""
    path = policies / "assignment.csv"
    with path.open(newline="") as stream:
        kept = [
            row
            for row in csv.DictReader(stream)
            if row["legal_entity_code"] not in {r["legal_entity_code"] for r in rows}
        ]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(ASSIGNMENT_COLUMNS), restval="")
        writer.writeheader()
        writer.writerows([*kept, *({"effective_from": "2015-01-01"} | row for row in rows)])


def home_of(root, **settings):
    home = create_home(root, HomeSettings(name="golive", **settings))
    (home.published / NIGHT / REVISION).mkdir(parents=True)
    return home


@pytest.fixture
def home(tmp_path):
    """A home that is no demo and has published one night."""
    return home_of(tmp_path / "home")


@pytest.mark.parametrize("mode", ["live", "ramp 10"])
def test_a_demo_pack_orders_nobody_about_outside_a_demo_home(home, policies, mode):
    with pytest.raises(
        NotReady, match=r"BANK01/jiebei_mini may not go live: policy pack default is a demo .* pack of your own"
    ):
        set_mode(home, SLICE, mode, **PEOPLE)
    with pytest.raises(NotReady, match=r"^\* may not go live: .*\(2 more\)"):
        set_mode(home, ALL_SLICES, mode, **PEOPLE)
    assert read_modes(home).changes == ()
    assert set_mode(home, "CFC01/jiebei_mini", mode, **PEOPLE).mode == mode


def test_a_demo_home_goes_live_with_demo_packs(tmp_path):
    assert set_mode(home_of(tmp_path / "demo", is_demo=True), ALL_SLICES, "live", **PEOPLE).mode == "live"


def test_a_pack_without_a_validation_record_does_not_go_live(home, policies):
    (policies / "own" / "policy.yml").write_text((policies / "default" / "policy.yml").read_text())
    validate(policies, None)
    with pytest.raises(
        NotReady, match=r"policy pack own has no validation record; .* validator, evidence, next_due_date"
    ):
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)


@pytest.mark.parametrize(("due", "is_overdue"), [("2026-08-31", True), (NIGHT, False)])
def test_a_validation_is_overdue_after_its_day_by_the_business_date(home, policies, monkeypatch, due, is_overdue):
    validate(policies, VALIDATED | {"next_due_date": due})
    monkeypatch.setattr(golive, "read_manifest", lambda home, night: {"policy_versions": {"own": "", "default": ""}})
    overdue = golive.overdue_validations(home, date.fromisoformat(NIGHT))
    assert [pack for pack, _ in overdue] == (["own"] if is_overdue else [])
    if is_overdue:
        with pytest.raises(NotReady, match=f"pack own was due for validation on {due} and the night is {NIGHT}"):
            set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)
    else:
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)


@pytest.mark.parametrize(("share", "is_asked"), [("0", False), ("100", True)])
def test_a_challenger_is_asked_as_soon_as_it_decides_for_anybody(home, policies, share, is_asked):
    champion = {"legal_entity_code": "CFC01", "product_code": "*", "pack": "own", "role": "champion"}
    route(policies, champion, champion | {"pack": "default", "role": "challenger", "share_bp": share})
    if is_asked:
        with pytest.raises(NotReady, match="pack default is a demo"):
            set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)
    else:
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)


def test_the_most_specific_row_says_which_pack_is_asked(home, policies):
    champion = {"legal_entity_code": "CFC01", "product_code": "*", "pack": "own", "role": "champion"}
    route(policies, champion, champion | {"product_code": "jiebei_plus", "pack": "default"})
    set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)
    with pytest.raises(NotReady, match="pack default is a demo"):
        set_mode(home, "CFC01/jiebei_plus", "live", **PEOPLE)


def test_a_slice_that_no_pack_decides_for_does_not_go_live(home, policies):
    with pytest.raises(UsageError, match="no pack decides for slice NOBODY/card"):
        set_mode(home, "NOBODY/card", "live", **PEOPLE)


def test_the_well_known_keys_of_demo_homes_order_nobody_about(home, policies, tmp_path):
    secret = home.key_file(home.settings.keys.pseudonym_secret)
    own = secret.read_text()
    secret.write_text(DEMO_SECRET.hex())
    with pytest.raises(
        NotReady, match=r"creditline.yml: the home is not a demo, yet keys.pseudonym_secret is the well-known one"
    ):
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)
    secret.write_text(own)
    reseal_identity(home)
    demo = signing_key(home_of(tmp_path / "demo", is_demo=True))
    home.key_file(home.settings.keys.signing_key).write_bytes(in_pem(demo))
    resign_home(home)
    with pytest.raises(NotReady, match=r"keys\.signing_key is the well-known one"):
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)


def test_nobody_goes_live_before_a_night_was_published(tmp_path, policies):
    home = create_home(tmp_path / "new", HomeSettings(name="new"))
    with pytest.raises(NotReady, match="run nights in observe first"):
        set_mode(home, "CFC01/jiebei_mini", "live", **PEOPLE)


def test_a_pause_asks_for_nothing(home, policies):
    shutil.rmtree(policies)
    set_mode(home, SLICE, "paused", by="operator")
    assert read_modes(home).of(SLICE) == "paused"


# ---- as orders leave


@pytest.fixture
def book(sample_book, tmp_path, monkeypatch):
    """The sample book as a home that is no demo and has keys of its own, live, before its newest night is released."""
    home = copy_home(sample_book.home, tmp_path / "book")
    take_back(home)
    lay_security_orders(home)
    home = own_home(home)
    monkeypatch.setattr(clock, "_machine_time", lambda: home.cut_off_at(home.published_dates()[-1]))
    return home


REFUSED = {
    "a demo pack": ({}, "policy pack default is a demo and this home is not"),
    "no validation": (OWN | {"validator": "cast(null as varchar)"}, "policy pack default has no validation record"),
    "overdue": (
        OWN | {"validation_due_date": "as_of_date - 1"},
        "was due for validation on 2026-09-02 and the night is 2026-09-03",
    ),
}


@pytest.mark.parametrize(("says", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_release_asks_the_same_as_orders_leave(book, says, reason):
    packs_say(book, **(says or {"is_demo": "true"}))
    before = sorted(path.name for path in (book.outbox / "limit_adjustments").iterdir())
    with pytest.raises(ReleaseRefused, match=reason):
        release(book, book.published_dates()[-1])
    assert sorted(path.name for path in (book.outbox / "limit_adjustments").iterdir()) == before


def test_a_pack_of_ones_own_that_is_validated_leaves(book):
    packs_say(book, **OWN)
    assert release(book, book.published_dates()[-1]).orders > 0


def test_a_freeze_waits_for_no_paper_and_yet_not_for_a_demo(book):
    night = book.published_dates()[-1]
    with pytest.raises(ReleaseRefused, match="is a demo"):
        release_security(book, night)
    packs_say(book, **OWN | {"validation_due_date": "as_of_date - 1"})
    assert release_security(book, night).orders == 3


def test_demo_keys_let_nothing_leave(book):
    packs_say(book, **OWN)
    book.key_file(book.settings.keys.pseudonym_secret).write_text(DEMO_SECRET.hex())
    reseal_identity(book)
    with pytest.raises(ReleaseRefused, match=r"keys\.pseudonym_secret"):
        release_security(book, book.published_dates()[-1])


def test_the_publication_says_who_validated(sample_book):
    file = sample_book.home.current.resolve() / "marts" / "dim_policy.parquet"
    rows = duckdb.sql(
        f"select distinct is_demo, validator, validation_evidence, validation_due_date from read_parquet('{file}')"
    ).fetchall()
    assert rows == [(True, None, None, None)]
