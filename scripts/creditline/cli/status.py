"""Where the nights of a home stand, and where its files are."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path

from creditline.home import Home, open_home
from creditline.home.publications import is_void
from creditline.home.skips import skipped_dates
from creditline.night import held_nights, pending_nights
from creditline.night.calendar import is_refused
from creditline.publish.reader import open_marts
from creditline.release import FEED
from creditline.release.feed import SECURITY

_COLUMNS = (
    "night",
    "state",
    "accounts",
    "customers",
    "up",
    "hold",
    "down",
    "floored",
    "limit",
    "recommended",
    "orders",
)


def home_status(root: Path) -> dict[str, object]:
    """Name, one entry a landed or published night, and the places of the newest files."""
    home = open_home(root)
    facts = _night_facts(home)
    orders = _orders(home)
    states = _states(home)
    nights = [
        dict(
            zip(
                _COLUMNS,
                (day, state, *facts.get(day, ("",) * 8), orders.get(day, "")),
                strict=True,
            )
        )
        for day, state in sorted(states.items())
    ]
    return {
        "name": home.settings.name,
        "title": home.settings.title,
        "columns": _COLUMNS,
        "nights": nights,
        "places": _places(home),
    }


def _states(home: Home) -> dict[date, str]:
    """What became of every landed, published, skipped or missing business date."""
    held = held_nights(home)
    states = dict.fromkeys(home.landed_dates(), "landed")
    states |= {day: f"held by {missing}" for day, missing in held.items()}
    states |= dict.fromkeys(held.values(), "missing")
    states |= {day: "refused" for day in pending_nights(home) if is_refused(home, day)}
    states |= dict.fromkeys(skipped_dates(home), "skipped")
    return states | {day: "void" if is_void(home, day) else "published" for day in home.published_dates()}


def _night_facts(home: Home) -> dict[date, tuple]:
    if not home.current.exists():
        return {}
    with open_marts(home) as connection:
        rows = connection.execute(
            "select business_date, account_count, customer_count, up_count, hold_count, down_count, floored_count,"
            " limit_amount, recommended_limit_amount from fct_night"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def _orders(home: Home) -> dict[date, int]:
    """Orders by night; a night whose held slices were approved later has more than one file."""
    rows: Counter[date] = Counter()
    for path in (home.releases / FEED).glob("*.json"):
        record = json.loads(path.read_text())
        rows[date.fromisoformat(record["business_date"])] += record["rows"]
    return rows


def _places(home: Home) -> dict[str, str]:
    places = {"landing": home.landing, "marts": home.current / "marts.duckdb", "reports": home.current / "reports"}
    for what, feed in (("limit-adjustment file", FEED), ("freezes and restores", SECURITY)):
        files = sorted((home.outbox / feed).glob("*.csv"), key=lambda path: path.stem.rpartition("_")[2])
        if files:
            places[what] = files[-1]
    return {what: str(path) for what, path in places.items()}
