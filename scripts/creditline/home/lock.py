"""One process at a time works on a night of a home; the operating system lets go of the lock when the process ends.

Freezes and restores have a lock of their own, because a watch works while a night runs. Whoever holds both took the
night's first.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from creditline.errors import CreditlineError
from creditline.home import Home

_TURN_SECONDS = 300
_STEP_SECONDS = 0.05


class HomeBusy(CreditlineError):
    """Another process works on a night of this home."""


@contextmanager
def only_worker(home: Home, what: str) -> Iterator[None]:
    """Hold the home for one step of a night.

    Raises:
        HomeBusy: another process holds it; nothing was done.
    """
    home.warehouse.mkdir(parents=True, exist_ok=True)
    with (home.warehouse / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeBusy(
                f"{what}: another process works on a night of {home.root}; wait until it ends, then run this again"
            ) from None
        yield


@contextmanager
def security_turn(home: Home, what: str) -> Iterator[None]:
    """Wait for the turn to say who is frozen, and hold it: one file of freezes and restores after the other.

    It lies beside the releases: scratch may be deleted at any time, this lock may not.

    Raises:
        HomeBusy: another process held it for five minutes; nothing was done.
    """
    home.releases.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _TURN_SECONDS
    with (home.releases / "security.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HomeBusy(
                        f"{what}: another process has been freezing or restoring in {home.root} for {_TURN_SECONDS} s;"
                        f" end it, then run this again"
                    ) from None
                time.sleep(_STEP_SECONDS)
        yield
