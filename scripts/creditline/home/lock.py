"""Locks that the operating system releases when the process ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home.files import make_directory

_LOOK_AGAIN_SECONDS = 0.005


class HomeBusy(CreditlineError):
    """Another process works on a night of this home."""


@contextmanager
def holding_now(file: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock file that nobody holds.

    Raises:
        HomeBusy: another process holds it; `otherwise` says which.
    """
    with _held(file, 0, lambda: f"{otherwise}; wait until it ends, then run this again"):
        yield


@contextmanager
def holding(file: Path, what: str, patience_seconds: float) -> Iterator[None]:
    """Wait until a lock file is free, and hold it.

    Raises:
        HomeBusy: it did not become free in time; `what` says what was to be done, and what was done already.
    """

    def otherwise() -> str:
        holder = file.read_text() or "unknown"
        return f"{what}: process {holder} has held {file} for more than {patience_seconds:g} seconds; end it"

    with _held(file, patience_seconds, otherwise):
        yield


@contextmanager
def _held(file: Path, patience_seconds: float, otherwise: Callable[[], str]) -> Iterator[None]:
    # a command that locks nothing must not wait for its import
    from filelock import FileLock, Timeout

    make_directory(file.parent)
    # A marker file in its place would outlive a killed process, so a disk without flock is refused.
    lock = FileLock(file, poll_interval=_LOOK_AGAIN_SECONDS, fallback_to_soft=False, on_acquired=_sign)
    try:
        held = lock.acquire(timeout=patience_seconds)
    except Timeout as error:
        raise HomeBusy(otherwise()) from error
    with held:
        yield


def _sign(descriptor: int) -> None:
    """Let the file name the process that holds it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
