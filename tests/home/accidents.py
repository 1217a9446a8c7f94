"""Accidents of the machine and of files, one after the other, at every door. `scripts/evaluate accidents`

A home with one published night and one that waits meets a fault: a disk that fails at a call, a limit of the process, a file
that is broken, gone, or something else. The command must end with one line that says what, where and what to do, and with exit
code 1 or 2. Then the fault is taken away, the waiting night is run, and what is published must be what an undisturbed home
publishes, byte for byte.
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from small_delivery import NIGHT, deliver, small_home

from creditline import cli
from creditline.home import Home
from creditline.home.publications import MANIFEST
from creditline.night import run_night
from creditline.output import Format, print_rows, tell
from creditline.release import ALL_SLICES, set_mode

PEOPLE = {"by": "maker", "approved_by": "checker"}
TONIGHT = NIGHT.replace(day=NIGHT.day + 1)
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["creditline.cli", "creditline.night", "creditline.release"])
GIVE_UP_SECONDS = 600
NIGHT_COMMAND = ("night", "--date", str(TONIGHT))
MODE_COMMAND = ("mode", "set", "*", "paused", "--by", "ann")


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong: to the files of the home before the command, or to the process that runs it."""

    name: str
    spoil: Callable[[Path], None] | None = None
    hit: Callable[[Path], None] | None = None


@dataclass(frozen=True)
class Outcome:
    """What one command made of one fault."""

    command: str
    fault: str
    exit_code: int
    line: str
    breach: str


# --- faults -----------------------------------------------------------------------------------------------------------


def failing(call: str, code: int, number: int) -> Fault:
    """The disk fails at a call of the process to a file of the home, counted from 1, and at all that follow."""

    def hit(root: Path) -> None:
        real, seen = getattr(os, call), [0]

        def failing_call(*arguments, **options):
            place = arguments[0]
            path = os.readlink(f"/proc/self/fd/{place}") if isinstance(place, int) else os.fspath(place)
            if str(path).startswith(str(root)):
                seen[0] += 1
                if seen[0] >= number:
                    # as the system says it: a call that is given a number knows no name
                    named = () if isinstance(place, int) else (path,)
                    raise OSError(code, os.strerror(code), *named)
            return real(*arguments, **options)

        setattr(os, call, failing_call)

    return Fault(f"{errno.errorcode[code]} at {call} {number}", hit=hit)


def bounded(name: str, kind: int, most: int) -> Fault:
    """The process may not go beyond a limit of the system."""
    return Fault(name, hit=lambda _: resource.setrlimit(kind, (most, resource.getrlimit(kind)[1])))


def spoilt(place: str, content: bytes, name: str) -> Fault:
    """A file holds other bytes. `place` may be a pattern: the last file that it fits."""
    return Fault(f"{place} {name}", spoil=lambda root: found(root, place).write_bytes(content))


def gone(place: str) -> Fault:
    """A file or folder is not there."""

    def spoil(root: Path) -> None:
        path = found(root, place)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return Fault(f"{place} gone", spoil=spoil)


def folder_for_file(place: str) -> Fault:
    """A folder stands where a file belongs."""

    def spoil(root: Path) -> None:
        path = found(root, place)
        path.unlink()
        path.mkdir()

    return Fault(f"{place} is a folder", spoil=spoil)


def file_for_folder(place: str) -> Fault:
    """A file stands where a folder belongs."""

    def spoil(root: Path) -> None:
        shutil.rmtree(root / place)
        (root / place).write_bytes(b"")

    return Fault(f"{place} is a file", spoil=spoil)


def cut(place: str) -> Fault:
    """A file lost its second half."""

    def spoil(root: Path) -> None:
        path = found(root, place)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return Fault(f"{place} is cut", spoil=spoil)


def found(root: Path, place: str) -> Path:
    """The last place that a pattern fits."""
    return sorted(root.glob(place))[-1]


def interrupted() -> Fault:
    """Somebody presses Ctrl-C when the build begins."""

    def hit(_root: Path) -> None:
        from creditline import night

        def begin(*_arguments, **_options):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)

        night.build_warehouse = begin

    return Fault("Ctrl-C in the build", hit=hit)


def out_of_memory() -> Fault:
    """Memory is over when the gate judges."""

    def hit(_root: Path) -> None:
        from creditline.gate import inputs

        def judge(*_arguments, **_options):
            raise MemoryError

        inputs.run_suites = judge

    return Fault("no memory in the gate", hit=hit)


SETTINGS = "creditline.yml"
CODES = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE, errno.EDQUOT)
BROKEN = b"\x00\xff not what it was"
TRIALS = [
    *((NIGHT_COMMAND, failing("fsync", code, number)) for code, number in zip(CODES, (1, 4, 9, 20, 45, 90), strict=True)),
    *((NIGHT_COMMAND, failing("replace", code, number)) for code, number in zip(CODES, (1, 3, 6, 12, 25, 40), strict=True)),
    *((NIGHT_COMMAND, failing("open", code, number)) for code, number in zip(CODES[:4], (2, 10, 40, 90), strict=True)),
    *((NIGHT_COMMAND, failing("mkdir", code, number)) for code, number in zip(CODES[:3], (1, 3, 6), strict=True)),
    *((MODE_COMMAND, failing(call, errno.ENOSPC, 1)) for call in ("fsync", "replace")),
    (("settle", "--date", str(NIGHT)), failing("fsync", errno.EROFS, 1)),
    (NIGHT_COMMAND, bounded("files of at most 20 kB", resource.RLIMIT_FSIZE, 20_000)),
    (NIGHT_COMMAND, bounded("files of at most 400 kB", resource.RLIMIT_FSIZE, 400_000)),
    (NIGHT_COMMAND, bounded("24 open files", resource.RLIMIT_NOFILE, 24)),
    (("replay", "--all"), bounded("16 open files", resource.RLIMIT_NOFILE, 16)),
    (NIGHT_COMMAND, interrupted()),
    (NIGHT_COMMAND, out_of_memory()),
    *((("status",), spoilt(SETTINGS, content, name)) for content, name in (
        (b"", "empty"), (b"- a\n", "a list"), (b"name: [\n", "bad YAML"), (b"a: !!python/name:os.system\n", "!!python"),
        (b"name: small\nis_dmeo: true\n", "misspelt"), (BROKEN, "binary"), (b"name: 7\nis_demo: true\n", "a wrong type"),
    )),
    (("night", "--all"), folder_for_file(SETTINGS)),
    (("night", "--all"), gone(SETTINGS)),
    *(((*command,), spoilt("control/modes.jsonl", BROKEN, "broken")) for command in (("mode", "show"), MODE_COMMAND)),
    *((NIGHT_COMMAND, fault("raw/_deliveries/*/*.json")) for fault in (cut, folder_for_file)),
    *((NIGHT_COMMAND, fault("state/*/account.parquet")) for fault in (cut, gone, folder_for_file)),
    (NIGHT_COMMAND, cut("identity/identity.duckdb")),
    (("explain", "A00001"), cut("identity/identity.duckdb")),
    (("explain", "A00001"), cut("published/*/r00/marts/fct_limit_decision.parquet")),
    (("sql", "select count(*) from fct_limit_decision"), cut("published/*/r00/marts.duckdb")),
    (("sql", "select 1"), gone("published/*/r00/marts.duckdb")),
    *((command, cut(f"published/*/r00/{MANIFEST}")) for command in (("status",), NIGHT_COMMAND, ("replay", "--all"))),
    (("replay", "--all"), cut("state/*/inputs.json")),
    (("replay", "--all"), cut("logic/*/index.json")),
    (NIGHT_COMMAND, cut("policy/*/band.csv")),
    (NIGHT_COMMAND, file_for_folder("warehouse")),
    (NIGHT_COMMAND, file_for_folder("quarantine")),
    (NIGHT_COMMAND, file_for_folder("raw/session")),
    (("heal",), file_for_folder("state")),
    (NIGHT_COMMAND, cut("releases/limit_adjustments/*.json")),
    (("settle", "--date", str(TONIGHT)), cut("releases/settlement/*.json")),
]  # fmt: skip


# --- one trial --------------------------------------------------------------------------------------------------------


def make_home(root: Path) -> Home:
    """One published night whose orders left, and one that waits."""
    home = small_home(root)
    set_mode(home, ALL_SLICES, "live", **PEOPLE)
    deliver(home)
    run_night(home, NIGHT)
    deliver(home, night=TONIGHT)
    return home


def run_night_of(root: str, line) -> None:
    """Run the waiting night; says what it publishes and orders, by file."""
    run_night(Home(Path(root)), TONIGHT)
    line.send(facts_of(Path(root)))


def facts_of(root: Path) -> dict[str, bytes]:
    """All that the manifest of the waiting night names, the manifest itself, and the outbox."""
    place = root / "published" / str(TONIGHT) / "r00"
    names = (MANIFEST, *json.loads((place / MANIFEST).read_text())["files"])
    files = [*(place / name for name in names), *sorted((root / "outbox").rglob("*.c*"))]
    return {str(file.relative_to(root)): file.read_bytes() for file in files}


def call_with(root: str, command: tuple[str, ...], number: int, line) -> None:
    """Run a command of the command line in this process, once its fault is laid."""
    fault = TRIALS[number][1]
    said, printed, code = io.StringIO(), io.StringIO(), 0
    sys.argv = ["creditline", "--home", root, *command]
    if fault.hit:
        fault.hit(Path(root))
    try:
        with redirect_stderr(said), redirect_stdout(printed):
            cli.main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException as error:
        code, _ = 99, said.write(f"Traceback: {type(error).__name__}: {error}\n")
    line.send((code, said.getvalue()))


def in_a_process(work: Callable, *arguments: object) -> object:
    """What a process of its own answers; None if it died."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=work, args=(*arguments, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(GIVE_UP_SECONDS) else None
    except EOFError:
        return None
    finally:
        process.join(GIVE_UP_SECONDS)
        process.kill()


def try_one(home: Path, number: int, undisturbed: dict[str, bytes] | None, place: Path) -> Outcome:
    """Lay one fault, run its command, take the fault away and run the night.

    Args:
        undisturbed: what the night publishes and orders; None to leave the night out.
    """
    command, fault = TRIALS[number]
    root = Path(shutil.copytree(home, place / "home", symlinks=True))
    if fault.spoil:
        fault.spoil(root)
    code, said = in_a_process(call_with, str(root), command, number) or (98, "Traceback: it died")
    last = said.strip().splitlines()[-1] if said.strip() else ""
    breach = what_breaks(code, said, last)
    if undisturbed and not breach:
        # whoever follows the line brings back what was spoilt; what the process met is over
        root = with_files_of(home, root) if fault.spoil else root
        now = in_a_process(run_night_of, str(root))
        if now != undisturbed:
            differing = sorted(name for name in undisturbed if (now or {}).get(name) != undisturbed[name])
            breach = f"the night then differs: {', '.join(differing[:3])}"
    shutil.rmtree(place / "home")
    return Outcome(" ".join(command), fault.name, code, last.replace(str(root), "HOME"), breach)


def what_breaks(code: int, said: str, last: str) -> str:
    """What is wrong with how a command ended; empty if nothing is."""
    if "Traceback" in said:
        return "a traceback"
    if code not in (1, 2, cli.INTERRUPTED):
        return f"exit code {code}"
    if not last.startswith("creditline: ") or said.count("creditline: ") != 1:
        return "no line, or more than one"
    return "" if ";" in last or "," in last else "it does not say what to do"


def with_files_of(home: Path, root: Path) -> Path:
    """The home with every file that it had before the fault as it was; what is new stays."""
    for path in sorted(home.rglob("*"), reverse=True):
        target = root / path.relative_to(home)
        if target.is_dir() and not path.is_dir():
            shutil.rmtree(target)
        if path.is_dir() and target.exists() and not target.is_dir():
            target.unlink()
    shutil.copytree(home, root, symlinks=True, dirs_exist_ok=True, copy_function=_copy_unless_equal)
    return root


def _copy_unless_equal(source: str, target: str) -> None:
    if not os.path.lexists(target) or Path(source).read_bytes() != Path(target).read_bytes():
        shutil.copy2(source, target, follow_symlinks=False)


def try_all(numbers: list[int], place: Path, *, with_night: bool) -> list[Outcome]:
    """Try these faults one after the other on copies of one home."""
    home = make_home(place / "good").root
    undisturbed = None
    if with_night:
        copy = shutil.copytree(home, place / "undisturbed", symlinks=True)
        undisturbed = in_a_process(run_night_of, str(copy))
    outcomes = []
    for count, number in enumerate(numbers, start=1):
        command, fault = TRIALS[number]
        tell(f"[{count}/{len(numbers)}] {' '.join(command)}: {fault.name}")
        outcomes.append(try_one(home, number, undisturbed, place))
        tell(
            f"  exit {outcomes[-1].exit_code} {outcomes[-1].line} {outcomes[-1].breach and f'BREACH: {outcomes[-1].breach}'}"
        )
    return outcomes


def main() -> None:
    """Try all faults, or those whose name or command holds a word, and print what the commands said."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate accidents", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--without-night", action="store_true", help="do not run the night after each fault")
    wanted = parser.parse_args()
    numbers = [
        number for number, (command, fault) in enumerate(TRIALS) if wanted.only in f"{' '.join(command)}: {fault.name}"
    ]
    # what is quick comes first
    numbers.sort(key=lambda number: TRIALS[number][0] == NIGHT_COMMAND)
    with tempfile.TemporaryDirectory() as place:
        outcomes = try_all(numbers, Path(place), with_night=not wanted.without_night)
    rows = [(each.command, each.fault, each.exit_code, each.line, each.breach) for each in outcomes]
    print_rows(("command", "fault", "exit", "what it says", "breach"), rows, Format.TABLE, title="Accidents")
    breaches = sum(bool(each.breach) for each in outcomes)
    print(f"{len(outcomes)} accidents, {breaches} breaches")
    raise SystemExit(1 if breaches else 0)


if __name__ == "__main__":
    main()
