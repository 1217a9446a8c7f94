"""The published sample book, in which everybody may be ordered about."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def day(home):
    """The day after the last night."""
    return home.published_dates()[-1] + timedelta(days=1)
