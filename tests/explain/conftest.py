"""Books that several tests of `explain` read."""

from __future__ import annotations

import csv

import pytest
from homes import copy_home
from sample_book import RunBook
from small_delivery import spoil_cell

from creditline.night import run_night
from creditline.simulate import continue_book


@pytest.fixture(scope="session")
def floored_book(sample_book, tmp_path_factory):
    """The sample book one night later, on which a few customers are suddenly 45 days past due."""
    home = copy_home(sample_book.home, tmp_path_factory.mktemp("floored") / "home")
    (tonight,) = continue_book(home, nights=1).dates
    directory = home.landing / str(tonight)
    with (directory / "account_snapshot.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    well = [
        number for number, row in enumerate(rows, start=1) if (row["status"], row["days_past_due"]) == ("active", "0")
    ]
    for number in well[:5]:
        spoil_cell(directory, "account_snapshot.csv", number, "days_past_due", "45")
    run_night(home, tonight)
    return RunBook(home, ())
