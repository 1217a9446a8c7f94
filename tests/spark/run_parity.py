"""Both engines over the same nights of one book: `scripts/evaluate spark-parity`.

The nights before those that are compared run on DuckDB alone."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from parity import Compared, compare_models, compare_publication, compare_state
from parity_book import land_simulated, night, use_parity_policies
from rare_events import add_rare_events, follow_ids

from creditline.home import Home, open_home
from creditline.night import pending_nights, run_night
from creditline.output import Format, print_json, print_rows, tell
from creditline.simulate import continue_book
from creditline.spark.runner import runner_of
from creditline.warehouse.engine import Engine

DATA = Path(os.environ.get("CREDITLINE_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
TAIWAN = DATA / "uci_taiwan" / "UCI_Credit_Card.csv"


def main() -> int:
    """Print every comparison; 1 if any differs."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate spark-parity", description=__doc__)
    parser.add_argument("--book", choices=("simulate", "taiwan"), default="simulate")
    parser.add_argument("--accounts", type=int, default=250)
    parser.add_argument("--before", type=int, default=5)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        landed = Path(folder) / "landed"
        if asked.book == "simulate":
            use_parity_policies(patch, Path(folder), maintained=night(asked.before + asked.nights))
            land_simulated(landed, accounts=asked.accounts, nights=asked.before + 1, seed=asked.seed)
            changed = add_rare_events(open_home(landed), night(asked.before + 1))
        else:
            land_taiwan(landed, asked.accounts, asked.before, asked.nights)
            changed = None
        compared = list(run_both(landed, Path(folder), asked.nights, changed))
    _print(compared, Format(asked.format))
    return int(not all(row.is_equal for row in compared))


def land_taiwan(root: Path, accounts: int, before: int, nights: int) -> None:
    """The first customers of the public Taiwan book; the first nights are run."""
    from creditline.mapping import import_book, load_map

    part = root.with_suffix(".csv")
    with TAIWAN.open() as stream:
        part.write_text("".join(line for _, line in zip(range(accounts + 1), stream, strict=False)))
    import_book(root, load_map("taiwan"), part, max_nights=before + nights, is_demo=True)
    home = open_home(root)
    for day in pending_nights(home)[:before]:
        run_night(home, day, tell)


def run_both(landed: Path, folder: Path, nights: int, changed: dict[str, dict[str, str]] | None) -> Iterator[Compared]:
    """Run the next nights of one home, copied, on each engine; compare night by night.

    Args:
        changed: ids that changed in a closed loop, which lands its nights as it goes; None where all are landed.
    """
    homes = {engine: _copy(landed, folder / engine) for engine in Engine}
    for number in range(nights):
        if number and changed is not None:
            for home in homes.values():
                follow_ids(home, continue_book(home).dates[0], changed)
        day = pending_nights(homes[Engine.DUCKDB])[0]
        for engine, home in homes.items():
            run_night(home, day, lambda message, engine=engine: tell(f"{engine} {message}"), runner_of(engine))
        pair = (homes[Engine.DUCKDB], homes[Engine.SPARK], day)
        yield from compare_models(*pair)
        yield from compare_state(*pair)
        yield from compare_publication(*pair)


def _copy(landed: Path, root: Path) -> Home:
    shutil.copytree(landed, root, symlinks=True)
    return open_home(root)


def _print(compared: list[Compared], output_format: Format) -> None:
    if output_format is Format.JSON:
        print_json([asdict(row) | {"night": str(row.night), "is_equal": row.is_equal} for row in compared])
        return
    columns = ("night", "what", "rows on DuckDB", "rows on Spark", "only on DuckDB", "only on Spark")
    print_rows(columns, [tuple(asdict(row).values()) for row in compared], output_format, title="Two engines")
    unequal = [row for row in compared if not row.is_equal]
    rows = sum(row.rows_duckdb for row in compared)
    empty = sorted({row.name for row in compared} - {row.name for row in compared if row.rows_duckdb})
    print(f"without a row on any night: {', '.join(empty) or 'none'}")
    print(f"{len(compared)} comparisons over {rows:,} rows, {len(unequal)} of them unequal")


if __name__ == "__main__":
    raise SystemExit(main())
