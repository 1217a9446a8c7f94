"""Temporary files between two steps of a night. The next step decides by them, so they must be what the step before left.

A seal holds facts of a file that change if somebody writes to it or exchanges it. It is part of a record that the home signs.
No byte is read for it, so it costs nothing even for many gigabytes. Files that were copied, moved or written to are made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import file_identity


class ScratchChanged(CreditlineError):
    """A temporary file is not what the step before left; says which step makes it again."""


def seal_of(home: Home, files: Iterable[Path]) -> dict[str, list[int]]:
    """The facts that show whether a file was changed, by its path in the home."""
    return {str(path.relative_to(home.root)): list(file_identity(path)) for path in sorted(files)}


def is_untouched(home: Home, seal: dict[str, list[int]]) -> bool:
    """Whether every sealed file is unchanged, with no log of writes beside it, which the engine would read as a part of it."""
    files = {home.root / name: identity for name, identity in seal.items()}
    return all(
        path.is_file() and list(file_identity(path)) == identity and not log_of(path).exists()
        for path, identity in files.items()
    )


def log_of(database: Path) -> Path:
    """The engine's log of writes that are not in a database file yet; opening the file adds them to it."""
    return database.with_name(f"{database.name}.wal")
