"""The state of a home's nights, and where its files are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home, open_home
from creditline.home.database import Row
from creditline.home.files import Json
from creditline.home.publications import is_void
from creditline.home.skips import skipped_dates
from creditline.night import held_nights, pending_nights
from creditline.night.attention import needs_of_home
from creditline.night.calendar import is_refused
from creditline.output import Format, print_rows
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


def home_status(root: Path) -> Json:
    """What needs a person, the home's name, one entry for each landed or published night, and the newest files."""
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
    needs = needs_of_home(home)
    return {
        "needs": [asdict(need) for need in needs],
        "name": home.settings.name,
        "title": home.settings.title,
        "columns": _COLUMNS,
        "nights": nights,
        "places": _places(home),
    }


def print_needs(needs: list[Json]) -> None:
    """What needs somebody, for people."""
    if needs:
        rows = [(need["what"], need["why"], need["command"]) for need in needs]
        print_rows(("what", "why", "next"), rows, Format.TABLE, title="Needs somebody")


def require_nothing_stopped(needs: list[Json]) -> None:
    """Raise CreditlineError if a night is missing, refused or held, or a published file is gone or changed; names the first."""
    stopped = [need for need in needs if need["stops"]]
    if stopped:
        more = f" ({len(stopped) - 1} more)" if len(stopped) > 1 else ""
        raise CreditlineError(f"{stopped[0]['what']}: {stopped[0]['why']}{more}")


def nothing_to_run(home: Home) -> str:
    """Why there is no night to run."""
    landed = home.landed_dates()
    if not landed:
        return f"no night is landed in {home.landing}: a delivery is one folder for each business date (docs/reference/landing.md)"
    return f"every landed night was run, or skipped; the newest is {landed[-1]}"


def _states(home: Home) -> dict[date, str]:
    """What became of every landed, published, skipped or missing business date."""
    try:
        held, void = held_nights(home), {day for day in home.published_dates() if is_void(home, day)}
    except CreditlineError:
        # a file that is not genuine is listed under what needs a person
        held, void = {}, set()
    states = dict.fromkeys(home.landed_dates(), "landed")
    states |= {day: f"held by {missing}" for day, missing in held.items()}
    states |= dict.fromkeys(held.values(), "missing")
    states |= {day: "refused" for day in pending_nights(home) if is_refused(home, day)}
    states |= dict.fromkeys(skipped_dates(home), "skipped")
    return states | {day: "void" if day in void else "published" for day in home.published_dates()}


def _night_facts(home: Home) -> dict[date, Row]:
    if not home.current.exists():
        return {}
    try:
        with open_marts(home) as connection:
            rows = connection.execute(
                "select business_date, account_count, customer_count, up_count, hold_count, down_count, floored_count,"
                " limit_amount, recommended_limit_amount from fct_night"
            ).fetchall()
    except (CreditlineError, duckdb.Error):
        # a file that is gone or changed is listed under what needs a person
        return {}
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
