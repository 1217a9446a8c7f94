"""Real books through the whole night, and the figures that must tie (mapping.md): `scripts/evaluate real-data`."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import connect, path_to_read
from creditline.mapping import import_book, load_map
from creditline.night import run_all
from creditline.output import Format, complain, print_rows, tell
from creditline.publish.reader import query_marts


@dataclass(frozen=True)
class Replay:
    """One book after its nights: its home, and seconds by night in order."""

    home: Home
    seconds: tuple[float, ...]


def replay(map_name: str, source: Path, root: Path, max_nights: int | None = None) -> Replay:
    """Import a real book into a fresh home and run every night."""
    book = import_book(root, load_map(map_name), source, max_nights=max_nights)
    seconds = []
    started = time.perf_counter()
    for result in run_all(book.home):
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        tell(f"{result.business_date}: {seconds[-1]:.1f} s")
    return Replay(book.home, tuple(seconds))


def night_totals(home: Home) -> list[tuple]:
    """One row a night: date, accounts, decisions, sum of limits, sum of principal, 60 days past due or more, up, hold, down."""
    return query_marts(
        home,
        "select night.business_date, night.account_count, night.decision_count, night.limit_amount,"
        " night.principal_balance, late.late_count, night.up_count, night.hold_count, night.down_count"
        " from fct_night as night inner join ("
        "select business_date, count_if(days_past_due >= 60) as late_count from fct_account_night group by all"
        ") as late using (business_date) order by 1",
    )[1]


def default_rates(home: Home, truth: Path) -> dict[str, tuple[int, Decimal]]:
    """Accounts and default rate in percent by action of the last night; the label is read here and nowhere else."""
    decisions = home.current / "marts" / "fct_limit_decision.parquet"
    with connect() as connection:
        attach_identity(connection, home)
        rows = connection.execute(
            "select action, count(*), round(100.0 * count_if(truth.has_defaulted) / count(*), 2)::decimal(5, 2)"
            f" from read_parquet({path_to_read(decisions)}) inner join identity.account using (account_key)"
            f" inner join read_parquet({path_to_read(truth)}) as truth using (account_id) group by action order by action"
        ).fetchall()
    return {action: (count, rate) for action, count, rate in rows}


def source_balance(directory: Path, day: date) -> Decimal:
    """What the customers of the Berka bank had in their accounts on one day, straight from the source, to the cent."""
    with connect() as connection:
        return connection.execute(
            "select sum(balance)::decimal(18, 2) from"
            f" read_parquet({path_to_read(directory / 'berka_daily_19930101_19940330.parquet')}) where dt = ?",
            [day],
        ).fetchone()[0]


def main() -> int:
    """Entry point: replay one book in a temporary home and print its closing tables."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate real-data", description=__doc__)
    parser.add_argument("book", choices=("taiwan", "berka"))
    parser.add_argument("source", type=Path, help="the file of the taiwan book, the folder of the berka one")
    parser.add_argument("nights", type=int, nargs="?", help="at most so many; 60 of the berka book unless told")
    asked = parser.parse_args()
    name, source = asked.book, asked.source
    most = asked.nights or (60 if name == "berka" else None)
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = replay(name, source, Path(folder) / "home", most)
        except CreditlineError as error:
            complain(str(error), "real-data")
            return 1
        head = ("night", "accounts", "decisions", "limits", "principal", "60+ days", "up", "hold", "down")
        print_rows(head, night_totals(result.home), Format.TABLE, title=f"{name}: nights")
        print_rows(
            ("first", "median after it", "longest after it"),
            [(f"{result.seconds[0]:.1f}", *_spread(result.seconds[1:]))],
            Format.TABLE,
            title="seconds a night",
        )
        if name == "taiwan":
            rates = default_rates(result.home, result.home.landing / "truth" / "taiwan.parquet")
            rows = [(action, count, rate) for action, (count, rate) in rates.items()]
            title = "October default rate by action of the September night"
            print_rows(("action", "accounts", "percent"), rows, Format.TABLE, title=title)
        else:
            rows = [(row[0], row[4], source_balance(source, row[0])) for row in night_totals(result.home)[-3:]]
            title = "principal is what is owed: minus the balance"
            print_rows(("night", "principal", "balance in the source"), rows, Format.TABLE, title=title)
    return 0


def _spread(seconds: Sequence[float]) -> tuple[str, str]:
    ordered = sorted(seconds) or [0.0]
    return f"{ordered[len(ordered) // 2]:.1f}", f"{ordered[-1]:.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
