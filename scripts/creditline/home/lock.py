"""One process at a time works on a night of a home; the operating system lets go of the lock when the process ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from creditline.errors import CreditlineError
from creditline.home import Home


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
