"""The whole decision a second time, in plain Python, written from docs/reference/decision.md alone.

It shares no code and no idea with the SQL. Amounts are minor units, scores points, confirmed scores milli-points.
`Reference.decide` takes one night after another and carries its own state. `seen` counts the branches that were taken.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from reference_policy import Row, Rules, most_specific, units_down

OPEN = ("active", "blocked")
HOUSE = "*"
MISSING_FACTS = "missing_facts"


@dataclass(frozen=True)
class Night:
    """Everything that one night knows. `features` holds what was delivered, distrusted or not."""

    day: date
    cut_off: datetime
    previous: date | None
    is_void: bool
    distrusted: frozenset[str]
    accounts: list[Row]
    features: dict[int, Row]
    events: list[Row]
    opening: dict[int, Row]
    orders: list[Row]
    acks: list[Row]
    watched: list[Row]
    corrections: list[Row]
    standing: dict[int, Row]
    rules: dict[str, Rules]
    assignments: list[Row]
    # since the night before: customers merged (kind merge: old_key becomes new_key) or split (new_key leaves old_key)
    changes: list[Row] = field(default_factory=list)
    # since the night before, two people approved this trigger of a customer under a pack
    approved: frozenset[tuple[int, str, str]] = frozenset()


@dataclass(frozen=True)
class Trigger:
    """An active trigger of a customer under a pack."""

    hits_in_a_row: int = 0
    is_sustained: bool = False
    clean_since: date | None = None
    is_inherited: bool = False
    was_interrupted: bool = False
    reason: tuple[str, str] | None = None
    is_hit: bool = False
    last_hit: date | None = None
    is_evidence_late: bool = False


@dataclass(frozen=True)
class Freeze:
    """A security freeze: the cut-off at which it began, when it ends by itself, how often it was extended."""

    began: datetime
    until: datetime
    extensions: int = 0
    code: str = "F1"


@dataclass(frozen=True)
class Mind:
    """What a pack carries about a customer."""

    version: str
    reference: int
    approved: dict[str, int]
    evidence: tuple[int, ...] = ()
    triggers: dict[str, Trigger] = field(default_factory=dict)
    freeze: Freeze | None = None


@dataclass(frozen=True)
class Line:
    """What is carried about an account, as its assigned pack decided."""

    was_overlaid: bool = False
    pending: tuple[int, date] | None = None
    # until when the core keeps the account frozen, by the last order that left; None if it does not
    told_until: datetime | None = None

    def stands_at_core(self, cut_off: datetime) -> bool:
        return self.told_until is not None and self.told_until > cut_off


@dataclass(frozen=True)
class Order:
    """A released order and its status."""

    key: str
    sequence: int
    old: int
    new: int
    expires: datetime
    status: str = "IN_FLIGHT"
    applied: int | None = None
    has_changed: bool = False
    was_observed: bool = False
    # counted as applied tonight because the core answered a later order
    is_led_on: bool = False

    @property
    def is_answered(self) -> bool:
        return self.status in ("APPLIED", "PARTIAL", "REJECTED")

    @property
    def counts_as_applied(self) -> bool:
        is_news = self.has_changed and self.status in ("APPLIED", "PARTIAL") and not self.was_observed
        return self.status == "IN_FLIGHT" or is_news or self.is_led_on

    @property
    def limit(self) -> int:
        return self.new if self.applied is None else self.applied


@dataclass
class State:
    """What one valid night hands to the next."""

    believed: dict[int, Row] = field(default_factory=dict)
    reference: dict[int, int] = field(default_factory=dict)
    minds: dict[tuple[int, str], Mind] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    # by account: the limit that the night went on from, and the core's limit
    limits: dict[int, tuple[int, int]] = field(default_factory=dict)
    orders: dict[int, list[Order]] = field(default_factory=dict)
    # by account: the limit to which a decision of ours last moved it
    moved: dict[int, int] = field(default_factory=dict)
    # by account and night of a cut of ours: its customer, and the limit after the cut
    cuts: dict[tuple[int, date], tuple[int, int]] = field(default_factory=dict)
    # customer, source and night, if the night was corrected since a cut
    corrections: set[tuple[int, str, date]] = field(default_factory=set)
    # by account: the limit that a restatement owes it
    owed: dict[int, int] = field(default_factory=dict)
    # by pack and feature: the version that counted, and the number of customers in each bin
    shares: dict[tuple[str, str], tuple[str, Counter]] = field(default_factory=dict)
    # by a merged customer's key: the survivor's key
    survivors: dict[int, int] = field(default_factory=dict)
    # by a merged customer's key: the keys of the first and of the last survivor, and the night of each merge
    merged_on: dict[int, tuple[tuple[int, date], ...]] = field(default_factory=dict)


@dataclass(eq=False)
class Decision:
    """One account under one pack on one night. `x` is the value that the operators change."""

    account: Row
    rules: Rules
    is_assigned: bool
    limit: int
    reference: int
    x: int = 0
    is_at_rest: bool = False
    score: int | None = None
    band: str | None = None
    confirmed: int | None = None
    target: int | None = None
    tonight_target: int | None = None
    strategy: int = 0
    override: int | None = None
    restored: int | None = None
    # the owed limit if it is above tonight's, and what the strategy would make of it
    owed: int | None = None
    from_owed: int = 0
    is_given_back: bool = False
    is_no_raise: bool = False
    grounds: list[str] = field(default_factory=list)
    is_budget_spent: bool = False
    is_cap_reached: bool = False
    is_capped: bool = False
    cap_rooms: list[int] = field(default_factory=list)
    is_floored_by_trigger: bool = False
    trigger_bound: int | None = None
    protected: int = 0
    after_triggers: int = 0
    balanced: int = 0
    own_maximum: int | None = None
    is_overlaid: bool = False
    ended: bool = False
    pending: tuple[int, date] | None = None
    wanted: int = 0
    action: str = "HOLD"
    state: str = ""
    drawable: int = 0
    is_usable: bool = False
    grantable: int = 0
    effective: date | None = None
    facts: list[tuple[int, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    trace: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def key(self) -> int:
        return self.account["account_key"]

    @property
    def customer(self) -> int:
        return self.account["customer_key"]

    @property
    def is_open(self) -> bool:
        return self.account["status"] in OPEN

    @property
    def is_kept(self) -> bool:
        """A kept account: closed, charged off or deceased, or without a line, or at rest."""
        return not self.has_line or self.is_at_rest

    @property
    def has_line(self) -> bool:
        return self.is_open and self.reference > 0

    @property
    def published_trace(self) -> list[tuple[str, int, int]]:
        """The trace; empty for a plain HOLD, where nothing was wanted and nothing changed."""
        is_plain = self.action == "HOLD" and self.pending is None and self.strategy == self.limit
        return [] if is_plain else self.trace

    def move(self, operator: str, value: int) -> bool:
        """Set the value and write the trace; return whether the value changed."""
        if value == self.x:
            return False
        self.trace.append((operator, self.x, value))
        self.x = value
        return True


class Reference:
    """Decides every account, night by night."""

    def __init__(self, families: dict[str, str]) -> None:
        """`families`: the source of each feature."""
        self.families = families
        self.state = State()
        self.seen: Counter[str] = Counter()
        self.external: set[int] = set()
        self.security: dict[int, tuple[str, datetime | None]] = {}

    def note(self, name: str, happened: object = True) -> None:
        self.seen[name] += bool(happened)

    def decide(self, night: Night) -> list[Decision]:
        """Tonight's decisions, one for each account and pack that decides it. A valid night moves the state on."""
        work = Work(self, night)
        if night.is_void:
            self.note("night: void")
            return work.void_decisions()
        decisions = work.decisions()
        self.state, self.external, self.security = work.state_after(), work.external, work.security_orders()
        return decisions

    def changed(self, before: State, changes: list[Row], day: date) -> State:
        """The state from the night before, moved to the customers whose it is tonight."""
        for change in sorted(changes, key=lambda row: row["kind"]):
            self.note(f"change of ids: {change['kind']}")
            if change["kind"] == "merge":
                before = self._merged(before, change["old_key"], change["new_key"], day)
            else:
                before = _split(before, change["old_key"], change["new_key"])
        return before

    def _merged(self, before: State, old: int, new: int, day: date) -> State:
        believed = {(new if key == old else key): row for key, row in before.believed.items()}
        believed |= {new: before.believed[new]} if new in before.believed else {}
        minds = {key: mind for key, mind in before.minds.items() if key[0] != old}
        for (customer, pack), mind in before.minds.items():
            if customer == old:
                own = before.minds.get((new, pack))
                minds[new, pack] = mind if own is None else self._as_one(own, mind)
        survivors = {key: new if value == old else value for key, value in before.survivors.items()} | {old: new}
        moved = [old, *(key for key, value in before.survivors.items() if value == old)]
        # the first and the last merge
        merged_on = before.merged_on | {key: (*before.merged_on.get(key, ())[:1], (new, day)) for key in moved}
        cuts = {key: (new if owner == old else owner, *cut) for key, (owner, *cut) in before.cuts.items()}
        corrections = {(new if owner == old else owner, *what) for owner, *what in before.corrections}
        followed = {"survivors": survivors, "merged_on": merged_on, "cuts": cuts, "corrections": corrections}
        return replace(before, believed=believed, minds=minds, **followed)

    def _as_one(self, own: Mind, other: Mind) -> Mind:
        triggers = other.triggers | own.triggers
        for code in own.triggers.keys() & other.triggers.keys():
            both = own.triggers[code], other.triggers[code]
            triggers[code] = replace(
                both[0],
                hits_in_a_row=max(one.hits_in_a_row for one in both),
                is_sustained=any(one.is_sustained for one in both),
                clean_since=min((one.clean_since for one in both if one.clean_since), default=None),
                is_inherited=any(one.is_inherited for one in both),
                was_interrupted=all(one.was_interrupted for one in both),
                last_hit=max((one.last_hit for one in both if one.last_hit), default=None),
            )
            self.note("change of ids: a trigger of both")
        freezes = [mind.freeze for mind in (own, other) if mind.freeze is not None]
        freeze = max(freezes, key=lambda one: one.until, default=None)
        self.note("change of ids: a freeze", freeze is not None)
        return replace(own, reference=own.reference + other.reference, triggers=triggers, freeze=freeze)


class Work:
    """The work of one night."""

    def __init__(self, reference: Reference, night: Night) -> None:
        self.night, self.note = night, reference.note
        before = self.before = self._with_answers(
            reference.changed(self._as_watched(reference.state), night.changes, night.day)
        )
        self.resting = {before.survivors.get(row["new_key"], row["new_key"]) for row in night.changes}
        self.resting |= {before.survivors.get(row["old_key"], row["old_key"]) for row in night.changes}
        self.families = reference.families
        self.minds: dict[tuple[int, str], Mind] = {}
        self.lifted: set[tuple[int, str]] = set()
        self.all: list[Decision] = []
        self.orders = {} if night.is_void else self._orders_tonight()
        self.external: set[int] = set()
        self.limits = {row["account_key"]: self._limit_to_go_on_from(row) for row in night.accounts}

    # ---- between nights

    def _as_watched(self, state: State) -> State:
        """The state from the night before, changed by watches. If the night's own order came last, its state stands."""
        minds, lines = dict(state.minds), dict(state.lines)
        for row in sorted(self.night.watched, key=lambda row: row["sequence"]):
            account, person = row["account_key"], (row["customer_key"], row["pack"])
            is_overlaid = row["action"] == "FREEZE"
            told_until = (row["expires_at"] or datetime.max) if is_overlaid else None
            if row["watched_at"] is None:
                lines[account] = replace(state.lines.get(account, Line()), told_until=told_until)
                minds[person] = state.minds[person]
                continue
            lines[account] = replace(lines.get(account, Line()), was_overlaid=is_overlaid, told_until=told_until)
            if row["movement"] != "NONE":
                freeze = Freeze(row["frozen_at"], row["frozen_until_at"], row["extension_count"], row["reason_code"])
                minds[person] = replace(minds[person], freeze=None if row["movement"] == "RESTORE" else freeze)
            self.note("watch: froze" if is_overlaid else "watch: restored")
        return replace(state, minds=minds, lines=lines)

    # ---- the answers of people

    def _with_answers(self, state: State) -> State:
        """The carried state, in which triggers are no longer inherited once people have approved them."""
        if not self.night.approved:
            return state
        minds = {}
        for (customer, pack), mind in state.minds.items():
            answered = [
                code
                for code, trigger in mind.triggers.items()
                if trigger.is_inherited and (customer, pack, code) in self.night.approved
            ]
            self.note("trigger: inherited and approved", answered)
            freed = {code: replace(mind.triggers[code], is_inherited=False) for code in answered}
            minds[customer, pack] = replace(mind, triggers=mind.triggers | freed) if freed else mind
        return replace(state, minds=minds)

    # ---- the limit to go on from

    def _orders_tonight(self) -> dict[int, list[Order]]:
        core = {row["account_key"]: row["limit_minor"] for row in self.night.accounts}
        known = {
            account: [replace(order, has_changed=False, is_led_on=False) for order in kept]
            for account, kept in self.before.orders.items()
        }
        for row in sorted(self.night.orders, key=lambda row: row["sequence"]):
            order = Order(
                row["adjustment_id"], row["sequence"], row["old_limit_minor"], row["new_limit_minor"], row["expires_at"]
            )
            known.setdefault(row["account_key"], []).append(order)
        answers = {row["adjustment_id"]: row for row in self.night.acks}
        return {account: self._as_they_stand(orders, core.get(account), answers) for account, orders in known.items()}

    def _as_they_stand(self, orders: list[Order], core: int | None, answers: dict[str, Row]) -> list[Order]:
        open_ones = [order for order in orders if order.status == "IN_FLIGHT" and order.key not in answers]
        startable = [order.sequence for order in open_ones if order.old == core]
        answered = [
            order
            for order in orders
            if not order.is_answered and order.key in answers and answers[order.key]["status"] == "applied"
        ]
        applied = [order for order in orders if order in answered or order.status in ("APPLIED", "PARTIAL")]
        shown = [
            order
            for order in open_ones
            if order.new == core
            and not any(other < order.sequence for other in startable)
            and not any(other.sequence > order.sequence for other in applied)
        ]
        seen = [shown[-1]] if shown else []
        done = (shown or answered or [None])[-1]
        led_on = [order for order in open_ones if done and order.sequence < done.sequence and order.new == done.old]
        self.note("order: led on from by an answered one", led_on and not shown)
        seen += led_on
        result = []
        for order in orders:
            status, applied = order.status, order.applied
            answer = None if order.is_answered else answers.get(order.key)
            if answer is not None and answer["status"] == "rejected":
                status = "REJECTED"
            elif answer is not None:
                applied = order.new if answer["applied_limit_minor"] is None else answer["applied_limit_minor"]
                status = "APPLIED" if applied == order.new else "PARTIAL"
            elif order in seen:
                status = "OBSERVED"
            elif status == "IN_FLIGHT" and order.expires <= self.night.cut_off:
                status = "EXPIRED"
            if status != order.status or order.status == "IN_FLIGHT":
                self.note(f"order: {status}")
            was_observed = order.status == "OBSERVED"
            result.append(
                replace(
                    order,
                    status=status,
                    applied=applied,
                    has_changed=status != order.status,
                    was_observed=was_observed,
                    is_led_on=order in led_on and not shown,
                )
            )
        return result

    def _limit_to_go_on_from(self, account: Row) -> int:
        key, core = account["account_key"], account["limit_minor"]
        orders = self.orders.get(key, [])
        reached = core
        for order in orders if not self.night.is_void else []:
            if order.counts_as_applied and order.old == reached:
                reached = order.limit
        self.note("order: counts as applied", reached != core)
        if not self.night.is_void and key in self.before.limits:
            expected, core_before = self.before.limits[key]
            explained = {expected}
            if any(order.status == "IN_FLIGHT" or order.has_changed for order in orders):
                explained.add(core_before)
            for order in orders:
                if order.has_changed or (not order.is_answered and order.expires > self.night.cut_off):
                    explained |= {order.new, order.limit}
            if core not in explained:
                self.external.add(key)
                self.note("order: external change")
        return reached

    # ---- customers, accounts and their packs

    def _routes(self, account: Row) -> list[tuple[str, bool]]:
        """The packs that decide an account; for each, whether it is the assigned one."""
        champion = most_specific(self.night.assignments, account, "champion")
        if champion is None:
            raise LookupError(f"no champion for {account}")
        others = [row for row in self.night.assignments if row["pack"] != champion["pack"]]
        challenger = most_specific(others, account, "challenger")
        itself = most_specific(self.night.assignments, account, "challenger")
        self.note("routing: a pack is no challenger of its own", itself is not None and itself not in others)
        if challenger is None:
            return [(champion["pack"], True)]
        text = f"{account['customer_key']}|{challenger['pack']}"
        bucket = int(sha256(text.encode()).hexdigest()[:8], 16) % 10_000
        is_challenged = bucket < int(challenger["share_bp"] or 0)
        self.note("routing: challenger" if is_challenged else "routing: champion beside a challenger")
        return [(champion["pack"], not is_challenged), (challenger["pack"], is_challenged)]

    def _reference_limit(self, account: Row) -> int:
        key = account["account_key"]
        first = (self.night.opening.get(key) or {}).get("reference_limit_minor") or 0
        return max(self.before.reference.get(key, first), account["limit_minor"])

    def _granted(self, account: Row) -> int:
        orders = self.orders.get(account["account_key"], [])
        applied = [order.limit for order in orders if order.has_changed and order.status in ("APPLIED", "PARTIAL")]
        return max(self._reference_limit(account), *applied, 0)

    def _orders_to_keep(self, orders: list[Order]) -> list[Order]:
        return [
            order
            for order in orders
            if order is orders[-1]
            or order.status == "IN_FLIGHT"
            or (not order.is_answered and order.expires.date() + timedelta(days=30) > self.night.cut_off.date())
        ]

    def _open_decisions(self) -> None:
        for account in sorted(self.night.accounts, key=lambda row: row["account_key"]):
            for pack, is_assigned in self._routes(account):
                key = account["account_key"]
                limit, orders = self.limits[key], self.orders.get(key, [])
                counting = [order.limit for order in orders if order.counts_as_applied]
                is_ended = limit == 0 and self.before.moved.get(key) != 0
                reference = 0 if is_ended else max(self._reference_limit(account), limit, *counting)
                decision = Decision(account, self.night.rules[pack], is_assigned, limit, reference, x=limit)
                decision.wanted = decision.strategy = limit
                decision.is_at_rest = decision.customer in self.resting
                self.all.append(decision)
                self.note("held: closed", not decision.is_open)
                self.note("held: no line", decision.is_open and reference == 0)
                self.note("held: line ended by the core", is_ended and self._reference_limit(account) > 0)

    @cached_property
    def _of_customer(self) -> dict[tuple[int, str], list[Decision]]:
        groups: dict[tuple[int, str], list[Decision]] = defaultdict(list)
        for decision in self.all:
            groups[decision.customer, decision.rules.name].append(decision)
        return groups

    @cached_property
    def known_customers(self) -> set[int]:
        return set(self.known_packs)

    @cached_property
    def known_packs(self) -> dict[int, list[str]]:
        packs: dict[int, list[str]] = defaultdict(list)
        for customer, pack in self.before.minds:
            packs[customer].append(pack)
        return dict(packs)

    # ---- the night

    def decisions(self) -> list[Decision]:
        self._open_decisions()
        self._believe()
        self._freeze_customers()
        for (customer, pack), group in self._of_customer.items():
            self._judge_customer(customer, pack, group)
        for decision in self.all:
            self._targets(decision)
            if not decision.is_kept:
                self._strategy(decision)
        self._bounds()
        for decision in self.all:
            if not decision.is_kept:
                self._protect(decision)
                self._act_on_triggers(decision)
                self._floor_and_round(decision)
        self._own_maximum()
        self._caps()
        for decision in self.all:
            self._overlay(decision)
        for decision in self.all:
            self._reasons(decision)
            self._pend(decision)
        for decision in self.all:
            self._publish(decision)
        return self.all

    # ---- evidence

    def _believe(self) -> None:
        """Set the believed features. If the source is distrusted or a feature drifted, its last trusted value stays."""
        self.believed: dict[int, Row] = {}
        drifted = self._drifted()
        for customer, fresh in self.night.features.items():
            old = self.before.believed.get(customer, {})
            self.believed[customer] = {
                name: old.get(name) if self.families[name] in self.night.distrusted or name in drifted else value
                for name, value in fresh.items()
            }

    def _drifted(self) -> set[str]:
        """Features whose shares moved overnight further than a pack allows. Also stores tonight's shares."""
        drifted, self.shares = set(), dict(self.before.shares)
        for pack, rules in self.night.rules.items():
            customers = {customer for customer, name in self._of_customer if name == pack}
            for feature in rules.scored if customers else ():
                if self.families[feature] in self.night.distrusted:
                    continue
                now = Counter(rules.bin_of(feature, self.night.features[customer][feature]) for customer in customers)
                version, before = self.before.shares.get((pack, feature), ("", Counter()))
                self.shares[pack, feature] = (rules.version, now)
                if version == rules.version and self._is_far(now, before, rules):
                    drifted.add(feature)
                    self.note("evidence: a feature drifted")
        return drifted

    @staticmethod
    def _is_far(now: Counter, before: Counter, rules: Rules) -> bool:
        here, there = now.total(), before.total()
        # nobody had a value the night before, because the window has only just filled
        if before[None] == there or min(here, there) < rules.drift.min_customers:
            return False
        moved = sum(abs(now[each] * there - before[each] * here) for each in now.keys() | before.keys())
        return moved * 10000 // (2 * here * there) > rules.drift.max_variation_bp

    def _events(self, kinds: tuple[str, ...], account: Row) -> list[Row]:
        """Events about the account and then those about its customer as a whole, each kind in order of time."""
        return [*self._of_account(kinds, account), *self._of_person(kinds, account)]

    def _of_account(self, kinds: tuple[str, ...], account: Row) -> list[Row]:
        return [row for kind in kinds for row in self._index.get((kind, "account", account["account_key"]), ())]

    def _of_person(self, kinds: tuple[str, ...], account: Row) -> list[Row]:
        return [row for kind in kinds for row in self._index.get((kind, "customer", account["customer_key"]), ())]

    @cached_property
    def _index(self) -> dict[tuple[str, str, int], list[Row]]:
        index: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
        for row in sorted(self.night.events, key=lambda row: (row["occurred_at"], row["event_token"])):
            subject = "account" if row["account_key"] is not None else "customer"
            key = row[f"{subject}_key"]
            key = self.before.survivors.get(key, key) if subject == "customer" else key
            index[row["kind"], subject, key].append(row)
        return index

    def _is_within(self, row: Row, start: date | None) -> bool:
        return (
            start is not None
            and start <= self.night.day
            and (row["to_date"] is None or self.night.day <= row["to_date"])
        )

    def _is_paused(self, account: Row) -> bool:
        rows = self._standing(self._events(("hardship_pause",), account))
        return any(self._is_within(row, row["from_date"]) for row in rows)

    def _standing(self, rows: list[Row]) -> list[Row]:
        """Events that were not withdrawn."""
        return [row for row in rows if row["outcome"] != "withdrawn"]

    def _not_ended(self, rows: list[Row]) -> list[Row]:
        """Of events of one kind and subject in order, those after the latest withdrawal, which ends all before."""
        withdrawn = [place for place, row in enumerate(rows) if row["outcome"] == "withdrawn"]
        self.note("withdrawal ends an earlier event", withdrawn and withdrawn[-1] > 0)
        return rows[withdrawn[-1] + 1 :] if withdrawn else rows

    def _is_legally_held(self, account: Row) -> bool:
        rows = [row for thread in self._threads("legal_hold", account) for row in self._not_ended(thread)]
        return any(self._is_within(row, row["from_date"] or row["local_date"]) for row in rows)

    def _is_open_case(self, kind: str, account: Row) -> bool:
        """Whether the latest event of this kind is open, either for the account or for the customer."""
        return any(self._is_open_event(rows[-1]) for rows in self._threads(kind, account) if rows)

    @staticmethod
    def _is_open_event(row: Row) -> bool:
        return row["outcome"] in (None, "received", "with_human")

    def _threads(self, kind: str, account: Row) -> list[list[Row]]:
        """Events of this kind in order: one list for the account, and one for each customer merged into its own."""
        return [self._of_account((kind,), account), *self._threads_of_person(kind, account)]

    def _threads_of_person(self, kind: str, account: Row) -> list[list[Row]]:
        """The thread of a merged customer also has later answers and requests under the survivor's key."""
        rows = self._of_person((kind,), account)
        threads = []
        for filed in sorted({row["customer_key"] for row in rows}):
            tellers = self.before.merged_on.get(filed, ())
            thread = [
                row
                for row in rows
                if row["customer_key"] == filed
                or (
                    any(row["customer_key"] == teller and row["local_date"] >= day for teller, day in tellers)
                    and (kind == "limit_request" or not self._is_open_event(row))
                )
            ]
            threads.append(thread)
        self.note("case: threads of two customers", len(threads) > 1)
        return threads

    def _is_maintained(self, rules: Rules) -> bool:
        return rules.in_maintenance(HOUSE, self.night.day)

    def _judge_customer(self, customer: int, pack: str, group: list[Decision]) -> None:
        rules, features = group[0].rules, self.believed[customer]
        before = self.before.minds.get((customer, pack))
        score = rules.score(features)
        evidence = before.evidence if before else ()
        if self._counts(customer, pack, group):
            evidence = (*evidence, rules.smoothed(evidence, score))[-rules.window_nights :]
        confirmed = rules.confirmed(evidence)
        triggers = self._triggers(customer, rules, before)
        approval = self._approval(rules, group, before)
        freeze = self.frozen.get((customer, pack))
        self.minds[customer, pack] = Mind(rules.version, *approval, evidence, triggers, freeze)
        for decision in group:
            decision.score, decision.confirmed, decision.band = score, confirmed, rules.band_of(1000 * score)["band"]
        self.note("confirmation: not yet", confirmed is None)
        self.note("confirmation: there", confirmed is not None)

    def _counts(self, customer: int, pack: str, group: list[Decision]) -> bool:
        rules = group[0].rules
        why_not = {
            "at rest": customer in self.resting,
            "frozen": (customer, pack) in self.frozen,
            "maintenance": self._is_maintained(rules),
            "hardship": any(self._is_paused(decision.account) for decision in group),
            "appeal": any(self._is_open_case("appeal", decision.account) for decision in group),
            "legal hold": any(self._is_legally_held(decision.account) for decision in group),
        }
        for name, holds in why_not.items():
            self.note(f"evidence does not count: {name}", holds)
        return not any(why_not.values())

    # ---- strategy

    def _targets(self, decision: Decision) -> None:
        rules, reference = decision.rules, decision.reference
        utilisation = self.believed[decision.customer]["f06_util_bp"] or 0
        decision.tonight_target = reference * rules.multiplier(1000 * decision.score, utilisation) // 10000
        if decision.confirmed is not None:
            decision.target = reference * rules.multiplier(decision.confirmed, utilisation) // 10000

    def _wanted(self, decision: Decision, limit: int) -> int:
        """The strategy's limit: one step from the given limit towards the target."""
        rules, target = decision.rules, decision.target
        if target is None:
            return limit
        least, most = target * (10000 - rules.tolerance_bp) // 10000, target * (10000 + rules.tolerance_bp) // 10000
        wanted = min(max(limit, least), most)
        down, up = self._steps(decision, limit)
        stepped = min(max(wanted, limit - down), limit + up)
        self.note("strategy: stopped at tonight's target", max(stepped, min(limit, decision.tonight_target)) > stepped)
        return max(stepped, min(limit, decision.tonight_target))

    def _strategy(self, decision: Decision) -> None:
        limit = decision.limit
        decision.wanted = self._wanted(decision, limit)
        decision.strategy = decision.wanted
        decision.override = self._override(decision.account)
        if decision.override is not None:
            decision.strategy = decision.override
        else:
            self._restore(decision)
        name = "strategy" if decision.override is None else "override"
        name = "restored" if decision.restored is not None else name
        if decision.move(name, decision.strategy):
            self.note(f"{name}: {'up' if decision.x > limit else 'down'}")
        owed = self.before.owed.get(decision.key, 0)
        if owed > limit and decision.override is None:
            decision.owed, decision.from_owed = owed, self._wanted(decision, owed)

    def _steps(self, decision: Decision, limit: int) -> tuple[int, int]:
        rules, reference = decision.rules, decision.reference
        down = up = 0
        is_pending = self.before.lines.get(decision.key, Line()).pending is not None
        is_due = self._is_due(decision.customer, rules.cut_days)
        self.note("slot: due for a pending cut", is_pending and not is_due)
        if is_due or is_pending:
            left = 10000 - int(rules.band_of(decision.confirmed)["cut_step_bp"])
            down = limit - limit * left // 10000
        if self._is_due(decision.customer, rules.raise_days):
            climb = min(reference * rules.climb_share_bp // 10000, reference - limit)
            up = max(limit * rules.raise_share_bp // 10000, climb)
        return down, up

    def _is_due(self, customer: int, days: int) -> bool:
        """Whether a day of the slot lies after the previous valid night and not after tonight."""
        tonight = (self.night.day - date(1970, 1, 1)).days
        since = tonight - 1 if self.night.previous is None else (self.night.previous - date(1970, 1, 1)).days
        return any(number % days == customer % days for number in range(since + 1, tonight + 1))

    def _override(self, account: Row) -> int | None:
        rows = [
            row
            for row in self._not_ended(self._of_account(("override",), account))
            if row["amount_minor"] is not None
            and is_second_person(row["approver"], row["actor"])
            and row["to_date"] is not None
            and self._is_within(row, row["from_date"])
        ]
        return rows[-1]["amount_minor"] if rows else None

    # ---- cuts because of a bad row

    @cached_property
    def _corrections(self) -> set[tuple[int, str, date]]:
        """Customer, source and night of each known correction that concerns the customer."""
        whose = self.before.survivors
        new = {
            (whose.get(row["customer_key"], row["customer_key"]), row["source"], row["corrected_date"])
            for row in self.night.corrections
        }
        return self.before.corrections | new

    @cached_property
    def _bad_rows(self) -> dict[int, list[tuple[str, date]]]:
        """For each customer, the corrected sources and nights that a successful appeal names as bad."""
        won = [
            row for row in self.night.events if row["kind"] == "appeal" and row["outcome"] in ("partial", "overturned")
        ]
        named, found = {row["ground"] for row in won}, defaultdict(list)
        for customer, source, day in self._corrections:
            if f"bad_source_row.{source}.{day.isoformat()}" in named:
                found[customer].append((source, day))
        return dict(found)

    def _restore(self, decision: Decision) -> None:
        """Set the limit back to tonight's target if a cut on or after a bad row made it what it is."""
        cuts = (
            night
            for (key, night), (_, left) in self.before.cuts.items()
            if (key, left) == (decision.key, decision.limit)
        )
        decided = max(cuts, default=date.min)
        is_hit_by_bad_row = any(day <= decided for _, day in self._bad_rows.get(decision.customer, ()))
        if not is_hit_by_bad_row:
            return
        back = min(decision.reference, decision.tonight_target)
        if back > decision.limit:
            decision.restored = back
            decision.strategy = decision.wanted = max(decision.strategy, back)

    def _was_hit_on_a_bad_row(self, customer: int, old: Trigger) -> bool:
        if old.last_hit is None or old.reason is None:
            return False
        rows = self._bad_rows.get(customer, ())
        return any(source == self.families[old.reason[1]] and day <= old.last_hit for source, day in rows)

    def _cuts_to_keep(self) -> dict[tuple[int, date], tuple[int, int]]:
        tonight = {decision.key: decision for decision in self.all if decision.is_assigned}
        cuts = {
            (key, night): cut
            for (key, night), cut in self.before.cuts.items()
            if self._may_stand(tonight.get(key), cut[1])
        }
        fallen = (decision for decision in tonight.values() if decision.action == "DOWN")
        return cuts | {(decision.key, self.night.day): (decision.customer, decision.x) for decision in fallen}

    @staticmethod
    def _may_stand(decision: Decision | None, left: int) -> bool:
        """Whether a cut's limit is still the limit that tonight goes on from, or the core's own."""
        if decision is None:
            return True
        return left < decision.reference and left in (decision.limit, decision.account["limit_minor"])

    # ---- bounds

    def _bounds(self) -> None:
        live = [decision for decision in self.all if not decision.is_kept]
        for decision in live:
            tier = decision.rules.tier(decision.account)
            if tier is not None:
                self.note("product_tier", decision.move("product_tier", min(decision.x, tier["max"])))
        for decision in live:
            decision.is_no_raise = decision.override is None and self._forbids_raise(decision)
            if decision.is_no_raise:
                most = decision.limit if decision.restored is None else decision.restored
                self.note("no_raise", decision.move("no_raise", min(decision.x, most)))
                self.note("no_raise: restored", decision.restored is not None and decision.x > decision.limit)
        for rules in self.night.rules.values():
            self._spend_budget(rules, [decision for decision in live if decision.rules is rules])
        for decision in live:
            self._give_back(decision)
        for group in self._of_customer.values():
            self._bound_by_income(group)

    def _give_back(self, decision: Decision) -> None:
        """Give back what a restatement owes, as far as tonight's evidence and the product allow it."""
        if decision.owed is None:
            return
        is_protected = any(self._protections(decision).values())
        least = decision.owed if is_protected else min(decision.owed, decision.from_owed)
        self.note("restatement: protected", is_protected and decision.from_owed < decision.owed)
        self.note("restatement: less on tonight's evidence", least < decision.owed)
        tier = decision.rules.tier(decision.account)
        least = least if tier is None else min(least, tier["max"])
        decision.is_given_back = decision.move("restatement", max(decision.x, least))
        self.note("restatement", decision.is_given_back)

    def _forbids_raise(self, decision: Decision) -> bool:
        rules, account, night = decision.rules, decision.account, self.night
        past_due = self.believed[decision.customer]["f02_dpd_max_30d"]
        age = rules.max_income_age_days
        income, income_date = account["income_monthly_minor"], account["income_as_of_date"]
        is_unknown = (income or 0) <= 0 or income_date is None
        grounds = {
            "no tier": rules.tier(account) is None,
            "tenure": (night.day - account["opened_date"]).days < rules.min_tenure_days,
            "past due": past_due is None or past_due > rules.max_days_past_due_30d,
            "income age": age is not None and (is_unknown or (night.day - income_date).days > age),
            "consent": rules.is_consent_required and account["raise_consent_code"] != "opted_in",
            "trigger": bool(self.minds[decision.customer, rules.name].triggers),
        }
        for name, holds in grounds.items():
            self.note(f"no_raise: {name}", holds)
        decision.grounds = [name for name, holds in grounds.items() if holds]
        return any(grounds.values())

    def _income(self, group: list[Decision]) -> tuple[list[Decision], int | None]:
        """The accounts that the income bound counts, and their common bound (None if there is no income)."""
        counted = [d for d in group if not d.is_kept and d.rules.income_multiple(d.account) is not None]
        known = [d.account["income_monthly_minor"] for d in group if d.account["income_monthly_minor"] is not None]
        if not counted or max(known, default=0) <= 0:
            return [], None
        multiple = max(d.rules.income_multiple(d.account) for d in counted)
        return counted, units_down(max(known) * multiple // 10000, counted[0].rules.unit)

    def _bound_by_income(self, group: list[Decision]) -> None:
        counted, bound = self._income(group)
        if bound is None:
            return
        shares = share_out(bound, {decision.key: decision.x for decision in counted}, counted[0].rules.unit)
        for decision in counted:
            moved = decision.move("income", min(decision.x, max(shares[decision.key], decision.rules.floor)))
            self.note("income", moved)
            self.note("income: several accounts", moved and len(counted) > 1)

    def _spend_budget(self, rules: Rules, live: list[Decision]) -> None:
        if rules.budget is None:
            return
        for is_assigned in (True, False):
            self._spend(rules, [decision for decision in live if decision.is_assigned == is_assigned])

    def _spend(self, rules: Rules, live: list[Decision]) -> None:
        asking = [d for d in live if d.override is None and d.restored is None]
        raises = [d for d in asking if d.x > d.limit and not self._keeps_limit(d)]
        spent = 0
        for decision in sorted(raises, key=lambda d: (-d.score, d.customer, d.key)):
            spent += decision.x - decision.limit
            if spent > rules.budget:
                decision.is_budget_spent = decision.move("raise_budget", decision.limit)
                self.note("raise_budget")

    # ---- protect

    def _protections(self, decision: Decision) -> dict[str, bool]:
        account, rules = decision.account, decision.rules
        before = self.before.minds.get((decision.customer, rules.name))
        is_known = decision.customer in self.known_customers
        return {
            "P2": self._is_paused(account),
            "P3": self._is_open_case("appeal", account),
            "P4": self._is_open_case("human_review", account) or self._is_open_case("opt_out_automated", account),
            "G2": self._is_maintained(rules),
            "P5": is_known and (before is None or before.version != rules.version),
            "G4": "case_event" in self.night.distrusted,
        }

    def _protect(self, decision: Decision) -> None:
        held = [code for code, holds in self._protections(decision).items() if holds]
        if held and decision.move("protect", max(decision.x, decision.limit)):
            self.note(f"protect: {held[0]}")
            decision.facts.append((5, held[0]))

    # ---- hard triggers

    def _triggers(self, customer: int, rules: Rules, before: Mind | None) -> dict[str, Trigger]:
        known = before.triggers if before else self._brought_along(customer)
        after = {}
        for code in rules.triggers:
            old = known.get(code)
            self.note("trigger: brought along", old is not None and before is None)
            new = self._trigger(customer, rules, code, old)
            if new is not None:
                after[code] = new
        return after

    def _brought_along(self, customer: int) -> dict[str, Trigger]:
        """The triggers from a pack that knew the customer before; if there are several, from the first pack by name."""
        packs = sorted(self.known_packs.get(customer, ()))
        return self.before.minds[customer, packs[0]].triggers if packs else {}

    def _trigger(self, customer: int, rules: Rules, code: str, old: Trigger | None) -> Trigger | None:
        verdict, reason = self._verdict(customer, rules, code)
        self.note(f"trigger {verdict}: {'active' if old else 'not active'}")
        is_first = customer not in self.known_customers
        if old is None and is_first and code in self._named(customer, rules):
            # it was active in the old system
            old = Trigger(hits_in_a_row=1, is_sustained=True, is_inherited=True)
        if verdict == "undecided":
            return None if old is None else Trigger(**(vars(old) | {"is_hit": False, "is_evidence_late": True}))
        if verdict == "hit":
            is_learnt = all(facts.get(reason[1]) is None for facts in self.before.believed.values())
            self.note("trigger: what is learnt tonight may be old", is_learnt and old is None and not is_first)
            return self._hit(rules, code, old, reason, is_first or is_learnt)
        return None if old is None else self._clear(customer, rules, code, old)

    def _named(self, customer: int, rules: Rules) -> set[str]:
        """The trigger codes in the opening state of the customer's accounts under this pack."""
        keys = [decision.key for decision in self._of_customer[customer, rules.name]]
        return {(self.night.opening.get(key) or {}).get("trigger_code") for key in keys} - {None}

    def _verdict(self, customer: int, rules: Rules, code: str) -> tuple[str, tuple[str, str] | None]:
        """hit, undecided or clear; for a hit also the reason code and the first feature of the group."""
        if "case_event" in self.night.distrusted or customer in self.resting:
            return "undecided", None
        is_undecided = False
        for group in rules.triggers[code]:
            if any(row["source_name"] in self.night.distrusted for row in group):
                is_undecided = True
            elif all(rules.meets(row, self.believed[customer][row["feature"]]) for row in group):
                return "hit", (group[0]["reason_code"], group[0]["feature"])
        return ("undecided" if is_undecided else "clear"), None

    def _hit(self, rules: Rules, code: str, old: Trigger | None, reason: tuple[str, str], is_first: bool) -> Trigger:
        is_new = old is None or (old.is_inherited and old.was_interrupted)
        hits = 1 if is_new else old.hits_in_a_row + 1
        is_sustained = hits >= rules.hold_nights(code) or (not is_new and old.is_sustained)
        is_inherited = is_first if old is None else old.is_inherited and not is_new
        self.note("trigger: new after an inherited one", old is not None and is_new)
        self.note("trigger: inherited", is_inherited)
        self.note("trigger: hit but not yet held", not is_sustained)
        self.note("trigger: relapse", old is not None and old.hits_in_a_row == 0)
        return Trigger(hits, is_sustained, None, is_inherited, False, reason, True, self.night.day)

    def _clear(self, customer: int, rules: Rules, code: str, old: Trigger) -> Trigger | None:
        cure, features = rules.cure(code), self.believed[customer]
        past_due = features["f01_dpd_now"]
        is_clean = cure.max_past_due is None or (past_due is not None and past_due <= cure.max_past_due)
        if self._was_hit_in_a_pause(customer, rules, old):
            self.note("trigger: its last hit was in a pause")
            return None
        if self._was_hit_on_a_bad_row(customer, old):
            self.note("trigger: its last hit was on a bad row")
            return None
        self.note("trigger: clear but not clean", not is_clean)
        since = (old.clean_since or self.night.day) if is_clean else None
        days = (self.night.day - since).days + 1 if since else 0
        if is_clean and days >= cure.clean_nights and self._has_paid(cure.min_on_time, features):
            self.note("trigger: cured")
            return None
        self.note("trigger: waits for instalments", is_clean and days >= cure.clean_nights)
        is_late = is_clean and days >= cure.clean_nights and "instalment" in self.night.distrusted
        return Trigger(
            0,
            old.is_sustained,
            since,
            old.is_inherited,
            True,
            old.reason,
            last_hit=old.last_hit,
            is_evidence_late=is_late,
        )

    def _was_hit_in_a_pause(self, customer: int, rules: Rules, old: Trigger) -> bool:
        """Whether the last hit lies within a hardship pause that is known tonight."""
        if old.last_hit is None:
            return False
        accounts = [decision.account for decision in self._of_customer[customer, rules.name]]
        pauses = [row for account in accounts for row in self._standing(self._events(("hardship_pause",), account))]
        return any(
            (row["from_date"] or row["local_date"]) <= old.last_hit
            and (row["to_date"] is None or old.last_hit <= row["to_date"])
            for row in pauses
        )

    def _has_paid(self, least: int, features: Row) -> bool:
        if least <= 0:
            return True
        if "instalment" in self.night.distrusted:
            self.note("cure: instalments distrusted")
            return False
        on_time, due = features["on_time_instalments_90d"], features["due_instalments_90d"]
        if on_time is None or due is None:
            self.note("cure: instalments missing")
            return True
        return on_time >= min(least, due)

    def _acting(self, decision: Decision) -> dict[str, Trigger]:
        """The triggers that bound the limit: sustained and not inherited."""
        triggers = self.minds[decision.customer, decision.rules.name].triggers
        return {code: one for code, one in triggers.items() if one.is_sustained and not one.is_inherited}

    def _bound_of(self, decision: Decision, code: str) -> int | None:
        effect, share = decision.rules.effect(code)
        if effect not in ("floor", "share_of_reference"):
            return None
        bound = decision.rules.floor if effect == "floor" else decision.reference * share // 10000
        if self._acting(decision)[code].is_evidence_late:
            self.note("trigger: evidence is late and it would cut", bound < decision.x)
            return max(bound, decision.limit)
        return bound

    def _act_on_triggers(self, decision: Decision) -> None:
        decision.protected = decision.x
        acting = self._acting(decision)
        bounds = [bound for bound in (self._bound_of(decision, code) for code in acting) if bound is not None]
        decision.is_floored_by_trigger = any(decision.rules.effect(code)[0] == "floor" for code in acting)
        for code in acting:
            self.note(f"trigger acts: {decision.rules.effect(code)[0]}")
        if bounds:
            decision.trigger_bound = min(bounds)
            self.note("hard_trigger", decision.move("hard_trigger", min(decision.x, min(bounds))))
        decision.after_triggers = decision.x

    # ---- floor, rounding, balance

    def _floor_and_round(self, decision: Decision) -> None:
        rules, limit = decision.rules, decision.limit
        self.note("floor", decision.move("floor", max(decision.x, min(rules.floor, limit))))
        rounded = units_down(decision.x, rules.unit)
        if decision.x > limit:
            rounded = max(limit, rounded)
        if decision.x not in (limit, decision.owed):
            self.note("rounding", decision.move("rounding", rounded))
        if not decision.is_floored_by_trigger:
            owed = -units_down(-decision.account["principal_minor"], rules.unit)
            self.note("balance_rule", decision.move("balance_rule", max(decision.x, min(limit, owed))))
        decision.balanced = decision.x

    # ---- own maximum, cap

    def _requested(self, rows: list[Row]) -> int | None:
        if not rows or rows[-1]["outcome"] == "withdrawn":
            return None
        return rows[-1]["amount_minor"]

    def _requested_of_person(self, account: Row) -> int | None:
        asked = [self._requested(thread) for thread in self._threads_of_person("limit_request", account)]
        return min((amount for amount in asked if amount is not None), default=None)

    def _own_maximum(self) -> None:
        live = [decision for decision in self.all if not decision.is_kept]
        for decision in live:
            decision.own_maximum = self._requested(self._of_account(("limit_request",), decision.account))
        after = {}
        for decision in live:
            sharers = self._live_peers(decision)
            alone = {d.key: d.x if d.own_maximum is None else min(d.x, d.own_maximum) for d in sharers}
            self.note("own_maximum: account", alone[decision.key] < decision.x)
            shares = alone
            together = self._requested_of_person(decision.account)
            if together is not None:
                shares = share_out(together, alone, unit_of(sharers))
                self.note("own_maximum: customer", shares != alone)
                self.note("own_maximum: several packs", shares != alone and len({d.rules.name for d in sharers}) > 1)
            after[id(decision)] = shares[decision.key]
        for decision in live:
            if decision.move("own_maximum", after[id(decision)]):
                decision.facts.append((3, "M1"))

    def _live_peers(self, decision: Decision) -> list[Decision]:
        return [peer for peer in self._peers(decision) if not peer.is_kept]

    def _peers(self, decision: Decision) -> list[Decision]:
        """The customer's open accounts under any pack. Assigned decisions and shadow decisions are kept apart."""
        found = self._of_person_at_all[decision.customer]
        return [d for d in found if d.is_open and d.is_assigned == decision.is_assigned]

    @cached_property
    def _of_person_at_all(self) -> dict[int, list[Decision]]:
        groups: dict[int, list[Decision]] = defaultdict(list)
        for decision in self.all:
            groups[decision.customer].append(decision)
        return groups

    def _caps_on(self, decision: Decision) -> list[Row]:
        return [row for row in decision.rules.caps(self.night.day) if row["concerns"](decision.account)]

    def _caps(self) -> None:
        after = {}
        for decision in self.all:
            if decision.is_kept or self._keeps_limit(decision):
                continue
            shares = [decision.x]
            for row in self._caps_on(decision):
                peers = [d for d in self._peers(decision) if not d.is_kept and row["concerns"](d.account)]
                unit = unit_of(peers)
                left = max(0, row["cap"] - sum(d.limit for d in peers if self._keeps_limit(d)))
                values = {d.key: d.x for d in peers if not self._keeps_limit(d)}
                share = share_out(left, values, unit)[decision.key]
                shares.append(share)
                bound = units_down(left, unit)
                self.note("regulatory_cap: beside an overlaid account", left < row["cap"])
                decision.is_cap_reached |= sum(values.values()) >= bound
                decision.cap_rooms.append(bound - min(sum(values.values()), bound) + share)
                self.note(f"regulatory_cap: {row['base']}", shares[-1] < decision.x)
                self.note("regulatory_cap: several accounts", shares[-1] < decision.x and len(values) > 1)
            after[id(decision)] = min(shares)
        for decision in self.all:
            if id(decision) not in after:
                continue
            is_lowered = decision.move("regulatory_cap", after[id(decision)])
            decision.is_capped = is_lowered or (decision.is_cap_reached and decision.x < decision.reference)
            self.note("regulatory_cap: reached, not lowered", decision.is_capped and not is_lowered)
            if decision.is_capped:
                decision.facts.append((3, "G1"))

    # ---- overlays

    def _freeze_customers(self) -> None:
        """Decide for each pack whose freeze begins, continues or ends tonight."""
        self.frozen: dict[tuple[int, str], Freeze] = {}
        self.extended: set[tuple[int, str]] = set()
        self.suspected: set[str] = set()
        new: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for (customer, pack), group in self._of_customer.items():
            before = self.before.minds.get((customer, pack))
            old = before.freeze if before else self._frozen_before_us(customer, group)
            after = self._freeze(customer, group, old)
            if after is not None:
                self.frozen[customer, pack] = after
                if old is not None and after.extensions > old.extensions:
                    self.extended.add((customer, pack))
            if after is not None and old is None:
                new[pack].append((customer, pack))
        watched = {(row["customer_key"], row["pack"]) for row in self.night.watched if row["movement"] == "FREEZE"}
        for pack, fresh in new.items():
            rules = self.night.rules[pack]
            customers = sum(name == pack for _, name in self._of_customer)
            # freezes of watches on the same day count, too
            count = len({*fresh, *(key for key in watched if key[1] == pack and key in self._of_customer)})
            if count * 10000 > rules.mass_share_bp * customers and count > rules.mass_min_customers:
                self.suspected.add(pack)
                self.note("freeze: mass guard")
                for key in fresh:
                    del self.frozen[key]

    def _frozen_before_us(self, customer: int, group: list[Decision]) -> Freeze | None:
        """On a customer's first night: the freeze that the opening state of the pack's accounts names, if any."""
        if customer in self.known_customers:
            return None
        opening = [(self.night.opening.get(decision.key) or {}).get("frozen_until") for decision in group]
        until = max((each for each in opening if each and each > self.night.cut_off), default=None)
        self.note("freeze: begun before us", until is not None)
        return Freeze(self.night.cut_off, until) if until else None

    def _freeze(self, customer: int, group: list[Decision], old: Freeze | None) -> Freeze | None:
        rules, cut_off = group[0].rules, self.night.cut_off
        if customer in self.resting:
            self.note("freeze: stays while the customer rests", old is not None)
            return old
        has_cause = self._has_cause(customer, rules)
        until = cut_off + timedelta(hours=rules.freeze_hours)
        if old is None:
            self.note("freeze: begins", has_cause)
            return Freeze(cut_off, until, 0, self._freeze_code(customer, rules)) if has_cause else None
        if self._is_verified(group, old.began) and not has_cause:
            self.note("freeze: ends verified")
            return None
        if has_cause and old.extensions < rules.max_extensions:
            self.note("freeze: extended")
            return Freeze(old.began, until, old.extensions + 1, old.code)
        self.note("freeze: stays" if old.until > cut_off else "freeze: ends by time")
        return old if old.until > cut_off else None

    def _has_cause(self, customer: int, rules: Rules) -> bool:
        features = self.night.features[customer]
        points = sum(
            int(row["points"])
            for row in rules.freeze_rows
            if self.families[row["feature"]] not in self.night.distrusted
            and features[row["feature"]] is not None
            and features[row["feature"]] >= int(row["threshold"])
        )
        is_reached = bool(rules.freeze_rows) and points >= rules.freeze_at_points
        is_new = (features["suspicious_events_new"] or 0) > 0
        self.note("freeze: points without anything new", is_reached and not is_new)
        return is_reached and is_new

    def _is_verified(self, group: list[Decision], since: datetime) -> bool:
        return any(row["occurred_at"] >= since for d in group for row in self._events(("step_up_verified",), d.account))

    def _keeps_limit(self, decision: Decision) -> bool:
        """Whether the account is overlaid tonight, or was until tonight."""
        is_frozen = (decision.customer, decision.rules.name) in self.frozen
        was = self._stood_until_tonight(decision)
        return not decision.is_kept and (was or is_frozen or self._is_legally_held(decision.account))

    def _stood_until_tonight(self, decision: Decision) -> bool:
        """Whether an overlay stood until tonight, here or only at the core, which did not hear of its end.

        For a customer at rest, only our own state counts.
        """
        line = self.before.lines.get(decision.key, Line())
        is_only_at_core = line.stands_at_core(self.night.cut_off) and not line.was_overlaid and not decision.is_at_rest
        self.note("overlay: stands at the core alone", is_only_at_core)
        return line.was_overlaid or is_only_at_core

    def _overlay(self, decision: Decision) -> None:
        pack = decision.rules.name
        is_frozen = (decision.customer, pack) in self.frozen
        is_legal = self._is_legally_held(decision.account)
        was = self.before.lines.get(decision.key, Line()).was_overlaid
        decision.is_overlaid = decision.has_line and (was if decision.is_at_rest else is_frozen or is_legal)
        decision.ended = self._stood_until_tonight(decision) and decision.has_line and not decision.is_overlaid
        is_told = self._told_until(decision) is not None
        if decision.is_overlaid and not decision.is_at_rest and not (was and is_told):
            decision.action = "FREEZE"
            self.note("overlay: ordered again", was)
        elif decision.ended:
            decision.action = "RESTORE"
        self.note("overlay: legal hold", is_legal)
        self.note(f"overlay: {decision.action}", decision.is_overlaid or decision.ended)
        if decision.is_overlaid or decision.ended:
            is_moved = decision.move("overlay", decision.limit)
            self.note("overlay", is_moved)
            if not is_moved and decision.action != "HOLD":
                decision.trace.append(("overlay", decision.x, decision.x))
        if decision.is_at_rest:
            if decision.is_overlaid:
                decision.facts.append((1, self._standing_overlay(decision)))
                self.note("overlay: stays while the customer rests")
        elif is_legal and decision.has_line:
            decision.facts.append((1, "L1"))
        elif is_frozen and decision.has_line:
            decision.facts.append((1, self.frozen[decision.customer, pack].code))
        elif decision.ended:
            decision.facts.append((1, "F3"))

    def _freeze_code(self, customer: int, rules: Rules) -> str:
        """F2 if a device that others share gives points, else F1."""
        value = self.night.features[customer]["f37_customers_per_device"]
        thresholds = [int(r["threshold"]) for r in rules.freeze_rows if r["feature"] == "f37_customers_per_device"]
        is_shared = value is not None and any(value >= threshold for threshold in thresholds)
        return "F2" if is_shared and "session" not in self.night.distrusted else "F1"

    def _told_until(self, decision: Decision) -> datetime | None:
        line = self.before.lines.get(decision.key, Line())
        return line.told_until if line.stands_at_core(self.night.cut_off) else None

    def security_orders(self) -> dict[int, tuple[str, datetime | None]]:
        """The action, and for a freeze its end, by account.

        An account has an order if its freeze begins, is extended, lasts longer than the core knows, or ends.
        """
        orders: dict[int, tuple[str, datetime | None]] = {}
        for decision in self.all:
            if not decision.is_assigned:
                continue
            freeze = self.frozen.get((decision.customer, decision.rules.name))
            is_legal = self._is_legally_held(decision.account)
            is_extended = not is_legal and (decision.customer, decision.rules.name) in self.extended
            until = None if is_legal or freeze is None else freeze.until
            told, is_outlasting = self._told_until(decision), False
            if decision.is_overlaid and not decision.is_at_rest and told is not None:
                is_outlasting = told < (until or datetime.max)
                self.note("security order: outlasts the core's", is_outlasting and decision.action == "HOLD")
            if decision.action == "RESTORE":
                orders[decision.key] = ("RESTORE", None)
            elif decision.is_overlaid and (decision.action == "FREEZE" or is_extended or is_outlasting):
                orders[decision.key] = ("FREEZE", until)
        return orders

    # ---- pending

    def _pend(self, decision: Decision) -> None:
        limit, x, night = decision.limit, decision.x, self.night
        old = self.before.lines.get(decision.key, Line()).pending
        if decision.is_overlaid or decision.ended or decision.is_at_rest:
            decision.pending = old
            self.note("pending: kept under an overlay", old is not None)
        elif old is not None:
            amount, effective = max(old[0], x), old[1]
            if x >= limit:
                self.note("pending: withdrawn")
            elif night.day + timedelta(days=1) >= effective:
                decision.move("pending", min(limit, amount))
                self.note("pending: acts")
            else:
                decision.pending = (amount, effective)
                decision.move("pending", limit)
                self.note("pending: goes on")
        elif x < limit:
            lead = decision.rules.lead_days("DOWN", decision.reasons[0] if decision.reasons else None, night.day)
            if lead > 0:
                decision.pending = (x, night.day + timedelta(days=1 + lead))
                decision.move("pending", limit)
                self.note("pending: begins")

    # ---- what is shown

    def _publish(self, decision: Decision) -> None:
        if decision.action == "HOLD" and decision.x != decision.limit:
            decision.action = "UP" if decision.x > decision.limit else "DOWN"
        if decision.pending is not None:
            decision.effective = decision.pending[1]
        elif decision.action != "HOLD":
            decision.effective = self.night.day + timedelta(days=1)
        acting = self._acting(decision)
        forbids = any(decision.rules.effect(code)[0] in ("floor", "block_draws") for code in acting)
        self._draw(decision, decision.is_overlaid or forbids)
        decision.state = self._display(decision, self._is_maintained(decision.rules))
        decision.grantable = self._grantable(decision)
        self.note(f"action: {decision.action}")
        self.note(f"state: {decision.state}")

    def _draw(self, decision: Decision, is_forbidden: bool) -> None:
        is_forbidden = is_forbidden or decision.account["status"] != "active"
        decision.drawable = 0 if is_forbidden else max(0, decision.x - decision.account["principal_minor"])
        least = decision.rules.min_draw(decision.account)
        decision.is_usable = 0 < decision.drawable >= least
        self.note("usable" if decision.is_usable else "not usable")

    def _display(self, decision: Decision, is_maintained: bool) -> str:
        x, floor = decision.x, decision.rules.floor
        if not decision.is_open:
            return "CLOSED"
        if decision.is_overlaid:
            return "FROZEN_SECURITY"
        if is_maintained and x == decision.limit and x > floor:
            return "MAINTENANCE"
        if decision.is_capped:
            return "REG_CAPPED"
        if x >= decision.reference:
            return "NORMAL"
        return "FLOORED" if x <= floor and (x > 0 or floor == 0) else "REDUCED"

    def _grantable(self, decision: Decision) -> int:
        if decision.is_no_raise or decision.is_kept or decision.is_overlaid or decision.ended:
            return decision.x
        rules = decision.rules
        sharers = self._live_peers(decision)
        counted, income = self._income(self._of_customer[decision.customer, rules.name])
        tier = rules.tier(decision.account)
        most = [max(decision.target or 0, decision.strategy), *([] if tier is None else [tier["max"]])]
        if decision in counted:
            most.append(income - sum(d.x for d in counted if d is not decision))
        together = self._requested_of_person(decision.account)
        if together is not None:
            most.append(units_down(together, unit_of(sharers)) - sum(d.x for d in sharers if d is not decision))
        most += decision.cap_rooms
        most += [bound for bound in (decision.trigger_bound, decision.own_maximum) if bound is not None]
        grantable = max(decision.x, units_down(min(most), rules.unit))
        self.note("granted on request: more", grantable > decision.x)
        return grantable

    # ---- reasons

    def _reasons(self, decision: Decision) -> None:
        rules, limit = decision.rules, decision.limit
        self._trigger_reasons(decision)
        if decision.reference == 0:
            decision.facts.append((4, "N1"))
        if not decision.is_kept:
            moved = {name: (before, after) for name, before, after in decision.trace}
            for operator, code in (("product_tier", "T1"), ("income", "I1")):
                is_lowered = operator in moved and moved[operator][1] < limit and decision.balanced < limit
                if is_lowered and decision.x < limit and "hard_trigger" not in moved:
                    decision.facts.append((4, code))
            if decision.x != limit and decision.override is not None:
                decision.facts.append((5, "P1"))
            elif decision.x > limit:
                decision.facts.append(
                    (1, "U2") if decision.is_given_back else (5, "P6" if decision.restored is not None else "U1")
                )
            if decision.is_budget_spent:
                decision.facts.append((5, "G3"))
        codes = [code for _, code in sorted(set(decision.facts))]
        if decision.x < limit and decision.wanted < limit and decision.override is None:
            codes += self._score_reasons(decision)
        decision.reasons = list(dict.fromkeys(codes))[: rules.max_reasons]
        for code in decision.reasons:
            self.note(f"reason: {code}")

    def _trigger_reasons(self, decision: Decision) -> None:
        """The trigger whose bound was reached, and triggers that block draws. If a trigger was not hit tonight, K1."""
        if decision.is_kept:
            return
        acting, bound = self._acting(decision), decision.trigger_bound
        is_reached = (
            bound is not None
            and decision.after_triggers == bound < decision.reference
            and decision.x <= max(bound, decision.balanced)
            and (decision.balanced < decision.protected or decision.x == decision.balanced)
        )
        reached = next((code for code in sorted(acting) if self._bound_of(decision, code) == bound), None)
        for code, one in acting.items():
            if (is_reached and code == reached) or decision.rules.effect(code)[0] == "block_draws":
                decision.facts.append((2, one.reason[0] if one.is_hit else "K1"))

    def _score_reasons(self, decision: Decision) -> list[str]:
        lost = self._points_lost(decision)
        rules, by_code, places = decision.rules, Counter(), {}
        for name, points in lost.items():
            by_code["N3" if name == MISSING_FACTS else rules.reason_of(name)] += points
        for code, points in sorted(by_code.items(), key=lambda item: (-item[1], item[0])):
            places.setdefault(rules.cause(code), (code, points))
        self.note("score reasons: one cause, one place", len(places) < len(by_code))
        least = rules.min_reason_share_bp * sum(lost.values())
        weighty = {code: points for code, points in places.values() if points * 10000 >= least}
        self.note("score reasons: too small", len(weighty) < len(places))
        causes = [code for code, points in weighty.items() if self._raises_target(decision, points)]
        self.note("score reasons: not a cause", 0 < len(causes) < len(weighty))
        self.note("score reasons: only together", weighty and not causes)
        return causes or list(weighty)

    def _points_lost(self, decision: Decision) -> dict[str, int]:
        """The points lost since the reference limit was approved; if there are none, those against the best bin."""
        rules, features = decision.rules, self.believed[decision.customer]
        points = {name: rules.points(name, features[name]) for name in rules.scored}
        approved = self._approved(decision)
        lost = {name: approved[name] - points[name] for name in points if name in approved}
        lost = {name: value for name, value in lost.items() if value > 0}
        self.note("score reasons: since approval" if lost else "score reasons: against the best bin")
        if not lost:
            best = {name: rules.best_points(name) - value for name, value in points.items()}
            lost = {name: value for name, value in best.items() if value > 0}
        known = {name: value for name, value in lost.items() if features[name] is not None}
        missing = sum(lost.values()) - sum(known.values())
        self.note("score reasons: missing facts", missing > 0)
        return known | ({MISSING_FACTS: missing} if missing else {})

    def _raises_target(self, decision: Decision, points: int) -> bool:
        """Whether tonight's target would be higher with these points back."""
        rules, features = decision.rules, self.believed[decision.customer]
        score = rules.clamped(rules.raw_score(features) + points)
        multiplier = rules.multiplier(1000 * score, features["f06_util_bp"] or 0)
        return decision.reference * multiplier // 10000 > decision.tonight_target

    def _approved(self, decision: Decision) -> dict[str, int]:
        """The points on the night on which the reference limits known the night before were approved."""
        before = self.before.minds.get((decision.customer, decision.rules.name))
        return before.approved if before else {}

    def _approval(self, rules: Rules, group: list[Decision], before: Mind | None) -> tuple[int, dict[str, int]]:
        """The sum of the reference limits, and the points on the first night with that sum."""
        reference = sum(decision.reference for decision in group)
        if before is not None and reference <= before.reference:
            return before.reference, before.approved
        features = self.believed[group[0].customer]
        return reference, {name: rules.points(name, features[name]) for name in rules.scored}

    # ---- void nights, state

    def void_decisions(self) -> list[Decision]:
        """Every account keeps its limit, and frozen accounts stay frozen."""
        self._open_decisions()
        for decision in self.all:
            line = self.before.lines.get(decision.key, Line())
            decision.is_overlaid = line.was_overlaid and not decision.is_kept
            if decision.is_overlaid:
                decision.reasons = [self._standing_overlay(decision)]
                self.note(f"night: void and overlaid, {decision.reasons[0]}")
            decision.state = self._display(decision, True)
            decision.grantable = decision.x
        return self.all

    def _standing_overlay(self, decision: Decision) -> str:
        """L1 under a legal hold, else the reason with which the freeze began."""
        if self._is_legally_held(decision.account):
            return "L1"
        before = self.before.minds.get((decision.customer, decision.rules.name))
        return before.freeze.code if before and before.freeze else "F1"

    def _kept_minds(self) -> dict[tuple[int, str], Mind]:
        """What packs know about customers whom they do not decide tonight. Their freezes end by themselves."""
        cut_off = self.night.cut_off
        return {
            key: replace(mind, freeze=mind.freeze if mind.freeze and mind.freeze.until > cut_off else None)
            for key, mind in self.before.minds.items()
            if key not in self.minds
        }

    def state_after(self) -> State:
        cuts = self._cuts_to_keep()
        latest: dict[int, date] = {}
        for (_, decided), (owner, _) in cuts.items():
            latest[owner] = max(decided, latest.get(owner, date.min))
        return State(
            believed=self.believed,
            reference={row["account_key"]: self._granted(row) for row in self.night.accounts},
            limits={
                row["account_key"]: (self.limits[row["account_key"]], row["limit_minor"]) for row in self.night.accounts
            },
            orders={key: self._orders_to_keep(orders) for key, orders in self.orders.items()},
            moved=self.before.moved | self._moved_tonight(),
            minds=self._kept_minds() | self.minds,
            lines={
                d.key: Line(self._is_overlaid_at_the_core(d), d.pending, self._told_until(d))
                for d in self.all
                if d.is_assigned
            },
            owed=self._owed_after(),
            shares=self.shares,
            cuts=cuts,
            corrections={
                (customer, source, day)
                for customer, source, day in self._corrections
                if day <= latest.get(customer, date.min)
            },
            survivors=self.before.survivors,
            merged_on=self.before.merged_on,
        )

    def _moved_tonight(self) -> dict[int, int]:
        """The limits to which our decisions move accounts. A restated night counts the decisions that were ordered."""
        ordered = {d.key: (d.action, d.x) for d in self.all if d.is_assigned}
        ordered |= {
            key: (standing["action"], standing["recommended_limit_minor"])
            for key, standing in self.night.standing.items()
        }
        return {key: limit for key, (action, limit) in ordered.items() if action in ("UP", "DOWN")}

    def _is_overlaid_at_the_core(self, decision: Decision) -> bool:
        """Whether the account is overlaid: as decided, or on a restated night as it was ordered then."""
        standing = self.night.standing.get(decision.key)
        if standing is None:
            return decision.is_overlaid
        is_overlaid = standing["display_state"] == "FROZEN_SECURITY"
        self.note("restatement: another overlay stands at the core", is_overlaid != decision.is_overlaid)
        return is_overlaid

    def _owed_after(self) -> dict[int, int]:
        """What is owed after tonight: earlier debts that the core has not applied, and those of a restated night.

        A night that decides less on its own evidence lowers the debt.
        """
        owed = dict(self.before.owed)
        for decision in self.all:
            if not decision.is_assigned:
                continue
            before, core = owed.pop(decision.key, 0), decision.account["limit_minor"]
            if not decision.has_line:
                continue
            found = []
            if before > core and (decision.is_overlaid or decision.ended or decision.is_at_rest):
                self.note("restatement: deferred by an overlay")
                found.append(before)
            elif before > core and decision.x > core:
                found.append(min(before, decision.x))
            standing = self.night.standing.get(decision.key)
            if standing is not None and decision.x > standing["recommended_limit_minor"]:
                found.append(decision.x)
            if found:
                owed[decision.key] = max(found)
        return owed


def is_second_person(approver: str | None, actor: str | None) -> bool:
    """Whether somebody else approved. The same name in another spelling or with one letter changed does not count."""
    first, second = (re.sub("[^a-z0-9]", "", (name or "").lower()) for name in (approver, actor))
    first, second = (re.sub("[1i]", "l", name.replace("0", "o")) for name in (first, second))
    return bool(first and second) and _edits(first, second) > 1


def _edits(first: str, second: str) -> int:
    """How many letters must be changed, added or removed to make the texts equal."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, start=1):
        above, row = row, [number]
        for place, other in enumerate(second):
            row.append(min(above[place] + (letter != other), above[place + 1] + 1, row[place] + 1))
    return row[-1]


def _split(before: State, old: int, new: int) -> State:
    """Give the new customer all that is known about the old one, who keeps it, too."""
    believed = before.believed | ({new: before.believed[old]} if old in before.believed else {})
    copies = {(new, pack): mind for (customer, pack), mind in before.minds.items() if customer == old}
    corrections = before.corrections | {(new, *what) for owner, *what in before.corrections if owner == old}
    return replace(before, believed=believed, minds=before.minds | copies, corrections=corrections)


def unit_of(sharers: list[Decision]) -> int:
    """The unit in which decisions of several packs share a bound."""
    return max(decision.rules.unit for decision in sharers)


def share_out(bound: int, values: dict[int, int], unit: int) -> dict[int, int]:
    """Share a bound over several accounts in the order of their keys; all keep their values if they fit."""
    bound = units_down(bound, unit)
    if sum(values.values()) <= bound:
        return dict(values)
    whole = {key: units_down(value, unit) for key, value in values.items()}
    total = sum(whole.values())
    shares, reached, so_far = {}, 0, 0
    for key, value in sorted(whole.items()):
        so_far += value
        until = units_down(bound * so_far // total, unit) if total else 0
        shares[key] = min(values[key], until - reached)
        reached = until
    return shares
