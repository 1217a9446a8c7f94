"""Both engines over the same nights of one book: `scripts/spark-parity [--book B] [--accounts N] [--nights K] [--format F]`."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

from parity import Compared, compare_models, compare_publication, compare_state

from creditline.cli.output import Format, print_json, print_rows, tell
from creditline.home import Home, create_home, open_home
from creditline.night import pending_nights, run_night
from creditline.release import ALL_SLICES, set_mode
from creditline.warehouse.engine import Engine

FIRST_NIGHT = date(2026, 9, 1)
DATA = Path(os.environ.get("CREDITLINE_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
TAIWAN = DATA / "uci_taiwan" / "UCI_Credit_Card.csv"


def main() -> int:
    """Print every comparison; 1 if any differs."""
    parser = argparse.ArgumentParser(prog="scripts/spark-parity", description=__doc__)
    parser.add_argument("--book", choices=("simulate", "taiwan"), default="simulate")
    parser.add_argument("--accounts", type=int, default=250)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        landed = Path(folder) / "landed"
        if asked.book == "simulate":
            land_simulated(landed, asked.accounts, asked.nights, asked.seed)
        else:
            land_taiwan(landed, asked.accounts, asked.nights)
        compared = list(run_both(landed, Path(folder)))
    _print(compared, Format(asked.format))
    return int(not all(row.is_equal for row in compared))


def land_simulated(root: Path, accounts: int, nights: int, seed: int) -> None:
    """A live simulated book: orders are released and acknowledged, state is carried."""
    from creditline.simulate import sample_home_settings, simulate_book

    home = create_home(root, sample_home_settings())
    simulate_book(home, accounts=accounts, nights=nights, first_date=FIRST_NIGHT, seed=seed)
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")


def land_taiwan(root: Path, accounts: int, nights: int) -> None:
    """The first customers of the public Taiwan book."""
    from creditline.mapping import import_book, load_map

    part = root.with_suffix(".csv")
    with TAIWAN.open() as stream:
        part.write_text("".join(line for _, line in zip(range(accounts + 1), stream, strict=False)))
    import_book(root, load_map("taiwan"), part, max_nights=nights, is_demo=True)


def run_both(landed: Path, folder: Path) -> Iterator[Compared]:
    """Run the landed nights of one home, copied, on each engine; compare night by night."""
    homes = {engine: _copy(landed, folder / engine) for engine in Engine}
    for night in pending_nights(homes[Engine.DUCKDB]):
        for engine, home in homes.items():
            run_night(home, night, lambda message, engine=engine: tell(f"{engine} {message}"), engine)
        pair = (homes[Engine.DUCKDB], homes[Engine.SPARK], night)
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
    print(f"{len(compared)} comparisons over {rows:,} rows, {len(unequal)} of them unequal")


if __name__ == "__main__":
    raise SystemExit(main())
