"""The customers and accounts of the book, with the traits that never change: one array for each trait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditline.simulate.randomness import stream

ENTITIES = ("BANK01", "CFC01", "MICRO01")
PRODUCTS = ("jiebei_mini", "jiebei_standard", "jiebei_plus")
PARTNERS = ("PARTNER01", "PARTNER02", "PARTNER03", "PARTNER04")
PURPOSES = ("consumer", "business")
CHANNELS = ("internet", "joint")
CONSENTS = ("opted_in", "opted_out", "unknown")
SALARY, PENSION, IRREGULAR = range(3)
ALONE, CAMPUS, HOUSEHOLD, SHOP = range(4)

_TWO_ACCOUNTS_SHARE = 0.08
_HOME_REGIONS = 300
_CAMPUS_REGION = 900
_CAMPUS_SHARE = 0.02
_HOUSEHOLD_SIZE, _SHOP_SIZE = 3, 6
_GROUPED_SHARE = 0.01
_LOWEST_LIMIT, _HIGHEST_LIMIT = 500, 200_000
_LIMIT_RANGE = np.array([[500, 3_000], [3_000, 50_000], [20_000, 200_000]])
_APR_RANGE_PPM = np.array([[72_000, 156_000], [120_000, 200_000], [140_000, 240_000]])


@dataclass(frozen=True)
class Population:
    """Traits of C customers (index 0 to C-1) and N accounts (index 0 to N-1). Account i < C belongs to customer i.

    Money is in fen, rates in millionths, probabilities are per day.
    """

    # customers, shape (C,)
    risk: np.ndarray
    income: np.ndarray
    income_kind: np.ndarray
    salary_dom: np.ndarray
    due_dom: np.ndarray
    pays_early_days: np.ndarray
    slip_chance: np.ndarray
    consume_chance: np.ndarray
    session_chance: np.ndarray
    application_chance: np.ndarray
    bureau_base: np.ndarray
    external_debt: np.ndarray
    region: np.ndarray
    device_owner: np.ndarray
    group: np.ndarray
    has_second_device: np.ndarray
    has_huabei: np.ndarray
    savings: np.ndarray
    # accounts, shape (N,)
    customer: np.ndarray
    product: np.ndarray
    entity: np.ndarray
    business: np.ndarray
    joint: np.ndarray
    partner: np.ndarray
    own_share_bp: np.ndarray
    apr_ppm: np.ndarray
    first_limit: np.ndarray
    wanted_use: np.ndarray
    opened: np.ndarray
    consent: np.ndarray

    @property
    def customers(self) -> int:
        return len(self.risk)

    @property
    def accounts(self) -> int:
        return len(self.customer)


def make_population(seed: int, accounts: int, world_start: int, anchor: int) -> Population:
    """Make a population; equal arguments give equal ones. Days are numbers; accounts are opened before `anchor`."""
    customers = max(1, -int(-accounts // (1 + _TWO_ACCOUNTS_SHARE)))
    traits = _customer_traits(stream(seed, "customers"), customers)
    return Population(**traits, **_account_traits(stream(seed, "accounts"), accounts, traits, world_start, anchor))


def _customer_traits(rng: np.random.Generator, customers: int) -> dict[str, np.ndarray]:
    risk = rng.random(customers) ** 2
    income_yuan = np.exp(rng.normal(8.85, 0.5, customers)) * (1.1 - 0.3 * risk)
    income = np.clip(np.rint(income_yuan / 10), 150, 20_000).astype(np.int64) * 10_00
    device_owner, region, group = _shared_networks(rng, customers)
    return {
        "risk": risk,
        "income": income,
        "income_kind": rng.choice(3, customers, p=[0.83, 0.07, 0.10]).astype(np.int8),
        "salary_dom": rng.integers(1, 29, customers),
        "due_dom": rng.integers(1, 29, customers),
        "pays_early_days": rng.choice(4, customers, p=[0.6, 0.2, 0.1, 0.1]),
        "slip_chance": 0.004 + 0.14 * risk,
        "consume_chance": 0.12 + 0.28 * rng.random(customers),
        "session_chance": 0.05 + 0.15 * rng.random(customers),
        "application_chance": 0.001 + 0.012 * risk * rng.random(customers),
        "bureau_base": np.clip(np.rint(770 - 190 * risk + rng.normal(0, 25, customers)), 400, 900).astype(np.int64),
        "external_debt": (income * (rng.random(customers) * (0.5 + 5 * risk))).astype(np.int64) // 100 * 100,
        "region": region,
        "device_owner": device_owner,
        "group": group,
        "has_second_device": rng.random(customers) < 0.25,
        "has_huabei": rng.random(customers) < 0.6,
        "savings": np.where(
            rng.random(customers) < 0.55, (income * rng.exponential(1.0, customers) * (1.2 - risk)).astype(np.int64), 0
        ),
    }


def _shared_networks(rng: np.random.Generator, customers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each customer: whose device the customer uses, the home region, and the group."""
    owner = np.arange(customers)
    region = rng.integers(0, _HOME_REGIONS, customers)
    group = np.full(customers, ALONE, np.int8)
    order = rng.permutation(customers)
    campus = order[: max(8, int(customers * _CAMPUS_SHARE))]
    region[campus], group[campus] = _CAMPUS_REGION, CAMPUS
    rest = order[len(campus) :]
    for code, size in ((HOUSEHOLD, _HOUSEHOLD_SIZE), (SHOP, _SHOP_SIZE)):
        groups = max(2, int(customers * _GROUPED_SHARE) // size)
        members, rest = rest[: groups * size], rest[groups * size :]
        heads = np.repeat(members[::size], size)[: len(members)]
        owner[members], region[members], group[members] = heads, region[heads], code
    return owner, region, group


def _account_traits(
    rng: np.random.Generator, accounts: int, traits: dict[str, np.ndarray], world_start: int, anchor: int
) -> dict[str, np.ndarray]:
    customers = len(traits["risk"])
    second = np.sort(rng.choice(customers, accounts - customers, replace=False))
    customer = np.concatenate([np.arange(customers), second])
    risk, income = traits["risk"][customer], traits["income"][customer]
    product = rng.choice(3, accounts, p=[0.2, 0.55, 0.25]).astype(np.int8)
    lowest, highest = _LIMIT_RANGE[product].T
    wish = income / 100 * (0.8 + 6 * rng.random(accounts) * (1.3 - risk)) * np.array([0.06, 0.8, 2.5])[product]
    limit = np.clip(np.clip(wish, lowest, highest), _LOWEST_LIMIT, _HIGHEST_LIMIT).astype(np.int64) // 100 * 100_00
    entity = rng.choice(3, accounts, p=[0.5, 0.3, 0.2]).astype(np.int8)
    low_apr, high_apr = _APR_RANGE_PPM[entity].T
    joint = (entity < 2) & (rng.random(accounts) < 0.15)
    return {
        "customer": customer,
        "product": product,
        "entity": entity,
        "business": rng.random(accounts) < 0.04,
        "joint": joint,
        "partner": rng.integers(0, len(PARTNERS), accounts).astype(np.int8),
        "own_share_bp": rng.integers(6, 21, accounts) * 500,
        "apr_ppm": (low_apr + (high_apr - low_apr) * (0.3 * rng.random(accounts) + 0.7 * risk)).astype(np.int64)
        // 3_600
        * 3_600,
        "first_limit": limit,
        "wanted_use": np.clip(0.05 + 0.6 * risk + rng.normal(0, 0.2, accounts), 0, 0.95),
        "opened": _opened(rng, accounts, world_start, anchor),
        "consent": rng.choice(3, accounts, p=[0.7, 0.05, 0.25]).astype(np.int8),
    }


def _opened(rng: np.random.Generator, accounts: int, world_start: int, anchor: int) -> np.ndarray:
    """The day each account opened: most before the history, one in twenty in it and early enough for a due day."""
    long_ago = world_start - rng.integers(30, 1_500, accounts)
    span = anchor - world_start - 60
    if span <= 0:
        return long_ago
    recently = world_start + rng.integers(0, span, accounts)
    return np.where(rng.random(accounts) < 0.05, recently, long_ago)
