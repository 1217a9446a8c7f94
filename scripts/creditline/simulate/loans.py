"""Loans: draws, instalment schedules, repayments and write-offs, exact to the fen.

An account's principal is what its unpaid instalments owe, less what was paid of them. An instalment owes its principal
and, once it is due, its interest: interest joins the principal on the due date, or on the day of an earlier payment.
Every change of the principal is a movement.
"""

from __future__ import annotations

import numpy as np

from creditline.simulate.calendar import month_of, monthly

MOVEMENT_KINDS = ("draw", "repayment", "interest", "write_off", "recovery")
DRAW, REPAYMENT, INTEREST, WRITE_OFF, RECOVERY = range(5)
_TERMS = np.array([3, 6, 12])
_TERM_SHARES = (0.3, 0.4, 0.3)
_SHORTEST_FIRST_PERIOD = 20
_NOT_YET = -1

_COLUMNS = {
    "account": np.int32,
    "loan": np.int32,
    "number": np.int16,
    "start": np.int32,  # the day from which its interest accrues
    "due": np.int32,
    "part": np.int64,  # the principal that it repays
    "interest": np.int64,
    "paid": np.int64,
    "paid_day": np.int32,  # the day on which it was paid in full, or -1
    "try_day": np.int32,  # the day of the next attempt to pay
    "changed": np.int32,  # the day of the last change that the core would deliver
    "is_reversed": bool,
    "is_charged": bool,  # its interest has joined the account's principal
    "is_written_off": bool,
}


class Loans:
    """All instalments that may still change or be delivered, the principal that they leave, and today's movements."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.principal = np.zeros(accounts, np.int64)
        self.loan_count = np.zeros(accounts, np.int32)
        self.today = np.zeros((len(MOVEMENT_KINDS), accounts), np.int64)  # fen moved since `start_day`
        self._rows = 0
        self._store = {name: np.empty(1024, kind) for name, kind in _COLUMNS.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        """The column of that name, with one entry for each instalment."""
        store = self.__dict__.get("_store", {})
        if name not in store:
            raise AttributeError(name)
        column: np.ndarray = store[name][: self._rows]
        return column

    # -- what the account owes ------------------------------------------------------------------------------------

    def is_open(self) -> np.ndarray:
        is_open: np.ndarray = (self.paid_day == _NOT_YET) & ~self.is_written_off
        return is_open

    def arrears(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """For each account at the end of `day`: fen past due, and days since the oldest unpaid due date."""
        late = np.flatnonzero((self.due < day) & self.is_open())
        amount = np.zeros(self.accounts, np.int64)
        np.add.at(amount, self.account[late], self.part[late] + self.interest[late] - self.paid[late])
        oldest = np.full(self.accounts, day, np.int64)
        np.minimum.at(oldest, self.account[late], self.due[late])
        return amount, day - oldest

    def accrued(self, day: int) -> np.ndarray:
        """For each account: fen of interest accrued by the end of `day` that have not joined the principal."""
        running = np.flatnonzero(self.is_open() & ~self.is_charged & (self.start < day))
        total = np.zeros(self.accounts, np.int64)
        np.add.at(total, self.account[running], self._accrued_of(running, day))
        return total

    def due_within(self, last_day: int) -> np.ndarray:
        """For each account: fen still to pay on instalments due up to `last_day`, arrears included."""
        near = np.flatnonzero(self.is_open() & (self.due <= last_day))
        total = np.zeros(self.accounts, np.int64)
        np.add.at(total, self.account[near], self.part[near] + self.interest[near] - self.paid[near])
        return total

    def _accrued_of(self, rows: np.ndarray, day: int) -> np.ndarray:
        elapsed = np.clip(day - self.start[rows], 0, self.due[rows] - self.start[rows]).astype(np.int64)
        accrued: np.ndarray = self.interest[rows] * elapsed // (self.due[rows] - self.start[rows])
        return accrued

    # -- what happens on a day ------------------------------------------------------------------------------------

    def start_day(self) -> None:
        self.today[:] = 0

    def draw(
        self,
        rng: np.random.Generator,
        day: int,
        account: np.ndarray,
        amount: np.ndarray,
        *,
        apr_ppm: np.ndarray,
        due_dom: np.ndarray,
        early_days: np.ndarray,
    ) -> None:
        """Add new loans, one for each account, repaid in 3, 6 or 12 equal monthly parts. The arrays are parallel."""
        terms = rng.choice(_TERMS, len(account), p=_TERM_SHARES)
        self.loan_count[account] += 1
        self._schedule(np.full(len(account), day), account, amount, terms, apr_ppm, due_dom, early_days)
        self._move(DRAW, account, amount)

    def open_with(
        self,
        day: int,
        drawn: np.ndarray,
        account: np.ndarray,
        amount: np.ndarray,
        terms: np.ndarray,
        *,
        paid_before: np.ndarray,
        apr_ppm: np.ndarray,
        due_dom: np.ndarray,
        early_days: np.ndarray,
    ) -> None:
        """Add loans from before the book begins on `day`. Instalments due before `paid_before` are paid and dropped."""
        self.loan_count[account] += 1
        self._schedule(drawn, account, amount, terms, apr_ppm, due_dom, early_days)
        starts = np.zeros(self.accounts, np.int64)
        starts[account] = paid_before
        self._keep(self.due >= starts[self.account])
        self.try_day[:] = np.maximum(self.try_day, day)
        self.is_charged[:] = self.due < day
        np.add.at(self.principal, self.account, self.part + np.where(self.is_charged, self.interest, 0))

    def charge_interest(self, rows: np.ndarray) -> None:
        """Add the interest of instalments to the principal, if it has not been added yet."""
        rows = rows[~self.is_charged[rows]]
        self.is_charged[rows] = True
        self._move(INTEREST, self.account[rows], self.interest[rows])

    def falls_due(self, day: int) -> None:
        self.charge_interest(np.flatnonzero((self.due == day) & self.is_open()))

    def to_try(self, day: int) -> np.ndarray:
        """Instalments (rows) whose next attempt to pay is due today."""
        return np.flatnonzero((self.try_day == day) & self.is_open())

    def open_of(self, flags: np.ndarray) -> np.ndarray:
        """Open instalments (rows) of the accounts whose flag is set."""
        return np.flatnonzero(flags[self.account] & self.is_open())

    def postpone(self, rows: np.ndarray, until: np.ndarray | int) -> None:
        self.try_day[rows] = until

    def bounce(self, day: int, rows: np.ndarray) -> None:
        """Return a debit: the instalment stays unpaid and keeps the mark for good."""
        self.is_reversed[rows] = True
        self.changed[rows] = day

    def pay(self, day: int, rows: np.ndarray) -> None:
        """Pay instalments in full."""
        self.charge_interest(rows)
        rest = self.part[rows] + self.interest[rows] - self.paid[rows]
        self.paid[rows] += rest
        self.paid_day[rows] = day
        self.changed[rows] = day
        self._move(REPAYMENT, self.account[rows], rest)

    def pay_half(self, day: int, rows: np.ndarray) -> None:
        """Pay half of what instalments still owe; they stay unpaid."""
        self.charge_interest(rows)
        half = (self.part[rows] + self.interest[rows] - self.paid[rows]) // 2
        self.paid[rows] += half
        self.changed[rows] = day
        self._move(REPAYMENT, self.account[rows], half)

    def pay_early(self, day: int, rows: np.ndarray) -> None:
        """Pay instalments before their due date, with only the interest accrued so far."""
        fresh = rows[~self.is_charged[rows]]
        self.interest[fresh] = self._accrued_of(fresh, day)
        self.pay(day, rows)

    def write_off(self, account: np.ndarray) -> None:
        """Write off the whole principal of accounts; their instalments stay unpaid."""
        flags = np.zeros(self.accounts, bool)
        flags[account] = True
        self.is_written_off[self.open_of(flags)] = True
        self._move(WRITE_OFF, account, self.principal[account])

    def recover(self, account: np.ndarray, amount: np.ndarray) -> None:
        """Record money that came in after a write-off; the principal stays zero."""
        self.today[RECOVERY, account] += amount

    def forget(self, before: int) -> None:
        """Drop instalments that are settled and whose last change was before that day."""
        self._keep(self.is_open() | (self.changed >= before))

    # -- storage --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, np.ndarray]:
        """Everything except movements, for `restore`."""
        columns = {f"instalment_{name}": self._store[name][: self._rows] for name in _COLUMNS}
        return {**columns, "principal": self.principal, "loan_count": self.loan_count}

    @classmethod
    def restore(cls, state: dict[str, np.ndarray]) -> Loans:
        loans = cls(len(state["principal"]))
        loans.principal, loans.loan_count = state["principal"].copy(), state["loan_count"].copy()
        loans._store = {name: state[f"instalment_{name}"].copy() for name in _COLUMNS}
        loans._rows = len(loans._store["account"])
        return loans

    def _schedule(
        self,
        drawn: np.ndarray,
        account: np.ndarray,
        amount: np.ndarray,
        terms: np.ndarray,
        apr_ppm: np.ndarray,
        due_dom: np.ndarray,
        early_days: np.ndarray,
    ) -> None:
        loan = np.repeat(np.arange(len(account)), terms)
        number = np.arange(len(loan)) - np.repeat(np.cumsum(terms) - terms, terms) + 1
        first_month = month_of(drawn)
        first_due = monthly(first_month, np.ones_like(first_month), due_dom)
        first_month = first_month + (first_due < drawn + _SHORTEST_FIRST_PERIOD)
        due = monthly(first_month[loan], number, due_dom[loan])
        start = np.where(number == 1, drawn[loan], monthly(first_month[loan], number - 1, due_dom[loan]))
        equal = amount // terms
        repaid = np.where(number == terms[loan], (amount - equal * (terms - 1))[loan], equal[loan])
        outstanding = amount[loan] - equal[loan] * (number - 1)
        interest = outstanding * apr_ppm[loan] * (due - start) // 365_000_000
        self._append(
            account=account[loan],
            loan=self.loan_count[account][loan],
            number=number,
            start=start,
            due=due,
            part=repaid,
            interest=interest,
            paid=0,
            paid_day=_NOT_YET,
            try_day=np.maximum(due - early_days[loan], drawn[loan] + 1),
            changed=drawn[loan],
            is_reversed=False,
            is_charged=False,
            is_written_off=False,
        )

    def _append(self, **columns: np.ndarray | int | bool) -> None:
        added = np.size(columns["account"])
        needed = self._rows + added
        if needed > len(self._store["account"]):
            room = max(needed, 2 * len(self._store["account"]))
            self._store = {name: np.resize(column[: self._rows], room) for name, column in self._store.items()}
        for name, values in columns.items():
            self._store[name][self._rows : needed] = values
        self._rows = needed

    def _keep(self, mask: np.ndarray) -> None:
        self._store = {name: self._store[name][: self._rows][mask] for name in _COLUMNS}
        self._rows = len(self._store["account"])

    def _move(self, kind: int, account: np.ndarray, amount: np.ndarray) -> None:
        np.add.at(self.today[kind], account, amount)
        np.add.at(self.principal, account, amount if kind in (DRAW, INTEREST) else -amount)
