"""A home, and deliveries taken in through acceptance and gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_delivery import small_home

from creditline.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return small_home(tmp_path / "home")
