"""Locks that the operating system lets go of when the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from creditline.errors import CreditlineError
from creditline.home.files import make_directory

_LOOK_AGAIN_SECONDS = 0.005


class HomeBusy(CreditlineError):
    """Another process works on a night of this home."""


@contextmanager
def holding_now(file: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file that nobody holds.

    Raises:
        HomeBusy: somebody does; `otherwise` says who.
    """
    make_directory(file.parent)
    with file.open("w") as lock:
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
