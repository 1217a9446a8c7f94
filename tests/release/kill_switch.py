"""The kill switch against a running release. `scripts/evaluate kill-switch`

A real release is stopped, again and again, by `creditline mode set '*' paused` of another process, at instants spread over
the whole of it: after a random time, or just before a random change or look at the home's files (there the release waits a
moment for the pause, which is the worst that can happen). In half of the trials the release is killed there as well. Prints
the seed, what the pauses met, and what breaks a claim.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
from homes import copy_home
from laid_orders import due_orders, lay_security_orders, take_back
from sample_book import run_sample_book

from creditline import cli, night
from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import sha256_of
from creditline.output import Format, print_rows
from creditline.release import ALL_SLICES, set_mode, settle_interrupted
from creditline.release.feed import ORDER_FEEDS

PEOPLE = {"by": "maker", "approved_by": "checker"}
FOLDERS = ("outbox", "releases", "control", "ledger")
# What Python says it does to a file just before it does it.
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "fcntl.flock")
# A pause that is thrown at an instant at which nothing is held takes a few milliseconds.
WAIT_FOR_PAUSE_SECONDS = 0.2
GIVE_UP_SECONDS = 60

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["creditline.cli", "creditline.night"])


@dataclass(frozen=True)
class Undisturbed:
    """What a release does when nobody stops it: what is due, by feed, the looks and changes it makes, and its seconds."""

    due: dict[str, set[str]]
    operations: int
    seconds: float


@dataclass(frozen=True)
class Instant:
    """When the pause is thrown: before an operation (counted from 1), or so many seconds after the release began."""

    operation: int | None
    seconds: float
    is_killed: bool

    @property
    def kind(self) -> str:
        """How the closing table calls it."""
        where = "at a time" if self.operation is None else "at an operation"
        return f"{where}, killed" if self.is_killed else where


@dataclass
class Trial:
    """What one pause met: files that had left when it returned, and every claim that it broke."""

    instant: Instant
    left: int = 0
    breaches: list[str] = field(default_factory=list)


# ---- the two processes


def releasing(root: str, instant: Instant, line: Connection) -> None:
    """The process that releases; tells the other end when the instant has come, and dies there if it is to."""
    home = Home(Path(root))
    business_date = home.published_dates()[-1]
    seen = 0

    def look(event: str, arguments: tuple) -> None:
        nonlocal seen
        if event not in EVENTS or (event != "fcntl.flock" and not _is_watched(home, arguments[0])):
            return
        seen += 1
        if seen == instant.operation:
            line.send("now")
            line.poll(WAIT_FOR_PAUSE_SECONDS)
            if instant.is_killed:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)
    line.send("began")
    began = time.perf_counter()
    # refused because of the pause, or nothing to release any more
    with contextlib.suppress(CreditlineError):
        night.release(home, business_date)
    seconds, operations = time.perf_counter() - began, seen
    line.send(("ended", operations, seconds))


def _is_watched(home: Home, path: object) -> bool:
    return str(path).startswith(tuple(str(home.root / folder) for folder in FOLDERS))


def pausing(root: str, delay: float, line: Connection) -> None:
    """The process that throws the switch when it is told to; answers with the files that are valid when it is done."""
    home = Home(Path(root))
    line.send("ready")
    line.recv()
    time.sleep(delay)
    with contextlib.redirect_stderr(io.StringIO()):
        cli.app(["--home", root, "mode", "set", ALL_SLICES, "paused", "--by", "operator"], standalone_mode=False)
    line.send(valid_files(home))


def valid_files(home: Home) -> set[str]:
    """Files of orders that the core may take: those with a control file."""
    return {path.stem for feed in ORDER_FEEDS for path in (home.outbox / feed).glob("*.ctl")}


# ---- a trial


class Stand:
    """A published night whose orders are about to leave, as often as it is asked for."""

    def __init__(self, book: Home, folder: Path) -> None:
        """`book`: a run sample book; what left because of its newest night is taken back."""
        self.home = copy_home(book, folder / "home")
        take_back(self.home)
        lay_security_orders(self.home)
        self.fresh = folder / "fresh"
        for name in FOLDERS:
            shutil.copytree(self.home.root / name, self.fresh / name)

    def reset(self) -> None:
        """Everything as it was before the release."""
        for name in FOLDERS:
            shutil.rmtree(self.home.root / name)
            shutil.copytree(self.fresh / name, self.home.root / name)

    def undisturbed(self) -> Undisturbed:
        """Release once without a pause, and see what that does."""
        self.reset()
        with _process(releasing, str(self.home.root), Instant(None, 0, False)) as (line, process):
            assert line.recv() == "began"
            _, operations, seconds = line.recv()
            process.join(GIVE_UP_SECONDS)
        due, left = due_orders(self.home), orders_that_left(self.home)
        assert all(due.values())
        assert {feed: set(left[feed]) for feed in due} == due
        return Undisturbed(due, operations, seconds)

    def trial(self, instant: Instant, undisturbed: Undisturbed) -> Trial:
        """Throw the switch at one instant, and look at everything that must hold after it."""
        self.reset()
        trial = Trial(instant)
        at_pause = self._throw(instant)
        trial.left = len(at_pause - self._before)
        self._check_nothing_more_left(trial, at_pause)
        # the start of the next night, still paused
        for name in ORDER_FEEDS:
            settle_interrupted(self.home, name)
        trial.breaches += what_is_broken(self.home)
        released = night.release(self.home, self.home.published_dates()[-1])
        if released.is_new:
            trial.breaches.append("a paused release wrote orders")
        self._check_nothing_more_left(trial, at_pause)
        set_mode(self.home, ALL_SLICES, "live", **PEOPLE)
        night.release(self.home, self.home.published_dates()[-1])
        if night.release(self.home, self.home.published_dates()[-1]).is_new:
            trial.breaches.append("orders left twice")
        trial.breaches += what_is_broken(self.home)
        for feed, ids in orders_that_left(self.home).items():
            if sorted(ids) != sorted(undisturbed.due[feed]):
                trial.breaches.append(f"{feed}: {len(ids)} orders left of {len(undisturbed.due[feed])} due")
        return trial

    def _throw(self, instant: Instant) -> set[str]:
        """Returns: the valid files when `mode set` had returned."""
        root, self._before = str(self.home.root), valid_files(self.home)
        delay = instant.seconds if instant.operation is None else 0
        with _process(pausing, root, delay) as (pause, pauser), _process(releasing, root, instant) as (line, releaser):
            assert pause.recv() == "ready"
            assert line.recv() == "began"
            if instant.operation is not None:
                assert line.poll(GIVE_UP_SECONDS)
                line.recv()
            pause.send("go")
            if instant.operation is None and instant.is_killed:
                time.sleep(instant.seconds)
                releaser.kill()
            assert pause.poll(GIVE_UP_SECONDS)
            at_pause = pause.recv()
            # it may be dead
            with contextlib.suppress(OSError):
                line.send("paused")
            releaser.join(GIVE_UP_SECONDS)
            pauser.join(GIVE_UP_SECONDS)
            assert releaser.exitcode is not None
            assert pauser.exitcode == 0
        return at_pause

    def _check_nothing_more_left(self, trial: Trial, at_pause: set[str]) -> None:
        now = valid_files(self.home)
        if now != at_pause:
            trial.breaches.append(f"after the pause: {', '.join(sorted(now ^ at_pause))}")


@contextlib.contextmanager
def _process(work: Callable, *arguments: object) -> Iterator[tuple[Connection, multiprocessing.Process]]:
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    try:
        yield ours, process
    finally:
        process.kill()
        process.join()
        ours.close()


# ---- what must hold


def orders_that_left(home: Home) -> dict[str, list[str]]:
    """Ids of the orders of all valid files of the newest night, by feed, as often as they left."""
    return {
        feed: [row["adjustment_id"] for control in _controls(home, feed) for row in _rows(home, feed, control)]
        for feed in ORDER_FEEDS
    }


def _controls(home: Home, feed: str) -> list[dict]:
    night_of = str(home.published_dates()[-1])
    controls = [json.loads(path.read_text()) for path in sorted((home.outbox / feed).glob("*.ctl"))]
    return [control for control in controls if control["business_date"] == night_of]


def _rows(home: Home, feed: str, control: dict) -> list[dict[str, str]]:
    with (home.outbox / feed / control["file"]).open(newline="") as stream:
        return list(csv.DictReader(stream))


def what_is_broken(home: Home) -> list[str]:
    """Every file of the newest night that is not whole, and everything that lies about beside whole files."""
    return [problem for feed in ORDER_FEEDS for problem in _broken(home, feed)]


def _broken(home: Home, feed: str) -> Iterator[str]:
    records = {path.stem: json.loads(path.read_text()) for path in sorted((home.releases / feed).glob("*.json"))}
    files = {record["file"] for record in records.values()}
    expected = files | {name.replace(".csv", ".ctl") for name in files}
    found = {path.name for path in (home.outbox / feed).glob("*")}
    if found != expected:
        yield f"{feed}: in the outbox {', '.join(sorted(found ^ expected))}"
    expected = {f"{number}.{kind}" for number in records for kind in ("json", "parquet")}
    found = {path.name for path in (home.releases / feed).glob("*")}
    if found != expected:
        yield f"{feed}: among the records {', '.join(sorted(found ^ expected))}"
    if [record["sequence"] for record in records.values()] != list(range(1, len(records) + 1)):
        yield f"{feed}: the sequence has a gap"
    before = {record["sequence"]: record["sha256"] for record in records.values()}
    for control in _controls(home, feed):
        yield from _unlike_its_control(home, feed, control, records.get(f"{control['sequence']:06d}"))
        if control["previous_sha256"] != before.get(control["sequence"] - 1):
            yield f"{control['file']}: another file is before it"


def _unlike_its_control(home: Home, feed: str, control: dict, record: dict | None) -> Iterator[str]:
    file = home.outbox / feed / control["file"]
    if record is None or any(record[name] != said for name, said in control.items()):
        yield f"{file.name}: the record says something else"
        return
    rows = _rows(home, feed, control)
    olds, news = ([Decimal(row[f"{name}_limit_amount"]) for row in rows] for name in ("old", "new"))
    totals = {
        "old_limit_amount": sum(olds),
        "new_limit_amount": sum(news),
        "increase_amount": sum(max(new - old, 0) for old, new in zip(olds, news, strict=True)),
        "decrease_amount": sum(max(old - new, 0) for old, new in zip(olds, news, strict=True)),
    }
    if control["sha256"] != sha256_of(file) or control["rows"] != len(rows):
        yield f"{file.name}: rows or sha256 do not tie"
    if {name: Decimal(total) for name, total in control["totals"].items()} != totals:
        yield f"{file.name}: totals do not tie"
    kept = (home.releases / feed / f"{control['sequence']:06d}").with_suffix(".parquet")
    if record["orders_sha256"] != sha256_of(kept):
        yield f"{kept.name}: its sha256 is not the record's"
    ids = {row[0] for row in duckdb.sql(f"select adjustment_id from read_parquet('{kept}')").fetchall()}
    if ids != {row["adjustment_id"] for row in rows}:
        yield f"{kept.name}: it keeps other orders than {file.name}"


# ---- many trials


def instants(undisturbed: Undisturbed, trials: int, seed: int) -> list[Instant]:
    """Random instants over the whole of a release, a little past its end: times and operations, with and without a kill."""
    dice = random.Random(seed)
    return [
        Instant(
            operation=dice.randint(1, undisturbed.operations) if number % 2 else None,
            seconds=dice.uniform(0, 1.2 * undisturbed.seconds),
            is_killed=number % 4 > 1,
        )
        for number in range(trials)
    ]


def main() -> int:
    """Run the trials, print; 1 if a claim is broken."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate kill-switch", description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        book = run_sample_book(Path(folder) / "book", accounts=asked.accounts, nights=2)
        stand = Stand(book.home, Path(folder) / "stand")
        undisturbed = stand.undisturbed()
        trials = [stand.trial(instant, undisturbed) for instant in instants(undisturbed, asked.trials, asked.seed)]
    kinds = Counter(trial.instant.kind for trial in trials)
    rows = [
        (
            kind,
            count,
            *(sum(trial.left == left for trial in trials if trial.instant.kind == kind) for left in range(3)),
            sum(len(trial.breaches) for trial in trials if trial.instant.kind == kind),
        )
        for kind, count in sorted(kinds.items())
    ]
    due = ", ".join(f"{len(ids)} {feed}" for feed, ids in undisturbed.due.items())
    print_rows(
        ("pause", "trials", "no file had left", "one", "both", "breaches"),
        rows,
        Format.TABLE,
        title=f"{asked.trials} pauses of a release of {due}: {undisturbed.operations} operations, {undisturbed.seconds:.2f} s;"
        f" seed {asked.seed}, {time.monotonic() - began:.0f} s",
    )
    for trial in trials:
        for breach in trial.breaches:
            print(f"{trial.instant}: {breach}")
    return 1 if any(trial.breaches for trial in trials) else 0


if __name__ == "__main__":
    raise SystemExit(main())
