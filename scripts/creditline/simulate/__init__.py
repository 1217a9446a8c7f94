"""A simulated book: customers who live, and the files that a core system would land about them (simulator.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from creditline.errors import UsageError
from creditline.home import Home, HomeSettings
from creditline.home.database import connect_within
from creditline.home.files import Json
from creditline.home.turns import only_lander
from creditline.landing.contract import MANIFEST_FILE, contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.night import pending_nights, run_night
from creditline.release import ALL_SLICES, read_modes, set_mode
from creditline.simulate import activity
from creditline.simulate.activity import Rows
from creditline.simulate.bad_rows import BadRow, deliver
from creditline.simulate.calendar import as_date, day_number
from creditline.simulate.core import write_core_truth
from creditline.simulate.record import Progress, check_continues, keep_progress, read_progress, start_progress
from creditline.simulate.tables import account_number, night_tables
from creditline.simulate.truth import write_truth
from creditline.simulate.world import APART, CORES, Book, World

__all__ = ["SimulatedBook", "continue_book", "sample_home_settings", "simulate_book"]

FEED = "core"
_TELL_EVERY_DAYS = 30
_GATHERERS: dict[str, Callable[[World], Rows]] = {
    "loan_application": activity.applications,
    "cash_flow": activity.cash_flows,
    "session": activity.sessions,
    "bureau_score": activity.bureau_scores,
    "profile_change": activity.profile_changes,
    "case_event": activity.cases,
    "account_movement": activity.movements,
}
LANDED_SOURCES = ("account_snapshot", *_GATHERERS, "instalment", "related_product", "gl_balance")
ANSWERS = "adjustment_ack"

Teller = Callable[[str], None]


@dataclass(frozen=True)
class SimulatedBook:
    """What one call landed: its nights, the size of the book, the folder of the truth, and the rows of each source."""

    dates: tuple[date, ...]
    customers: int
    accounts: int
    truth_dir: Path
    rows: dict[str, int]


def sample_home_settings(core: str = APART) -> HomeSettings:
    """Settings of the home of the bundled sample book: a demo home that expects every source the simulator lands."""
    landed = LANDED_SOURCES if core == APART else (*LANDED_SOURCES, ANSWERS)
    expected = tuple(source for source in contract() if source in landed)
    return HomeSettings(name="sample", time_zone="Asia/Shanghai", expected_sources=expected, is_demo=True)


def simulate_book(
    home: Home,
    *,
    accounts: int,
    nights: int,
    first_date: date,
    seed: int,
    file_format: str = "csv",
    history_days: int = 130,
    core: str = APART,
    progress: Teller | None = None,
) -> SimulatedBook:
    """Land `nights` consecutive nights of a book from `first_date` on.

    The first delivery also brings events and changes of the `history_days` days before it. A later call with the same
    book and the date after its last night continues the book: three nights and then two give the same bytes as five.

    Args:
        accounts: accounts of the whole book; about 8 % of the customers hold two.
        file_format: csv, csv.gz or parquet.
        core: with apart, the core changes its limits by itself. With obedient or chaotic, it applies the orders that
            were released; then every night but the last runs before the next one is landed.
        progress: receives one line of text for each stage.

    Raises UsageError if an argument is out of range or the home already holds another book. Raises HomeBusy if another
    process lands nights in the home.
    """
    _check_arguments(accounts, nights, history_days, file_format, core)
    truth = _truth_dir(home)
    book = Book(seed, accounts, day_number(first_date), history_days, home.settings.time_zone, core)
    with only_lander(home, "simulation"):
        there = read_progress(truth)
        if there is not None:
            check_continues(there, book, file_format, first_date, truth)
        if there is None and core != APART:
            _let_orders_leave(home)
        return _land_nights(home, there or start_progress(truth, book, file_format), nights, progress or _silent)


def continue_book(home: Home, *, nights: int = 1, progress: Teller | None = None) -> SimulatedBook:
    """Land the next nights of the book that the home holds. Raises UsageError if it holds none."""
    if nights < 1:
        raise UsageError(f"nights is {nights}; ask for one or more")
    with only_lander(home, "simulation"):
        there = read_progress(_truth_dir(home))
        if there is None:
            raise UsageError(f"{home.root} holds no simulated book to continue; simulate one first")
        return _land_nights(home, there, nights, progress or _silent)


def _check_arguments(accounts: int, nights: int, history_days: int, file_format: str, core: str) -> None:
    for name, value, least in (("accounts", accounts, 1), ("nights", nights, 1), ("history_days", history_days, 0)):
        if value < least:
            raise UsageError(f"{name} is {value}; it must be at least {least}")
    if file_format not in ("csv", "csv.gz", "parquet"):
        raise UsageError(f"file_format is {file_format}; it must be csv, csv.gz or parquet")
    if core not in CORES:
        raise UsageError(f"core is {core}; it must be one of {', '.join(CORES)}")


def _truth_dir(home: Home) -> Path:
    return home.landing / "truth"


def _silent(_: str) -> None:
    return None


def _land_nights(home: Home, progress: Progress, nights: int, tell: Teller) -> SimulatedBook:
    dates: list[date] = []
    rows: dict[str, int] = {}
    with connect_within(home) as connection:
        for _ in range(nights):
            business_date = progress.next_date
            progress = _let_the_core_work(home, progress, tell)
            gathered = _live_until(progress.world, day_number(business_date), tell)
            progress = _land(home, connection, progress, gathered, rows)
            dates.append(business_date)
            tell(f"landed {business_date} ({len(dates)} of {nights})")
    people = progress.world.population
    return SimulatedBook(tuple(dates), people.customers, people.accounts, _truth_dir(home), rows)


def _let_orders_leave(home: Home) -> None:
    """Switch a demo home to live. Its orders concern nobody real, so the two people who approve are made up."""
    if home.settings.is_demo and not read_modes(home).changes:
        set_mode(home, ALL_SLICES, "live", by="demo_maker", approved_by="demo_checker")


def _let_the_core_work(home: Home, progress: Progress, tell: Teller) -> Progress:
    """Run the landed nights that have not run yet, and let the core process the orders that were released."""
    if progress.core is None or not home.landed_dates():
        return progress
    # a night that was landed but not noted is later than the world's day: it is landed again, and not run here
    for night in [night for night in pending_nights(home) if night <= as_date(progress.world.day)]:
        tell(f"ran {night}: {run_night(home, night).release.orders} orders released")
    day = progress.world.day + 1
    core, done = progress.core.work(progress.world, home.outbox, day)
    write_core_truth(_truth_dir(home), day, done, [account_number(answer.account) for answer in done])
    return replace(progress, core=core)


def _live_until(world: World, last_day: int, tell: Teller) -> dict[str, Rows]:
    """Let the book live up to a day, and gather the rows of these days by event source."""
    gathered: dict[str, list[Rows]] = {source: [] for source in _GATHERERS}
    for day in range(world.day + 1, last_day + 1):
        world.live_through(day)
        for source, gather in _GATHERERS.items():
            gathered[source].append(gather(world))
        if (last_day - day) % _TELL_EVERY_DAYS == 0:
            tell(f"lived through {as_date(day)}")
    return {source: _joined(days) for source, days in gathered.items()}


def _joined(days: list[Rows]) -> Rows:
    return {name: np.concatenate([day[name] for day in days]) for name in days[0]}


def _land(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    gathered: dict[str, Rows],
    rows: dict[str, int],
) -> Progress:
    """Write one delivery, then its truth, then the note that it was landed. Count the rows of each source."""
    world, book = progress.world, progress.world.book
    business_date = as_date(world.day)
    is_first = world.day == book.anchor
    tables: list[DeliveredTable] = []
    bad: list[BadRow] = []
    core, answers = progress.core.tell(world.day) if progress.core else (None, None)
    for table in night_tables(world, gathered, answers, is_first=is_first):
        relation, spoilt = deliver(
            connection,
            table,
            seed=book.seed,
            day=world.day,
            night=world.day - book.anchor,
            is_typed=progress.file_format == "parquet",
        )
        reaches_back = is_first and contract()[table.source].kind != "full"
        coverage_from = as_date(book.world_start) if reaches_back else None
        tables.append(DeliveredTable(table.source, relation, coverage_from=coverage_from, in_order=True))
        bad += spoilt
        twice = sum(row.rule == "duplicate_key" for row in spoilt)
        rows[table.source] = rows.get(table.source, 0) + table.rows + twice
    sequence = _next_sequence(home, progress, business_date)
    _clear_unfinished(home, business_date, sequence)
    cutoff_at = home.cut_off_at(business_date)
    write_delivery(
        connection,
        home.landing,
        feed=FEED,
        business_date=business_date,
        sequence=sequence,
        delivered_at=cutoff_at - timedelta(hours=1),
        cutoff_at=cutoff_at,
        tables=tables,
        file_format=progress.file_format,
    )
    world.loans.forget(before=world.day + 1)
    progress = progress.landed(sequence, bad, core)
    write_truth(connection, _truth_dir(home), world, progress.bad_rows)
    keep_progress(_truth_dir(home), progress)
    return progress


def _next_sequence(home: Home, progress: Progress, business_date: date) -> int:
    earlier = [_manifest(home, day)["sequence"] for day in home.landed_dates() if day < business_date]
    return 1 + max([progress.sequence, *map(int, earlier)])


def _clear_unfinished(home: Home, business_date: date, sequence: int) -> None:
    """Remove this delivery if a killed run landed it without noting so. Deliveries between nights stay."""
    target = home.landing / business_date.isoformat()
    if not target.exists():
        return
    if business_date in home.landed_dates():
        manifest = _manifest(home, business_date)
        if (manifest["feed"], manifest["sequence"]) != (FEED, sequence):
            raise UsageError(
                f"{target} holds delivery {manifest['sequence']} of feed {manifest['feed']} already; "
                "simulate into another home, or move that delivery away"
            )
    for path in target.iterdir():
        if path.is_file():
            path.unlink()
    if not any(target.iterdir()):
        target.rmdir()


def _manifest(home: Home, business_date: date) -> Json:
    path = home.landing / business_date.isoformat() / MANIFEST_FILE
    try:
        manifest: Json = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}); move that delivery away, then simulate again") from error
    return manifest
