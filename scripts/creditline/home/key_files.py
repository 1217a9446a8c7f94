"""Files that hold a secret. Only their owner may be able to read them; other files are refused."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from creditline.errors import CreditlineError

# A key takes some hundred bytes; a longer file is not a key.
_LONGEST = 16 * 1024
_SECRET = re.compile(rb"[0-9A-Fa-f]{64}\s*")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_RESTORE = "restore it from a backup"


class KeyRefused(CreditlineError):
    """A key is lost, invalid or open to others; says which file and what to do."""


def read_key_file(path: Path) -> bytes:
    """The bytes of a file that holds a secret.

    Raises:
        KeyRefused: it is not there, is no plain file of this user, or somebody else can read it or enter its folder.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KeyRefused(_unopened(path, error)) from error
    with os.fdopen(descriptor, "rb") as stream:
        _require_private(path, os.fstat(stream.fileno()))
        content = stream.read(_LONGEST + 1)
    if not content or len(content) > _LONGEST:
        raise KeyRefused(f"{path} is not a key file: it is {'empty' if not content else 'too long'}; {_RESTORE}")
    return content


def read_secret(path: Path) -> bytes:
    """The 32 bytes of a secret that is kept as 64 hex digits.

    Raises:
        KeyRefused: as `read_key_file`, or the file holds something else.
    """
    content = read_key_file(path)
    if not _SECRET.fullmatch(content):
        raise KeyRefused(f"{path} is not a secret of 32 bytes in hex; {_RESTORE}")
    return bytes.fromhex(content.decode())


def _unopened(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return (
            f"{path} is not there, and a lost key is never made again; {_RESTORE} (a home that has no night yet gets its"
            " keys from `creditline init`)"
        )
    if error.errno == errno.ELOOP:
        return f"{path} is a link; a key is a file of its own: put it there, or say in creditline.yml where it lies"
    return f"{path} cannot be read: {error.strerror}; run this as the user who owns the home"


def _require_private(path: Path, facts: os.stat_result) -> None:
    folder = path.parent.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise KeyRefused(f"{path} is not a file; {_RESTORE}")
    for place, owner in ((path, facts.st_uid), (path.parent, folder.st_uid)):
        if owner != os.geteuid():
            raise KeyRefused(
                f"{place} belongs to user {owner}, and this runs as {os.geteuid()}; run it as the user who owns the home"
            )
    if facts.st_mode & _OTHERS:
        raise KeyRefused(f"{path} can be read by others; type: chmod 600 '{path}'")
    if folder.st_mode & _OTHERS:
        raise KeyRefused(f"{path.parent}, where a key lies, can be entered by others; type: chmod 700 '{path.parent}'")
