"""The reference beside the SQL, field by field, over the nights of a generated book."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from decision_book import Book
from decision_harness import Inputs, Nights, all_features
from reference import Decision, Night, Reference
from reference_policy import Rules

from creditline.policy import Pack
from creditline.warehouse.logic import Logic

# Field of the comparison to column of dec_decision.
FIELDS = {
    "pack": "pack",
    "is_assigned": "is_assigned",
    "score": "score",
    "confirmed_milli": "confirmed_milli",
    "band": "band",
    "reference_limit": "reference_limit_minor",
    "target": "target_minor",
    "tonight_target": "tonight_target_minor",
    "recommended": "recommended_minor",
    "action": "action",
    "display_state": "display_state",
    "drawable": "drawable_minor",
    "is_usable": "is_usable",
    "max_grantable": "max_grantable_minor",
    "reason_code_1": "reason_code_1",
    "reason_code_2": "reason_code_2",
    "reason_code_3": "reason_code_3",
    "reason_code_4": "reason_code_4",
    "pending": "pending_minor",
    "effective_date": "effective_date",
}
# A void night decides nothing; only these say something.
STATES = ("CLOSED", "FROZEN_SECURITY", "MAINTENANCE", "REG_CAPPED", "NORMAL", "FLOORED", "REDUCED")
TRIGGERS = (
    "inherited", "new after an inherited one", "hit but not yet held", "relapse", "clear but not clean", "cured",
    "waits for instalments", "evidence is late and it would cut", "brought along", "its last hit was in a pause",
    "what is learnt tonight may be old", "its last hit was on a bad row", "inherited and approved",
)  # fmt: skip
FREEZES = (
    "begins", "points without anything new", "extended", "stays", "ends by time", "ends verified", "mass guard",
    "begun before us",
)  # fmt: skip
REASONS = (
    "F1", "F2", "F3", "L1", "B1", "B5", "B4", "E2", "E4", "A1", "D3", "K1", "G1", "M1", "T1", "I1", "N1", "P1", "U1", "U2",
    "G3", "P2", "P3", "P4", "P5", "P6", "G2", "G4", "C1", "D1", "E1", "N3",
)  # fmt: skip
SCORE_REASONS = (
    "since approval", "against the best bin", "one cause, one place", "too small", "not a cause", "only together",
    "missing facts",
)  # fmt: skip
VOID_FIELDS = ("pack", "is_assigned", "recommended", "action", "display_state")
OVERLAID_VOID_FIELDS = (*VOID_FIELDS, "reason_code_1")


# Every operator, branch and state of the page; a full run must take each at least once.
BRANCHES = (
    *(f"order: {status}" for status in ("IN_FLIGHT", "OBSERVED", "APPLIED", "PARTIAL", "REJECTED", "EXPIRED")),
    *("order: counts as applied", "order: external change", "order: led on from by an answered one"),
    *(f"action: {action}" for action in ("UP", "DOWN", "HOLD", "FREEZE", "RESTORE")),
    *(f"state: {state}" for state in STATES),
    *("routing: challenger", "routing: champion beside a challenger", "held: closed", "held: no line", "night: void"),
    *("routing: a pack is no challenger of its own", "withdrawal ends an earlier event", "slot: due for a pending cut"),
    *(f"night: void and overlaid, {code}" for code in ("L1", "F1", "F2")),
    *(f"evidence does not count: {why}" for why in ("frozen", "maintenance", "hardship", "appeal", "legal hold")),
    *("confirmation: not yet", "confirmation: there", "evidence: a feature drifted"),
    *("strategy: up", "strategy: down", "strategy: stopped at tonight's target", "override: up", "override: down"),
    *("restored: up", "no_raise: restored"),
    *("product_tier", "no_raise", "income", "income: several accounts", "raise_budget"),
    *("restatement", "restatement: protected", "restatement: less on tonight's evidence"),
    *("restatement: deferred by an overlay", "restatement: another overlay stands at the core"),
    *(f"no_raise: {ground}" for ground in ("no tier", "tenure", "past due", "income age", "consent", "trigger")),
    *(f"protect: {code}" for code in ("P2", "P3", "P4", "P5", "G2", "G4")),
    *(f"trigger {verdict}: {known}" for verdict in ("hit", "clear", "undecided") for known in ("active", "not active")),
    *(f"trigger: {what}" for what in TRIGGERS),
    *(f"trigger acts: {effect}" for effect in ("floor", "share_of_reference", "block_draws", "block_raise")),
    *("cure: instalments missing", "cure: instalments distrusted"),
    *("hard_trigger", "floor", "rounding", "balance_rule", "own_maximum: account", "own_maximum: customer"),
    *(
        "own_maximum: several packs",
        "regulatory_cap: reached, not lowered",
        "regulatory_cap: beside an overlaid account",
    ),
    *("regulatory_cap: LIMIT", "regulatory_cap: BALANCE", "regulatory_cap: several accounts"),
    *(f"freeze: {what}" for what in FREEZES),
    *("overlay", "overlay: legal hold", "overlay: FREEZE", "overlay: HOLD", "overlay: RESTORE"),
    *(
        "watch: froze",
        "watch: restored",
        "overlay: stands at the core alone",
        "overlay: ordered again",
        "security order: outlasts the core's",
    ),
    *(f"pending: {what}" for what in ("begins", "goes on", "acts", "withdrawn", "kept under an overlay")),
    *("usable", "not usable", "granted on request: more"),
    *(f"reason: {code}" for code in REASONS),
    *(f"score reasons: {what}" for what in SCORE_REASONS),
    *(f"change of ids: {what}" for what in ("merge", "split", "a trigger of both", "a freeze")),
    "case: threads of two customers",
    *(
        "evidence does not count: at rest",
        "freeze: stays while the customer rests",
        "overlay: stays while the customer rests",
    ),
)


@dataclass
class Comparison:
    """What was compared, what differed (with a few examples), and which branches were taken."""

    account_nights: int = 0
    decisions: int = 0
    traces: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def differ(self, name: str, text: str) -> None:
        """Count one difference; the first few are kept in full."""
        self.differences[name] += 1
        kept = self.examples.setdefault(name, [])
        if len(kept) < 5:
            kept.append(text)


def reference_night(inputs: Inputs, rules: dict[str, Rules]) -> Night:
    """The inputs of a night as the reference takes them."""
    night = inputs.night
    return Night(
        day=night.business_date,
        cut_off=night.cut_off_at,
        previous=night.previous_business_date,
        is_void=night.is_void,
        distrusted=frozenset(source.source for source in inputs.sources if source.is_distrusted),
        accounts=inputs.accounts.to_pylist(),
        features={row.pop("customer_key"): row for row in inputs.features.to_pylist()},
        events=inputs.events.to_pylist(),
        opening={row["account_key"]: row for row in inputs.opening.to_pylist()},
        orders=inputs.orders.to_pylist(),
        acks=inputs.acks.to_pylist(),
        watched=inputs.watched.to_pylist(),
        corrections=inputs.corrections.to_pylist(),
        standing={row["account_key"]: row for row in inputs.standing.to_pylist()},
        rules=rules,
        assignments=list(inputs.policies.assignments),
        changes=inputs.changes.to_pylist(),
        approved=frozenset(tuple(row.values()) for row in inputs.approved.to_pylist()),
    )


def compare(logic: Logic, packs: dict[str, Pack], *, seed: int, customers: int, nights: int) -> Comparison:
    """Run both over the same book; the core follows the SQL."""
    book, sql = Book(seed, customers, packs), Nights(logic)
    reference, result = Reference(all_features()), Comparison()
    rules: dict[str, Rules] = {}
    for _ in range(nights):
        inputs = book.inputs()
        for pack in inputs.policies.packs:
            rules.setdefault(pack.policy_version, Rules(pack))
        tonight = {pack.settings.name: rules[pack.policy_version] for pack in inputs.policies.packs}
        sql.run(inputs)
        mine = reference.decide(reference_night(inputs, tonight))
        theirs = sql.rows("select * from dec_decision")
        result.account_nights += inputs.accounts.num_rows
        _compare_decisions(result, inputs, mine, theirs)
        if not inputs.night.is_void:
            _compare_traces(result, inputs, mine, sql.rows("select * from dec_trace order by account_key, step"))
            _compare_orders(result, inputs, reference, sql)
        book.advance(sql.rows("select * from dec_adjustment order by account_key"))
        if not inputs.night.is_void:
            orders = "select * from dec_security_order inner join dec_security_movement using (account_key, action)"
            book.release_security(sql.rows(f"{orders} order by account_key"))
            book.watch(sql.rows("select account_key, customer_key, pack from dec_account order by account_key, pack"))
    result.seen = reference.seen
    sql.close()
    return result


def _fields(decision: Decision) -> dict[str, object]:
    reasons = [*decision.reasons, None, None, None, None][:4]
    return {
        "pack": decision.rules.name,
        "is_assigned": decision.is_assigned,
        "score": decision.score,
        "confirmed_milli": decision.confirmed,
        "band": decision.band,
        "reference_limit": decision.reference,
        "target": decision.target,
        "tonight_target": decision.tonight_target,
        "recommended": decision.x,
        "action": decision.action,
        "display_state": decision.state,
        "drawable": decision.drawable,
        "is_usable": decision.is_usable,
        "max_grantable": decision.grantable,
        **{f"reason_code_{number}": code for number, code in enumerate(reasons, start=1)},
        "pending": decision.pending[0] if decision.pending else None,
        "effective_date": decision.effective,
    }


def _compare_decisions(result: Comparison, inputs: Inputs, mine: list[Decision], theirs: list[dict]) -> None:
    by_key = {(row["account_key"], row["pack"]): row for row in theirs}
    if len(by_key) != len(theirs) or by_key.keys() != {(d.key, d.rules.name) for d in mine}:
        result.differ("rows", f"{inputs.night.business_date}: {len(theirs)} rows, {len(mine)} in the reference")
    for decision in mine:
        result.decisions += 1
        row = by_key.get((decision.key, decision.rules.name))
        if row is None:
            continue
        for name, value in _fields(decision).items():
            known = OVERLAID_VOID_FIELDS if decision.is_overlaid else VOID_FIELDS
            if inputs.night.is_void and name not in known:
                continue
            if row[FIELDS[name]] != value:
                text = f"SQL {row[FIELDS[name]]}, reference {value}; {_describe(inputs, decision)}"
                result.differ(name if not inputs.night.is_void else f"{name} (void night)", text)


def _compare_traces(result: Comparison, inputs: Inputs, mine: list[Decision], theirs: list[dict]) -> None:
    traces: dict[tuple[int, str], list[tuple[str, int, int]]] = {}
    for row in theirs:
        key = (row["account_key"], row["policy_version"])
        traces.setdefault(key, []).append((row["operator"], row["before_minor"], row["after_minor"]))
    for decision in mine:
        found = traces.pop((decision.key, decision.rules.version), [])
        result.traces += len(found)
        if found != decision.published_trace:
            result.differ("trace", f"SQL {found}, reference {decision.published_trace}; {_describe(inputs, decision)}")
    for key in traces:
        result.differ("trace", f"{inputs.night.business_date} {key}: no such decision")


def _compare_orders(result: Comparison, inputs: Inputs, reference: Reference, sql: Nights) -> None:
    """What became of the orders, and the limits that the night went on from."""
    mine = {order.key: order.status for orders in reference.state.orders.values() for order in orders}
    theirs = {row["adjustment_id"]: row["status"] for row in sql.rows("select * from dec_carried_order")}
    core = {row["account_key"]: row for row in sql.rows("select * from dec_assigned_account")}
    external = {key for key, row in core.items() if row["is_external_change"]}
    limits = {key: (row["limit_minor"], row["core_limit_minor"]) for key, row in core.items()}
    owed = {row["account_key"]: row["restated_limit_minor"] for row in sql.rows("from dec_carried_restated_limit")}
    security = {
        row["account_key"]: (row["action"], row["expires_at"] if row["action"] == "FREEZE" else None)
        for row in sql.rows("select * from dec_security_order")
    }
    for name, sql_says, reference_says in (
        ("order", theirs, mine),
        ("limit to go on from", limits, reference.state.limits),
        ("restated limit", owed, reference.state.owed),
        ("security order", security, reference.security),
        ("external change", dict.fromkeys(external), dict.fromkeys(reference.external)),
    ):
        for key in sql_says.keys() | reference_says.keys():
            ours = key in sql_says, sql_says.get(key)
            if ours != (key in reference_says, reference_says.get(key)):
                result.differ(
                    name, f"{inputs.night.business_date} {key}: SQL {sql_says.get(key)}, {reference_says.get(key)}"
                )


def _describe(inputs: Inputs, decision: Decision) -> str:
    """The decision as the reference sees it, in one line."""
    shown = ("limit", "reference", "x", "score", "confirmed", "target", "override", "grounds", "trigger_bound",
             "is_overlaid", "ended", "pending", "wanted", "action", "state", "reasons", "trace")  # fmt: skip
    values = ", ".join(f"{name}={getattr(decision, name)}" for name in shown)
    where = f"{inputs.night.business_date} account {decision.key} of {decision.customer}, {decision.rules.name}"
    return f"{where} ({'assigned' if decision.is_assigned else 'shadow'}), {decision.account['status']}: {values}"
