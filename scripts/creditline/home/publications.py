"""Where publications lie, and what their manifests say: readable without the steps that make them, no mart is opened."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from creditline.home import Home

REVISION = "r00"
MANIFEST = "manifest.json"


def publication_directory(home: Home, business_date: date) -> Path:
    """The first publication of a night, whether it is there or not."""
    return home.published / str(business_date) / REVISION


def read_manifest(home: Home, business_date: date) -> dict[str, object]:
    """The manifest of a published night."""
    return json.loads((publication_directory(home, business_date) / MANIFEST).read_text())


def is_void(home: Home, business_date: date) -> bool:
    """Whether a published night was void: its account snapshot could not be trusted."""
    return bool(read_manifest(home, business_date)["is_void"])


def last_published(home: Home, before: date) -> date | None:
    """The newest published night before a date, void or not."""
    return max((day for day in home.published_dates() if day < before), default=None)


def last_valid(home: Home, before: date) -> date | None:
    """The newest published night before a date that was not void: the one whose state goes on."""
    earlier = [day for day in home.published_dates() if day < before]
    return next((day for day in reversed(earlier) if not is_void(home, day)), None)


def void_dates(home: Home, first: date, before: date) -> frozenset[date]:
    """The published nights from one date up to another, excluded, that were void."""
    return frozenset(day for day in home.published_dates() if first <= day < before and is_void(home, day))
