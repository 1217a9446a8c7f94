"""A small simulated book that tests run nights of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from creditline.home import Home, create_home
from creditline.night import NightResult, run_night
from creditline.release import ALL_SLICES, set_mode

FIRST_NIGHT = date(2026, 9, 1)


@dataclass(frozen=True)
class RunBook:
    """A small simulated book whose landed nights were all run, where `results` has its files; `home` may be a copy."""

    home: Home
    results: tuple[NightResult, ...]

    @property
    def home_that_ran(self) -> Home:
        """The home whose scratch is as its last night sealed it, which no copy is."""
        directory = self.results[-1].publication.directory
        return Home(directory.parents[directory.parts[::-1].index("published")])


def run_sample_book(root: Path, *, accounts: int, nights: int, seed: int = 7) -> RunBook:
    """Land and run a demo book at `root`: a tenth of the customers is ordered about, on its last night everybody."""
    from creditline.simulate import sample_home_settings, simulate_book

    home = create_home(root, sample_home_settings())
    book = simulate_book(home, accounts=accounts, nights=nights, first_date=FIRST_NIGHT, seed=seed)
    set_mode(home, ALL_SLICES, "ramp 10", by="maker", approved_by="checker")
    before = [run_night(home, night) for night in book.dates[:-1]]
    # Its core does nothing that is ordered: orders of an earlier night would be in flight and called for no more.
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    return RunBook(home, (*before, run_night(home, book.dates[-1])))
