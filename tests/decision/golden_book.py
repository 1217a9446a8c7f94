"""Single customers, one a golden case, decided by the real models in one night."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache

import pyarrow as pa
from decision_harness import (
    ACCOUNT_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
    trusted_sources,
)

from creditline.policy import PolicySet, packs_in_force
from creditline.project import POLICIES_DIR
from creditline.warehouse.sources import NightParameters

DAY = date(2026, 9, 1)
ENTITY = {"default": "MICRO01", "uci_taiwan": "TAIWAN_CARD", "berka": "BERKA_BANK"}
# A day of both slots, whatever their lengths in the bundled packs (7 and 30 days).
SLOT = 210


@dataclass(frozen=True)
class Case:
    """One customer with one account. Amounts are yuan and fen as text; whatever is not said is harmless.

    confirmed: what all former nights confirm, in milli-points; None is a customer whose score is not confirmed yet.
    """

    pack: str
    expected: dict[str, object]
    features: dict[str, int] = field(default_factory=dict)
    limit: str = "10000.00"
    reference: str | None = None
    confirmed: int | None = None
    account: dict[str, object] = field(default_factory=dict)
    override: str | None = None
    hits_before: dict[str, int] = field(default_factory=dict)


def minor(amount: str) -> int:
    """Yuan and fen as minor units."""
    whole, _, cents = amount.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0"))


@cache
def bundled(day: date) -> PolicySet:
    """The packs that came with the house, as they are in force on a day."""
    return packs_in_force(POLICIES_DIR, day)


def decide(cases: list[Case], day: date = DAY, policies: PolicySet | None = None) -> list[dict[str, object]]:
    """What the models decide about each case, in the order of the cases: the decision and the risk class."""
    policies = policies or bundled(day)
    nights = Nights(project_logic())
    try:
        keys = [(day - date(1970, 1, 1)).days % SLOT + SLOT * (place + 1) for place in range(len(cases))]
        _remember(nights, dict(zip(keys, cases, strict=True)), day, policies)
        nights.run(_inputs(dict(zip(keys, cases, strict=True)), day, policies))
        rows = nights.rows(
            "select decisions.*, classes.risk_class from dec_decision as decisions"
            " left join dec_risk_class as classes using (account_key) where is_assigned"
        )
    finally:
        nights.close()
    found = {row["account_key"]: row for row in rows}
    return [found[key] for key in keys]


def _remember(nights: Nights, cases: dict[int, Case], day: date, policies: PolicySet) -> None:
    """What the nights before knew: the customer, the reference limit, the confirmed score, triggers hit so far."""
    versions = {pack.settings.name: pack.policy_version for pack in policies.packs}
    before = day - timedelta(days=1)
    remembered = {name for name, *_ in nights.connection.execute("describe memory.kept.customer").fetchall()}
    for key, case in cases.items():
        reference = minor(case.reference or case.limit)
        smoothed = [] if case.confirmed is None else [case.confirmed] * 10
        facts = {name: value for name, value in case.features.items() if name in remembered} | {"customer_key": key}
        nights.connection.execute(
            f"insert into memory.kept.customer ({', '.join(facts)}) values ({', '.join('?' * len(facts))})",
            list(facts.values()),
        )
        nights.connection.execute(
            "insert into memory.kept.account (account_key, customer_key, reference_limit_minor, limit_minor,"
            " limit_since_date, is_overlaid) values (?, ?, ?, ?, ?, false)",
            [key, key, reference, minor(case.limit), before],
        )
        nights.connection.execute(
            "insert into memory.kept.confirmation (customer_key, pack, policy_version, reference_limit_minor,"
            " smoothed_milli) values (?, ?, ?, ?, ?)",
            [key, case.pack, versions[case.pack], reference, smoothed],
        )
        for code, count in case.hits_before.items():
            nights.connection.execute(
                "insert into memory.kept.trigger (customer_key, pack, trigger_code, triggered_date, last_hit_date,"
                " nights_in_a_row, is_sustained, is_inherited) values (?, ?, ?, ?, ?, ?, false, false)",
                [key, case.pack, code, before, before, count],
            )


def _inputs(cases: dict[int, Case], day: date, policies: PolicySet) -> Inputs:
    accounts = [_account(key, case, day) for key, case in cases.items()]
    events = [_override(key, case, day) for key, case in cases.items() if case.override]
    columns = {"customer_key": list(cases)} | {
        name: [case.features.get(name) for case in cases.values()] for name in all_features()
    }
    types = pa.schema([(name, pa.int64()) for name in columns])
    return Inputs(
        night=NightParameters(day, _cut_off(day), day - timedelta(days=1), False, "golden"),
        sources=trusted_sources(date(2000, 1, 1)),
        policies=policies,
        accounts=pa.Table.from_pylist(accounts, ACCOUNT_COLUMNS.append(pa.field("days_past_due", pa.int64()))),
        features=pa.table(columns, types),
        events=pa.Table.from_pylist(events, EVENT_COLUMNS),
        opening=pa.Table.from_pylist([], OPENING_COLUMNS),
    )


def _account(key: int, case: Case, day: date) -> dict[str, object]:
    return {
        "account_key": key,
        "customer_key": key,
        "product_code": "without_a_tier",
        "status": "active",
        "opened_date": day - timedelta(days=1000),
        "limit_minor": minor(case.limit),
        "principal_minor": 0,
        "legal_entity_code": ENTITY[case.pack],
        "purpose_code": "business",
        "channel_code": "branch",
        "income_monthly_minor": 10**12,
        "income_as_of_date": day,
        "raise_consent_code": "opted_in",
        "days_past_due": 0,
    } | case.account


def _override(key: int, case: Case, day: date) -> dict[str, object]:
    return {
        "event_token": f"override-{key}",
        "kind": "override",
        "account_key": key,
        "occurred_at": datetime.combine(day, time(12)),
        "amount_minor": minor(case.override),
        "from_date": day,
        "to_date": day,
        "actor": "clerk",
        "approver": "second clerk",
        "local_date": day,
    }


def _cut_off(day: date) -> datetime:
    return datetime.combine(day, time(18))
