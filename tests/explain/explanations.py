"""Ten accounts as the call centre reads them out, in English and Chinese: `scripts/evaluate explanations`.

A book of a dozen people lives through five nights of the real pipeline under the bundled policy with a maintenance window and a
notice of two weeks of its own. Something happens to each of them, the core does what is decided, and `explain` answers.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from intraday import _COLUMNS, Person, takeover, verified
from own_policies import lay_policies
from small_delivery import small_home

from creditline.explain import explain_account
from creditline.explain.text import explanation_text
from creditline.home import Home
from creditline.home.database import connect
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.night import run_night
from creditline.night.calendar import skip_night
from creditline.publish.reader import query_marts
from creditline.release import ALL_SLICES, set_mode

FIRST = date(2026, 9, 1)
SECOND, THIRD, FOURTH = (FIRST + timedelta(days=number) for number in (1, 2, 3))
LAST = FIRST + timedelta(days=47)
LONG_AGO = FIRST - timedelta(days=400)
LANGUAGES = {"en": "English", "zh": "中文"}
MAINTENANCE = [
    {
        "source_name": "*",
        "from_date": str(FOURTH),
        "to_date": str(FOURTH + timedelta(days=1)),
        "description": "the whole house",
    }
]
NOTICE = [
    {"action": action, "reason_code": reason, "lead_days": lead, "due_days": "15", "is_required": "true", "channel": "app",
     "citation": "house rule", "effective_from": "1990-01-01", "effective_to": ""}
    for action, reason, lead in (
        ("DOWN", "*", "0"), ("DOWN", "E4", "14"), ("UP", "*", "0"), ("CLOSE", "*", "0"), ("FREEZE", "*", "0"), ("RESTORE", "*", "0")
    )
]  # fmt: skip
_BUREAU = "customer_id varchar, observed_date date, score bigint, external_debt_amount decimal(18, 2), has_new_default boolean"
_SNAPSHOT = (
    "account_id varchar, customer_id varchar, product_code varchar, status varchar, opened_date date, currency_code varchar,"
    " limit_amount decimal(18, 2), principal_balance decimal(18, 2), accrued_interest_balance decimal(18, 2),"
    " arrears_balance decimal(18, 2), days_past_due bigint, rate_apr decimal(9, 6), legal_entity_code varchar,"
    " purpose_code varchar, channel_code varchar, income_monthly_amount decimal(18, 2), income_as_of_date date,"
    " raise_consent_code varchar"
)


@dataclass
class One:
    """One person with one account, and what became of them so far."""

    story: str
    told_on: date
    limit: Decimal = Decimal(8000)
    owed: Decimal = Decimal(1500)
    status: str = "active"
    past_due: int = 0
    product: str = "jiebei_standard"
    joins: date = FIRST
    has_default: bool = False
    cases: list[tuple] = field(default_factory=list)
    sessions: list[tuple] = field(default_factory=list)


PEOPLE: dict[str, One] = {
    "floored": One("45 days past due since tonight: a hard trigger cuts to the floor", SECOND),
    "frozen": One("a stranger signs in from three new devices in three regions", THIRD),
    "maintenance": One("an account in order, on a night of maintenance of the whole house", FOURTH),
    "capped": One("a limit above what the law allows one person", SECOND, limit=Decimal(260000), product="jiebei_plus"),
    "appealed": One("cut to the floor the night before, and the customer has appealed", THIRD),
    "restored": One("frozen the night before, then the customer verified who they are", THIRD),
    "pending": One("a new default with another lender; the pack asks for two weeks of notice", THIRD),
    "no change for 47 days": One("nothing has happened for 47 days", LAST),
    "new customer": One("the account was delivered for the first time", THIRD, joins=THIRD),
    "closed": One("the core closed the account", THIRD),
}  # fmt: skip
IDS = {name: (f"A{number:05d}", f"C{number:05d}") for number, name in enumerate(PEOPLE, start=1)}


def happen(home: Home, night: date) -> None:
    """What happens to everybody before a night."""
    if night >= SECOND:
        for name in ("floored", "appealed"):
            PEOPLE[name].past_due = 45 + (night - SECOND).days
    if night == SECOND:
        PEOPLE["restored"].sessions = takeover(home, IDS["restored"][1], night, "2000")
    if night == THIRD:
        PEOPLE["frozen"].sessions = takeover(home, IDS["frozen"][1], night, "2000")
        account, customer = IDS["restored"]
        PEOPLE["restored"].cases = verified(home, Person(customer, account, 0, 0), night, "0900")
        appeal = (
            "AP1",
            "appeal",
            IDS["appealed"][0],
            None,
            *verified(home, Person("", "", 0, 0), night, "1000")[0][4:5],
        )
        PEOPLE["appealed"].cases = [(*appeal, None, None, None, "officer_chen", None, "reduction_disputed", "received")]
        PEOPLE["pending"].has_default = True
        PEOPLE["closed"].status, PEOPLE["closed"].owed = "closed", Decimal(0)


def land(home: Home, night: date, sequence: int) -> None:
    """Land everybody as they are on a night."""
    there = {name: one for name, one in PEOPLE.items() if one.joins <= night}
    rows = {
        "account_snapshot": [
            (*IDS[name], one.product, one.status, one.joins if one.joins > FIRST else date(2024, 1, 1), "CNY", one.limit,
             one.owed, 0, Decimal(312) if one.past_due else 0, one.past_due, Decimal("0.18"), "BANK01", "consumer", "internet",
             12000, FIRST, "opted_in")
            for name, one in there.items()
        ],
        "bureau_score": [(IDS[name][1], night, 690, 0, one.has_default) for name, one in there.items()],
        "session": [row for one in there.values() for row in one.sessions],
        "case_event": [row for one in there.values() for row in one.cases],
    }  # fmt: skip
    for one in PEOPLE.values():
        one.sessions, one.cases = [], []
    columns = {**_COLUMNS, "account_snapshot": _SNAPSHOT, "bureau_score": _BUREAU}
    with connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for source, values in rows.items():
            connection.execute(f"create table {source} ({columns[source]})")
            for row in values:
                connection.execute(f"insert into {source} values ({', '.join('?' for _ in row)})", list(row))
        write_delivery(
            connection,
            home.landing,
            feed="core",
            business_date=night,
            sequence=sequence,
            delivered_at=home.cut_off_at(night) - timedelta(hours=1),
            cutoff_at=home.cut_off_at(night),
            tables=[
                DeliveredTable(source, source, coverage_from=None if source == "account_snapshot" else LONG_AGO)
                for source in rows
            ],
        )


def obey(home: Home, night: date) -> None:
    """The core does what was decided."""
    decided = query_marts(
        home,
        "select account_key, recommended_limit_amount from fct_limit_decision"
        f" where business_date = date '{night}' and action in ('UP', 'DOWN')",
    )[1]
    with connect() as connection:
        connection.execute(f"attach '{home.identity_file}' as identity (read_only)")
        ids = dict(connection.execute("select account_key, account_id from identity.account").fetchall())
    names = {account: name for name, (account, _) in IDS.items()}
    for key, limit in decided:
        PEOPLE[names[ids[key]]].limit = limit


def told(home: Home, name: str) -> str:
    """One person's chapter: what happened, and what is read out, in both languages."""
    one, (account, _) = PEOPLE[name], IDS[name]
    lines = [f"## {name[0].upper()}{name[1:]}", "", f"Planted: {one.story}.", ""]
    for lang, language in LANGUAGES.items():
        text = explanation_text(explain_account(home, account, None, "customer", lang))
        lines += [f"**{language}**", "", "```text", text, "```", ""]
    return "\n".join(lines)


def skip_until_last(home: Home) -> None:
    """Nothing is landed after the fourth night until the last."""
    for days in range(1, (LAST - FOURTH).days):
        skip_night(home, FOURTH + timedelta(days=days), by="maker", approved_by="checker", reason="nothing was landed")


def main() -> int:
    """Run the nights and print every person's chapter in the order of PEOPLE."""
    argparse.ArgumentParser(prog="scripts/evaluate explanations", description=__doc__).parse_args()
    chapters: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        lay_policies(patch, Path(folder), maintenance_window=MAINTENANCE, notice_rule=NOTICE)
        home = small_home(Path(folder) / "home")
        set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
        for sequence, night in enumerate((FIRST, SECOND, THIRD, FOURTH, LAST), start=1):
            if night == LAST:
                skip_until_last(home)
            happen(home, night)
            land(home, night, sequence)
            run_night(home, night)
            print(f"night {night} is run", file=sys.stderr)
            chapters |= {name: told(home, name) for name, one in PEOPLE.items() if one.told_on == night}
            obey(home, night)
    print(_HEAD, *(chapters[name] for name in PEOPLE), sep="\n", end="")
    return 0


_HEAD = """# Ten explanations

What `creditline explain ACCOUNT` says to a customer, for the call centre to read out. Made by `scripts/evaluate explanations >
explanations.md`: ten planted people live through five nights of the real pipeline, under the bundled policy with a
maintenance window and a notice of two weeks of its own. Do not edit it by hand.
"""

if __name__ == "__main__":
    sys.exit(main())
