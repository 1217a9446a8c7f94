"""What happens to which customer and when: the schedule of causes, drawn a month ahead, and the truth about them.

A customer has one cause at a time. The first starts of a month are fixed, so that even a small book has causes in
progress on its first night and causes that start on its first, second and fourth night.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditline.simulate.calendar import NEVER, day_of_month, next_on
from creditline.simulate.population import SALARY, SHOP, Population
from creditline.simulate.randomness import stream

MONTH = 30
LEAD_DAYS = 45  # how many days before its start the simulator knows a cause, so that signs can precede it
_REST_DAYS = LEAD_DAYS + 1  # so that the simulator never knows the next cause before this one is over
_EARLY_STARTS = (0, 1, 3)
_LATE_STARTS = (29, 28, 26)

NONE = -1


@dataclass(frozen=True)
class Cause:
    """How often a cause strikes and how long it lasts (both ends included)."""

    name: str
    monthly_share: float
    at_least: int
    shortest_days: int
    longest_days: int
    starts_on: str = "any"  # any day, or the customer's `due` or `salary` day of the month


CAUSES = (
    Cause("application_burst", 0.0020, 4, 7, 7),
    Cause("arrears_rise_and_cure", 0.0020, 4, 15, 60, "due"),
    Cause("arrears_rise", 0.0015, 4, NEVER, NEVER, "due"),
    Cause("fading_activity", 0.0030, 4, 90, 180),
    Cause("income_loss", 0.0020, 4, 60, 150, "salary"),
    Cause("early_repay_redraw", 0.0010, 4, 12, 12),
    Cause("related_product_arrears", 0.0020, 4, 20, 70),
    Cause("blip", 0.0030, 4, 3, 3),
    Cause("account_takeover", 0.0010, 4, 3, 3),
    Cause("new_phone", 0.0100, 5, 1, 1),
    Cause("hardship", 0.0015, 4, 60, 90, "due"),
    Cause("appeal", 0.0010, 4, 5, 20),
)
_RISK_DRIVEN = {"application_burst", "arrears_rise_and_cure", "arrears_rise", "income_loss", "related_product_arrears"}
SHARED_NETWORK, REGULATORY_DATE, MAINTENANCE_WINDOW = "shared_network", "regulatory_date", "maintenance_window"
NAMES = (*(cause.name for cause in CAUSES), SHARED_NETWORK, REGULATORY_DATE)
CODE = {name: code for code, name in enumerate(NAMES)}


@dataclass(frozen=True)
class Strikes:
    """Causes that strike customers: parallel arrays of customer index, cause code, first and last day."""

    customer: np.ndarray
    code: np.ndarray
    start: np.ndarray
    end: np.ndarray


def strikes_of_month(
    seed: int, population: Population, anchor: int, month: int, busy_until: np.ndarray, gone: np.ndarray
) -> Strikes:
    """The causes that start in the 30 days from `anchor + 30 * month` on.

    Args:
        busy_until: for each customer, the last day on which an earlier cause still shows.
        gone: customers to whom nothing can happen any more.
    """
    first = anchor + MONTH * month
    rng = stream(seed, "causes", first)
    special = first + np.array(_EARLY_STARTS if month >= 0 else _LATE_STARTS)
    free = (busy_until < first) & ~gone
    parts = []
    for code, cause in enumerate(CAUSES):
        count = max(cause.at_least, round(cause.monthly_share * population.customers))
        chosen = _choose(rng, population, cause, free, count, special)
        free[chosen] = False
        start = _starts(rng, population, cause, chosen, first, special)
        length = rng.integers(cause.shortest_days, cause.longest_days + 1, len(chosen))
        end = np.minimum(start + length - 1, NEVER)
        parts.append(Strikes(chosen, np.full(len(chosen), code), start, end))
    return joined(parts)


def rest_until(strikes: Strikes) -> np.ndarray:
    """For each strike, the day until which its customer gets no new cause."""
    rested: np.ndarray = np.minimum(strikes.end + _REST_DAYS, NEVER)
    return rested


def _choose(
    rng: np.random.Generator,
    population: Population,
    cause: Cause,
    free: np.ndarray,
    count: int,
    special: np.ndarray,
) -> np.ndarray:
    """Customers for one cause. The first of them have their due or salary day on the special start days."""
    able = np.flatnonzero(free & _is_able(population, cause))
    # Causes that depend on risk are likelier for riskier customers.
    weight = 0.2 + population.risk[able] * (3 if cause.name in _RISK_DRIVEN else 0)
    order = able[np.argsort(rng.random(len(able)) / weight, kind="stable")]
    day_of = _day_of_month_of(population, cause)
    if day_of is None:
        return order[:count]
    leaders: list[int] = []
    for start in special:
        day = int(day_of_month(start))
        wanted = day if day <= 28 else 1  # nobody has a due day after the 28th
        match = order[(day_of[order] == wanted) & ~np.isin(order, leaders)]
        leaders.extend(match[:1])
    followers = order[~np.isin(order, leaders)][: max(0, count - len(leaders))]
    return np.concatenate([np.array(leaders, dtype=np.int64), followers])


def _is_able(population: Population, cause: Cause) -> np.ndarray:
    if cause.name == "income_loss":
        is_paid: np.ndarray = population.income_kind == SALARY
        return is_paid
    if cause.name == "related_product_arrears":
        return population.has_huabei
    if cause.name == "fading_activity":
        return population.consume_chance > 0.2
    return np.ones(population.customers, bool)


def _day_of_month_of(population: Population, cause: Cause) -> np.ndarray | None:
    return {"due": population.due_dom, "salary": population.salary_dom}.get(cause.starts_on)


def _starts(
    rng: np.random.Generator, population: Population, cause: Cause, chosen: np.ndarray, first: int, special: np.ndarray
) -> np.ndarray:
    start = first + rng.integers(0, MONTH, len(chosen))
    start[: len(special)] = special[: len(chosen)]
    day_of = _day_of_month_of(population, cause)
    return start if day_of is None else next_on(start, day_of[chosen])


def late_shop(population: Population) -> np.ndarray:
    """The customers (mask) of the one shop whose device is shared only from the first night on."""
    shop = population.group == SHOP
    heads = population.device_owner[shop]
    is_theirs: np.ndarray = shop & (population.device_owner == heads.min(initial=NEVER))
    return is_theirs


def lasting(name: str, customer: np.ndarray, start: np.ndarray) -> Strikes:
    """A cause that stays with its customers for good."""
    return Strikes(customer, np.full(len(customer), CODE[name]), start, np.full(len(customer), NEVER))


def joined(parts: list[Strikes]) -> Strikes:
    """Several sets of strikes as one, in their order."""
    return Strikes(*(np.concatenate([getattr(part, name) for part in parts]) for name in Strikes.__annotations__))
