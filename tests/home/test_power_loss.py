"""A loss of power at any instant of a night: what is shown and ordered then is whole, and run again the night is the same."""

from __future__ import annotations

import pytest
from power_loss import Losses, lose_power, run_again, run_watched

SEED = 3


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    watched = run_watched(tmp_path_factory.mktemp("power"), nights=1)
    yield watched
    watched.disk.close()


def test_whatever_is_lost_the_shown_night_is_whole(book):
    losses = lose_power(book, SEED)
    assert losses.instants > 300
    assert losses.torn == []


def test_the_night_is_the_same_when_it_is_run_again(book, tmp_path):
    """Power is lost right after the gate, whose evidence the publication holds."""
    calls = [instant.call for instant in book.disk.instants]
    after_gate = max(number for number, call in enumerate(calls) if "_deliveries" in call) + 1
    losses = Losses()
    run_again(book, losses, [after_gate], SEED, tmp_path)
    assert losses.reruns == 1
    assert losses.other_bytes == []
