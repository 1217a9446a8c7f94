"""A sample of `scripts/evaluate id-migration`: accounts renumbered, customers merged, and nothing moves because of it."""

from __future__ import annotations

import pytest
from id_migration import CLAIMS, Migration, compare, migrate, replay

SPOILT = {
    "a decision about whoever only got another id is the same, in every column": (
        "update moved_decision set band = 'other' where account_key = (select min(account_key) from moved_decision)"
    ),
    "so are the clocks of triggers": "update moved_trigger set nights_in_a_row = nights_in_a_row + 1",
    "so are freezes": "update moved_freeze set extension_count = extension_count + 1",
    "so are orders, under the new id": "update moved_order set account_id = 'A' || account_id",
    "nobody else is decided or ordered about": "delete from plain_decision",
    "no freeze of theirs ends early": "update freeze_before set frozen_until_at = frozen_until_at + interval 1 hour",
    "whoever only got another id has the same way back, the same dates, kept and void for the same reasons": (
        "update moved_recourse set restores_on_date = restores_on_date + 1"
    ),
    "a date that a merged customer had stands on the night of the merge": (
        "update date_before set restores_on_date = restores_on_date + 1"
    ),
    "no clock of theirs starts again, and none is lost": (
        "update clock_before set triggered_date = triggered_date - 1"
    ),
}


@pytest.fixture(scope="module")
def migration(tmp_path_factory) -> Migration:
    return migrate(tmp_path_factory.mktemp("ids"), accounts=300, before=3, after=1, seed=3)


def test_nothing_moves_because_ids_change(migration):
    found = compare(migration)
    assert {one.claim: one.breaches for one in found if one.breaches} == {}
    spoken_of = {one.claim for one in found if one.rows}
    assert {one.claim for one in found} - spoken_of <= {"no external change is recorded of whoever only got another id"}
    assert len(migration.pairs) >= 4
    assert replay(migration).breaches == 0


@pytest.mark.parametrize("claim", SPOILT)
def test_a_claim_can_break(migration, claim):
    assert claim in CLAIMS
    broken = {one.claim for one in compare(migration, tamper=SPOILT[claim]) if one.breaches}
    assert claim in broken
