"""Errors of the machine: a disk, memory, the engine. Each becomes one line: what, where, what to do.

The command line and the DAGs translate here the errors that no room has named. An accident loses nothing: the same command
repeats the failed step, and what was published, ordered or recorded stays.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from creditline.errors import CreditlineError

_FULL = "free some space there"
_OWNER = "give it back to the user that runs creditline, as docs/reference/home.md says, or run this as that user"
_SHAPE = "something else stands where the home keeps it; move that away, or restore it from a backup"
_GONE = "if nobody deletes files of a home while it works, restore it from a backup"
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "raise the greatest size of a file for this user (ulimit -f)",
    errno.EIO: "have the disk looked at (the system's log names it), and restore what cannot be read from a backup",
    errno.EROFS: "mount it for writing",
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.EMFILE: "raise the number of open files for this user (ulimit -n)",
    errno.ENFILE: "raise the number of open files of this machine",
    errno.ENOENT: _GONE,
    errno.ESTALE: "mount it again",
    errno.EISDIR: _SHAPE,
    errno.ENOTDIR: _SHAPE,
    errno.EEXIST: _SHAPE,
    errno.ENOTEMPTY: _SHAPE,
    errno.ELOOP: _SHAPE,
    errno.ENOMEM: "free memory",
}
_PATH = re.compile(r"""["']([^"']*/[^"']*)["']""")
_DAMAGED = re.compile(
    r"corrupt|checksum|magic bytes|not a valid DuckDB|does not match|footer|WAL|deserializ", re.IGNORECASE
)
_HELD = "Could not set lock on file"


class Accident(CreditlineError):
    """The machine failed; nothing is lost, and the same call goes on from there."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn every error inside into one line.

    Raises:
        Accident: the disk, memory or the engine failed, or Creditline itself did.
        CreditlineError: an error of the data or of a check, unchanged.
    """
    try:
        yield
    except CreditlineError:
        raise
    except Exception as error:
        raise accident_of(error) from error


def accident_of(error: BaseException) -> Accident:
    """One line for an error that no room has named, or for its cause."""
    for each in _chain(error):
        said = _of_disk(each) or _of_memory(each) or _of_engine(each)
        if said:
            return Accident(f"{said}, then run the same command again; nothing is lost")
    return Accident(
        f"Creditline itself failed ({type(error).__name__}: {_one_line(error)}); nothing that was published is changed;"
        f" run it again with --debug and report what it prints"
    )


def advice_on(message: str) -> str:
    """What to do about a failure of the machine that the engine reports, as `; do this`; empty for any other error."""
    for code, advice in _ADVICE.items():
        if os.strerror(code) in message:
            return f"; {advice}"
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _of_disk(error: BaseException) -> str | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    where = error.filename or "what was being written or printed"
    return f"{where}: {error.strerror}; {_ADVICE.get(error.errno, 'see what the system says about it')}"


def _of_memory(error: BaseException) -> str | None:
    return (
        "there is no memory left; free some, or lower memory_limit in creditline.yml"
        if isinstance(error, MemoryError)
        else None
    )


def _of_engine(error: BaseException) -> str | None:
    # a command that needs no engine must not wait for its import
    duckdb = sys.modules.get("duckdb")
    if duckdb is None or not isinstance(error, duckdb.Error):
        return None
    text = _one_line(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"{text}; raise memory_limit or spill_limit in creditline.yml, or lower threads"
    if advice := advice_on(text):
        return f"{text}{advice}"
    if _HELD in text:
        return f"{text}; another process works on it: wait until it ends"
    if isinstance(error, duckdb.IOException | duckdb.FatalException | duckdb.InternalException) or _DAMAGED.search(
        text
    ):
        found = _PATH.search(text)
        where = f"{found[1]} is damaged" if found else "a file is damaged"
        return f"{where} ({text}); delete it if it lies under warehouse/, else `creditline heal` or a backup brings it back"
    return None


def _one_line(error: BaseException) -> str:
    """The first line of an error's text, without the engine's own advice."""
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split()) if lines else "without a word"
