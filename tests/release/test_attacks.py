"""A sample of `scripts/evaluate attacks`, on the sample book."""

from __future__ import annotations

import pytest
from attacks import ATTACKS, attacked
from homes import copy_home
from laid_orders import take_back

SAMPLED = (
    "orders behind a link",
    "a signature of zeros",
    "expiry of the orders put off",
    "another home's keys and flag",
    "two customers exchanged in the identity store",
)


@pytest.fixture(scope="module")
def book(sample_book, tmp_path_factory):
    """The sample book, live, before its newest night is released."""
    home = copy_home(sample_book.home, tmp_path_factory.mktemp("attacked") / "book")
    take_back(home)
    return home


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.name in SAMPLED], ids=lambda one: one.name)
def test_an_attack_is_noticed_and_nothing_leaves(book, tmp_path, attack):
    verdict, said = attacked(attack, book, tmp_path / "home")
    assert verdict == "noticed"
    assert "restore it from a backup" in said
