"""One process at a time works on a night of a home.

Freezes and restores have a lock of their own, because a watch works while a night runs. A process that needs both takes the
night's lock first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from creditline.home import Home
from creditline.home.keys import require_keys
from creditline.home.lock import holding, holding_now
from creditline.home.publications import require_kind

_TURN_SECONDS = 300


def _require_own(home: Home) -> None:
    """Check the keys, and that the home is still a trial, or still none, as its published nights were."""
    require_keys(home)
    require_kind(home)


@contextmanager
def only_worker(home: Home, what: str) -> Iterator[None]:
    """Hold the home for one step of a night.

    Raises:
        KeyRefused: the home's keys are lost or open to others; nothing was done.
        UsageError: the home was no trial, and is said to be one now, or the other way round; nothing was done.
        HomeBusy: another process holds it; nothing was done.
    """
    _require_own(home)
    with holding_now(home.warehouse / "lock", f"{what}: another process works on a night of {home.root}"):
        yield


@contextmanager
def only_lander(home: Home, what: str) -> Iterator[None]:
    """Hold the landing folder of a home whose deliveries are made here.

    Raises:
        HomeBusy: another process holds it; nothing was done.
    """
    with holding_now(home.warehouse / "landing.lock", f"{what}: another process lands nights in {home.root}"):
        yield


@contextmanager
def security_turn(home: Home, what: str) -> Iterator[None]:
    """Wait for the lock of freezes and restores and hold it, so that their files are written one after the other.

    The lock is beside the releases, because temporary files may be deleted at any time and this lock may not.

    Raises:
        KeyRefused: the home's keys are lost or open to others; nothing was done.
        UsageError: the home was no trial, and is said to be one now, or the other way round; nothing was done.
        HomeBusy: another process held it for five minutes; nothing was done.
    """
    _require_own(home)
    with holding(home.releases / "security.lock", what, _TURN_SECONDS):
        yield
