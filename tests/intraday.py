"""Deliveries between nights, as a source system would land them, and what left because of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
from resigned import resign

from creditline.home import Home, local_to_utc
from creditline.home.publications import publication_directory
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.release.feed import SECURITY

FEED = "intraday"
_COLUMNS = {
    "session": "event_id varchar, customer_id varchar, occurred_at timestamp, device_id varchar, ip_region varchar,"
    " is_proxy boolean, succeeded boolean",
    "profile_change": "event_id varchar, customer_id varchar, changed_at timestamp, field varchar",
    "case_event": "event_id varchar, kind varchar, account_id varchar, customer_id varchar, occurred_at timestamp,"
    " amount decimal(18, 2), from_date date, to_date date, actor varchar, approver varchar, ground varchar, outcome varchar",
    "adjustment_ack": "adjustment_id varchar, status varchar, applied_limit_amount decimal(18, 2), acked_at timestamp,"
    " reason varchar",
    "loan_application": "event_id varchar, customer_id varchar, applied_at timestamp, amount decimal(18, 2), lender_id varchar,"
    " outcome varchar",
}
Rows = list[tuple]


@dataclass(frozen=True)
class Person:
    """A customer with one open account whom nothing has frozen."""

    customer_id: str
    account_id: str
    customer_key: int
    account_key: int


def instant(home: Home, day: date, at: str) -> datetime:
    """The UTC instant of a local time HHMM."""
    return local_to_utc(datetime.combine(day, time(int(at[:2]), int(at[2:]))), home.settings.time_zone)


def land_intraday(
    home: Home, day: date, at: str, *, sequence: int, feed: str = FEED, file_format: str = "csv", **rows: Rows
) -> Path:
    """Land a delivery between nights; `rows` by source."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for source, values in rows.items():
            connection.execute(f"create table {source} ({_COLUMNS[source]})")
            for row in values:
                marks = ", ".join("?" for _ in row)
                connection.execute(f"insert into {source} values ({marks})", list(row))
        return write_delivery(
            connection,
            home.landing,
            feed=feed,
            business_date=day,
            sequence=sequence,
            delivered_at=instant(home, day, at),
            cutoff_at=home.cut_off_at(day),
            tables=[DeliveredTable(source, source) for source in rows],
            file_format=file_format,
            at=at,
        )


def takeover(home: Home, person: Person | str, day: date, at: str) -> Rows:
    """Sessions that freeze: three devices never seen before, in three regions, in the ten minutes before a local time."""
    customer = person if isinstance(person, str) else person.customer_id
    moment = instant(home, day, at)
    return [
        (
            f"T{day:%m%d}{at}{customer}-{number}",
            customer,
            moment - timedelta(minutes=9 - number),
            f"strange-{day:%m%d}{at}-{customer}-{number}",
            f"far-{number}",
            True,
            number == 2,
        )
        for number in range(3)
    ]


def verified(home: Home, person: Person, day: date, at: str) -> Rows:
    """A step-up verification, a minute before a local time."""
    moment = instant(home, day, at) - timedelta(minutes=1)
    return [
        (
            f"V{day:%m%d}{at}{person.customer_id}",
            "step_up_verified",
            None,
            person.customer_id,
            moment,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
        )
    ]


def people(home: Home, count: int) -> list[Person]:
    """Customers of the newest night whom a takeover would freeze, in the order of their keys."""
    marts = publication_directory(home, home.published_dates()[-1]) / "marts"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.identity_file}' as identity (read_only)")
        rows = connection.execute(
            "select any_value(customer.customer_id), any_value(account.account_id), decisions.customer_key,"
            f" any_value(decisions.account_key) from read_parquet('{marts}/fct_limit_decision.parquet') as decisions"
            " inner join identity.account on decisions.account_key = account.account_key"
            " inner join identity.customer on decisions.customer_key = customer.customer_key"
            f" where decisions.customer_key not in (select customer_key from read_parquet('{marts}/fct_freeze_night.parquet'))"
            " group by decisions.customer_key"
            " having count(*) = 1 and bool_and(display_state = 'NORMAL' and recommended_limit_amount > 0)"
            " order by decisions.customer_key limit ?",
            [count],
        ).fetchall()
    return [Person(*row) for row in rows]


def customer_of_two_accounts(home: Home) -> tuple[str, str]:
    """A customer of the newest night with two accounts that a takeover would freeze, and one of the accounts."""
    marts = publication_directory(home, home.published_dates()[-1]) / "marts"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.identity_file}' as identity (read_only)")
        return connection.execute(
            "select any_value(customer.customer_id), min(account.account_id)"
            f" from read_parquet('{marts}/fct_limit_decision.parquet') as decisions"
            " inner join identity.account on decisions.account_key = account.account_key"
            " inner join identity.customer on decisions.customer_key = customer.customer_key"
            " group by decisions.customer_key"
            " having count(*) = 2 and bool_and(display_state = 'NORMAL' and recommended_limit_amount > 0)"
            " order by decisions.customer_key limit 1"
        ).fetchone()


def change_mart(home: Home, mart: str, replaced: str) -> None:
    """Rewrite columns of a mart of the newest night."""
    file = publication_directory(home, home.published_dates()[-1]) / "marts" / f"{mart}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table changed as select * replace ({replaced}) from read_parquet('{file}')")
        connection.execute(f"copy changed to '{file}' (format parquet)")
    resign(home)


def order_files(home: Home) -> list[Path]:
    """The files of freezes and restores that left, in the order of their sequence."""
    controls = [json.loads(path.read_text()) for path in (home.outbox / SECURITY).glob("*.ctl")]
    return [home.outbox / SECURITY / one["file"] for one in sorted(controls, key=lambda one: one["sequence"])]


def orders_of(home: Home, person: Person) -> list[dict[str, str]]:
    """What left about one customer's account, in order."""
    return [row for row in read_orders(order_files(home)) if row["account_id"] == person.account_id]


def read_orders(files: Iterable[Path]) -> list[dict[str, str]]:
    """The rows of files of orders, each with its file's name."""
    rows = []
    for file in files:
        with file.open(newline="") as stream:
            rows += [row | {"file": file.name} for row in csv.DictReader(stream)]
    return rows
