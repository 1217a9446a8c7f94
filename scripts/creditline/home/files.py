"""The only place that writes files which must survive a crash.

A reader sees a complete file or none: bytes are written under another name, synced, and renamed to the target.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CHUNK = 1 << 20
# One JSON object; its readers know its parts.
Json = dict[str, Any]


def sha256_of(path: Path) -> str:
    """Hex sha256 of the bytes of one file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


FileIdentity = tuple[int, ...]


def file_identity(path: Path) -> FileIdentity:
    """Facts of a file that change if somebody writes to it or exchanges it."""
    facts = path.stat(follow_symlinks=False)
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a file is there with these bytes."""
    return path.is_file() and sha256_of(path) == sha256


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys, two-space indent and a final newline: the same value, the same bytes."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2) + "\n").encode()


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add the file's name to an error of the disk, because a write knows its file only by number."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with naming(directory):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of a file survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_into_place(partial: Path, target: Path) -> None:
    """Sync a finished file and rename it over its target."""
    sync_file(partial)
    os.replace(partial, target)
    sync_directory(target.parent)


def make_directory(directory: Path, mode: int = 0o777) -> Path:
    """Make a folder with all missing folders above it. Each is synced before the next is made.

    So a power loss removes no folder that holds something. After a killed process only the last folder can be unsynced, and
    it is synced here. A folder that another process makes meanwhile is used as it is.

    Args:
        mode: who may enter the new folders, within the umask of the process.
    """
    missing = []
    found = directory
    while not found.is_dir():
        missing.append(found)
        found = found.parent
    # a process that may not read the folder above did not make this one
    with contextlib.suppress(PermissionError):
        sync_directory(found.parent)
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
        sync_directory(each.parent)
    return directory


def is_in_place(target: Path) -> bool:
    """Whether a file or tree is there. Its name is synced, because a killed process may have renamed it without that."""
    if not target.exists():
        return False
    make_directory(target.parent)
    sync_directory(target.parent)
    return True


def write_file(target: Path, content: bytes) -> None:
    """Write a complete file or none."""
    make_directory(target.parent)
    partial = partial_of(target)
    with naming(partial):
        partial.write_bytes(content)
    move_into_place(partial, target)


def write_new_file(target: Path, content: bytes, mode: int = 0o600) -> bool:
    """Write a complete file or none, which only its owner can read while it is written. An existing file stays.

    Args:
        mode: who may read the finished file.

    Returns: whether it was written; of two calls at the same time, one writes it.
    """
    descriptor, partial = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # a link, unlike a rename, never replaces a file
        os.link(partial, target)
        is_new = True
    except OSError:
        if not target.is_file():
            os.unlink(partial)
            raise
        is_new = False
    # also delete a part that a killed writer left: with the target there nobody needs it
    for part in target.parent.glob(f".{target.name}.*.partial"):
        part.unlink(missing_ok=True)
    sync_directory(target.parent)
    return is_new


def write_privately() -> None:
    """From here on this process makes files 0600 and folders 0700, whatever its caller allowed."""
    os.umask(0o077)


def make_readable_directory(directory: Path) -> None:
    """A folder that every user of the machine may enter, with those above it that were not there yet."""
    before = os.umask(0o022)
    try:
        make_directory(directory)
    finally:
        os.umask(before)


def let_all_read(tree: Path) -> None:
    """Let every user of the machine read a finished tree."""
    for directory, _, names in os.walk(tree):
        os.chmod(directory, 0o755)
        for name in names:
            os.chmod(Path(directory) / name, 0o644)


def partial_of(target: Path) -> Path:
    """The name under which a file is written until it is complete."""
    return target.with_name(f".{target.name}.partial")


def move_tree_into_place(staged: Path, target: Path) -> None:
    """Sync every file and directory of a finished tree and rename the tree to its (absent) target."""
    for directory, _, names in os.walk(staged):
        for name in names:
            sync_file(Path(directory) / name)
        sync_directory(Path(directory))
    make_directory(target.parent)
    os.rename(staged, target)
    sync_directory(target.parent)


def flip_pointer(pointer: Path, destination: str) -> None:
    """Point a symbolic link at another (relative) destination in one atomic step."""
    partial = partial_of(pointer)
    partial.unlink(missing_ok=True)
    partial.symlink_to(destination)
    os.replace(partial, pointer)
    sync_directory(pointer.parent)


def clear_directory(directory: Path) -> Path:
    """Make an empty directory at this path; delete what was there before."""
    if directory.exists():
        shutil.rmtree(directory)
    return make_directory(directory)


def digests(directory: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by relative path."""
    return {
        str(file.relative_to(directory)): sha256_of(file) for file in sorted(directory.rglob("*")) if file.is_file()
    }
