"""How fast is it? `scripts/bench floor|night|growth|marts|peers [--accounts N] [--nights K] [--runs R] [--engine E]
[--history-days D] [--landing parquet|csv] [--memory-limit SIZE] [--format json]`; makes its own data."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from copied_book import land_book
from floor import FLOOR, READ_AND_WRITE
from marts import Asked, ask
from peers.contest import Contender, ContenderFailed, ResultsDiffer, contend
from peers.workload import lay_workload, run_first_night

from creditline.home import Home, open_home
from creditline.night import STEPS
from creditline.output import Format, print_json, print_rows, tell
from creditline.warehouse.engine import Engine

SEED = 1
FULL_WINDOWS = 130
FEW_NIGHTS, MANY_NIGHTS = 60, 1_100
RUN_NIGHT = Path(__file__).with_name("run_nights.py")
BOUNDS = Path(__file__).with_name("floor.py")


@dataclass(frozen=True)
class Measured:
    """One night of one book: seconds end to end and by stage, and the highest resident memory of its process."""

    accounts: int
    night: int
    seconds: float
    peak_rss_bytes: int
    stages: dict[str, float]


@dataclass(frozen=True)
class Book:
    """What is landed, and as what files: the first night reaches `history_days` back; `memory_limit` bounds the home's engine."""

    accounts: int
    nights: int
    history_days: int
    file_format: str
    memory_limit: str | None


@dataclass(frozen=True)
class Bound:
    """What one way through a night costs."""

    seconds: float
    peak_rss_bytes: int
    stages: dict[str, float]


def main() -> int:
    """Print machine, versions and the measured nights."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", choices=("floor", "night", "growth", "marts", "peers"))
    parser.add_argument("--accounts", type=int, nargs="+", default=[2_000], help="of growth and floor also several")
    parser.add_argument(
        "--nights",
        type=int,
        help="nights landed, 4 unless said: the first brings the history and is not counted; of peers 1, the last is decided;"
        f" of marts nights published, {MANY_NIGHTS} unless said, beside {FEW_NIGHTS}",
    )
    parser.add_argument("--history-days", type=int, default=130)
    parser.add_argument("--runs", type=int, default=1, help="homes made and measured; the median counts")
    parser.add_argument("--engine", choices=list(Engine), default=Engine.DUCKDB, help="spark needs `scripts/spark up`")
    parser.add_argument("--landing", choices=("parquet", "csv"), default="parquet", help="how the book is landed")
    parser.add_argument("--memory-limit", help="of the engine, as in creditline.yml")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    nights = asked.nights or {"peers": 1, "marts": MANY_NIGHTS}.get(asked.what, 4)
    if nights < 2 and asked.what in ("floor", "night"):
        parser.error(f"{asked.what} leaves out the first night, which brings the history: ask for two or more")
    if asked.what == "marts" and nights < FEW_NIGHTS:
        parser.error(f"marts compares with {FEW_NIGHTS} nights: ask for as many or more")
    if asked.engine != Engine.DUCKDB and asked.what in ("floor", "marts", "peers"):
        parser.error(f"{asked.what} is of DuckDB: --engine is for night and growth")
    if len(asked.accounts) > 1 and asked.what not in ("floor", "growth"):
        parser.error(f"{asked.what} takes one book: give one number of accounts")
    landed = 2 if asked.what == "marts" else nights
    books = [
        Book(accounts, landed, asked.history_days, asked.landing, asked.memory_limit) for accounts in asked.accounts
    ]
    engine, output_format = Engine(asked.engine), Format(asked.format)
    if asked.what == "peers":
        return _compare_peers(books[0], asked.runs, output_format)
    if asked.what == "marts":
        _print_asked(books[0].accounts, _ask_marts(books[0], nights), output_format)
        return 0
    if asked.what == "floor":
        _print_bounds([(book, _middle([_bounds(book) for _ in range(asked.runs)])) for book in books], output_format)
        return 0
    measured = {book: [night for _ in range(asked.runs) for night in _measure(book, engine)] for book in books}
    if asked.what == "growth":
        _print([night for nights in measured.values() for night in _by_night(nights)], output_format, engine)
    else:
        _print([_median(measured[books[0]])], output_format, engine)
    return 0


@contextmanager
def _landed(book: Book) -> Iterator[Home]:
    """A home with a landed book, in a folder of its own that goes when it is done with."""
    with tempfile.TemporaryDirectory() as folder:
        yield land_book(Path(folder) / "home", **asdict(book), seed=SEED, tell=tell)


def _measure(book: Book, engine: Engine) -> list[Measured]:
    """Land a book and run its nights, one process for all: they are warm from the second on."""
    with _landed(book) as home:
        return _run_nights(home, book, engine)


def _run_nights(home: Home, book: Book, engine: Engine) -> list[Measured]:
    lines = _lines(RUN_NIGHT, home.root, engine)
    assert len(open_home(home.root).published_dates()) == book.nights
    return [Measured(book.accounts, number, **line) for number, line in enumerate(lines, start=1)]


def _lines(script: Path, *arguments: object) -> list[dict]:
    """The lines of JSON that a script prints in a process of its own."""
    command = [sys.executable, str(script), *map(str, arguments)]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def _bounds(book: Book) -> dict[str, Bound]:
    """The newest night of a book as it ran, and what the engine alone costs of it."""
    with _landed(book) as home:
        nights = _run_nights(home, book, Engine.DUCKDB)
        lower = {}
        for bound in (FLOOR, READ_AND_WRITE):
            (line,) = _lines(BOUNDS, home.root, bound)
            tell(f"{bound}: {line}")
            lower[bound] = Bound(**line)
    last = nights[-1]
    return {"night": Bound(last.seconds, last.peak_rss_bytes, last.stages), **lower}


def _middle(runs: list[dict[str, Bound]]) -> dict[str, Bound]:
    """The median run of each way, the lower one of two."""
    return {
        name: sorted((run[name] for run in runs), key=lambda bound: bound.seconds)[(len(runs) - 1) // 2]
        for name in runs[0]
    }


def _print_bounds(measured: list[tuple[Book, dict[str, Bound]]], output_format: Format) -> None:
    """The newest night of each book by stage, and what the engine alone costs of it (docs/decisions/0008)."""
    if output_format is Format.JSON:
        books = [
            asdict(book) | {"bounds": {name: asdict(bound) for name, bound in bounds.items()}}
            for book, bounds in measured
        ]
        print_json({"machine": _machine(), "books": books})
        return
    print(", ".join(f"{name} {value}" for name, value in _machine().items()))
    print_rows(
        ("accounts", *STEPS, "seconds", "s/million", "peak GiB", "floor", "times, at least", "read and write"),
        [
            (
                f"{book.accounts:,}",
                *(f"{bounds['night'].stages[step]:.1f}" for step in STEPS),
                f"{bounds['night'].seconds:.2f}",
                f"{bounds['night'].seconds * 1e6 / book.accounts:.1f}",
                f"{bounds['night'].peak_rss_bytes / 2**30:.2f}",
                f"{bounds[FLOOR].seconds:.2f}",
                f"{bounds['night'].seconds / bounds[FLOOR].seconds:.2f}",
                f"{bounds[READ_AND_WRITE].seconds:.2f}",
            )
            for book, bounds in measured
        ],
        output_format,
        title="The newest night of each book, and what the engine alone costs of it",
    )


def _ask_marts(book: Book, nights: int) -> list[Asked]:
    """A book's newest night with few nights behind it, and with many."""
    with _landed(book) as home:
        _run_nights(home, book, Engine.DUCKDB)
        return [ask(home, behind) for behind in dict.fromkeys((FEW_NIGHTS, nights))]


def _print_asked(accounts: int, asked: list[Asked], output_format: Format) -> None:
    if output_format is Format.JSON:
        print_json({"machine": _machine(), "accounts": accounts, "asked": [asdict(one) for one in asked]})
        return
    print(", ".join(f"{name} {value}" for name, value in _machine().items()))
    print_rows(
        ("seconds", *(f"{one.nights:,} nights" for one in asked)),
        [(name, *(f"{one.seconds[name]:.3f}" for one in asked)) for name in asked[0].seconds],
        output_format,
        title=f"Marts of {accounts:,} accounts",
    )


def _compare_peers(book: Book, runs: int, output_format: Format) -> int:
    """Decide one night on every engine; 1 if they do not say the same, or if one of them fails."""
    with _landed(book) as home:
        tell("running the night itself")
        run_first_night(home)
        workload = home.root.with_name("workload")
        lay_workload(home, workload)
        try:
            _print_peers(book.accounts, contend(workload, workload.parent, runs, tell), output_format)
        except (ResultsDiffer, ContenderFailed) as error:
            print(f"scripts/bench peers: {error}", file=sys.stderr)
            return 1
    return 0


def _print_peers(accounts: int, contenders: list[Contender], output_format: Format) -> None:
    if output_format is Format.JSON:
        print_json({"machine": _machine(), "accounts": accounts, "contenders": [asdict(one) for one in contenders]})
        return
    print(", ".join(f"{name} {value}" for name, value in _machine().items()))
    stages = list(contenders[0].stages)
    print_rows(
        ("contender", *stages, "seconds", "times DuckDB", "peak GiB", "start"),
        [
            (
                " ".join(f"{name} {number}" for name, number in one.versions.items()),
                *(f"{one.stages[stage]:.2f}" for stage in stages),
                f"{one.seconds:.2f}",
                f"{one.seconds / contenders[0].seconds:.1f}",
                f"{one.peak_rss_bytes / 2**30:.2f}",
                f"{one.start_seconds:.2f}",
            )
            for one in contenders
        ],
        output_format,
        title=f"One first night of {accounts:,} accounts, equal results",
    )


def _median(nights: list[Measured]) -> Measured:
    """The night of the median seconds but the first of each home, with the highest peak of all."""
    warm = sorted((night for night in nights if night.night > 1), key=lambda night: night.seconds)
    middle = warm[(len(warm) - 1) // 2]
    return Measured(**{**asdict(middle), "peak_rss_bytes": max(night.peak_rss_bytes for night in nights)})


def _by_night(nights: list[Measured]) -> list[Measured]:
    found = []
    for number in sorted({night.night for night in nights}):
        same = [night for night in nights if night.night == number]
        stages = {name: statistics.median(night.stages[name] for night in same) for name in STEPS}
        seconds = statistics.median(night.seconds for night in same)
        found.append(Measured(same[0].accounts, number, seconds, max(night.peak_rss_bytes for night in same), stages))
    return found


def trend_percent(nights: list[Measured]) -> float | None:
    """By how much a straight line through the seconds of nights with full windows rises from its first to its last night.

    Windows are full after FULL_WINDOWS nights; None where fewer than three come after them.
    """
    full = [night for night in nights if night.night >= FULL_WINDOWS]
    if len(full) < 3:
        return None
    line = statistics.linear_regression([night.night for night in full], [night.seconds for night in full])
    first, last = (line.intercept + line.slope * night.night for night in (full[0], full[-1]))
    return round((last / first - 1) * 100, 2)


def _print(rows: list[Measured], output_format: Format, engine: Engine) -> None:
    machine = {**_machine(), "engine": str(engine)}
    sizes = {
        accounts: [row for row in rows if row.accounts == accounts]
        for accounts in dict.fromkeys(r.accounts for r in rows)
    }
    trends = {accounts: trend_percent(nights) for accounts, nights in sizes.items()}
    if output_format is Format.JSON:
        print_json({"machine": machine, "nights": [asdict(row) for row in rows], "trend_percent": trends})
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print_rows(
        ("accounts", "night", *STEPS, "seconds", "s/million", "peak GiB"),
        [
            (
                f"{row.accounts:,}",
                row.night,
                *(f"{row.stages[name]:.2f}" for name in STEPS),
                f"{row.seconds:.2f}",
                f"{row.seconds * 1e6 / row.accounts:.1f}",
                f"{row.peak_rss_bytes / 2**30:.2f}",
            )
            for row in rows
        ],
        output_format,
        title="Nights, end to end",
    )
    for accounts, trend in trends.items():
        if trend is not None:
            last = sizes[accounts][-1].night
            print(f"{accounts:,} accounts: trend of the seconds from night {FULL_WINDOWS} to {last}: {trend:+.1f} %")


def _machine() -> dict[str, str]:
    return {
        "machine": f"{platform.machine()}, {_cores()} cores, {_memory_gib()} GiB",
        "python": platform.python_version(),
        **{name: version(name) for name in ("duckdb", "dbt-core", "great-expectations")},
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _memory_gib() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


if __name__ == "__main__":
    raise SystemExit(main())
