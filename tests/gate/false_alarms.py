"""Good nights: on how many of them does the gate say something? `scripts/evaluate false-alarms` prints each with its reason.

Quiet nights are those of a simulated book and of the Berka book. With --gate-alone no step runs after the gate, which is quick, and
the gate then has no state of the night before to compare with. A chaotic core answers orders, so its nights always run whole. Special
nights are real jumps, which two people may accept."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from wrong_books import BERKA, SIMULATED, NoBook, Outcome, copied, judge, prepare, real_data, run
from wrong_kinds import SNAPSHOT, Kind, Tonight, spoil

from creditline.home import Home, create_home
from creditline.home.database import connect, path_to_read
from creditline.mapping import import_book, load_map
from creditline.output import Format, print_rows, tell
from creditline.simulate import continue_book, sample_home_settings, simulate_book

FIRST = date(2026, 1, 5)
QUIET, CHAOTIC, SPECIAL = "quiet", "chaotic", "special"
WORLDS = (QUIET, CHAOTIC, BERKA, SPECIAL)
BERKA_NIGHTS = 454
# A repeated key holds both of its rows.
_ROWS_OF = {"duplicate_key": 2}
_PASS = "pass"
# `run` or `judge`.
Step = Callable[[Home, date], Outcome]


@dataclass(frozen=True)
class Alarm:
    """A good night on which the gate said something, and what."""

    world: str
    night: str
    said: str


@dataclass(frozen=True)
class Watched:
    """How many nights of a world were looked at, the alarms, and the seconds a night."""

    world: str
    nights: int
    alarms: tuple[Alarm, ...]
    seconds: float


def watch_world(world: str, outcomes: Iterator[tuple[Outcome, Counter[str]]]) -> Watched:
    """Go through the nights of a world.

    Args:
        outcomes: what each night said, and the rows by source that are known to be bad.
    """
    began, nights, alarms = time.monotonic(), 0, []
    for outcome, known in outcomes:
        nights += 1
        for said in alarms_of(outcome, known):
            alarms.append(Alarm(world, outcome.night, said))
            tell(f"{world} {outcome.night}: {said}")
        if nights % 20 == 0:
            tell(f"{world}: {nights} nights, {(time.monotonic() - began) / nights:.1f} s each")
    return Watched(world, nights, tuple(alarms), (time.monotonic() - began) / max(nights, 1))


def alarms_of(outcome: Outcome, known: Counter[str]) -> list[str]:
    """What was said of a night beyond the rows that are known to be bad."""
    if outcome.refused:
        return [outcome.refused]
    found = []
    for source, verdict in outcome.verdicts.items():
        said = outcome.said[source]
        if verdict != _PASS:
            found.append(f"{source} {verdict}: {'; '.join(said)}")
        elif outcome.quarantined[source] > known[source]:
            found.append(f"{source} {outcome.quarantined[source]} rows, {known[source]} of them bad: {'; '.join(said)}")
        elif any("distrusted" in reason for reason in said):
            found.append(f"{source}: {'; '.join(said)}")
    if outcome.is_void and not found:
        found.append("night void")
    return found


def _known_bad(home: Home) -> dict[str, Counter[str]]:
    """The rows that the simulator spoilt, by night and source."""
    known: dict[str, Counter[str]] = {}
    with connect() as connection:
        truth = path_to_read(home.landing / "truth" / "bad_row.parquet")
        rows = connection.execute(f"select business_date::varchar, source, rule from read_parquet({truth})").fetchall()
    for night, source, rule in rows:
        known.setdefault(night, Counter())[source] += _ROWS_OF.get(rule, 1)
    return known


def quiet_nights(
    root: Path, step: Step, *, accounts: int, nights: int, seed: int
) -> Iterator[tuple[Outcome, Counter[str]]]:
    """The nights of a simulated book whose core goes its own way."""
    home = create_home(root, sample_home_settings())
    book = simulate_book(home, accounts=accounts, nights=nights, first_date=FIRST, seed=seed, progress=tell)
    known = _known_bad(home)
    for night in book.dates:
        yield step(home, night), known.get(str(night), Counter())


def chaotic_nights(root: Path, *, accounts: int, nights: int, seed: int) -> Iterator[tuple[Outcome, Counter[str]]]:
    """The nights of a closed loop whose core is late, forgets, and answers what nobody asked."""
    home = create_home(root, sample_home_settings(CHAOTIC))
    simulate_book(home, accounts=accounts, nights=1, first_date=FIRST, seed=seed, core=CHAOTIC)
    for number in range(nights):
        if number:
            continue_book(home)
        night = home.landed_dates()[-1]
        yield run(home, night), _known_bad(home).get(str(night), Counter())


def berka_nights(root: Path, step: Step, *, nights: int) -> Iterator[tuple[Outcome, Counter[str]]]:
    """The nights of the Berka book. Raises NoBook."""
    book = import_book(root, load_map(BERKA), real_data(BERKA), max_nights=nights, is_demo=True)
    for night in book.dates:
        yield step(book.home, night), Counter()


# -- special nights -------------------------------------------------------------------------------------------------------


def special_kinds() -> list[tuple[Kind, float]]:
    """Jumps that are real, each with the share of rows that it concerns."""
    return [
        (Kind("promotion_that_raises_limits", SNAPSHOT, "limit_amount", _raise_limits), 30),
        (Kind("promotion_that_brings_applications", "loan_application", "", _many_applications), 100),
        (Kind("ids_renumbered_with_id_change", SNAPSHOT, "", _renumbered), 100),
        (Kind("portfolio_bought", SNAPSHOT, "", _bought), 20),
        (Kind("holiday_without_events", "all files", "", _holiday), 100),
    ]


def _raise_limits(tonight: Tonight) -> None:
    raised = "cast(cast(tonight.limit_amount as decimal(18, 2)) * 1.2 as decimal(18, 2))"
    tonight.replace(SNAPSHOT, {"limit_amount": raised})


def _many_applications(tonight: Tonight) -> None:
    """Four more applications for each one, of other customers of the book."""
    customers = f"(select customer_id, row_number() over (order by draw) as place from {SNAPSHOT})"
    tonight.lay_rows(
        "loan_application",
        "select * from loan_application union all select loan_application.* replace ("
        " loan_application.event_id || '-' || again as event_id, customers.customer_id as customer_id)"
        f" from loan_application cross join range(1, 5) as numbers(again) inner join {customers} as customers"
        " on customers.place = loan_application.row_no * 4 + again",
    )


def _renumbered(tonight: Tonight) -> None:
    day = tonight.business_date
    tonight.add(
        "id_change",
        "select 'renumber' as kind, 'account' as subject, account_id as old_id, 'N' || account_id as new_id,"
        f" '{day}' as effective_date from {SNAPSHOT} union all select distinct 'renumber', 'customer', customer_id,"
        f" 'N' || customer_id, '{day}' from {SNAPSHOT} order by subject, old_id",
    )
    for source, columns in tonight.columns.items():
        for column in ("account_id", "customer_id"):
            if column in columns:
                tonight.replace(source, {column: f"'N' || tonight.{column}"})


def _bought(tonight: Tonight) -> None:
    """Accounts of another book, under ids of their own."""
    bought = "'P' || account_id as account_id, 'P' || customer_id as customer_id"
    columns = ", ".join(f'"{name}"' for name in tonight.columns[SNAPSHOT] if name not in ("account_id", "customer_id"))
    tonight.lay_rows(
        SNAPSHOT,
        f"select account_id, customer_id, {columns} from {SNAPSHOT} union all (select {bought}, {columns}"
        f" from other_{SNAPSHOT} order by row_no limit (select count(*) * {tonight.share} // 100 from {SNAPSHOT}))",
    )


def _holiday(tonight: Tonight) -> None:
    for source in ("loan_application", "session", "profile_change"):
        tonight.lay_rows(source, f"select * from {source} where row_no % 5 = 0 order by row_no")


def special_nights(work: Path, *, accounts: int, nights: int, seed: int) -> Iterator[tuple[Outcome, Counter[str]]]:
    """The night after some good ones, as each real jump makes it."""
    book = prepare(SIMULATED, work, seed=seed, accounts=accounts, nights=nights)
    known = _known_bad(book.home).get(str(book.night), Counter())
    for kind, share in special_kinds():
        with copied(book, work / "special") as home:
            delivery = book.delivery(home)
            assert delivery is not None
            spoil(kind, delivery, share=share, seed=str(seed), other=book.other)
            outcome = run(home, book.night)
            outcome.night = kind.name
            yield outcome, known


def main() -> int:
    """Entry point: watch, print; 1 if there is more than one alarm in 250 nights."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate false-alarms", description=__doc__)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--nights", type=int, default=365, help="of the quiet and the chaotic world")
    parser.add_argument("--berka-nights", type=int, default=BERKA_NIGHTS)
    parser.add_argument("--accounts", type=int, default=600)
    parser.add_argument("--gate-alone", action="store_true", help="run acceptance and gate, not the whole night")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, help="where the book of special nights is kept, as wrong-files keeps it")
    asked = parser.parse_args()
    step: Step = judge if asked.gate_alone else run
    seen: list[Watched] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        work = asked.work.resolve() if asked.work else root / "work"
        many = {"accounts": asked.accounts, "nights": asked.nights, "seed": asked.seed}
        ways: dict[str, Callable[[], Iterator[tuple[Outcome, Counter[str]]]]] = {
            QUIET: lambda: quiet_nights(root / QUIET, step, **many),
            CHAOTIC: lambda: chaotic_nights(root / CHAOTIC, **many),
            BERKA: lambda: berka_nights(root / BERKA, step, nights=asked.berka_nights),
            SPECIAL: lambda: special_nights(work, accounts=asked.accounts, nights=30, seed=asked.seed),
        }
        for world in asked.worlds:
            try:
                seen.append(watch_world(world, ways[world]()))
            except NoBook as error:
                print(f"{world}: left out: {error}")
    for watched in seen:
        for alarm in watched.alarms:
            print(f"{alarm.world} {alarm.night}: {alarm.said}")
    rows = [(one.world, one.nights, len({alarm.night for alarm in one.alarms}), f"{one.seconds:.1f}") for one in seen]
    print_rows(("world", "nights", "with an alarm", "s a night"), rows, Format.TABLE, title=f"seed {asked.seed}")
    usual = [one for one in seen if one.world != SPECIAL]
    alarms = sum(len({alarm.night for alarm in one.alarms}) for one in usual)
    return 1 if alarms * 250 > sum(one.nights for one in usual) else 0


if __name__ == "__main__":
    raise SystemExit(main())
