"""Recourse is sound: people in trouble who do what they are told to have their limit back on the day they were told.

`scripts/evaluate recourse`. They live in the decision itself, night after night; their features follow from their events (`debtor.py`). The core applies what
is decided. Whoever is given a date does what it asks for, on any day up to the one it names, and nothing else changes. Every
date has to end KEPT: none missed, none void. With nights that are void or whose sources are late (--lost-every) a date may be
void, too, but by the house's fault alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import numpy as np
import pyarrow as pa
from debtor import DAY, Debtor, burst, draw
from decision_harness import (
    ACCOUNT_COLUMNS,
    EVENT_COLUMNS,
    LAST_EVENT_COLUMNS,
    OPENING_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
)
from decision_packs import make_pack, route

from creditline.landing.contract import contract
from creditline.output import Format, print_rows
from creditline.policy import Pack, PolicySet
from creditline.warehouse.logic import Logic
from creditline.warehouse.sources import NightParameters, NightSource

START = date(2026, 3, 1)
CALM_NIGHTS = 12
LIMITS = [100_000, 300_000, 800_000, 1_500_000, 3_000_000]
LATE = ("instalment", "case_event", "loan_application", "bureau_score", "related_product")
# Facts that stand: the first of each is the safest.
STANDING = {
    "f06_util_bp": [1_000, 5_000, 8_000],
    "f11_tenure_days": [2_000],
    "f31_active_days_30d": [12],
    "f32_activity_drop_x3": [0],
    "f38_bureau_score": [720, 660, 620, 560],
    "f40_external_debt_minor": [0, 5_000_000, 15_000_000],
    "f28_salary_months_90d": [3, 1],
    "bureau_has_new_default": [0],
}

ANSWERS = """
    select
        answers.*,
        limits.action,
        limits.pending_minor,
        promises.restores_to_minor as ended_restores_to_minor
    from dec_recourse_text as answers
    inner join dec_limit as limits on answers.account_key = limits.account_key and limits.is_assigned
    left join dec_promise as promises on answers.account_key = promises.account_key
    order by answers.account_key
"""


@dataclass
class Outcome:
    """What became of the dates that were given: how many, how they ended, and how many days before the date.

    Those of people who did nothing of what was asked count in `idle_ended` alone, those of people whose last raise the core left
    out in `stuck_ended`, those of people whose limits the core left as they were in `observed_ended`: MOVED where the same night
    decided another limit, which the core did not take over either.
    """

    people: int
    nights: int
    given: int = 0
    ended: Counter = field(default_factory=Counter)
    idle_ended: Counter = field(default_factory=Counter)
    observed_ended: Counter = field(default_factory=Counter)
    stuck_ended: Counter = field(default_factory=Counter)
    kept_by_a_cut_that_waits: int = 0
    not_the_house: int = 0
    days_early: list[int] = field(default_factory=list)
    days_asked: list[int] = field(default_factory=list)
    still_open: int = 0
    examples: list[str] = field(default_factory=list)


def quick_pack(folder: Path) -> Pack:
    """The bundled policy with slots, cures and steps so short that a way back fits into a test, and a notice before a cut."""
    return make_pack(
        folder,
        "quick",
        settings={
            "confirmation": {"ewma_alpha_pct": 40, "window_nights": 5, "needed_nights": 3},
            "slots": {"cut_days": 2, "raise_days": 3},
            "steps": {"raise_share_bp": 3000, "climb_share_bp": 5000},
            "raises": {"max_income_age_days": None},
        },
        rows={
            "cure_rule": [("H1", "10", "0", "1"), ("H2", "3", "0", "0"), ("H4", "6", "0", "0"), ("H5", "2", "", "0")],
            "notice_rule": [
                (action, "*", "2" if action == "DOWN" else "0", "15", "true", "app", "house rule", "1990-01-01", "")
                for action in ("DOWN", "UP", "CLOSE", "FREEZE", "RESTORE")
            ],
        },
    )


def default_pack(folder: Path) -> Pack:
    """The bundled policy, without its question for the age of the income, which would need people to send it in."""
    return make_pack(folder, "default", settings={"raises": {"max_income_age_days": None}}, rows={})


class People:
    """Persons under keys 1, 2, ..., each with one account; the core's limits follow what is decided."""

    def __init__(
        self,
        seed: int,
        count: int,
        pack: Pack,
        idle: frozenset[int] = frozenset(),
        observed: frozenset[int] = frozenset(),
        stuck: frozenset[int] = frozenset(),
    ) -> None:
        self.choose = np.random.default_rng([seed, 7])
        self.pack, self.idle, self.observed, self.stuck = pack, idle, observed, stuck
        self.persons = {key: draw(self.choose, START, int(self.choose.integers(1, 31))) for key in range(1, count + 1)}
        self.limits = {key: int(self.choose.choice(LIMITS)) for key in self.persons}
        self.standing = {
            key: {
                name: int(values[min(int(self.choose.random() ** 2 * len(values)), len(values) - 1)])
                for name, values in STANDING.items()
            }
            for key in self.persons
        }
        self.trouble = {
            key: {
                "arrears": START + int(self.choose.integers(CALM_NIGHTS, 40)) * DAY,
                "arrears_nights": int(self.choose.choice([0, 0, 3, 8, 15, 28, 45])),
                "burst": START + int(self.choose.integers(CALM_NIGHTS, 40)) * DAY,
                "burst_days": int(self.choose.choice([0, 1, 2, 4])),
                "related": START + int(self.choose.integers(CALM_NIGHTS, 40)) * DAY,
                "related_nights": int(self.choose.choice([0, 0, 0, 5, 35])),
            }
            for key in self.persons
        }
        self.told: dict[int, dict] = {}
        self.acting_day: dict[int, date] = {}

    def live(self, day: date) -> None:
        """What happens to everybody before this night."""
        for key, person in self.persons.items():
            self._act(key, person, day)
            if key not in self.told:
                self._get_into_trouble(key, person, day)
            person.live(day)

    def _act(self, key: int, person: Debtor, day: date) -> None:
        """Who was given a date pays on the day they chose."""
        if key not in self.idle and self.acting_day.get(key) == day:
            person.pay_everything(day)
            if self.told[key]["clears_related"]:
                person.related_from = None

    def _get_into_trouble(self, key: int, person: Debtor, day: date) -> None:
        plan = self.trouble[key]
        if plan["arrears_nights"] and day == plan["arrears"]:
            person.stop_paying(day)
        if plan["arrears_nights"] and day == plan["arrears"] + plan["arrears_nights"] * DAY:
            person.pay_everything(day)
        if plan["related_nights"] and day == plan["related"]:
            person.related_from = day
        if plan["related_nights"] and day == plan["related"] + plan["related_nights"] * DAY:
            person.related_from = None
        if plan["burst"] <= day < plan["burst"] + plan["burst_days"] * DAY:
            burst(self.choose, person, day)

    def tell(self, recourse: dict) -> None:
        """Somebody is given a date: from now on nothing else happens to them."""
        key = recourse["customer_key"]
        self.told[key] = recourse
        days = (recourse["act_by_date"] - recourse["business_date"]).days
        self.acting_day[key] = recourse["business_date"] + int(self.choose.integers(1, days + 1)) * DAY

    def inputs(self, day: date, previous: date | None, *, is_void: bool = False, late: str | None = None) -> Inputs:
        """What this night knows; `late` is a source that it cannot believe."""
        keys = list(self.persons)
        return Inputs(
            night=NightParameters(day, datetime.combine(day + DAY, clock(2)), previous, is_void, "test"),
            sources=[NightSource(name, True, "pass", False, name == late, date(2020, 1, 1)) for name in contract()],
            policies=PolicySet((self.pack,), route(("*", "*", self.pack.settings.name, "champion", ""))),
            accounts=self._accounts(keys),
            features=self._features(keys, day),
            events=pa.Table.from_pylist([], EVENT_COLUMNS),
            opening=pa.Table.from_pylist([], OPENING_COLUMNS),
            last_events=pa.Table.from_pylist(
                [
                    {"customer_key": key, "event": event, "last_date": last}
                    for key in keys
                    for event, last in self.persons[key].last_events(day).items()
                ],
                LAST_EVENT_COLUMNS,
            ),
        )

    def _accounts(self, keys: list[int]) -> pa.Table:
        rows = [
            {
                "account_key": key,
                "customer_key": key,
                "product_code": "jiebei_standard",
                "status": "active",
                "opened_date": START - 2_000 * DAY,
                "limit_minor": self.limits[key],
                "principal_minor": 0,
                "legal_entity_code": "BANK01",
                "purpose_code": "consumer",
                "channel_code": "internet",
                "income_monthly_minor": 2_000_000,
                "income_as_of_date": START,
                "raise_consent_code": "opted_in",
            }
            for key in keys
        ]
        return pa.Table.from_pylist(rows, ACCOUNT_COLUMNS)

    def _features(self, keys: list[int], day: date) -> pa.Table:
        rows = [{"customer_key": key} | self.standing[key] | self.persons[key].features(day) for key in keys]
        names = ["customer_key", *all_features()]
        return pa.Table.from_pylist(
            [{name: row.get(name) for name in names} for row in rows], pa.schema([(name, pa.int64()) for name in names])
        )

    def take_over(self, decided: list[dict]) -> None:
        """The core applies every decision, but for those whom it only observes, and for the raise that brings back who is stuck."""
        for row in decided:
            key, limit = row["account_key"], row["recommended_minor"]
            is_last_raise = key in self.told and self.limits[key] < self.told[key]["restores_to_minor"] <= limit
            if key not in self.observed and not (key in self.stuck and is_last_raise):
                self.limits[key] = limit


def follow_advice(
    logic: Logic,
    pack: Pack,
    *,
    seed: int,
    people: int,
    nights: int,
    idle: frozenset[int] = frozenset(),
    observed: frozenset[int] = frozenset(),
    stuck: frozenset[int] = frozenset(),
    lost_every: int | None = None,
    stops: Callable[[Outcome], bool] | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Run nights; every date that is given is followed, and counted when it ends.

    Args:
        idle: persons who do nothing of what is asked, for the question whether a date can be broken.
        observed: persons whose limits the core leaves as they are, as in a parallel run.
        stuck: persons whom the core does not give the raise that reaches what they were told.
        lost_every: every so many a night is void, or a source is late.
        stops: is asked after each night whether the outcome is known.
        say: is told once a month how far it is.
    """
    lives, warehouse, outcome, previous = (
        People(seed, people, pack, idle, observed, stuck),
        Nights(logic, way_back=True),
        Outcome(people, nights),
        None,
    )
    for number in range(nights):
        day = START + timedelta(days=number)
        lives.live(day)
        lost = _lost(number, lost_every)
        warehouse.run(lives.inputs(day, previous, **lost))
        if "is_void" in lost:
            continue
        previous = day
        lives.take_over(warehouse.rows("select account_key, recommended_minor from dec_decision where is_assigned"))
        for row in warehouse.rows(ANSWERS):
            _count(outcome, lives, row)
            if row["promise_status"] == "OPEN" and row["promised_date"] == day:
                outcome.given += 1
                outcome.days_asked.append((row["restores_on_date"] - day).days)
                lives.tell(row)
        if say and day.day == 1:
            say(f"night {number + 1} of {nights}: {outcome.given} dates given, {sum(outcome.ended.values())} ended")
        if stops and stops(outcome):
            break
    outcome.still_open = warehouse.rows("select count(*) as open from dec_carried_promise")[0]["open"]
    warehouse.close()
    return outcome


def _lost(number: int, every: int | None) -> dict[str, object]:
    """How a night is lost, if it is: void, or with one source late, in turn."""
    if every is None or number % every != every - 1:
        return {}
    turn = number // every
    return {"is_void": True} if turn % 2 else {"late": LATE[turn // 2 % len(LATE)]}


def _count(outcome: Outcome, lives: People, row: dict) -> None:
    if row["ended_status"] is None:
        return
    key, end = row["customer_key"], (row["ended_status"], row["void_reason"])
    if key in lives.observed:
        outcome.observed_ended[end if row["action"] == "HOLD" else ("MOVED", None)] += 1
        return
    if key in lives.stuck:
        outcome.stuck_ended[end] += 1
        return
    (outcome.idle_ended if key in lives.idle else outcome.ended)[end] += 1
    if row["ended_status"] == "KEPT" and row["pending_minor"] is not None:
        outcome.kept_by_a_cut_that_waits += row["pending_minor"] < row["ended_restores_to_minor"]
    if key in lives.idle:
        return
    if row["ended_status"] == "KEPT":
        outcome.days_early.append((row["restores_on_date"] - row["business_date"]).days)
        return
    outcome.not_the_house += row["voided_by"] != "HOUSE"
    if len(outcome.examples) < 10:
        outcome.examples.append(str(row))


def main() -> int:
    """Print what became of every date; 1 if one was not kept, or where nights are lost, if one was void by another's fault."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate recourse", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--quick", action="store_true", help="short slots and cures in place of the bundled policy's")
    parser.add_argument("--lost-every", type=int, help="every so many a night is void, or a source is late, in turn")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        pack = (quick_pack if asked.quick else default_pack)(Path(folder) / "pack")
        outcome = follow_advice(
            project_logic(),
            pack,
            seed=asked.seed,
            people=asked.people,
            nights=asked.nights,
            lost_every=asked.lost_every,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
    rows = [("dates given", outcome.given), ("still open after the last night", outcome.still_open)]
    rows += [(f"ended {status}{f' ({reason})' if reason else ''}", n) for (status, reason), n in outcome.ended.items()]
    rows.append(("days from advice to date, median", int(np.median(outcome.days_asked or [0]))))
    rows.append(("days that the limit was back before its date, median", int(np.median(outcome.days_early or [0]))))
    title = f"{outcome.people:,} people, {outcome.nights} nights, pack {pack.settings.name}, seed {asked.seed}, {time.monotonic() - began:.0f} s"
    print_rows(("what", "number"), rows, Format.TABLE, title=title)
    for example in outcome.examples:
        print(example, file=sys.stderr)
    broken = outcome.not_the_house if asked.lost_every else outcome.ended.total() - outcome.ended[("KEPT", None)]
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
