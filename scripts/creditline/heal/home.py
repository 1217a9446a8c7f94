"""Look for every file that signed manifests prove, and put back those that are lost and can be made again.

A file is written only if its sha256 is the one that a manifest names. Files that cannot be made again are named, with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from creditline.errors import CreditlineError
from creditline.heal.archives import put_back_logic, put_back_policy
from creditline.heal.raw import remade_raw
from creditline.heal.state import remade_inputs, remade_state
from creditline.home import Home
from creditline.home.files import Json, clear_directory, is_whole, make_directory, move_into_place
from creditline.home.publications import (
    latest_revision,
    publication_directory,
    read_manifest,
    revision_name,
    state_directory,
)
from creditline.home.turns import only_worker, security_turn
from creditline.landing.manifest import INTRADAY_FEEDS
from creditline.publish.publication import show_latest
from creditline.store.record import (
    DeliveryRecord,
    close_day,
    closed_file,
    intraday_record_file,
    last_closed_day,
    record_file,
    record_of,
    write_intraday_record,
    write_record,
)

_WHAT = "healing of the home"
_BACKUP = "restore it from a backup"
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Lost:
    """One file that differs from its manifest or is missing, and why it could not be made again."""

    file: str
    why: str


@dataclass(frozen=True)
class Healing:
    """The result of healing a home. Files by their path from the home."""

    checked: int
    put_back: tuple[str, ...]
    lost: tuple[Lost, ...]


@dataclass
class _Ward:
    """A home that is being healed, and what was found so far."""

    home: Home
    scratch: Path
    checked: int = 0
    put_back: list[str] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)

    def note(self, file: Path, made: Path | None, sha256: str, why: str) -> None:
        """Put a file that was made again into its place if its sha256 is right, else record that it is lost."""
        name = str(file.relative_to(self.home.root))
        if made is not None and is_whole(made, sha256):
            make_directory(file.parent)
            move_into_place(made, file)
            self.put_back.append(name)
        else:
            reason = "made again it has other bytes" if made is not None and not why else why
            self.lost.append(Lost(name, _with_advice(reason)))

    def missing(self, files: dict[Path, str]) -> dict[Path, str]:
        """Which files are not there as they were."""
        self.checked += len(files)
        return {file: sha256 for file, sha256 in files.items() if not is_whole(file, sha256)}


def heal(home: Home, tell: Callable[[str], None]) -> Healing:
    """Check every published night, the oldest first, and put back what is lost and can be made again.

    Raises:
        HomeBusy: another process works on a night of the home.
        KeyRefused: without the home's keys nothing can be proved.
    """
    with only_worker(home, _WHAT), security_turn(home, _WHAT):
        ward = _Ward(home, home.warehouse / "heal")
        nights = home.published_dates()
        for number, night in enumerate(nights, start=1):
            tell(f"[{number}/{len(nights)}] {night}")
            for revision in range(latest_revision(home, night) + 1):
                _heal_publication(ward, night, revision)
        if nights:
            _heal_marks(ward, nights[-1])
        clear_directory(ward.scratch)
        return Healing(ward.checked, tuple(ward.put_back), tuple(ward.lost))


def _heal_publication(ward: _Ward, night: date, revision: int) -> None:
    place = publication_directory(ward.home, night, revision)
    try:
        manifest = read_manifest(ward.home, night, revision)
    except (CreditlineError, OSError, ValueError, KeyError) as error:
        why = " ".join(str(error).split())
        ward.lost.append(
            Lost(str(place.relative_to(ward.home.root)), _with_advice(f"its manifest cannot be believed: {why}"))
        )
        return
    for file, sha256 in ward.missing({place / name: sha256 for name, sha256 in manifest["files"].items()}).items():
        ward.note(file, None, sha256, "nothing else says what it held")
    if not revision:
        for said in manifest["deliveries"]:
            _heal_delivery(ward, record_of(said))
    _heal_archives(ward, manifest)
    _heal_state(ward, night, revision, manifest["state"])


def _heal_delivery(ward: _Ward, record: DeliveryRecord) -> None:
    home = ward.home
    if record.feed.startswith(INTRADAY_FEEDS):
        place, write = intraday_record_file, write_intraday_record
    else:
        place, write = record_file, write_record
    file = place(home, record.business_date, record.feed, record.sequence)
    before = file.read_bytes() if file.is_file() else None
    write(home, record)
    ward.checked += 1
    if file.read_bytes() != before:
        ward.put_back.append(str(file.relative_to(home.root)))
    kept = {home.root / each.raw_file: each for each in record.sources if each.raw_file}
    for path, sha256 in ward.missing({path: each.raw_sha256 or "" for path, each in kept.items()}).items():
        made, why = _tried(partial(remade_raw, home, record, kept[path], clear_directory(ward.scratch)))
        gone = "" if made else "landing/ no longer holds what it was made of"
        ward.note(path, made, sha256, why or gone)


def _heal_archives(ward: _Ward, manifest: Json) -> None:
    home = ward.home
    ward.checked += len(manifest["policy_versions"]) + 1
    night = date.fromisoformat(manifest["business_date"])
    for version in manifest["policy_versions"].values():
        _heal_archive(ward, home.policy / version, partial(put_back_policy, home, night, version))
    logic_hash = manifest["logic_hash"]
    _heal_archive(ward, home.logic / logic_hash, lambda: put_back_logic(home, logic_hash))


def _heal_archive(ward: _Ward, folder: Path, put_back: Callable[[], bool]) -> None:
    name = str(folder.relative_to(ward.home.root))
    if name in ward.put_back or name in {lost.file for lost in ward.lost}:
        return
    try:
        if put_back():
            ward.put_back.append(name)
    except CreditlineError as error:
        ward.lost.append(Lost(name, _with_advice(str(error))))


def _heal_state(ward: _Ward, night: date, revision: int, state: dict[str, str]) -> None:
    folder = state_directory(ward.home, night, revision)
    missing = ward.missing({folder / name: sha256 for name, sha256 in state.items()})
    record = folder / "inputs.json"
    if record in missing:
        made, why = _tried(lambda: remade_inputs(ward.home, night, revision, clear_directory(ward.scratch)))
        then = "" if made else "a restatement read what was known then"
        ward.note(record, made, missing.pop(record), why or then)
    if not missing:
        return
    all_made, why = _tried(
        lambda: remade_state(ward.home, night, revision, set(missing), clear_directory(ward.scratch))
    )
    for file, sha256 in missing.items():
        found = all_made.get(file) if all_made else None
        ward.note(file, found, sha256, why or ("" if found else "its night's code does not make it"))


def _heal_marks(ward: _Ward, newest: date) -> None:
    """The day that the newest night ended, and the pointer to it."""
    home = ward.home
    closed = last_closed_day(home) if closed_file(home).is_file() else None
    if closed is None or closed < newest:
        close_day(home, newest)
        ward.put_back.append(str(closed_file(home).relative_to(home.root)))
    shown = f"{newest}/{revision_name(latest_revision(home, newest))}"
    if not home.current.is_symlink() or os.readlink(home.current) != shown:
        show_latest(home, newest)
        ward.put_back.append(str(home.current.relative_to(home.root)))


def _with_advice(why: str) -> str:
    return why if _BACKUP in why else f"{why}; {_BACKUP}"


def _tried(make: Callable[[], _Made]) -> tuple[_Made | None, str]:
    """What was made again, or why it could not be."""
    try:
        return make(), ""
    except CreditlineError as error:
        return None, str(error)
