"""The book as it stands at the end of a day, and how it lives through the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditline.simulate.calendar import (
    NEVER,
    REGULATORY_CAP_FEN,
    REGULATORY_OFFSET,
    day_of_month,
    local_day,
    next_on,
)
from creditline.simulate.causes import (
    CODE,
    LEAD_DAYS,
    MONTH,
    NONE,
    REGULATORY_DATE,
    SHARED_NETWORK,
    Strikes,
    joined,
    lasting,
    late_shop,
    rest_until,
    strikes_of_month,
)
from creditline.simulate.loans import REPAYMENT, Loans
from creditline.simulate.population import make_population
from creditline.simulate.randomness import stream

# Who changes limits from the first night on: the core by itself, only our orders, or our orders and at times the core.
APART, OBEDIENT, CHAOTIC = CORES = ("apart", "obedient", "chaotic")
STATUSES = ("active", "blocked", "closed", "charged_off", "deceased")
ACTIVE, BLOCKED, CLOSED, CHARGED_OFF, DECEASED = range(5)

_YUAN_100 = 100_00
_SMALLEST_LIMIT, _LARGEST_LIMIT = 500_00, 200_000_00
_BLOCKED_FROM_DAYS, _WRITTEN_OFF_FROM_DAYS = 30, 180
_LOAN_AHEAD_DAYS = 25  # before a cause that shows in repayment, so that an instalment is due on its first day
_NEEDS_LOAN = ("arrears_rise", "arrears_rise_and_cure", "hardship", "income_loss")
_MEANS_LAST_DAYS = 45  # how many days a customer without income keeps paying
_STATE = (
    "limit", "status", "arrears", "days_past_due", "month_paid", "written_off", "cause", "cause_start", "cause_end",
    "busy_until", "unable_from", "unable_until", "phones_before", "next_month", "opening_principal", "frozen_until",
)  # fmt: skip
_OLD_ARREARS_SHARE = 0.006
_CHAOS_TIMES = 3  # how many times more often a chaotic core changes limits by itself
_INITIAL_LOAN_SHARE = 0.78


@dataclass(frozen=True)
class Book:
    """What a simulated book is made from; equal values give equal books."""

    seed: int
    accounts: int
    anchor: int  # the first night ever landed
    history_days: int
    time_zone: str
    core: str = APART

    @property
    def world_start(self) -> int:
        return self.anchor - self.history_days


class World:
    """Customers and accounts at the end of `day`. Money is in fen, days are numbers, arrays are one entry each."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.population = make_population(book.seed, book.accounts, book.world_start, book.anchor)
        people, accounts = self.population.customers, self.population.accounts
        self.day = book.world_start - 1
        self.limit = self.population.first_limit.copy()
        self.status = np.full(accounts, ACTIVE, np.int8)
        self.arrears = np.zeros(accounts, np.int64)
        self.days_past_due = np.zeros(accounts, np.int64)
        self.month_paid = np.zeros(accounts, np.int64)
        self.written_off = np.zeros(accounts, np.int64)
        self.cause = np.full(people, NONE, np.int64)
        self.cause_start = np.full(people, NEVER, np.int64)
        self.cause_end = np.full(people, NONE, np.int64)
        self.busy_until = np.full(people, NONE, np.int64)
        self.unable_from = np.full(people, NEVER, np.int64)  # instalments due from this day on are not paid ...
        self.unable_until = np.full(people, NONE, np.int64)  # ... until this day
        self.phones_before = np.zeros(people, np.int64)
        self.frozen_until = np.zeros(accounts, np.int64)  # UTC seconds
        self.next_month = np.array(-(book.history_days // MONTH))
        self.strikes = Strikes(*(np.zeros(0, np.int64) for _ in range(4)))
        self.loans = Loans(accounts)
        self._late_shop = late_shop(self.population)
        self._note_shared_networks()
        self._strike_old_arrears()
        self._schedule_causes(book.world_start)
        self._open_initial_loans()
        self.opening_principal = self.loans.principal.copy()

    # -- questions ------------------------------------------------------------------------------------------------

    def living_through(self, cause: str) -> np.ndarray:
        """Customers (mask) under a cause today."""
        under = self.cause == CODE[cause]
        is_now: np.ndarray = under & (self.cause_start <= self.day) & (self.day <= self.cause_end)
        return is_now

    def starting(self, cause: str, *, days_ago: int) -> np.ndarray:
        """Customers (indices) whose cause began that many days ago; a negative number means that it will begin."""
        return np.flatnonzero((self.cause == CODE[cause]) & (self.cause_start == self.day - days_ago))

    def ended_yesterday(self, cause: str) -> np.ndarray:
        return np.flatnonzero((self.cause == CODE[cause]) & (self.cause_end == self.day - 1))

    def heading_for_arrears(self) -> np.ndarray:
        """Customers (mask) who will stop paying within weeks, or have stopped for good."""
        rises: np.ndarray = (self.cause == CODE["arrears_rise"]) & (self.cause_start - LEAD_DAYS <= self.day)
        return rises

    def device_owner(self) -> np.ndarray:
        """Whose device each customer uses today. Members of the late shop share a device from the first night on."""
        own = np.arange(self.population.customers)
        apart = self._late_shop & (self.day < self.book.anchor)
        return np.where(apart, own, self.population.device_owner)

    def per_customer(self, of_accounts: np.ndarray) -> np.ndarray:
        """The sum over the accounts of each customer."""
        total = np.zeros(self.population.customers, np.int64)
        np.add.at(total, self.population.customer, of_accounts)
        return total

    # -- one day --------------------------------------------------------------------------------------------------

    def live_through(self, day: int) -> None:
        """Move the book from the end of the day before to the end of `day`."""
        self.day = day
        self.loans.start_day()
        if day_of_month(day) == 1:
            self.month_paid[:] = 0
        self._schedule_causes(day)
        self.phones_before[self.starting("new_phone", days_ago=0)] += 1
        self._pay()
        self._pay_early()
        self._draw()
        self.loans.falls_due(day)
        self.arrears, self.days_past_due = self.loans.arrears(day)
        self._change_status()
        self._change_limits()
        self._note_regulatory_date()
        self.month_paid += self.loans.today[REPAYMENT]

    def _pay(self) -> None:
        loans, rng = self.loans, stream(self.book.seed, "pay", self.day)
        rows = loans.to_try(self.day)
        who = self.population.customer[loans.account[rows]]
        unable = (loans.due[rows] >= self.unable_from[who]) & (self.day < self.unable_until[who])
        loans.postpone(rows[unable], self.unable_until[who[unable]])
        rows, who = rows[~unable], who[~unable]
        slips = (rng.random(len(rows)) < self.population.slip_chance[who]) & (self.day <= loans.due[rows])
        kind = rng.random(len(rows))
        late = loans.due[rows] + np.clip(rng.geometric(0.25, len(rows)), 1, 14)
        loans.postpone(rows[slips], late[slips])
        loans.bounce(self.day, rows[slips & (kind < 0.3)])
        loans.pay_half(self.day, rows[slips & (kind > 0.85)])
        loans.pay(self.day, rows[~slips])

    def _pay_early(self) -> None:
        loans = self.loans
        if len(bridged := self.ended_yesterday("blip")):
            rows = loans.open_of(self._flags(bridged))
            loans.pay_early(self.day, rows[loans.loan[rows] == loans.loan_count[loans.account[rows]]])
        for days_ago in (0, 4, 8):
            if len(who := self.starting("early_repay_redraw", days_ago=days_ago)):
                loans.pay_early(self.day, loans.open_of(self._flags(who)))

    def _draw(self) -> None:
        rng = stream(self.book.seed, "draw", self.day)
        amount = self._wanted_draws(rng)
        share = np.zeros(self.population.accounts)
        for cause in _NEEDS_LOAN:
            soon = (self.cause == CODE[cause]) & (self.cause_start == self.day + _LOAN_AHEAD_DAYS)
            share[soon[self.population.customer] & (self.loans.principal == 0)] = 0.4
        for days_ago in (-2, 2, 6, 10):
            share[self.starting("early_repay_redraw", days_ago=days_ago)] = 0.6
        share[self.starting("blip", days_ago=0)] = 0.98
        share[(self.population.opened == self.day - 1) & (self.loans.principal == 0)] = 0.5
        wanted = (share * self.limit).astype(np.int64) - self.loans.principal
        amount = np.where(share > 0, wanted, amount)
        amount = np.minimum(amount, self.limit - self.loans.principal) // _YUAN_100 * _YUAN_100
        able = (amount > 0) & (self.status == ACTIVE) & (self.days_past_due == 0) & (self.population.opened < self.day)
        able &= self.frozen_until <= local_day(self.day, self.book.time_zone).starts_at
        self._borrow(rng, np.flatnonzero(able), amount)

    def _wanted_draws(self, rng: np.random.Generator) -> np.ndarray:
        """Fen that each account would draw today, by habit or need."""
        people = self.population
        strained = self.heading_for_arrears() | self.living_through("income_loss")
        quiet = (
            self.living_through("early_repay_redraw") | self.living_through("blip") | self.living_through("hardship")
        )
        use = np.where(strained[people.customer], np.maximum(people.wanted_use, 0.9), people.wanted_use)
        gap = use * self.limit - self.loans.principal
        chance = np.where(gap > 0.1 * self.limit, 0.03, 0.0) * ~quiet[people.customer]
        today = rng.random(people.accounts) < chance
        return np.where(today, gap * (0.3 + 0.7 * rng.random(people.accounts)), 0).astype(np.int64)

    def _borrow(self, rng: np.random.Generator, account: np.ndarray, amount: np.ndarray) -> None:
        people, who = self.population, self.population.customer[account]
        self.loans.draw(
            rng,
            self.day,
            account,
            amount[account],
            apr_ppm=people.apr_ppm[account],
            due_dom=people.due_dom[who],
            early_days=people.pays_early_days[who],
        )

    def _change_status(self) -> None:
        rng = stream(self.book.seed, "status", self.day)
        chance = rng.random(self.population.accounts)
        late = self.days_past_due
        self.status[(self.status == BLOCKED) & (late == 0)] = ACTIVE
        self.status[(self.status == ACTIVE) & (late >= _BLOCKED_FROM_DAYS)] = BLOCKED
        lost = np.flatnonzero((late >= _WRITTEN_OFF_FROM_DAYS) & np.isin(self.status, (ACTIVE, BLOCKED, DECEASED)))
        self.written_off[lost] = self.loans.principal[lost]
        self.loans.write_off(lost)
        self.status[lost] = CHARGED_OFF
        self.arrears[lost] = self.days_past_due[lost] = 0

        owing = np.flatnonzero((self.written_off > 0) & (chance < 0.01))
        part = np.maximum(self.written_off[owing] // 20, 1)
        self.loans.recover(owing, part)
        self.written_off[owing] -= part

        spared = (self.cause_end < self.day)[self.population.customer]
        settled = (self.status == ACTIVE) & (self.loans.principal == 0) & spared
        self.status[settled & (chance < 2e-5)] = CLOSED
        dead = np.flatnonzero((self.status == ACTIVE) & spared & (chance > 1 - 3e-6))
        self.status[dead] = DECEASED
        who = self.population.customer[dead]
        self.unable_from[who], self.unable_until[who] = self.day, NEVER

    def _change_limits(self) -> None:
        """Let the core change limits now and then by itself; an obedient core does so only before the first night."""
        if self.book.core == OBEDIENT and self.day >= self.book.anchor:
            return
        rng = stream(self.book.seed, "limit", self.day)
        chance, size = rng.random((2, self.population.accounts))
        steady = (self.status == ACTIVE) & (self.days_past_due == 0) & (self.population.opened < self.day)
        often = _CHAOS_TIMES if self.book.core == CHAOTIC and self.day >= self.book.anchor else 1
        for moved, factor in (
            (steady & (chance < 0.0008 * often), 1.05 + 0.25 * size),
            (steady & (chance > 1 - 0.0004 * often), 0.6 + 0.3 * size),
        ):
            account = np.flatnonzero(moved)
            limit = (self.limit[account] * factor[account]).astype(np.int64) // _YUAN_100 * _YUAN_100
            self.limit[account] = np.clip(limit, _SMALLEST_LIMIT, _LARGEST_LIMIT)

    # -- causes ---------------------------------------------------------------------------------------------------

    def _schedule_causes(self, day: int) -> None:
        while self.book.anchor + MONTH * int(self.next_month) - LEAD_DAYS <= day:
            gone = np.zeros(self.population.customers, bool)
            gone[self.population.customer[self.status >= CLOSED]] = True
            gone |= self.unable_until == NEVER
            book, month = self.book, int(self.next_month)
            self._strike(strikes_of_month(book.seed, self.population, book.anchor, month, self.busy_until, gone))
            self.next_month = np.array(month + 1)

    def _strike(self, strikes: Strikes) -> None:
        who = strikes.customer
        self.cause[who], self.cause_start[who], self.cause_end[who] = strikes.code, strikes.start, strikes.end
        self.busy_until[who] = rest_until(strikes)
        self.strikes = joined([self.strikes, strikes])
        opens, closes = strikes.start.copy(), strikes.end.copy()
        broke = strikes.code == CODE["income_loss"]
        opens[broke] += _MEANS_LAST_DAYS
        stops = np.isin(strikes.code, [CODE[name] for name in _NEEDS_LOAN]) & (~broke | (who % 3 == 0))
        self.unable_from[who[stops]], self.unable_until[who[stops]] = opens[stops], closes[stops]

    def _note_shared_networks(self) -> None:
        who = np.flatnonzero(self.population.group)
        opens = np.where(self._late_shop[who], self.book.anchor, self.book.world_start)
        self.strikes = joined([self.strikes, lasting(SHARED_NETWORK, who, opens)])

    def _note_regulatory_date(self) -> None:
        """Note whom the legal cap binds from this day on: every customer whose limits add up to more than it."""
        if self.day == self.book.anchor + REGULATORY_OFFSET:
            who = np.flatnonzero(self.per_customer(self.limit) > REGULATORY_CAP_FEN)
            self.strikes = joined([self.strikes, lasting(REGULATORY_DATE, who, np.full(len(who), self.day))])

    def _strike_old_arrears(self) -> None:
        """Choose a few customers who stopped paying one to five months before the book begins."""
        people, rng = self.population, stream(self.book.seed, "old arrears")
        who = rng.choice(people.customers, int(people.customers * _OLD_ARREARS_SHARE), replace=False)
        who = who[people.opened[who] < self.book.world_start - 200]
        ago = rng.integers(20, 150, len(who))
        start = next_on(self.book.world_start - 31 - ago, people.due_dom[who])
        self._strike(Strikes(who, np.full(len(who), CODE["arrears_rise"]), start, np.full(len(who), NEVER)))

    def _open_initial_loans(self) -> None:
        people, rng, first = self.population, stream(self.book.seed, "initial loans"), self.book.world_start
        soon = (self.cause_start < first + LEAD_DAYS) & np.isin(self.cause, [CODE[name] for name in _NEEDS_LOAN])
        has_loan = (rng.random(people.accounts) < _INITIAL_LOAN_SHARE) | soon[people.customer]
        stopped = np.minimum(self.cause_start, first)[people.customer]
        account = np.flatnonzero(has_loan & (people.opened < stopped - 29))
        who, stopped = people.customer[account], stopped[account]
        age = rng.integers(25, 330, len(account))
        drawn = np.minimum(np.maximum(first - age, people.opened[account] + 1), stopped - 25)
        use = np.maximum(people.wanted_use[account] * (0.85 + rng.random(len(account))), 0.15)
        amount = np.minimum(use, 1.0) * self.limit[account]
        self.loans.open_with(
            first,
            drawn,
            account,
            np.maximum(amount.astype(np.int64) // _YUAN_100 * _YUAN_100, _YUAN_100),
            np.full(len(account), 12),
            paid_before=stopped,
            apr_ppm=people.apr_ppm[account],
            due_dom=people.due_dom[who],
            early_days=people.pays_early_days[who],
        )

    def _flags(self, accounts: np.ndarray) -> np.ndarray:
        flags = np.zeros(self.population.accounts, bool)
        flags[accounts] = True
        return flags

    # -- storage --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """All that `restore` needs to continue from the end of this day."""
        own = {f"world_{name}": getattr(self, name) for name in _STATE}
        struck = {f"strike_{name}": getattr(self.strikes, name) for name in Strikes.__annotations__}
        return {**own, **struck, **self.loans.state(), "day": np.array(self.day)}

    @classmethod
    def restore(cls, book: Book, state: dict[str, np.ndarray]) -> World:
        world = cls.__new__(cls)
        world.book = book
        world.population = make_population(book.seed, book.accounts, book.world_start, book.anchor)
        for name in _STATE:
            setattr(world, name, state[f"world_{name}"].copy())
        world.strikes = Strikes(*(state[f"strike_{name}"] for name in Strikes.__annotations__))
        world.loans = Loans.restore(state)
        world._late_shop = late_shop(world.population)
        world.day = int(state["day"])
        return world
