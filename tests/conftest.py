"""Fixtures that more than one room uses."""

from __future__ import annotations

import pytest
from sample_book import RunBook, run_sample_book


@pytest.fixture(scope="session")
def sample_book(tmp_path_factory: pytest.TempPathFactory) -> RunBook:
    """400 accounts, 3 nights, published and released. Read-only: a test that changes a home copies it first."""
    return run_sample_book(tmp_path_factory.mktemp("sample") / "home", accounts=400, nights=3)
