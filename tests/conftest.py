"""Fixtures that more than one room uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from homes import copy_home
from sample_book import RunBook, run_sample_book

from creditline.home import Home


@pytest.fixture(scope="session")
def sample_book(tmp_path_factory: pytest.TempPathFactory) -> RunBook:
    """400 accounts, 3 nights, published and released. Read-only: a test that changes a home copies it first."""
    return run_sample_book(tmp_path_factory.mktemp("sample") / "home", accounts=400, nights=3)


@pytest.fixture
def home(sample_book: RunBook, tmp_path: Path) -> Home:
    """A copy of the sample book that a test may change; rooms and modules that need another home have one of that name."""
    return copy_home(sample_book.home, tmp_path / "home")
