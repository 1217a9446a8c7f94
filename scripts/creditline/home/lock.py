"""One process at a time works on a night of a home; the operating system lets go of the lock when the process ends.

Freezes and restores have a lock of their own, because a watch works while a night runs. Whoever holds both took the
night's first.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import make_directory
from creditline.home.keys import require_keys

_TURN_SECONDS = 300
_LOOK_AGAIN_SECONDS = 0.005


class HomeBusy(CreditlineError):
    """Another process works on a night of this home."""


def _require_own(home: Home) -> None:
    """Keys that can be believed, and a home of the kind that its nights were."""
    # publications are recorded by way of this module
    from creditline.home.publications import require_kind

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
    with _alone(home, "lock", f"{what}: another process works on a night of {home.root}"):
        yield


@contextmanager
def only_lander(home: Home, what: str) -> Iterator[None]:
    """Hold the landing folder of a home whose deliveries are made here.

    Raises:
        HomeBusy: another process holds it; nothing was done.
    """
    with _alone(home, "landing.lock", f"{what}: another process lands nights in {home.root}"):
        yield


@contextmanager
def _alone(home: Home, name: str, otherwise: str) -> Iterator[None]:
    make_directory(home.warehouse)
    with (home.warehouse / name).open("w") as lock:
        if not _taken(lock):
            raise HomeBusy(f"{otherwise}; wait until it ends, then run this again")
        yield


@contextmanager
def holding(file: Path, what: str, patience_seconds: float) -> Iterator[None]:
    """Hold a lock file, once whoever holds it lets go; its content names the process that holds it.

    Raises:
        HomeBusy: somebody did not let go in time; `what` says what was to be done, and what was done already.
    """
    make_directory(file.parent)
    with file.open("a+") as lock:
        until = time.monotonic() + patience_seconds
        while not _taken(lock):
            if time.monotonic() > until:
                raise HomeBusy(
                    f"{what}: process {_holder(lock)} has held {file} for more than {patience_seconds:g} seconds; end it"
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    return lock.read() or "unknown"


@contextmanager
def security_turn(home: Home, what: str) -> Iterator[None]:
    """Wait for the turn to say who is frozen, and hold it: one file of freezes and restores after the other.

    It lies beside the releases: scratch may be deleted at any time, this lock may not.

    Raises:
        KeyRefused: the home's keys are lost or open to others; nothing was done.
        UsageError: the home was no trial, and is said to be one now, or the other way round; nothing was done.
        HomeBusy: another process held it for five minutes; nothing was done.
    """
    _require_own(home)
    with holding(home.releases / "security.lock", what, _TURN_SECONDS):
        yield
