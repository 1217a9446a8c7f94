"""What a question about published marts takes, and a publication, with few nights behind them and with years."""

from __future__ import annotations

import shutil
import statistics
import time
from dataclasses import dataclass

import duckdb
from long_home import ASKED, lengthen

from creditline.home import Home
from creditline.home.files import flip_pointer
from creditline.home.publications import REVISION, publication_directory
from creditline.publish import publish

RUNS = 7
QUESTIONS = {
    "tonight's actions": f"select action, count(*) from {ASKED} where business_date = $night group by 1",
    "one account": f"select business_date, recommended_limit_amount from {ASKED} where account_key = 17 order by 1",
    "a trend": f"select business_date, sum(recommended_limit_amount) from {ASKED} group by 1 order by 1",
}


@dataclass(frozen=True)
class Asked:
    """Seconds with so many nights behind: of each question, of a publication, and of one that merges all months before."""

    nights: int
    seconds: dict[str, float]


def ask(home: Home, nights: int) -> Asked:
    """Lengthen a home, publish its newest night again, and ask what analysts ask, each time in a new connection."""
    lengthen(home, nights)
    merging, usual = _publish_again(home), _publish_again(home)
    seconds = {
        name: statistics.median(_ask(home, question) for _ in range(RUNS)) for name, question in QUESTIONS.items()
    }
    return Asked(nights, seconds | {"a publication": usual, "the first one, merging all months": merging})


def _ask(home: Home, question: str) -> float:
    night = home.published_dates()[-1]
    with duckdb.connect(str(home.current / "marts.duckdb"), read_only=True) as connection:
        connection.execute(f"set threads = {home.settings.threads}")
        started = time.perf_counter()
        connection.execute(question, {"night": night} if "$night" in question else None).fetchall()
        return time.perf_counter() - started


def _publish_again(home: Home) -> float:
    before, night = home.published_dates()[-2:]
    flip_pointer(home.current, f"{before}/{REVISION}")
    shutil.rmtree(publication_directory(home, night))
    started = time.perf_counter()
    publish(home, night)
    return time.perf_counter() - started
