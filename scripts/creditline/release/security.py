"""Security orders: freezes and restores of a published night, in a feed of their own that no hold and no report stops.

A watch between nights writes to the same feed (creditline.watch), so both take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import as_pattern, connect_within, one_row
from creditline.home.files import Json
from creditline.home.publications import publication_directory
from creditline.home.releases import is_of_watch, kept_orders, records_since, settlement_record
from creditline.home.restatements import is_overtaken
from creditline.home.turns import security_turn
from creditline.release.clock import instant
from creditline.release.feed import SECURITY, records_of, settle_interrupted, slices_that_left, write_orders
from creditline.release.modes import modes_of_night
from creditline.release.notices import note_security_through
from creditline.release.orders import ReleaseRefused, lay_orders, leave_out_expired, modes_in_force, refuse_orders
from creditline.warehouse.sources import late_records, security_records

# What we keep of a security order in addition to what the core is told. For a night's order the freeze is in the state; for a
# watch's order it is here until the next night.
BESIDE = (
    "customer_key",
    "pack",
    "watched_at",
    "movement",
    "frozen_since_date",
    "frozen_at",
    "frozen_until_at",
    "extension_count",
    "reason_code",
)
_OF_NIGHT = (
    "select orders.*, policies.pack, null::timestamp as watched_at, null::varchar as movement,"
    " null::date as frozen_since_date, null::timestamp as frozen_at, null::timestamp as frozen_until_at,"
    " null::bigint as extension_count, null::varchar as reason_code"
    " from release_order as orders inner join dim_policy as policies using (policy_version)"
)


@dataclass(frozen=True)
class SecurityRelease:
    """Which of one night's freezes and restores left; `file` is None if none did."""

    file: Path | None
    orders: int


def release_security(home: Home, business_date: date) -> SecurityRelease:
    """Write the freezes and restores of one published night for slices that are live or ramped, once.

    Those of a slice that comes out of a pause or of observe follow in another file, as long as the night is the newest. An
    order does not leave if the core has ended the freeze by then or would reject the order.

    Raises:
        ReleaseRefused: the night is not published, there is a demo pack or key in a home that is not a demo, an order is
            not one of the night's decisions, or a mode changed while the file was written.
        HomeBusy: a watch held the lock for minutes.
    """
    with security_turn(home, f"freezes and restores of {business_date}"):
        return release_in_turn(home, business_date)


def release_in_turn(home: Home, business_date: date) -> SecurityRelease:
    """As `release_security`, for a caller that already holds the lock."""
    settle_interrupted(home, SECURITY)
    if not publication_directory(home, business_date).is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    earlier = [record for record in records_of(home, SECURITY, business_date) if not is_of_watch(record)]
    released = _released_before(home, earlier)
    if business_date != max(home.published_dates()) or is_overtaken(home, business_date):
        # a later night decides who is frozen now; so does the next one if this one was decided on a void night
        return released
    modes, left = modes_of_night(home, business_date), slices_that_left(earlier)
    if earlier and not any(modes.share_percent(name) for name in set(earlier[0]["modes"]) - left):
        return released
    with connect_within(home) as connection:
        orders, _ = lay_orders(
            connection, home, business_date, "fct_security_order", modes, lambda name: name not in left
        )
        orders -= _leave_out_overtaken(connection, home, business_date)
        expired = leave_out_expired(connection, instant(home))
        orders -= expired
        if not orders:
            return released
        refuse_orders(connection, home, business_date, asks_validation=False)
        connection.execute(f"create or replace table release_order as {_OF_NIGHT}")
        if settlement_record(home, business_date).is_file():
            # this night's notices are sent, so the next night's notices tell of orders that leave from here on
            note_security_through(home, business_date)
        stamp = f"{business_date}_{home.settings.cut_off:%H%M}"
        facts = {"modes": modes_in_force(connection), "expired": expired, "keeps_freezes": True}
        written = write_orders(
            connection,
            home,
            SECURITY,
            business_date,
            stamp,
            facts,
            lambda: modes_of_night(home, business_date) == modes,
            BESIDE,
        )
    if written is None:
        raise ReleaseRefused("a mode was changed while the freezes were written; none of them left: release again")
    return SecurityRelease(written[0], orders)


def _released_before(home: Home, earlier: list[Json]) -> SecurityRelease:
    if not earlier:
        return SecurityRelease(None, 0)
    return SecurityRelease(home.outbox / SECURITY / earlier[-1]["file"], earlier[-1]["rows"])


def _leave_out_overtaken(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> int:
    """Delete orders that a watch of a later day, or late orders of the night before, have carried out already. Returns how
    many.

    A watch that had read this night's delivery knew more than the night, so its order stands. For a watch that had not, the
    night does not freeze or restore a second time, but such a watch's restore does not stop a freeze of the night.
    """
    records = security_records(home, business_date)
    _lay_last_words(connection, home, business_date, records)
    overtaken: int = one_row(
        connection.execute(
            "delete from release_order as orders using last_word where orders.account_key = last_word.account_key"
            " and (last_word.knows_night or last_word.action = 'FREEZE' or orders.action = 'RESTORE')"
        )
    )[0]
    for record in late_records(home, business_date, records):
        overtaken += one_row(
            connection.execute(
                "delete from release_order as orders using read_parquet(?) as late"
                " where orders.account_key = late.account_key and orders.action = late.action",
                [as_pattern(kept_orders(home, record))],
            )
        )[0]
    return overtaken


def leave_out_frozen(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> int:
    """Delete the orders of accounts from `release_order` that a watch has frozen since the night was decided, because nothing
    moves the limit of a frozen account. Returns how many."""
    _lay_last_words(connection, home, business_date, records_since(home, SECURITY, business_date + timedelta(days=1)))
    left_out = connection.execute(
        "delete from release_order as orders using last_word where orders.account_key = last_word.account_key"
        " and last_word.action = 'FREEZE'"
    )
    return int(one_row(left_out)[0])


def _lay_last_words(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, records: list[Json]
) -> None:
    """Create `last_word`: one row for each account that a watch of a later day froze or restored, and whether that watch had
    read this night's delivery."""
    connection.execute("create table word (sequence bigint, account_key bigint, action varchar, knows_night boolean)")
    for record in records:
        if is_of_watch(record) and record["business_date"] > str(business_date):
            connection.execute(
                "insert into word select sequence, account_key, action, ? from read_parquet(?)",
                [
                    record["watch"]["last_delivery"] >= str(business_date),
                    as_pattern(kept_orders(home, record)),
                ],
            )
    connection.execute(
        "create table last_word as select account_key, max_by(action, sequence) as action,"
        " max_by(knows_night, sequence) as knows_night from word group by account_key"
    )
