"""A book full of awkward customers, night after night: every case kind, distrusted and missing sources, void and irregular
nights, cores that follow our limits and cores that do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from decision_harness import (
    ACCOUNT_COLUMNS,
    ACK_COLUMNS,
    APPROVED,
    CHANGE_COLUMNS,
    CORRECTION_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    ORDER_COLUMNS,
    STANDING_COLUMNS,
    WATCHED_COLUMNS,
    Inputs,
    all_features,
)
from decision_packs import varied_policies

from creditline.landing.contract import contract
from creditline.policy import Pack
from creditline.warehouse.sources import NightParameters, NightSource

START = date(2026, 2, 20)
# Days to the next night: most follow at once, some after a weekend or a month.
GAPS = (1, 1, 1, 3, 1, 1, 2, 1, 1, 1, 1, 1, 1, 4, 1)
VOID_NIGHTS = (9, 24)
APPROVED_EVERY = 4
# Nights on which a source is distrusted for certain, since a branch waits for it.
LATE = {"case_event": (12, 13, 28), "instalment": (11, 16, 20, 27, 33)}
INSTALMENTS_FROM = 7
# Nights on which a feature is lost on the way, though its source was delivered.
LOST = {"f38_bureau_score": (15, 29)}
ENTITIES = ("BANK01", "BANK01", "BANK01", "CFC01", "MICRO01")
# No pack has a tier for the last one.
PRODUCTS = (*("mini", "standard", "standard", "plus") * 4, "foreign")
# Values about the thresholds of triggers and freezes; everything else is drawn at the edges of its bins.
SPECIAL = {
    "f01_dpd_now": [0] * 30 + [1, 3, 4, 9, 10, 15, 29, 30, 31, 90, None],
    "f02_dpd_max_30d": [0] * 12 + [3, 4, 9, 10, 30, None],
    "f23_first_payment_default": [0] * 40 + [1, None],
    "f41_related_dpd_30d": [0] * 30 + [5, 29, 30, 31, None],
    "f13_small_apps_7d": [0, 0, 1, 2, 3, 4, 5, 6, None],
    "f15_app_burst_x90": [-7, 0, 1, 83, 300, None],
    "f06_util_bp": [None, -50, 0, 2999, 3000, 6999, 7000, 9499, 9500, 14000],
    "f33_new_devices_7d": [0] * 20 + [1, 2, 3],
    "f34_regions_1d": [1] * 20 + [2, 3, 4],
    "f35_failed_logins_1d": [0, 0, 5],
    "f36_proxy_share_7d_bp": [0, 4999, 5000, None],
    "f37_customers_per_device": [1] * 30 + [4, 5, 6, None],
    "f44_profile_changes_30d": [0] * 10 + [1, 2, 3],
    "f43_days_since_balance": [0, 30],
    "f12_revolving_days_90d": [0, 90],
    "f22_early_repay_30d": [0, 3],
    "on_time_instalments_90d": [0, 1, 2, 3, 4, 5],
    "due_instalments_90d": [0, 1, 2, 3, 4, 5],
    "suspicious_events_new": [0, 0, 1, 2],
    "bureau_has_new_default": [0] * 40 + [1, None],
}
# Sources of which rows of earlier nights are corrected.
CORRECTED = ("account_snapshot", "bureau_score")
KINDS = (
    "appeal", "override", "override", "override", "hardship_pause", "opt_out_automated", "human_review", "limit_request",
    "limit_request", "legal_hold", "step_up_verified",
)  # fmt: skip


@dataclass
class Book:
    """The book as it stands; `advance` makes the next night out of the orders that were called for."""

    seed: int
    customers: int
    packs: dict[str, Pack]
    number: int = 0
    day: date = START
    previous: date | None = None
    accounts: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    opening: list[dict] = field(default_factory=list)
    # released and answered since the last valid night, and what the core has not done yet
    orders: list[dict] = field(default_factory=list)
    acks: list[dict] = field(default_factory=list)
    corrections: list[dict] = field(default_factory=list)
    undone: list[dict] = field(default_factory=list)
    unsent: list[dict] = field(default_factory=list)
    # freezes and restores that left since the last valid night
    watched: list[dict] = field(default_factory=list)
    # customers merged and split since the last valid night
    changes: list[dict] = field(default_factory=list)
    # what tonight had decided, if it is a night that is restated
    standing: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.choose = np.random.default_rng(self.seed)
        # of its own: watches come and go and change nothing else about a book
        self.watcher = np.random.default_rng((self.seed, 1))
        self.choose_changes = np.random.default_rng(self.seed + 1)
        # people answer by dice of their own
        self.answer = np.random.default_rng((self.seed, 2))
        self.values = {name: SPECIAL.get(name) or _edges(self.packs["alpha"], name) for name in all_features()}
        self.drawn: dict[str, list[int | None]] = {name: [] for name in self.values}
        for customer in range(1, self.customers + 1):
            self._add_customer(customer)

    # ---- customers and accounts

    def _pick(self, options: tuple | list) -> object:
        return options[int(self.choose.integers(len(options)))]

    def _one_in(self, count: int) -> bool:
        return int(self.choose.integers(count)) == 0

    def _add_customer(self, customer: int) -> None:
        income = None if self._one_in(6) else int(self.choose.integers(2_000, 30_000)) * 100
        entity = self._pick(ENTITIES)
        for place in range(self._pick((1, 1, 2, 3))):
            self._add_account(customer, place, entity if self._one_in(2) else self._pick(ENTITIES), income)

    def _add_account(self, customer: int, place: int, entity: str, income: int | None) -> None:
        # keys of accounts and customers do not rise together
        key = (place + 1) * 1_000_000 + customer * 7919 % 999_983
        taken = {row["account_key"] for row in self.accounts}
        while key in taken:
            key += 1_000_000
        limit = int(self.choose.integers(50, 3000)) * 1000
        if self._one_in(6):
            limit = self._pick([0, 500, 999, 5_000, 123_457, limit + 333, limit + 1])
        self.accounts.append(
            {
                "account_key": key,
                "customer_key": customer,
                "product_code": self._pick(PRODUCTS),
                "status": "active",
                "opened_date": self.day - timedelta(days=int(self.choose.integers(0, 1000))),
                "limit_minor": limit,
                "principal_minor": int(limit * self.choose.uniform(0, 1.1)),
                "legal_entity_code": entity,
                "purpose_code": self._pick(("consumer", "consumer", "business")),
                "channel_code": self._pick(("internet", "internet", "branch", "joint")),
                "income_monthly_minor": income if not self._one_in(8) else self._pick((None, 0)),
                "income_as_of_date": self.day - timedelta(days=int(self.choose.integers(0, 260))),
                "raise_consent_code": self._pick(("opted_in",) * 6 + ("opted_out", "unknown", None)),
            }
        )
        if self._one_in(3):
            reference = self._pick([limit, limit * 2, limit // 2, limit + 777, 0])
            trigger = self._pick(["H1", "H2", "H4", None, None, None, None])
            frozen = datetime.combine(self.day, time()) + timedelta(hours=int(self.choose.integers(0, 90)))
            self.opening.append(
                {
                    "account_key": key,
                    "reference_limit_minor": reference,
                    "trigger_code": trigger,
                    "frozen_until": frozen if self._one_in(4) else None,
                }
            )

    # ---- a night

    def inputs(self) -> Inputs:
        """What tonight knows."""
        is_void = self.number in VOID_NIGHTS
        self._draw_features()
        self._add_events()
        self._add_corrections()
        self.standing = self._standing()
        return Inputs(
            night=NightParameters(self.day, self.cut_off, self.previous, is_void, "test"),
            sources=self._sources(is_void),
            policies=varied_policies(self.packs, self.day),
            accounts=pa.Table.from_pylist(self.accounts, ACCOUNT_COLUMNS),
            features=self._features(),
            events=pa.Table.from_pylist(self.events, EVENT_COLUMNS),
            opening=pa.Table.from_pylist(self.opening, OPENING_COLUMNS),
            orders=pa.Table.from_pylist(self.orders, ORDER_COLUMNS),
            acks=pa.Table.from_pylist(self.acks, ACK_COLUMNS),
            watched=pa.Table.from_pylist(self.watched, WATCHED_COLUMNS),
            corrections=pa.Table.from_pylist(self.corrections, CORRECTION_COLUMNS),
            changes=pa.Table.from_pylist(self.changes, CHANGE_COLUMNS),
            standing=pa.Table.from_pylist(self.standing, STANDING_COLUMNS),
            approved=pa.Table.from_pylist(self._approved(), APPROVED),
        )

    def _approved(self) -> list[dict]:
        """On some nights people approve whatever a few customers inherited."""
        if self.number % APPROVED_EVERY:
            return []
        customers = self.answer.choice(self.customers, self.customers // 4, replace=False) + 1
        codes = {
            (pack.settings.name, row["trigger_code"]) for pack in self.packs.values() for row in pack.tables["trigger"]
        }
        return [
            {"customer_key": int(customer), "pack": name, "trigger_code": code}
            for customer in customers
            for name, code in codes
        ]

    @property
    def cut_off(self) -> datetime:
        return datetime.combine(self.day + timedelta(days=1), time(2))

    def _sources(self, is_void: bool) -> list[NightSource]:
        found = []
        for name in contract():
            is_missing = name == "instalment" and self.number < INSTALMENTS_FROM
            is_distrusted = is_void if name == "account_snapshot" else not is_missing and self._one_in(14)
            is_distrusted |= self.number in LATE.get(name, ())
            verdict = "missing" if is_missing else "distrust" if is_distrusted else "pass"
            start = None if is_missing else date(2020, 1, 1)
            found.append(NightSource(name, not is_missing, verdict, is_missing, is_distrusted, start))
        return found

    def _standing(self) -> list[dict]:
        """On a night that is restated: what it had decided for some accounts, often less than it decides now."""
        if self.number % 4 != 2:
            return []
        # of its own chance, so that the rest of the book stays what it was
        choose = np.random.default_rng((self.seed, self.number))
        concerned = [row for row in self.accounts if choose.random() < 0.3]
        changes = {row["account_key"]: int(choose.integers(3)) for row in concerned}
        return [
            {
                "account_key": row["account_key"],
                "recommended_limit_minor": row["limit_minor"] * changes[row["account_key"]] // 2,
                "action": ("DOWN", "DOWN", "HOLD")[changes[row["account_key"]]],
                "display_state": "FROZEN_SECURITY" if choose.random() < 0.1 else "NORMAL",
            }
            for row in concerned
        ]

    def _draw_features(self) -> None:
        """Most values stay as they were the night before."""
        for name, options in self.values.items():
            drawn = self.drawn[name]
            is_new = self.choose.random(self.customers) < 0.12
            is_new[len(drawn) :] = True
            drawn += [None] * (self.customers - len(drawn))
            picks = self.choose.integers(len(options), size=self.customers)
            for place in np.flatnonzero(is_new):
                drawn[place] = options[picks[place]]

    def _features(self) -> pa.Table:
        sources = all_features()
        columns: dict[str, pa.Array] = {"customer_key": pa.array(range(1, self.customers + 1), pa.int64())}
        for name, drawn in self.drawn.items():
            is_absent = sources[name] == "instalment" and self.number < INSTALMENTS_FROM
            is_absent |= self.number in LOST.get(name, ())
            columns[name] = pa.array([None] * self.customers if is_absent else drawn, pa.int64())
        present = pa.array(sorted({row["customer_key"] for row in self.accounts}), pa.int64())
        table = pa.table(columns)
        return table.filter(pa.compute.is_in(table["customer_key"], value_set=present))

    # ---- case events

    def _add_events(self) -> None:
        for account in self.accounts:
            if self._one_in(28):
                self.events.append(self._event(account))
        for event in self.events[-80:]:
            if event["kind"] in ("override", "legal_hold") and self._one_in(25):
                self.events.append(self._withdrawal(event))

    def _withdrawal(self, event: dict) -> dict:
        """A later event that ends an earlier one; at times at the very same moment, where the token decides."""
        moment = event["occurred_at"] if self._one_in(4) else datetime.combine(self.day, time(23, 59))
        token = f"event-{len(self.events):07d}"
        return event | {
            "event_token": token,
            "occurred_at": moment,
            "outcome": "withdrawn",
            "local_date": moment.date(),
        }

    def _event(self, account: dict) -> dict:
        kind = self._pick(KINDS)
        is_personal = kind == "step_up_verified" or (kind != "override" and self._one_in(2))
        day = self.day - timedelta(days=self._pick((0, 0, 0, 1, 5)))
        moment = datetime.combine(day, time(int(self.choose.integers(24)), int(self.choose.integers(60))))
        start = day + timedelta(days=self._pick((-12, -6, -3, 0) if kind == "hardship_pause" else (-3, 0, 0, 2)))
        end = start + timedelta(days=self._pick((0, 1, 4, 12)))
        closing = ("received", "with_human", "upheld", "partial", "overturned", "restored", "withdrawn")
        return {
            "event_token": f"event-{len(self.events):07d}",
            "kind": kind,
            "account_key": None if is_personal else account["account_key"],
            "customer_key": account["customer_key"] if is_personal else None,
            "occurred_at": moment + timedelta(seconds=len(self.events) % 60),
            "amount_minor": None if self._one_in(6) else self._amount(account),
            "from_date": None if kind in ("override", "legal_hold") and self._one_in(6) else start,
            "to_date": None if self._one_in(5) else end,
            "actor": self._pick(("clerk_ann", "clerk_bob", "clerk_bob", None, "")),
            "approver": self._pick(
                ("clerk_ann", "Clerk.b0b ", "clerk_bo", "clerk_cid", "clerk_cid", "clerk_cid", None, " ")
            ),
            "ground": f"bad_source_row.{self._pick(CORRECTED)}.{self._some_night_before()}",
            "outcome": self._pick((None, None, *closing)),
            "local_date": day,
        }

    def _amount(self, account: dict) -> int:
        limit = account["limit_minor"]
        return max(0, self._pick([limit // 2, limit * 3, limit - 333, limit + 12_345, 500, 0, 2_500_000, 99_999]))

    # ---- between nights

    def release_security(self, orders: list[dict]) -> None:
        """What the night itself freezes and restores leaves before any watch; some of it never does."""
        kept = ("business_date", "adjustment_id", "account_key", "customer_key", "pack", "action", "expires_at")
        for order in orders:
            if self.watcher.integers(6):
                number = len(self.watched) + 1
                self.watched.append({name: order[name] for name in kept} | {"sequence": number, "movement": None})

    def watch(self, accounts: list[dict]) -> None:
        """Freezes and restores between the last valid night and tonight, whatever the rules say; some are the night's own."""
        began = datetime.combine(self.previous + timedelta(days=1), time(2))
        for account in accounts:
            if self.watcher.integers(90):
                continue
            movement = (None, "NONE", "STAY", "EXTEND", "RESTORE", "RESTORE", "FREEZE")[self.watcher.integers(7)]
            moment = began + timedelta(minutes=int(self.watcher.integers(1, 24 * 60)))
            is_restore = movement == "RESTORE" or (movement in (None, "NONE") and self.watcher.integers(2))
            is_frozen = movement in ("STAY", "EXTEND", "FREEZE")
            until = moment + timedelta(hours=int(self.watcher.integers(3, 72)))
            number = len(self.watched) + 1
            self.watched.append(
                account
                | {
                    "sequence": number,
                    "business_date": self.previous + timedelta(days=1),
                    "adjustment_id": f"watch-{self.number}-{number}",
                    "action": "RESTORE" if is_restore else "FREEZE",
                    # a legal hold has no end
                    "expires_at": None if movement == "NONE" else until,
                    "watched_at": None if movement is None else moment,
                    "movement": movement,
                    "frozen_since_date": moment.date() if is_frozen else None,
                    "frozen_at": moment if is_frozen else None,
                    "frozen_until_at": until if is_frozen else None,
                    "extension_count": int(self.watcher.integers(4)) if is_frozen else None,
                    "reason_code": ("F1", "F2")[self.watcher.integers(2)] if is_frozen else None,
                }
            )

    # ---- corrections

    def _some_night_before(self) -> date:
        """One of the few nights before tonight."""
        return self.day - timedelta(days=self._pick((1, 2, 3, 4, 5, 6)))

    def _add_corrections(self) -> None:
        """On some nights a file corrects an earlier one; at times one that an appeal names."""
        if self.previous is None or not self._one_in(2):
            return
        night = min(self._some_night_before(), self.previous)
        source = self._pick(CORRECTED)
        for customer in range(1, self.customers + 1):
            if self._one_in(4):
                self.corrections.append({"source": source, "corrected_date": night, "customer_key": customer})

    # ---- what the core does until the next night

    def advance(self, called_for: list[dict]) -> None:
        """Go on to the next night; the core does what was ordered, late, in part or not at all, or as it likes."""
        if self.number not in VOID_NIGHTS:
            self.previous = self.day
            self.orders, self.acks, self.corrections, self.watched, self.changes = [], [], [], [], []
        released = [row | {"sequence": self.number + 1} for row in called_for if not self._one_in(40)]
        self.orders += released
        self.undone += released
        self._let_the_core_act()
        # the core did what the night had ordered before it was restated
        ordered = {row["account_key"]: row["recommended_limit_minor"] for row in self.standing}
        for account in self.accounts:
            account["limit_minor"] = ordered.get(account["account_key"], account["limit_minor"])
            if self._one_in(35):
                limit = account["limit_minor"]
                account["limit_minor"] = self._pick([limit, limit // 2, limit + 55_555, 123_457, 500, 0])
            self._live_on(account)
        self.number += 1
        self.day += timedelta(days=GAPS[self.number % len(GAPS)])
        for _ in range(1 + self.customers // 200):
            owner = self._pick(self.accounts)
            place = sum(row["customer_key"] == owner["customer_key"] for row in self.accounts)
            self._add_account(owner["customer_key"], place, self._pick(ENTITIES), owner["income_monthly_minor"])
        for _ in range(1 + self.customers // 200):
            self.customers += 1
            self._add_customer(self.customers)
        self._change_ids()

    def _change_ids(self) -> None:
        """Every third night some customers turn out to be one, and some to be two."""
        if self.number % 3 != 1:
            return
        touched = {row[side] for row in self.changes for side in ("old_key", "new_key")}
        owners = sorted({row["customer_key"] for row in self.accounts} - touched)
        picked = [
            int(key) for key in self.choose_changes.choice(owners, size=2 + len(owners) // 100 * 2, replace=False)
        ]
        # once cases have gathered: a random pair hardly ever has one each
        told = {row["customer_key"] for row in self.events if row["account_key"] is None and self.number > 6}
        picked.sort(key=lambda key: key not in told)
        others = [key for key in owners if key in told and key not in picked]
        picked[1 : 1 + len(others[:1])] = others[:1]
        for old, new in zip(picked[::2], picked[1::2], strict=False):
            self._change("merge", old, new)
            for account in self.accounts:
                if account["customer_key"] == old:
                    account["customer_key"] = new
        left = [key for key in owners if key not in picked]
        for old in (key for key in left if sum(row["customer_key"] == key for row in self.accounts) > 1):
            if self.choose_changes.integers(20) == 0:
                self.customers += 1
                self._change("split", old, self.customers)
                leaving = next(row for row in self.accounts if row["customer_key"] == old)
                leaving["customer_key"] = self.customers

    def _change(self, kind: str, old: int, new: int) -> None:
        self.changes.append(
            {"kind": kind, "subject": "customer", "old_key": old, "new_key": new, "effective_date": self.day}
        )

    def _let_the_core_act(self) -> None:
        by_key = {account["account_key"]: account for account in self.accounts}
        undone, self.undone = self.undone, []
        for order in undone:
            if self._one_in(6):
                self.undone.append(order)
                continue
            account = by_key[order["account_key"]]
            is_late = order["expires_at"] <= self.cut_off
            if is_late or account["limit_minor"] != order["old_limit_minor"] or self._one_in(30):
                self.unsent.append(self._ack(order, "rejected", None))
                continue
            limit = order["new_limit_minor"]
            applied = self._pick([limit] * 20 + [(limit + account["limit_minor"]) // 2])
            account["limit_minor"] = applied
            self.unsent.append(self._ack(order, "applied", None if applied == limit and self._one_in(5) else applied))
        unsent, self.unsent = self.unsent, []
        for ack in unsent:
            if self._one_in(6):
                self.unsent.append(ack)
            elif not self._one_in(12):
                self.acks += [ack] * self._pick([1] * 20 + [2])

    def _ack(self, order: dict, status: str, applied: int | None) -> dict:
        return {
            "adjustment_id": order["adjustment_id"],
            "status": status,
            "applied_limit_minor": applied,
            "acked_at": self.cut_off,
            "reason": None if status == "applied" else "STALE",
        }

    def _live_on(self, account: dict) -> None:
        if self._one_in(4):
            share = self._pick([-0.01, 0, 0.2, 0.5, 0.8, 0.97, 1, 1.3])
            account["principal_minor"] = int(account["limit_minor"] * share) + self._pick([0, 1, -1, 333])
        if self._one_in(150):
            account["status"] = self._pick(("active", "blocked", "blocked", "closed", "charged_off", "deceased"))
        if self._one_in(40):
            account["raise_consent_code"] = self._pick(("opted_in", "opted_out", None))
            account["income_as_of_date"] = self._pick((self.day, self.day - timedelta(days=300), None))
            account["income_monthly_minor"] = self._pick((None, 0, 300_000, 2_000_000))


def _edges(pack: Pack, feature: str) -> list[int | None]:
    """A value on either side of every edge of a scored feature's bins, and MISSING; the better bins more often."""
    rows = [row for row in pack.tables["scorecard"] if row["feature"] == feature]
    edges = [int(row[side]) for row in rows for side in ("lower", "upper") if row[side]]
    values = sorted({value for edge in edges for value in (edge - 1, edge)})
    best = values[:2] if rows[0]["sign"] == "1" else values[-2:]
    return [*values, *best * 4, None]
