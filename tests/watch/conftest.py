"""The published sample book, in which everybody may be ordered about."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from creditline.home import Home


@pytest.fixture
def home(sample_book, tmp_path):
    return Home(shutil.copytree(sample_book.home.root, tmp_path / "home", symlinks=True))


@pytest.fixture
def day(home):
    """The day after the last night."""
    return home.published_dates()[-1] + timedelta(days=1)
