"""A home with one good delivery that a test may spoil."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_delivery import deliver, small_home

from creditline.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return small_home(tmp_path / "home")


@pytest.fixture
def delivery(home: Home) -> Path:
    return deliver(home)
