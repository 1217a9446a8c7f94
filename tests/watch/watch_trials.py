"""Does a freeze leave within one watch of its event while a night runs in the same home? `scripts/evaluate watch-trials`.

Then the core does a freeze, a restore and another freeze of one day. Prints what was seen."""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
from intraday import Person, land_intraday, orders_of, people, read_orders, takeover, verified

from creditline.home import Home, create_home
from creditline.home.releases import records_since
from creditline.night import run_night
from creditline.output import Format, print_rows, tell
from creditline.release import ALL_SLICES, set_mode
from creditline.release.feed import SECURITY
from creditline.replay.night import replay_night
from creditline.simulate import continue_book, sample_home_settings, simulate_book
from creditline.simulate.calendar import day_number
from creditline.simulate.record import read_progress
from creditline.watch import watch

FIRST = date(2026, 9, 1)
# Nights before the first trial; accounts a freeze of one night, below the mass guard, which counts those of two days until the
# night between them is published.
_BEFORE, _ACCOUNTS_A_FREEZE = 2, 300
_NIGHT = "import sys; from creditline.cli import main; main()"


@dataclass
class Trials:
    """What was seen: trials beside a running night, freezes that left within the watch of their event, its seconds."""

    trials: int = 0
    frozen: int = 0
    seconds: list[float] = field(default_factory=list)
    nights: int = 0
    victims: set[Person] = field(default_factory=set)
    twice: int = 0
    gaps: int = 0
    differences: int = 0


def try_beside_nights(root: Path, *, trials: int, accounts: int, seed: int) -> Trials:
    """Freeze customers one by one while nights run in a process of their own, until there are that many trials."""
    seen, choose = Trials(), random.Random(seed)
    home = create_home(root, sample_home_settings())
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    book = simulate_book(home, accounts=accounts, nights=_BEFORE, first_date=FIRST, seed=seed)
    for night in book.dates:
        run_night(home, night)
    while seen.trials < trials:
        (night,) = continue_book(home).dates
        most = max(1, accounts // _ACCOUNTS_A_FREEZE)
        _run_beside(home, night, seen, min(trials - seen.trials, most), choose)
        tell(f"{seen.trials} of {trials} trials, {seen.nights} nights")
    seen.twice, seen.gaps = _repeated(home), _gaps(home)
    seen.differences = len(replay_night(home, home.published_dates()[-1]).differences)
    return seen


def _run_beside(home: Home, night: date, seen: Trials, most: int, choose: random.Random) -> None:
    """Watch the day after a night while that night runs."""
    day = night + timedelta(days=1)
    # whom a watch froze while the night before ran, the newest publication does not tell
    crowd = [person for person in people(home, 4 * most + len(seen.victims)) if person not in seen.victims]
    victims = choose.sample(crowd, k=min(most, len(crowd)))
    seen.victims |= set(victims)
    process = subprocess.Popen(
        [sys.executable, "-c", _NIGHT, "--home", str(home.root), "night", "--date", str(night)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    sequence = 1 + sum(1 for _ in (home.raw / "_intraday").glob("business_date=*/*.json"))
    minute = 10 * 60
    for victim in victims:
        if process.poll() is not None:
            break
        minute += choose.randrange(1, 30)
        at = f"{minute // 60:02d}{minute % 60:02d}"
        land_intraday(home, day, at, sequence=sequence, session=takeover(home, victim, day, at))
        began = time.monotonic()
        watched = watch(home, day)
        seen.seconds.append(time.monotonic() - began)
        seen.trials += 1
        files = [one.file for one in watched.deliveries if one.file]
        rows = [row for row in read_orders(files) if row["account_id"] == victim.account_id]
        seen.frozen += [row["action"] for row in rows] == ["FREEZE"]
        sequence += 1
    told = process.communicate()[1]
    if process.returncode:
        raise RuntimeError(f"night {night} failed beside watches: {told}")
    seen.nights += 1


def _repeated(home: Home) -> int:
    """Orders that say what their account's order before said already; a longer freeze is none."""
    with duckdb.connect() as connection:
        return connection.execute(
            "select count(*) from (select action, expires_at, lag(action) over account as before,"
            " lag(expires_at) over account as expired_at"
            f" from read_parquet('{home.releases / SECURITY}/*.parquet')"
            " window account as (partition by account_key order by sequence))"
            " where action = before and (action = 'RESTORE' or expires_at <= expired_at)"
        ).fetchone()[0]


def _gaps(home: Home) -> int:
    """Files of the feed that do not follow the one before."""
    records = records_since(home, SECURITY, FIRST)
    chained = sum(
        (one["sequence"], one["previous_sha256"]) != (before["sequence"] + 1, before["sha256"])
        for before, one in itertools.pairwise(records)
    )
    return chained + (records[0]["sequence"] != 1 if records else 0)


def freeze_restore_freeze(root: Path, *, accounts: int, seed: int) -> list[tuple[str, str, str]]:
    """A freeze at ten, a restore at eleven and a freeze at three of one customer, and what the core did with each.

    Returns: time, action and the core's answer, in order.
    """
    home = create_home(root, sample_home_settings("obedient"))
    book = simulate_book(home, accounts=accounts, nights=3, first_date=FIRST, seed=seed, core="obedient")
    run_night(home, book.dates[-1])
    day = book.dates[-1] + timedelta(days=1)
    (victim,) = people(home, 1)
    _land_the_day(home, day, victim)
    watch(home, day)
    progress = read_progress(home.landing / "truth")
    _, done = progress.core.work(progress.world, home.outbox, day_number(day))
    answers = {answer.adjustment_id: answer.status for answer in done}
    return [
        (row["file"].split("_")[3], row["action"], answers.get(row["adjustment_id"], "none"))
        for row in orders_of(home, victim)
    ]


def _land_the_day(home: Home, day: date, victim: Person) -> None:
    land_intraday(home, day, "1000", sequence=1, session=takeover(home, victim, day, "1000"))
    land_intraday(home, day, "1100", sequence=2, case_event=verified(home, victim, day, "1100"))
    land_intraday(home, day, "1500", sequence=3, session=takeover(home, victim, day, "1500"))


def main() -> int:
    """Run the trials, print what was seen; 1 if a freeze did not leave, left twice, or the core did not obey."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate watch-trials", description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = try_beside_nights(Path(folder) / "beside", trials=asked.trials, accounts=asked.accounts, seed=asked.seed)
        day = freeze_restore_freeze(Path(folder) / "day", accounts=300, seed=asked.seed)
    seconds = sorted(seen.seconds)
    print_rows(
        ("what", "seen"),
        [
            ("trials, each a takeover while a night ran", seen.trials),
            ("freezes that left within the one watch after their event", seen.frozen),
            ("seconds a watch, median and longest", f"{seconds[len(seconds) // 2]:.2f}, {seconds[-1]:.2f}"),
            ("nights that ran beside", seen.nights),
            ("orders that left twice, files that do not follow the one before", f"{seen.twice}, {seen.gaps}"),
            ("tables in which the replay of the last night differs", seen.differences),
            *[(f"{at[:2]}:{at[2:]} {action}", f"the core: {answer}") for at, action, answer in day],
        ],
        Format.TABLE,
        title=f"Between nights, {asked.accounts:,} accounts, seed {asked.seed}",
    )
    is_good = seen.trials == seen.frozen == asked.trials and not (seen.twice or seen.gaps or seen.differences)
    return 0 if is_good and [answer for _, _, answer in day] == ["applied"] * 3 else 1


if __name__ == "__main__":
    raise SystemExit(main())
