"""A book with a correction, run once."""

from __future__ import annotations

from pathlib import Path

import pytest
from corrected_book import CUT, PEOPLE, build_cut_home, tell_between_nights, tell_of_a_pause, tell_of_no_arrears
from homes import copy_home

from creditline.home import Home
from creditline.restate import Result, restate


@pytest.fixture(scope="session")
def cut_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Somebody was cut. Read-only: a test that changes a home copies it first."""
    return build_cut_home(tmp_path_factory.mktemp("cut") / "home")


@pytest.fixture(scope="session")
def corrected_home(cut_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A later delivery corrected the night of the cut. Read-only."""
    home = copy_home(cut_home, tmp_path_factory.mktemp("corrected") / "home")
    tell_of_no_arrears(home)
    return home


@pytest.fixture
def paused_home(cut_home: Home, tmp_path: Path) -> Home:
    """A later delivery told of a pause that ran on the night of the cut."""
    home = copy_home(cut_home, tmp_path / "home")
    tell_of_a_pause(home)
    return home


@pytest.fixture
def watched_home(cut_home: Home, tmp_path: Path) -> Home:
    """A fourth night knows of a session from a watch alone."""
    home = copy_home(cut_home, tmp_path / "home")
    tell_between_nights(home)
    return home


@pytest.fixture(scope="session")
def restated(corrected_home: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Result]:
    """The same book, restated from the night of the cut. Read-only."""
    home = copy_home(corrected_home, tmp_path_factory.mktemp("restated") / "home")
    return home, restate(home, CUT, **PEOPLE)


@pytest.fixture
def home(corrected_home: Home, tmp_path: Path) -> Home:
    """A copy of the corrected book that a test may change."""
    return copy_home(corrected_home, tmp_path / "home")


@pytest.fixture
def restated_home(restated: tuple[Home, Result], tmp_path: Path) -> Home:
    """A copy of the restated book that a test may change."""
    return copy_home(restated[0], tmp_path / "home")
