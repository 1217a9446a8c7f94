"""Where the nights of a home stand, and where its files are."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from creditline.home import Home, open_home
from creditline.publish.reader import open_marts
from creditline.release import FEED

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
    published = set(home.published_dates())
    nights = [
        dict(
            zip(
                _COLUMNS,
                (day, _state(home, day, published), *facts.get(day, ("",) * 8), orders.get(day, "")),
                strict=True,
            )
        )
        for day in sorted(published | set(home.landed_dates()))
    ]
    return {"name": home.settings.name, "columns": _COLUMNS, "nights": nights, "places": _places(home)}


def _state(home: Home, day: date, published: set[date]) -> str:
    if day in published:
        return "published"
    return "refused" if (home.quarantine / str(day) / "refusal.json").is_file() else "landed"


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
    records = [json.loads(path.read_text()) for path in (home.releases / FEED).glob("*.json")]
    return {date.fromisoformat(record["business_date"]): record["rows"] for record in records}


def _places(home: Home) -> dict[str, str]:
    places = {"landing": home.landing, "marts": home.current / "marts.duckdb", "reports": home.current / "reports"}
    files = sorted((home.outbox / FEED).glob("*.csv"))
    if files:
        places["limit-adjustment file"] = files[-1]
    return {what: str(path) for what, path in places.items()}
