"""The books that wrong deliveries are tried on, and what a night did to their people.

A book is prepared once: its nights up to the one before are run, with orders leaving, and the next nights lie in landing or are
still to be lived. Every trial runs in a copy of that home.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb
from wrong_kinds import Tonight, rewrite

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.gate.inputs import gate_inputs
from creditline.home import Home, create_home, open_home
from creditline.home.database import connect, path_to_read
from creditline.home.publications import is_void, published_mart
from creditline.landing.accept import accept
from creditline.landing.contract import MANIFEST_FILE
from creditline.mapping import import_book, load_map
from creditline.night import run_night
from creditline.output import tell
from creditline.release import ALL_SLICES, set_mode
from creditline.simulate import continue_book, sample_home_settings, simulate_book
from creditline.store.record import delivery_records

SIMULATED, TAIWAN, BERKA = BOOKS = ("simulated", "taiwan", "berka")
REAL_DATA = "CREDITLINE_REAL_DATA"
FIRST = date(2026, 8, 24)
# The bank of the Berka book granted no line: this one is ours, so that there is something to cut.
BERKA_LIMIT = "20000.00"
BERKA_FIRST = date(1994, 2, 10)
TAIWAN_CARDS, TAIWAN_ONE_IN = 30_000, 30
# Written once and never changed in place, so a copy may share them.
_SHARED = ("raw", "state", "published", "policy", "logic")
ORDER_FEEDS = ("limit_adjustments", "security_orders")
FROZEN = "FROZEN_SECURITY"


class NoBook(Exception):
    """The book cannot be prepared here; the text says why."""


@dataclass(frozen=True)
class Prepared:
    """A book whose nights before `night` were run. `lives` tells that later nights are not landed yet but can be lived."""

    name: str
    home: Home
    night: date
    after: tuple[date, ...]
    lives: bool
    other: Path | None

    def delivery(self, home: Home, back: int = 0) -> Path | None:
        """What landed for the night, or that many nights before it."""
        landed = [day for day in home.landed_dates() if day <= self.night]
        return home.landing / str(landed[-1 - back]) if back < len(landed) else None


@dataclass
class Account:
    """One account as a night decided it. Amounts are decimals as text."""

    customer: str
    old: str
    limit: str
    action: str
    state: str


@dataclass
class Outcome:
    """What a night said and did: `verdict` is empty if the gate said nothing, `said` are the reasons by source."""

    night: str
    refused: str = ""
    is_void: bool = False
    said: dict[str, list[str]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    held_slices: list[str] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    orders: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Harm:
    """What a wrong night did to people, against the night as it should have been. Amounts in yuan of the book."""

    cut_people: int
    frozen_people: int
    cut_amount: str
    delayed_people: int
    undecided_accounts: int
    orders: int
    raises: int


# -- books ----------------------------------------------------------------------------------------------------------------


def prepare(name: str, work: Path, *, seed: int, accounts: int, nights: int) -> Prepared:
    """The book of this name in a work folder, made if it is not there.

    Args:
        accounts, nights: of the simulated book, the spoilt night not counted; of the Berka book, its nights.

    Raises NoBook.
    """
    folder = work / name
    facts = folder / "book.json"
    if not facts.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make = {
            SIMULATED: partial(_simulate, accounts=accounts, nights=nights),
            TAIWAN: _taiwan,
            BERKA: partial(_berka, nights=nights),
        }[name]
        facts.write_text(json.dumps(make(folder, seed=seed), default=str))
    said = json.loads(facts.read_text())
    other = folder / said["other"] if said["other"] else None
    after = tuple(date.fromisoformat(day) for day in said["after"])
    return Prepared(name, open_home(folder / "home"), date.fromisoformat(said["night"]), after, said["lives"], other)


def _simulate(folder: Path, *, seed: int, accounts: int, nights: int) -> dict:
    """A closed loop whose core does what is ordered; the last landed night is not run."""
    home = create_home(folder / "home", sample_home_settings("obedient"))
    book = simulate_book(
        home, accounts=accounts, nights=nights + 1, first_date=FIRST, seed=seed, core="obedient", progress=tell
    )
    night = book.dates[-1]
    stranger = create_home(folder / "other", sample_home_settings())
    simulate_book(stranger, accounts=accounts, nights=2, first_date=night - timedelta(days=1), seed=seed + 1)
    after = [night + timedelta(days=number) for number in range(1, 5)]
    return {"night": night, "after": after, "lives": True, "other": f"other/landing/{night}"}


def real_data(name: str) -> Path:
    """The folder of a real book. Raises NoBook if it is not here."""
    place = os.environ.get(REAL_DATA)
    if not place or not (Path(place) / name).exists():
        raise NoBook(f"{REAL_DATA} does not lead to a folder with {name}")
    return Path(place) / name


def _taiwan(folder: Path, *, seed: int) -> dict:
    """One card in thirty: four month ends are run, the fifth is spoilt. The other book are other cards under their numbers."""
    source = real_data("uci_taiwan") / "UCI_Credit_Card.csv"
    with duckdb.connect() as connection:
        for name, rest in (("home", seed), ("other", seed + 1)):
            connection.execute(
                f"copy (select * replace (cast(1 + (cast(ID as integer) - 1) // {TAIWAN_ONE_IN} as varchar) as ID) from"
                f" read_csv({path_to_read(source)}, all_varchar = true, header = true)"
                f" where cast(ID as integer) % {TAIWAN_ONE_IN} = {rest % TAIWAN_ONE_IN} order by cast(ID as integer))"
                f" to '{folder / name}.csv' (format csv, header true)"
            )
    book = import_book(folder / "home", load_map(TAIWAN), folder / "home.csv", is_demo=True)
    import_book(folder / "other", load_map(TAIWAN), folder / "other.csv", is_demo=True)
    night = book.dates[4]
    _run_up_to(book.home, night)
    return {"night": night, "after": book.dates[5:], "lives": False, "other": f"other/landing/{night}"}


def _berka(folder: Path, *, seed: int, nights: int) -> dict:
    """The whole book, with a line of ours."""
    book = import_book(
        folder / "home", load_map(BERKA), real_data("berka"), first=BERKA_FIRST, max_nights=nights + 5, is_demo=True
    )
    for night in book.dates:
        give_line(book.home.landing / str(night), BERKA_LIMIT)
    night = book.dates[nights]
    _run_up_to(book.home, night)
    return {"night": night, "after": book.dates[nights + 1 :], "lives": False, "other": ""}


def give_line(delivery: Path, limit: str) -> None:
    """Rewrite a landed delivery with one limit for every account."""
    manifest = json.loads((delivery / MANIFEST_FILE).read_text())
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        tonight = Tonight(connection, manifest["business_date"], share=100, seed="")
        tonight.load(delivery, manifest["sources"])
        tonight.replace("account_snapshot", {"limit_amount": f"'{limit}'"})
        rewrite(tonight, delivery, manifest)


def _run_up_to(home: Home, night: date) -> None:
    """Run the landed nights before this one; nobody applies orders of theirs, so none leaves before this night."""
    for day in home.landed_dates():
        if day < night:
            try:
                run_night(home, day)
            except CreditlineError as error:
                raise NoBook(f"the good night {day} cannot be run: {error}") from error
            tell(f"ran {day}")
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")


@contextmanager
def copied(book: Prepared, root: Path) -> Iterator[Home]:
    """A copy of the book's home, deleted afterwards. Files that nobody changes in place are links to the book's."""
    shutil.rmtree(root, ignore_errors=True)
    warehouse = str(book.home.warehouse)
    shared = tuple(str(book.home.root / name) + os.sep for name in _SHARED)

    def lay(source: str, target: str) -> str:
        if source.startswith(shared):
            os.link(source, target)
            return target
        return str(shutil.copy2(source, target))

    shutil.copytree(
        book.home.root,
        root,
        symlinks=True,
        copy_function=lay,
        # the scratch is most of the bytes, but what dbt compiled saves seconds
        ignore=lambda place, names: {*names} - {"dbt"} if place == warehouse else (),
    )
    try:
        yield Home(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


# -- what a night did -----------------------------------------------------------------------------------------------------


def run(home: Home, night: date) -> Outcome:
    """Run a night to its release and read what was published; a night that is refused says why."""
    outcome = Outcome(str(night))
    try:
        run_night(home, night)
    except CreditlineError as error:
        outcome.refused = f"{type(error).__name__}: {error}"
    read_gate(home, night, outcome)
    if night in home.published_dates():
        _read_decisions(home, night, outcome)
        outcome.orders = list(_orders(home, night))
    return outcome


def judge(home: Home, night: date) -> Outcome:
    """What acceptance and gate say of a night; the steps after them do not run."""
    outcome = Outcome(str(night))
    try:
        accept(home, night)
        gate_inputs(home, night)
    except CreditlineError as error:
        outcome.refused = f"{type(error).__name__}: {error}"
    read_gate(home, night, outcome)
    return outcome


def read_gate(home: Home, night: date, outcome: Outcome) -> None:
    """Add what the record of a night's delivery says."""
    for record in delivery_records(home):
        if record.business_date == night:
            for source in record.sources:
                outcome.verdicts[source.source] = source.verdict
                outcome.said[source.source] = [*source.reasons, *_more(source)]
                outcome.quarantined[source.source] = source.quarantined_rows


def _more(source: object) -> list[str]:
    """What a record says of single columns."""
    return [
        f"{name}: {', '.join(map(str, value))}"
        for name, value in vars(source).items()
        if name.startswith("distrusted") and value
    ]


def _read_decisions(home: Home, night: date, outcome: Outcome) -> None:
    outcome.is_void = is_void(home, night)
    with connect() as connection:
        attach_identity(connection, home)
        rows = connection.execute(
            "select account_id, coalesce(customer_id, ''), old_limit_amount::varchar, recommended_limit_amount::varchar,"
            f" action, display_state from read_parquet({path_to_read(published_mart(home, night, 'fct_limit_decision'))})"
            " inner join identity.account using (account_key) left join identity.customer using (customer_key)"
        ).fetchall()
        outcome.accounts = {account: Account(*others) for account, *others in rows}
        slices = path_to_read(published_mart(home, night, "fct_slice_night"))
        held = connection.execute(f"select slice_code from read_parquet({slices}) where is_held order by 1").fetchall()
        outcome.held_slices = [name for (name,) in held]


def _orders(home: Home, night: date) -> Iterator[list[str]]:
    """Orders that left on a night: feed, account, action, limit."""
    for feed in ORDER_FEEDS:
        for path in sorted((home.outbox / feed).glob(f"{feed}_{night}_*.csv")):
            with path.open(newline="") as lines:
                for row in csv.DictReader(lines):
                    yield [feed, row["account_id"], row["action"], row["new_limit_amount"]]


def harm(wrong: Outcome, right: Outcome) -> Harm:
    """Compare a night with itself as it should have been.

    A limit counts as cut if it is below tonight's right one and below that of the night before: a raise that did not come
    because a source is not believed is a delay.
    """
    cut, frozen, delayed, amount = set(), set(), set(), Decimal(0)
    for account, found in wrong.accounts.items():
        meant = right.accounts.get(account)
        limit, before = Decimal(found.limit), Decimal(meant.old if meant else found.old)
        due = Decimal(meant.limit) if meant else before
        person = meant.customer if meant else f"new {found.customer}"
        if limit < min(due, before):
            cut.add(person)
            amount += min(due, before) - limit
        elif limit < due:
            delayed.add(person)
        if found.state == FROZEN and not (meant and meant.state == FROZEN):
            if found.action == "FREEZE":
                frozen.add(person)
            else:
                delayed.add(person)
    meant_orders = {tuple(order) for order in right.orders}
    others = [order for order in wrong.orders if tuple(order) not in meant_orders]
    return Harm(
        cut_people=len(cut),
        frozen_people=len(frozen),
        cut_amount=f"{amount:.2f}",
        delayed_people=len(delayed),
        undecided_accounts=len(right.accounts.keys() - wrong.accounts.keys()) if wrong.accounts else 0,
        orders=len(others),
        raises=sum(order[2] in ("UP", "RESTORE") for order in others),
    )


REFUSED, VOID, SOURCE_REFUSED, DISTRUSTED, COLUMN, QUARANTINED, SLICE_HELD, ACCEPTED = (
    "delivery refused", "night void", "source refused", "source distrusted", "column distrusted", "rows quarantined",
    "slice held", "accepted",
)  # fmt: skip


def verdict(wrong: Outcome, right: Outcome) -> tuple[str, list[str]]:
    """The strongest thing that was said of a night and not of the right one, and its reasons."""
    said = [
        f"{source}: {reason}"
        for source, reasons in wrong.said.items()
        for reason in reasons
        if reason not in right.said.get(source, ())
    ]
    if wrong.refused and not right.refused:
        return REFUSED, [wrong.refused]
    if wrong.is_void and not right.is_void:
        return VOID, said
    worse = {source: level for source, level in wrong.verdicts.items() if level != right.verdicts.get(source)}
    if "refuse" in worse.values():
        return SOURCE_REFUSED, said
    if "distrust" in worse.values():
        return DISTRUSTED, said
    if any("distrusted" in reason for reason in said):
        return COLUMN, said
    more = sum(max(rows - right.quarantined.get(source, 0), 0) for source, rows in wrong.quarantined.items())
    if more:
        return f"{more} {QUARANTINED}", said
    if set(wrong.held_slices) - set(right.held_slices):
        return SLICE_HELD, [f"held: {', '.join(wrong.held_slices)}"]
    return ACCEPTED, said


def live_on(book: Prepared, home: Home, night: date) -> Outcome:
    """Run one of the good nights after the spoilt one."""
    if book.lives:
        continue_book(home, nights=1)
    return run(home, night)


def controls(book: Prepared, *, follow: int) -> list[Outcome]:
    """The spoilt night and those after it as they should have been, run once a book."""
    folder = book.home.root.parent
    kept = folder / "control.json"
    said = json.loads(kept.read_text()) if kept.is_file() else []
    days = (book.night, *book.after[:follow])
    if len(said) < len(days):
        with copied(book, folder / "control") as home:
            outcomes = [run(home, book.night), *(live_on(book, home, day) for day in days[1:])]
        kept.write_text(json.dumps([asdict(outcome) for outcome in outcomes]))
        return outcomes
    return [_outcome(one) for one in said]


def _outcome(said: dict) -> Outcome:
    accounts = {account: Account(**facts) for account, facts in said["accounts"].items()}
    return Outcome(**said | {"accounts": accounts})
