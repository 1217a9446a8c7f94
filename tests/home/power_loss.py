"""What a loss of power leaves of a small book, at every instant of its nights. `scripts/evaluate power-loss`

A disk keeps what was synced: of a file the bytes of its last fsync, of a folder the names of its last. All else may be there or
not. Whatever makes, renames, removes or syncs a file is watched; before each such call the worst states are laid out: names
that were never synced are gone, or they are there and the bytes behind them are not, or each folder falls one way or the other.
In each of them the night that the pointer shows must have all that its manifest names, and orders that are valid must be
recorded. Of some the home is written out and the nights are run again: they must publish and order the same bytes.

The engine syncs its own files; the identity store is taken as it was at the instant. Scratch (`warehouse/`) is gone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from small_delivery import NIGHT, deliver, small_home

from creditline.home.publications import MANIFEST
from creditline.night import run_night
from creditline.output import Format, print_rows, tell
from creditline.release import ALL_SLICES, set_mode

PEOPLE = {"by": "maker", "approved_by": "checker"}
WATCHED = ("mkdir", "rename", "replace", "unlink", "rmdir", "symlink", "link", "fsync")
# Deliveries come from elsewhere, and scratch may be deleted at any time.
NOT_OURS = ("landing", "warehouse")
WAYS = ("names gone", "bytes gone", "by chance")
Node = int | str
Names = dict[str, Node]
Files = dict[str, bytes | str]


@dataclass(frozen=True)
class Instant:
    """The disk just before a call: `now` is what the names are, `kept` what a loss of power would leave of them."""

    call: str
    now: dict[int, Names]
    kept: dict[int, Names]
    bytes_kept: dict[int, bytes]
    engine: dict[str, bytes]


@dataclass
class Disk:
    """Watches one home: which names and bytes were synced, by inode. A symbolic link is its target."""

    root: Path
    kept: dict[int, Names] = field(default_factory=dict)
    bytes_kept: dict[int, bytes] = field(default_factory=dict)
    instants: list[Instant] = field(default_factory=list)
    # an inode that is held open is given to no other file
    held: dict[int, int] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the state of the disk before every call that changes or syncs it."""
        with ExitStack() as patches:
            for name in WATCHED:
                patches.enter_context(patch.object(os, name, self._watching(name)))
            yield
        self._note("end")

    def _watching(self, name: str):
        call = getattr(os, name)

        def watching(*arguments, **options):
            place = _place(arguments[-1] if name in ("rename", "replace", "link") else arguments[0])
            if self.is_ours(place):
                self._note(f"{name} {place.relative_to(self.root)}")
            result = call(*arguments, **options)
            # a publication is synced in scratch, before it is renamed to its place
            if name == "fsync" and place.is_relative_to(self.root):
                self._keep(arguments[0], place)
            return result

        return watching

    def is_ours(self, place: Path) -> bool:
        """Whether a place belongs to what the home must not lose."""
        if place == self.root:
            return True
        return place.is_relative_to(self.root) and place.relative_to(self.root).parts[0] not in NOT_OURS

    def _note(self, call: str) -> None:
        engine = {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in (self.root / "identity").glob("identity.duckdb*")
        }
        self.instants.append(Instant(call, self._names(), dict(self.kept), dict(self.bytes_kept), engine))

    def _names(self) -> dict[int, Names]:
        found, waiting = {}, [self.root] if self.root.is_dir() else []
        while waiting:
            folder = waiting.pop()
            found[folder.stat().st_ino] = names = self._names_in(folder)
            waiting += [
                folder / name for name, node in names.items() if isinstance(node, int) and (folder / name).is_dir()
            ]
        return found

    def _names_in(self, folder: Path) -> Names:
        return {
            entry.name: os.readlink(entry.path) if entry.is_symlink() else entry.inode()
            for entry in os.scandir(folder)
            if not (folder == self.root and entry.name in NOT_OURS)
        }

    def _keep(self, descriptor: int, place: Path) -> None:
        facts = os.fstat(descriptor)
        self.held.setdefault(facts.st_ino, os.dup(descriptor))
        if stat.S_ISDIR(facts.st_mode):
            self.kept[facts.st_ino] = self._names_in(place)
        else:
            self.bytes_kept[facts.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def close(self) -> None:
        """Let go of the inodes."""
        for descriptor in self.held.values():
            os.close(descriptor)


def _place(given: object) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{given}") if isinstance(given, int) else os.path.abspath(os.fspath(given)))


def left_by(disk: Disk, instant: Instant, way: str, chance: random.Random) -> Files:
    """The files that are there after a loss of power: path and bytes, or the target of a symbolic link."""
    found: Files = {}
    waiting = [("", disk.root.stat().st_ino)]
    while waiting:
        above, inode = waiting.pop()
        is_now = way == "bytes gone" or (way == "by chance" and chance.random() < 0.5)
        names = instant.now.get(inode, {}) if is_now else instant.kept.get(inode, {})
        for name, node in names.items():
            path = f"{above}{name}"
            if isinstance(node, str):
                found[path] = node
            elif node in instant.now or node in instant.kept:
                waiting.append((f"{path}/", node))
            else:
                found[path] = instant.engine.get(path, instant.bytes_kept.get(node, b""))
    return found


def needed_by(final: Files, pointer: str) -> dict[str, str]:
    """What must be there once the pointer shows a night: every file that its manifest names, and its records, by sha256."""
    shown = f"published/{pointer}"
    manifest = json.loads(final[f"{shown}/{MANIFEST}"])
    night = manifest["business_date"]
    needed = {f"{shown}/{name}": digest for name, digest in manifest["files"].items()}
    needed |= {f"state/business_date={night}/{name}": digest for name, digest in manifest["state"].items()}
    for delivery in manifest["deliveries"]:
        needed |= {each["raw_file"]: each["raw_sha256"] for each in delivery["sources"] if each["raw_file"]}
    stems = (
        *(f"policy/{version}/" for version in manifest["policy_versions"].values()),
        *(f"logic/{manifest['logic_hash']}/", f"raw/_deliveries/business_date={night}/", "control/", "creditline.yml"),
        *(f"{shown}/{name}" for name in (MANIFEST, "run.json")),
    )
    return needed | {
        path: sha256(content).hexdigest()
        for path, content in final.items()
        if path.startswith(stems) and not Path(path).name.startswith(".")
    }


def missing_in(left: Files, needed: dict[str, str]) -> list[str]:
    """Which of the needed files are not there, or have other bytes."""
    return [
        path
        for path, digest in needed.items()
        if not isinstance(left.get(path), bytes) or sha256(left[path]).hexdigest() != digest
    ]


def unrecorded_orders(left: Files) -> list[str]:
    """Order files that are valid for the core, by their control file, and whose orders or record are not there."""
    lost = []
    for path in left:
        feed = path.split("/")[1] if path.startswith("outbox/") and path.endswith(".ctl") else ""
        if feed in ("limit_adjustments", "security_orders"):
            number = path.removesuffix(".ctl").rsplit("_", 1)[1]
            records = {f"releases/{feed}/{number}{end}" for end in (".json", ".prepared")}
            is_whole = f"{path.removesuffix('.ctl')}.csv" in left and f"releases/{feed}/{number}.parquet" in left
            if not (is_whole and records & left.keys()):
                lost.append(path)
    return lost


@dataclass(frozen=True)
class Book:
    """The nights that were watched: the disk, and the home as it was in the end."""

    disk: Disk
    final: Files
    nights: tuple


@dataclass
class Losses:
    """What losses of power left."""

    instants: int = 0
    states: int = 0
    torn: list[str] = field(default_factory=list)
    reruns: int = 0
    other_bytes: list[str] = field(default_factory=list)


def run_watched(root: Path, nights: int) -> Book:
    """Make a home and run its nights while the disk is watched."""
    disk = Disk(root / "home")
    disk.root.mkdir()
    days = tuple(NIGHT.replace(day=NIGHT.day + number) for number in range(nights))
    with disk.watched():
        home = small_home(disk.root)
        set_mode(home, ALL_SLICES, "live", **PEOPLE)
        for day in days:
            deliver(home, night=day)
            run_night(home, day)
    final = {
        str(path.relative_to(disk.root)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in disk.root.rglob("*")
        if (path.is_file() or path.is_symlink()) and disk.is_ours(path)
    }
    return Book(disk, final, days)


def lose_power(book: Book, seed: int) -> Losses:
    """Every instant, every way: the night that the pointer shows is whole."""
    chance = random.Random(seed)
    losses = Losses(instants=len(book.disk.instants))
    needed: dict[str, dict[str, str]] = {}
    for number, instant in enumerate(book.disk.instants):
        for way in WAYS:
            left = left_by(book.disk, instant, way, chance)
            losses.states += 1
            pointer = left.get("published/current")
            gone = unrecorded_orders(left)
            if pointer:
                needed.setdefault(pointer, needed_by(book.final, pointer))
                gone += missing_in(left, needed[pointer])
            if gone:
                losses.torn.append(f"{number} before {instant.call}, {way}: {len(gone)} files, first {gone[0]}")
    return losses


def some_instants(book: Book, number: int, seed: int) -> list[int]:
    """Instants after the home was made, chosen by chance."""
    root = book.disk.root.stat().st_ino
    made = [place for place, each in enumerate(book.disk.instants) if "creditline.yml" in each.kept.get(root, {})]
    return sorted(random.Random(seed).sample(made, number))


def run_again(book: Book, losses: Losses, instants: list[int], seed: int, place: Path) -> None:
    """Write the states of some instants out, run the nights again, and compare what they publish and order."""
    chance = random.Random(seed)
    for number in instants:
        way = chance.choice(WAYS)
        instant = book.disk.instants[number]
        left = left_by(book.disk, instant, way, chance)
        root = place / f"{number}"
        _write_out(root, left)
        home = small_home(root)
        if not (home.modes_file).is_file():
            set_mode(home, ALL_SLICES, "live", **PEOPLE)
        for day in book.nights:
            if not (home.landing / str(day)).is_dir():
                deliver(home, night=day)
            run_night(home, day)
        losses.reruns += 1
        other = [path for path in _facts(book.final) if not _is_equal(root / path, book.final[path])]
        if other:
            losses.other_bytes.append(f"{number} before {instant.call}, {way}: {len(other)} files, first {other[0]}")


def _write_out(root: Path, left: Files) -> None:
    root.mkdir()
    for path, content in left.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(content) if isinstance(content, str) else target.write_bytes(content)


def _facts(final: Files) -> Iterator[str]:
    """What a night states and orders: all that the manifests name, and the outbox."""
    for path, content in final.items():
        if path.startswith("published/") and path.endswith(f"/{MANIFEST}"):
            yield path
            yield from (f"{path.removesuffix(MANIFEST)}{name}" for name in json.loads(content)["files"])
        elif path.startswith("outbox/") and not path.endswith(".partial"):
            yield path


def _is_equal(path: Path, content: bytes | str) -> bool:
    return path.is_file() and path.read_bytes() == content


def main() -> None:
    """Watch three nights, and print what every loss of power would leave."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate power-loss", description=__doc__.splitlines()[0])
    parser.add_argument("--reruns", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        book = run_watched(Path(place), nights=3)
        tell(f"{len(book.disk.instants)} instants watched in {time.monotonic() - started:.0f} s")
        losses = lose_power(book, wanted.seed)
        run_again(book, losses, some_instants(book, wanted.reruns, wanted.seed), wanted.seed, Path(place))
        book.disk.close()
    rows = [
        ("instants at which power was lost", losses.instants),
        ("states that a loss may leave", losses.states),
        ("states in which what is shown or ordered is not whole", len(losses.torn)),
        ("states from which the nights were run again", losses.reruns),
        ("of those, with other bytes published or ordered", len(losses.other_bytes)),
        ("seconds", round(time.monotonic() - started)),
    ]
    print_rows(("what", "number"), rows, Format.TABLE, title=f"Losses of power, seed {wanted.seed}")
    for line in (*losses.torn[:20], *losses.other_bytes):
        print(line)
    raise SystemExit(1 if losses.torn or losses.other_bytes else 0)


if __name__ == "__main__":
    main()
