"""Scratch between two steps of a night: what one step left decides in the next, so it must be what that step left.

A seal holds what of a file changes when anybody writes to it or exchanges it, and stands in a record that the home signs. No
byte is read for it, so that a warehouse of many gigabytes costs nothing. Scratch that was copied, moved or written to is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import file_identity


class ScratchChanged(CreditlineError):
    """Scratch is not what the step before left; says which step makes it anew."""


def seal_of(home: Home, files: Iterable[Path]) -> dict[str, list[int]]:
    """What tells each file from a changed one, by its path in the home."""
    return {str(path.relative_to(home.root)): list(file_identity(path)) for path in sorted(files)}


def is_untouched(home: Home, seal: dict[str, list[int]]) -> bool:
    """Whether every sealed file is there as it was, with no log of writes beside it, which the engine would take for a part of it."""
    files = {home.root / name: identity for name, identity in seal.items()}
    return all(
        path.is_file() and list(file_identity(path)) == identity and not log_of(path).exists()
        for path, identity in files.items()
    )


def log_of(database: Path) -> Path:
    """Where the engine logs writes that are not in a database file yet: whoever opens the file takes them in."""
    return database.with_name(f"{database.name}.wal")
