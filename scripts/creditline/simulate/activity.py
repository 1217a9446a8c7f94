"""What customers do on one day, as their sources would record it: flows, sessions, applications, changes, cases.

Each function takes the world at the end of the day and returns the day's rows, as one array for each column.
"""

from __future__ import annotations

import numpy as np

from creditline.simulate.calendar import Window, day_of_month, local_day, maintenance_window
from creditline.simulate.causes import NONE
from creditline.simulate.loans import REPAYMENT
from creditline.simulate.population import IRREGULAR, PENSION, SALARY
from creditline.simulate.randomness import scatter, stream
from creditline.simulate.world import APART, CHARGED_OFF, World

Rows = dict[str, np.ndarray]

# Sorted by name, so that flows have the same order by index and by name.
FLOWS = (
    ("in", "pension"),
    ("in", "salary"),
    ("in", "transfer"),
    ("out", "consume"),
    ("out", "repay_other"),
    ("out", "repay_own"),
    ("out", "transfer"),
    ("out", "withdraw"),
)
_FLOW = {flow: code for code, flow in enumerate(FLOWS)}
FIELDS = ("phone", "card", "email", "address", "name")
OUTCOMES = ("approved", "rejected", "pending", "withdrawn")
LENDERS = 20
CASE_KINDS = ("appeal", "override", "hardship_pause", "human_review", "limit_request", "step_up_verified")
CASE_OUTCOMES = ("received", "upheld", "partial", "overturned", "restored", "withdrawn")
GROUNDS = ("reduction_disputed", "appeal_overturned", "loss_of_income", "asked_by_customer", "identity_confirmed")
ACTORS = ("customer", "officer_chen", "officer_wang")
SMALL_APPLICATION_FEN = 1_000_00
_EVENTS_A_DAY = 32
_BUREAU_EVERY = 30


def cash_flows(world: World) -> Rows:
    """One row for each customer, direction and kind: customer, flow (index into FLOWS), amount (fen), count."""
    people, day = world.population, world.day
    rng = stream(world.book.seed, "flows", day)
    chance = rng.random((5, people.customers))
    size = rng.random((3, people.customers)) + 0.5
    jobless, strained = world.living_through("income_loss"), world.heading_for_arrears()
    keenness = np.where(world.living_through("fading_activity"), 0.12, 1.0)
    means = np.where(jobless, 0.6, np.where(strained, 0.75, 1.0)) * people.income

    pay_day = day_of_month(day) == people.salary_dom
    spend = people.income * 0.55 / 30 / people.consume_chance * size[0] * size[1] * np.where(jobless, 0.6, 1.0)
    instalment_elsewhere = (day_of_month(day) == people.due_dom) & (people.external_debt > 1_000_00)
    casual = np.where(people.income_kind == IRREGULAR, 0.16, 0.03)
    plans = (
        ("in", "salary", pay_day & (people.income_kind == SALARY) & ~jobless, means * (0.97 + 0.06 * chance[0])),
        ("in", "pension", pay_day & (people.income_kind == PENSION), people.income),
        ("in", "transfer", chance[1] < casual * keenness, means * np.where(casual > 0.1, 0.2, 0.06) * size[1]),
        ("out", "transfer", chance[2] < 0.03 * keenness, means * 0.06 * size[2]),
        ("out", "consume", chance[3] < people.consume_chance * keenness, spend),
        (
            "out",
            "withdraw",
            chance[4] < 0.008 * (1 + 2 * people.risk + 4 * strained) * keenness,
            means * 0.05 * size[0],
        ),
        ("out", "repay_other", instalment_elsewhere, people.external_debt / 12),
    )
    window = maintenance_window(day, world.book.anchor)
    kept = 1.0 if window is None else 1 - (window.to_hour - window.from_hour) / 24
    parts = [_flow(direction, kind, happens, amount) for direction, kind, happens, amount in plans]
    parts = [_thin(part, rng, kept) for part in parts]
    repaid = world.per_customer(world.loans.today[REPAYMENT])
    parts.append(_flow("out", "repay_own", repaid > 0, repaid))
    rows = _stack(parts)
    return {**rows, "day": np.full(len(rows["customer"]), day), "count": 1 + (rows["amount"] // 100) % 3}


def _flow(direction: str, kind: str, happens: np.ndarray, amount: np.ndarray) -> Rows:
    who = np.flatnonzero(happens)
    fen = np.maximum(amount[who].astype(np.int64), 1)
    return {"customer": who, "flow": np.full(len(who), _FLOW[direction, kind]), "amount": fen}


def _thin(rows: Rows, rng: np.random.Generator, kept: float) -> Rows:
    """The rows that a maintenance window lets through."""
    if kept == 1.0:
        return rows
    passes = rng.random(len(rows["customer"])) < kept
    return {name: column[passes] for name, column in rows.items()}


def sessions(world: World) -> Rows:
    """event, customer, at (UTC seconds), device, region, is_proxy, succeeded."""
    people, day = world.population, world.day
    rng = stream(world.book.seed, "sessions", day)
    keenness = np.where(world.living_through("fading_activity"), 0.15, 1.0)
    who = np.flatnonzero(rng.random(people.customers) < people.session_chance * keenness)
    times = 1 + (rng.random(len(who)) < 0.3)
    order = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    who = np.repeat(who, times)
    second = people.has_second_device[who] & (rng.random(len(who)) < 0.35)
    owner = world.device_owner()[who]
    abroad = rng.random(len(who)) < 0.02
    usual = {
        "customer": who,
        "order": order,
        "device": owner << 24 | np.where(second, 1, world.phones_before[owner] << 1),
        "region": np.where(abroad, rng.integers(0, 300, len(who)), people.region[who]),
        "is_proxy": rng.random(len(who)) < 0.01,
        "succeeded": rng.random(len(who)) < 0.985,
    }
    rows = _stack([usual, _takeover_sessions(world)])
    seconds = _seconds_of_day(rng, len(rows["customer"]))
    open_ = _outside(maintenance_window(day, world.book.anchor), seconds)
    rows = {name: column[open_] for name, column in rows.items()}
    return {
        "event": _event(world, rows["customer"], rows.pop("order")),
        "customer": rows["customer"],
        "at": local_day(day, world.book.time_zone).instants(seconds[open_]),
        "device": scatter(rows["device"]),
        "region": rows["region"],
        "is_proxy": rows["is_proxy"],
        "succeeded": rows["succeeded"],
    }


def _takeover_sessions(world: World) -> Rows:
    """Nine sessions for each victim and day: three unknown devices, changing regions, mostly proxies, many failures."""
    victims = np.flatnonzero(world.living_through("account_takeover"))
    who, turn = np.repeat(victims, 9), np.tile(np.arange(9), len(victims))
    strange = (world.cause_start[who] & 0xFFFF) << 3 | turn % 3
    return {
        "customer": who,
        "order": 10 + turn,
        "device": who << 24 | 1 << 20 | strange,
        "region": 300 + (who * 7 + world.day + turn * 13) % 400,
        "is_proxy": turn % 4 != 3,
        "succeeded": turn % 3 == 2,
    }


def applications(world: World) -> Rows:
    """event, customer, at (UTC seconds), amount (fen), lender (0 to 19), outcome (index into OUTCOMES)."""
    people, day = world.population, world.day
    rng = stream(world.book.seed, "applications", day)
    eager = np.where(world.heading_for_arrears(), 6.0, 1.0) * np.where(world.living_through("income_loss"), 3.0, 1.0)
    who = np.flatnonzero(rng.random(people.customers) < people.application_chance * eager)
    wish = np.exp(rng.normal(8.2, 0.9, len(who)))
    usual = {
        "customer": who,
        "order": np.zeros(len(who), np.int64),
        "amount": np.clip(np.rint(wish / 100), 5, 500).astype(np.int64) * 100_00,
        "lender": rng.integers(0, LENDERS, len(who)),
        "refusal": 0.15 + 0.5 * people.risk[who],
    }
    rows = _stack([usual, _burst_applications(world)])
    draw, waits = rng.random((2, len(rows["customer"])))
    outcome = np.where(draw < rows["refusal"], 1, np.where(waits < 0.04, 2, np.where(waits > 0.97, 3, 0)))
    seconds = _seconds_of_day(rng, len(outcome))
    return {
        "event": _event(world, rows["customer"], rows["order"]),
        "customer": rows["customer"],
        "at": local_day(day, world.book.time_zone).instants(seconds),
        "amount": rows["amount"],
        "lender": rows["lender"],
        "outcome": outcome,
    }


def _burst_applications(world: World) -> Rows:
    """Two small applications on each of the first three days of a burst, and one on each of its other days."""
    bursting = np.flatnonzero(world.living_through("application_burst"))
    since = world.day - world.cause_start[bursting]
    times = np.where(since < 3, 2, 1)
    who, since = np.repeat(bursting, times), np.repeat(since, times)
    order = np.arange(len(who)) - np.repeat(np.cumsum(times) - times, times)
    return {
        "customer": who,
        "order": 1 + order,
        "amount": (300 + (who + since + order * 3) % 8 * 100) * 100,
        "lender": (who + since * 2 + order) % LENDERS,
        "refusal": np.full(len(who), 0.7),
    }


def profile_changes(world: World) -> Rows:
    """event, customer, at (UTC seconds), field (index into FIELDS)."""
    rng = stream(world.book.seed, "profile", world.day)
    who = np.flatnonzero(rng.random(world.population.customers) < 0.0006)
    parts = [_changes(who, rng.integers(0, len(FIELDS), len(who)), 0)]
    parts.append(_changes(new := world.starting("new_phone", days_ago=0), np.zeros(len(new), np.int64), 1))
    for days_ago in range(3):
        victims = world.starting("account_takeover", days_ago=days_ago)
        parts.append(_changes(victims, np.full(len(victims), days_ago), 2))
    rows = _stack(parts)
    seconds = _seconds_of_day(rng, len(rows["customer"]))
    return {
        "event": _event(world, rows["customer"], rows["order"]),
        "customer": rows["customer"],
        "at": local_day(world.day, world.book.time_zone).instants(seconds),
        "field": rows["field"],
    }


def _changes(who: np.ndarray, field: np.ndarray, order: int) -> Rows:
    return {"customer": who, "field": field, "order": np.full(len(who), order)}


def bureau_scores(world: World) -> Rows:
    """customer, day, score, debt (fen), has_new_default; each customer has one row in every 30 days."""
    people, day = world.population, world.day
    rng = stream(world.book.seed, "bureau", day)
    who = np.flatnonzero((np.arange(people.customers) + day) % _BUREAU_EVERY == 0)
    late, lost = world.days_past_due, world.status == CHARGED_OFF
    worst = np.zeros(people.customers, np.int64)
    np.maximum.at(worst, people.customer, np.where(lost, 200, late))
    strained = world.heading_for_arrears() | world.living_through("income_loss")
    fall = 45 * strained + 15 * world.living_through("application_burst") + np.minimum(worst, 90) * 9 // 10
    score = people.bureau_base[who] - fall[who] + rng.integers(-8, 9, len(who))
    grown = people.external_debt[who] * (90 + rng.integers(0, 21, len(who)) + 40 * strained[who]) // 100
    return {
        "customer": who,
        "day": np.full(len(who), day),
        "score": np.clip(score, 350, 950),
        "debt": grown,
        "has_new_default": (worst[who] >= 90) | (rng.random(len(who)) < 0.0002),
    }


def cases(world: World) -> Rows:
    """Case events: kind, account, customer, amount, from, to, actor, approver, ground, outcome. -1 means no value."""
    rng = stream(world.book.seed, "cases", world.day)
    paused = world.starting("hardship", days_ago=0)
    appealing = world.starting("appeal", days_ago=0)
    verified = world.ended_yesterday("account_takeover")
    asking = np.flatnonzero(rng.random(world.population.accounts) < 0.0001)
    doubtful = np.flatnonzero(rng.random(world.population.accounts) < 0.00002)
    limit, until = world.limit, world.cause_end
    parts = [
        _case(
            "hardship_pause",
            customer=paused,
            from_=world.day,
            to=until[paused],
            approver="officer_chen",
            ground="loss_of_income",
        ),
        _case("appeal", account=appealing, amount=limit[appealing], ground="reduction_disputed", outcome="received"),
        *_appeals_decided(world, rng),
        _case("step_up_verified", customer=verified[verified % 2 == 0], ground="identity_confirmed"),
        _case(
            "limit_request",
            account=asking,
            amount=limit[asking] * 4 // 5 // 100_00 * 100_00,
            ground="asked_by_customer",
        ),
        _case("human_review", account=doubtful, actor="officer_wang"),
    ]
    rows = _stack(parts)
    seconds = _seconds_of_day(rng, len(rows["kind"]))
    whose = np.where(rows["customer"] >= 0, rows["customer"], rows["account"])
    number = (world.day * max(world.population.accounts, 1) + whose) * _EVENTS_A_DAY
    at = local_day(world.day, world.book.time_zone).instants(seconds)
    order = rows["kind"] * 2 + (rows["outcome"] > 0)
    return {**rows, "event": number + order, "at": at}


def _appeals_decided(world: World, rng: np.random.Generator) -> list[Rows]:
    """Close appeals as upheld, partly upheld or overturned. For an overturned one, two people sign an override.

    In a closed loop the override raises the limit by a fifth. If the core is apart, the override grants the limit that
    the account already has.
    """
    ended = world.ended_yesterday("appeal")
    verdict = rng.choice([1, 2, 3], len(ended), p=[0.5, 0.2, 0.3])
    won = ended[verdict == 3]
    granted = world.limit[won]
    if world.book.core != APART:
        granted = granted * 6 // 5 // 100_00 * 100_00
    decided = _case("appeal", account=ended, actor="officer_chen", ground="reduction_disputed")
    override = _case(
        "override",
        account=won,
        amount=granted,
        from_=world.day,
        to=np.full(len(won), world.day + 90),
        actor="officer_chen",
        approver="officer_wang",
        ground="appeal_overturned",
    )
    return [{**decided, "outcome": verdict}, override]


def _case(
    kind: str,
    *,
    account: np.ndarray | None = None,
    customer: np.ndarray | None = None,
    amount: np.ndarray | int = NONE,
    from_: int = NONE,
    to: np.ndarray | int = NONE,
    actor: str = "customer",
    approver: str | None = None,
    ground: str | None = None,
    outcome: str | None = None,
) -> Rows:
    whose = account if account is not None else customer
    assert whose is not None, "a case is of an account or a customer"
    count = len(whose)
    values = {
        "kind": CASE_KINDS.index(kind),
        "account": NONE if account is None else account,
        "customer": NONE if customer is None else customer,
        "amount": amount,
        "from": from_,
        "to": to,
        "actor": ACTORS.index(actor),
        "approver": NONE if approver is None else ACTORS.index(approver),
        "ground": NONE if ground is None else GROUNDS.index(ground),
        "outcome": NONE if outcome is None else CASE_OUTCOMES.index(outcome),
    }
    return {name: np.broadcast_to(np.asarray(value, np.int64), count) for name, value in values.items()}


def movements(world: World) -> Rows:
    """One row for each account and kind that moved today: day, account, kind (see MOVEMENT_KINDS), amount (fen)."""
    kind, account = np.nonzero(world.loans.today)
    return {
        "day": np.full(len(account), world.day),
        "account": account,
        "kind": kind,
        "amount": world.loans.today[kind, account],
    }


def related_products(world: World) -> Rows:
    """All related products on this day: customer, product (0 huabei, 1 yuebao), balance (fen), days_past_due."""
    people, day = world.population, world.day
    late = world.living_through("related_product_arrears")
    huabei = np.flatnonzero(people.has_huabei)
    used = people.income[huabei] * (20 + (huabei * 7 + day * 2) % 60) // 400
    since = np.where(late[huabei], day - world.cause_start[huabei] + 1, 0)
    yuebao = np.flatnonzero(people.savings)
    drained = world.living_through("income_loss") | world.heading_for_arrears()
    weeks = np.clip((day - world.cause_start[yuebao]) // 7 + 1, 0, 9) * drained[yuebao]
    saved = people.savings[yuebao] * (900 + (yuebao * 11 + day) % 200) // 1000 * (10 - weeks) // 10
    return {
        "customer": np.concatenate([huabei, yuebao]),
        "product": np.repeat([0, 1], [len(huabei), len(yuebao)]),
        "balance": np.concatenate([used, saved]),
        "days_past_due": np.concatenate([since, np.zeros(len(yuebao), np.int64)]),
    }


def _event(world: World, customer: np.ndarray, order: np.ndarray) -> np.ndarray:
    number: np.ndarray = (world.day * world.population.customers + customer) * _EVENTS_A_DAY + order
    return number


def _seconds_of_day(rng: np.random.Generator, count: int) -> np.ndarray:
    """Local seconds of the day: one event in twenty falls before 5 o'clock, the others between 7 and 23 o'clock."""
    asleep, moment = rng.random((2, count))
    seconds: np.ndarray = np.where(asleep < 0.05, moment * 5 * 3600, 7 * 3600 + moment * 16 * 3600).astype(np.int64)
    return seconds


def _outside(window: Window | None, seconds: np.ndarray) -> np.ndarray:
    if window is None:
        return np.ones(len(seconds), bool)
    return (seconds < window.from_hour * 3600) | (seconds >= window.to_hour * 3600)


def _stack(parts: list[Rows]) -> Rows:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
