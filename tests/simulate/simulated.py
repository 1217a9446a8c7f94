"""How the tests of this room land a book and read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.home import Home, create_home
from creditline.simulate import SimulatedBook, sample_home_settings, simulate_book

FIRST = date(2026, 9, 1)
NIGHTS = 5


@dataclass(frozen=True)
class Landed:
    """A landed book; `read` is a connection with one view a source (all nights, `night` the business date), all text,
    and the truth tables under their names with `true_` before them."""

    home: Home
    book: SimulatedBook
    read: duckdb.DuckDBPyConnection

    def one(self, query: str) -> tuple:
        return self.read.execute(query).fetchone()

    def all(self, query: str) -> list[tuple]:
        return self.read.execute(query).fetchall()


def land(root: Path, **options) -> tuple[Home, SimulatedBook]:
    home = create_home(root, sample_home_settings())
    return home, simulate_book(home, **({"accounts": 300, "nights": 1, "first_date": FIRST, "seed": 5} | options))
