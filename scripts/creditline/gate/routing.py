"""Row rules for accounts that no policy in force decides. Their values come from the packs and their routing.

They are added to the suite of `account_snapshot`, so Great Expectations counts these rows like those of any other rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from creditline import project
from creditline.gate.suites import Suite, load_suite, parse_suite
from creditline.home import Home
from creditline.home.files import Json
from creditline.landing.accept import AcceptedSource
from creditline.policy import PolicySet, packs_in_force
from creditline.store.inputs import Relation, read_inputs

ROUTED_SOURCE = "account_snapshot"
_ANY = "*"


@dataclass(frozen=True)
class Route:
    """A champion's row of assignment.csv in force, `*` matches all; `currency` is that of its pack."""

    legal_entity_code: str
    product_code: str
    currency: str


def suite_of(home: Home, entry: AcceptedSource, business_date: date) -> Suite:
    """The suite by which one file of a night's delivery is judged.

    The policies in force apply to accounts; to a correction, those that decided its night.

    Raises:
        PackRefused: the routing or a pack in force is refused.
    """
    suite = load_suite(entry.source)
    if entry.source != ROUTED_SOURCE:
        return suite
    if entry.corrects_business_date is None:
        return with_routes(suite, routes_of(packs_in_force(project.POLICIES_DIR, business_date)), entry.relation)
    if entry.corrects_business_date not in home.published_dates():
        return suite
    return with_routes(suite, _routes_then(read_inputs(home, entry.corrects_business_date)), entry.relation)


def routes_of(policies: PolicySet) -> tuple[Route, ...]:
    """Where the champions' rows in force lead."""
    currencies = {pack.settings.name: pack.settings.currency for pack in policies.packs}
    return tuple(
        Route(row["legal_entity_code"], row["product_code"], currencies[row["pack"]])
        for row in policies.assignments
        if row["role"] == "champion"
    )


def _routes_then(inputs: Iterable[Relation]) -> tuple[Route, ...]:
    """Where they led on a published night, by what it read."""
    rows_of = {
        relation.name: [dict(zip(relation.columns, row, strict=True)) for row in relation.rows]
        for relation in inputs
        if relation.name in ("policy.pack", "policy.assignment")
    }
    currencies = {row["policy_version"]: row["currency"] for row in rows_of["policy.pack"]}
    return tuple(
        Route(str(row["legal_entity_code"]), str(row["product_code"]), str(currencies[row["policy_version"]]))
        for row in rows_of["policy.assignment"]
        if row["role"] == "champion"
    )


def with_routes(suite: Suite, routes: tuple[Route, ...], name: str) -> Suite:
    """The suite with two more row rules, under another name: the account is routed, to a pack of its currency."""
    pack_currency = _pack_currency(routes)
    return parse_suite(
        suite.document
        | {
            "name": name,
            "expectations": [
                *suite.document["expectations"],
                _row_rule(
                    "routed",
                    "legal_entity_code+product_code",
                    f"{pack_currency} is null",
                    "add a row for {value} to policies/assignment.csv that is in force on the business date",
                ),
                _row_rule(
                    "currency_of_policy",
                    "currency_code",
                    f"currency_code <> {pack_currency}",
                    "an account is decided in its pack's currency: route those in {value} to a pack of it, in a home of its own",
                ),
            ],
        }
    )


def _pack_currency(routes: tuple[Route, ...]) -> str:
    """SQL: the currency of the pack that decides an account, null where none does; the most specific row comes first."""
    if not routes:
        return "cast(null as varchar)"
    ordered = sorted(routes, key=lambda route: (route.legal_entity_code == _ANY, route.product_code == _ANY))
    return "case " + " ".join(f"when {_matches(route)} then '{route.currency}'" for route in ordered) + " end"


def _matches(route: Route) -> str:
    sides = [
        f"{column} = '{code}'"
        for column, code in (("legal_entity_code", route.legal_entity_code), ("product_code", route.product_code))
        if code != _ANY
    ]
    return " and ".join(sides) or "true"


def _row_rule(rule: str, column: str, breaks: str, advice: str) -> Json:
    return {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": f"select * from {{batch}} where {breaks}"},
        "meta": {"rule": f"{rule}:{column}", "column": column, "on_fail": "quarantine", "advice": advice},
        "severity": "warning",
    }
