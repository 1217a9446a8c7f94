"""What the marts hold about one account on one night, and what the core was told about it.

A night's facts are those of its first publication, which its orders follow; what a restatement found out is kept beside
them. Each mart of each night is a file of its own, so an explanation costs the same however many nights there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict, TypeVar

import duckdb

from creditline.errors import CreditlineError
from creditline.explain.restated_limit import open_restated_limit
from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.marts import mart_rows
from creditline.home.publications import last_published, latest_revision
from creditline.home.restatements import Restatement, read_restatements
from creditline.policy import archived_pack
from creditline.release.told import Told, told_core
from creditline.release.wording import is_least
from creditline.store.rows import (
    AccountNight,
    Case,
    DecisionReason,
    DecisionStep,
    LimitDecision,
    LimitStanding,
    Recourse,
    TriggerNight,
    rows_as,
)

_RowOf = TypeVar("_RowOf")
# The reason of a raise that gives back what a restatement found.
GIVEN_BACK = "U2"


class _Floor(TypedDict):
    floor_amount: Decimal


@dataclass(frozen=True)
class Correction:
    """A decision that a restatement computed again: as first published, as it would be now and why, and who recorded it."""

    then: LimitDecision
    now: LimitDecision
    reasons: list[DecisionReason]
    revision: int
    record: Restatement


@dataclass(frozen=True)
class Return:
    """What a restatement gives back.

    `status`: owed (the next night decides it), owed_unordered (nothing is ordered about the account at present), ordered (it takes
    effect on `date`), returned (in force since `date`), nothing.
    """

    status: str
    amount: Decimal | None = None
    date: date | None = None


@dataclass(frozen=True)
class Published:
    """What the marts hold about one account on one night; `standing` only where it is today that is asked for.

    `was_frozen`: the account was frozen on the night before already; `was_blocked`: a trigger has kept the customer from borrowing since an earlier night; `min_draw`: the smallest amount that
    can be borrowed at once; `corrections`: of the night, and of the one that made the limit what it is; `gives_back`: what comes
    of them.
    """

    decision: LimitDecision
    account: AccountNight
    standing: LimitStanding | None
    reasons: list[DecisionReason]
    cause_reasons: list[DecisionReason]
    conditions: list[TriggerNight]
    recourse: Recourse | None
    appeals: list[Case]
    trace: list[DecisionStep]
    floor: Decimal
    told: Told
    was_blocked: bool
    was_frozen: bool
    min_draw: Decimal
    corrections: list[Correction]
    gives_back: Return | None

    def is_floor(self, amount: Decimal) -> bool:
        """The floor, the lowest limit of a credit decision; it must not look like money to borrow."""
        return is_least(amount, self.floor, self.decision["reference_limit_amount"])

    @property
    def is_corrected(self) -> bool:
        """Whether a restatement changed the decision that is explained."""
        return self._has_correction_of(self.decision["business_date"])

    @property
    def is_cause_corrected(self) -> bool:
        """Whether a restatement changed the decision that made the limit what it is."""
        return self.standing is not None and self._has_correction_of(self.standing["cause_date"])

    def _has_correction_of(self, night: date | None) -> bool:
        return any(one.then["business_date"] == night for one in self.corrections)

    @property
    def is_outdated(self) -> bool:
        """Whether today's limit is explained and a restatement changed the decision that set it."""
        return self.standing is not None and bool(self.corrections)

    @property
    def is_silent(self) -> bool:
        """Whether the customer is not told of tonight's decision, because none of it reaches the core except a present freeze."""
        return self.told.withheld is not None or (self.told.mode is not None and not self.told.is_frozen)


def read_published(home: Home, account_id: str, key: int, asked: date | None) -> Published:
    """What is published about an account on a night (without a date: the newest).

    Raises:
        CreditlineError: no night is published, or the account has no decision on that night.
    """
    newest = _newest_shown(home)
    night = asked or newest
    with connect_within(home) as connection:
        marts = _Marts(home, connection)
        decision = marts.decision(key, night) if night in home.published_dates() else None
        if decision is None:
            raise CreditlineError(
                f"account {account_id} has no decision on {night}; see `creditline status` for the nights"
            )
        return _read(marts, decision, newest, is_today=asked is None)


@dataclass(frozen=True)
class _Marts:
    """The marts of single nights, also if an earlier release published them."""

    home: Home
    connection: duckdb.DuckDBPyConnection

    def found(
        self,
        kind: type[_RowOf],
        mart: str,
        night: date,
        condition: str,
        values: list[int | str],
        revision: int | None = 0,
    ) -> list[_RowOf]:
        """Rows of a mart of a night's first publication, or of its latest if `revision` is None."""
        rows = mart_rows(self.home, mart, [night], revision)
        return rows_as(kind, self.connection.execute(f"select * from ({rows}) where {condition}", values))

    def of_account(
        self,
        kind: type[_RowOf],
        mart: str,
        key: int,
        night: date,
        order: str = "account_key",
        revision: int | None = 0,
    ) -> list[_RowOf]:
        return self.found(kind, mart, night, f"account_key = ? order by {order}", [key], revision)

    def decision(self, key: int, night: date, revision: int | None = 0) -> LimitDecision | None:
        """What a night decided about an account."""
        return next(iter(self.of_account(LimitDecision, "fct_limit_decision", key, night, revision=revision)), None)

    def reasons(self, key: int, night: date, revision: int | None = 0) -> list[DecisionReason]:
        """Why, the weightiest first."""
        return self.of_account(DecisionReason, "fct_decision_reason", key, night, "reason_rank", revision)


def _read(marts: _Marts, decision: LimitDecision, newest: date, *, is_today: bool) -> Published:
    home, key, night = marts.home, decision["account_key"], decision["business_date"]
    customer, pack = decision["customer_key"], decision["policy_version"]
    standing = _standing(marts, key, newest)
    cause = standing["cause_date"] if standing and is_today else None
    corrections = _corrections(marts, key, [day for day in (cause, night) if day])
    return Published(
        decision=decision,
        account=marts.of_account(AccountNight, "fct_account_night", key, night)[0],
        standing=standing if is_today else None,
        reasons=marts.reasons(key, night),
        cause_reasons=marts.reasons(key, cause) if cause else [],
        conditions=marts.found(
            TriggerNight,
            "fct_trigger_night",
            night,
            "customer_key = ? and policy_version = ? and is_sustained and not is_cured"
            " order by clean_days_needed - least(clean_days, clean_days_needed) desc, trigger_code",
            [customer, pack],
        ),
        recourse=next(iter(marts.of_account(Recourse, "fct_recourse", key, night)), None),
        appeals=marts.found(
            Case,
            "fct_case",
            night,
            "(account_key = ? or account_key is null and customer_key = ?) and kind = 'appeal' and is_open"
            " order by opened_date",
            [key, customer],
        ),
        trace=marts.of_account(DecisionStep, "fct_decision_trace", key, night, "step"),
        # `dim_policy` of another night may lack the pack that decided
        floor=marts.found(_Floor, "dim_policy", night, "policy_version = ?", [pack])[0]["floor_amount"],
        told=told_core(home, decision, is_today=is_today),
        was_blocked=_was_blocked(marts, decision),
        was_frozen=_was_frozen(marts, decision),
        min_draw=_least_draw(home, decision),
        corrections=corrections,
        gives_back=_gives_back(marts, key, newest, standing) if corrections else None,
    )


def _newest_shown(home: Home) -> date:
    """The newest published night; the pointer is not used."""
    published = home.published_dates()
    if not published:
        raise CreditlineError(f"{home.root}: no night is published yet; run `creditline night --all`")
    return published[-1]


def _standing(marts: _Marts, key: int, newest: date) -> LimitStanding | None:
    return next(iter(marts.of_account(LimitStanding, "dim_limit_standing", key, newest)), None)


def _corrections(marts: _Marts, key: int, nights: list[date]) -> list[Correction]:
    """Those of these nights whose decision about the account a restatement changed, each once and in order."""
    found = []
    for night in sorted(set(nights)):
        revision = latest_revision(marts.home, night)
        if not revision:
            continue
        first, latest = (marts.decision(key, night, each) for each in (0, None))
        if first and latest and first["decision_sha256"] != latest["decision_sha256"]:
            reasons = marts.reasons(key, night, None)
            record = next(one for one in reversed(read_restatements(marts.home)) if night in one.publications)
            found.append(Correction(first, latest, reasons, revision, record))
    return found


def _gives_back(marts: _Marts, key: int, newest: date, standing: LimitStanding | None) -> Return:
    """What recorded restatements still have to give back to the account, as of the newest night."""
    decision = marts.decision(key, newest)
    told = told_core(marts.home, decision, is_today=True) if decision else None
    if (
        decision
        and told
        and told.withheld is None
        and decision["action"] == "UP"
        and GIVEN_BACK in reason_codes(decision)
    ):
        return Return("ordered", decision["recommended_limit_amount"], decision["effective_date"])
    if (amount := open_restated_limit(marts.home, newest, key)) is not None:
        return Return("owed_unordered" if told and (told.mode or told.withheld) else "owed", amount)
    if standing and GIVEN_BACK in (standing["cause_reason_codes"] or "").split(","):
        return Return("returned", standing["limit_amount"], standing["since_date"])
    return Return("nothing")


def reason_codes(decision: LimitDecision) -> list[str | None]:
    """The reason codes of a decision, the most important first."""
    return [decision["reason_code_1"], decision["reason_code_2"], decision["reason_code_3"], decision["reason_code_4"]]


def _was_blocked(marts: _Marts, decision: LimitDecision) -> bool:
    """Whether a trigger that is active since an earlier night keeps the customer from borrowing."""
    night = decision["business_date"]
    before = last_published(marts.home, night)
    if before is None:
        return False
    blocking = "customer_key = ? and effect = 'block_draws' and is_sustained and not is_inherited and not is_cured"
    customer, pack = decision["customer_key"], decision["policy_version"]
    # the pack may have been another one then
    was = marts.found(TriggerNight, "fct_trigger_night", before, blocking, [customer])
    return bool(
        was
        and marts.found(
            TriggerNight, "fct_trigger_night", night, f"{blocking} and policy_version = ?", [customer, pack]
        )
    )


def _was_frozen(marts: _Marts, decision: LimitDecision) -> bool:
    """Whether the account was frozen on the night before already, so that tonight's freeze extends that one."""
    before = last_published(marts.home, decision["business_date"])
    earlier = marts.decision(decision["account_key"], before) if before else None
    return earlier is not None and earlier["display_state"] == "FROZEN_SECURITY"


def _least_draw(home: Home, decision: LimitDecision) -> Decimal:
    """The smallest draw of the account's product, by the pack that decided as the home keeps it."""
    pack = archived_pack(home, decision["policy_version"])
    tiers = {row["product_code"]: row["min_draw_amount"] for row in pack.tables["product_tier"]}
    return Decimal(tiers.get(decision["product_code"], 0))
