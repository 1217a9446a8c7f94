"""A night: runs its steps in order, for one night or all landed ones.

    accept -> gate_inputs -> build -> gate_outputs -> publish -> release -> settle

Each step may be repeated, also after a kill at any instruction. The DAG, the command line and the tests
call the same functions with the same two values: the home and the business date.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from creditline.home import Home
from creditline.home.files import canonical_json, write_file
from creditline.home.retention import purge_expired
from creditline.home.skips import skipped_dates
from creditline.home.turns import only_worker, security_turn
from creditline.night.calendar import is_refused, missing_dates, require_turn
from creditline.night.room import require_room
from creditline.publish import Publication
from creditline.publish import publish as publish_night
from creditline.release import (
    FEED,
    Release,
    Settlement,
    approve_first_logic,
    release_security,
    settle_interrupted,
    write_review_queue,
)
from creditline.release import release as release_night
from creditline.release import settle as settle_night
from creditline.release.feed import SECURITY
from creditline.store.built import Build
from creditline.store.record import close_day
from creditline.warehouse.build import OnDuckDB
from creditline.warehouse.build import build as build_warehouse
from creditline.warehouse.runner import Runner
from creditline.watch import tell_untold

if TYPE_CHECKING:
    # the imports of the steps take seconds
    from creditline.gate.inputs import GateVerdict
    from creditline.gate.outputs import OutputVerdict
    from creditline.landing.accept import Acceptance

STEPS = ("accept", "gate_inputs", "build", "gate_outputs", "publish", "release", "settle")
Progress = Callable[[str], None]
_Result = TypeVar("_Result")
DUCKDB: Runner = OnDuckDB()


@dataclass(frozen=True)
class NightResult:
    """What one night did; `seconds` by step."""

    business_date: date
    publication: Publication
    release: Release
    settlement: Settlement
    seconds: dict[str, float]


def accept(home: Home, business_date: date) -> Acceptance:
    """Check tonight's delivery and load its rows, if it is the night's turn. Raises NightHeld, NoRoom, DeliveryRefused."""
    from creditline.landing.accept import accept as accept_delivery

    with _timed(home, business_date, "accept"):
        require_turn(home, business_date)
        require_room(home, business_date)
        settle_interrupted(home, FEED)
        return accept_delivery(home, business_date)


def gate_inputs(home: Home, business_date: date) -> GateVerdict:
    """Judge tonight's delivery, quarantine rows, exchange ids for keys, write raw."""
    from creditline.gate.inputs import gate_inputs as judge_inputs

    with _timed(home, business_date, "gate_inputs"):
        return judge_inputs(home, business_date)


def build(home: Home, business_date: date, runner: Runner = DUCKDB) -> Build:
    """Build features, decisions, marts and reports in the temporary warehouse. From then on deliveries
    between nights of that day are refused. A demo home or a trial approves the decision code of its first night by itself.
    Raises BuildFailed, HomeBusy."""
    with _timed(home, business_date, "build"):
        _close_day(home, business_date)
        built = build_warehouse(home, business_date, runner)
        approve_first_logic(home, built.logic_hash)
        return built


def _close_day(home: Home, business_date: date) -> None:
    """End the watches of a day whose night is about to read it, and send the notices that a killed watch did not send."""
    with security_turn(home, f"end of the watches of {business_date}"):
        settle_interrupted(home, SECURITY)
        tell_untold(home)
        close_day(home, business_date)


def gate_outputs(home: Home, business_date: date) -> OutputVerdict:
    """Check the marts before anybody sees them. Raises OutputRefused."""
    from creditline.gate.outputs import gate_outputs as judge_outputs

    with _timed(home, business_date, "gate_outputs"):
        return judge_outputs(home, business_date)


def publish(home: Home, business_date: date) -> Publication:
    """Make the night visible by changing one pointer."""
    with only_worker(home, f"publication of {business_date}"):
        return publish_night(home, business_date, _read_seconds(home, business_date))


def release(home: Home, business_date: date) -> Release:
    """Release the orders of live and ramped slices to the core, and delete files that are past their retention."""
    with only_worker(home, f"release of {business_date}"):
        # freezes and restores leave first, because they protect customers
        release_security(home, business_date)
        write_review_queue(home, business_date)
        released = release_night(home, business_date)
        purge_expired(home)
        return released


def settle(home: Home, business_date: date) -> Settlement:
    """Compare the core's answers with the orders, and send the notices of applied changes."""
    with only_worker(home, f"settlement of {business_date}"):
        return settle_night(home, business_date)


def next_night(home: Home) -> date | None:
    """The first landed business date that is not published yet."""
    return next(iter(pending_nights(home)), None)


def pending_nights(home: Home) -> list[date]:
    """Every landed business date that is neither published nor skipped, in order; `held_nights` have to wait."""
    done = skipped_dates(home).union(home.published_dates())
    return [day for day in home.landed_dates() if day not in done]


def held_nights(home: Home) -> dict[date, date]:
    """Landed nights that have to wait, each with the first missing date before it that has not come or was refused."""
    waiting = pending_nights(home)
    missing = missing_dates(home, waiting[-1]) if waiting else []
    holding = [day for day in missing if day not in waiting or is_refused(home, day)]
    return {day: holding[0] for day in waiting if holding and day > holding[0]}


def run_night(
    home: Home, business_date: date, progress: Progress | None = None, runner: Runner = DUCKDB
) -> NightResult:
    """Run all steps of one night. A published night is only settled, and released if it is the newest and was not yet."""
    tell = progress or (lambda _message: None)
    seconds: dict[str, float] = {}

    def run(name: str, step: Callable[[Home, date], _Result]) -> _Result:
        tell(f"{business_date} {name}")
        started = time.perf_counter()
        result = step(home, business_date)
        seconds[name] = round(time.perf_counter() - started, 3)
        return result

    if business_date not in home.published_dates():
        run("accept", accept)
        run("gate_inputs", gate_inputs)
        run("build", partial(build, runner=runner))
        run("gate_outputs", gate_outputs)
    published = run("publish", publish)
    released = run("release", release)
    settled = run("settle", settle)
    # Last, and not a step, because orders must not wait for the catalog of Spark's readers.
    runner.show(home, business_date)
    return NightResult(business_date, published, released, settled, seconds)


def run_all(home: Home, progress: Progress | None = None, runner: Runner = DUCKDB) -> Iterator[NightResult]:
    """Run every landed night that is not published yet, in order; stops at the first that cannot be run."""
    for business_date in pending_nights(home):
        yield run_night(home, business_date, progress, runner)


@contextmanager
def _timed(home: Home, business_date: date, step: str) -> Iterator[None]:
    started = time.perf_counter()
    with only_worker(home, f"{step} of {business_date}"):
        yield
    seconds = _read_seconds(home, business_date)
    seconds[step] = round(time.perf_counter() - started, 3)
    write_file(_seconds_file(home, business_date), canonical_json(seconds))


def _read_seconds(home: Home, business_date: date) -> dict[str, float]:
    path = _seconds_file(home, business_date)
    return json.loads(path.read_text()) if path.is_file() else {}


def _seconds_file(home: Home, business_date: date) -> Path:
    return home.warehouse / "seconds" / f"{business_date}.json"
