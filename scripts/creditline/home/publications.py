"""What a home's published nights say of themselves, read from their manifests: no mart is opened for it."""

from __future__ import annotations

import json
from datetime import date

from creditline.home import Home

MANIFEST = "manifest.json"
REVISION = "r00"


def read_manifest(home: Home, business_date: date) -> dict[str, object]:
    """The manifest of a published night."""
    return json.loads((home.published / str(business_date) / REVISION / MANIFEST).read_text())


def last_published(home: Home, before: date) -> date | None:
    """The newest published night before a date, void or not."""
    return max((day for day in home.published_dates() if day < before), default=None)


def last_valid(home: Home, before: date) -> date | None:
    """The newest published night before a date that was not void: the one whose state goes on."""
    earlier = [day for day in home.published_dates() if day < before]
    return next((day for day in reversed(earlier) if not is_void(home, day)), None)


def is_void(home: Home, business_date: date) -> bool:
    """Whether a published night was void: its account snapshot could not be trusted."""
    return bool(read_manifest(home, business_date)["is_void"])


def void_dates(home: Home, first: date, before: date) -> frozenset[date]:
    """The published nights from one date up to another, excluded, that were void."""
    return frozenset(day for day in home.published_dates() if first <= day < before and is_void(home, day))
