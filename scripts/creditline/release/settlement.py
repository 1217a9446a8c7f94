"""Settle: compare the core's answers with the released orders, line by line, and send the notices of applied changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.database import connect_within, one_row, path_to_read
from creditline.home.files import sha256_of
from creditline.home.proof import check_file, check_files, read_signed, write_signed
from creditline.home.publications import is_void, last_published, last_valid, publication_directory
from creditline.home.releases import kept_orders, read_record, record_files, settlement_record, through_date
from creditline.landing.manifest import INTRADAY_FEEDS
from creditline.release.feed import ORDER_FEEDS
from creditline.release.notices import FEED, RESTRICTED_FEED, Notices, security_through, send_notices
from creditline.store.parquet import write_parquet
from creditline.store.record import counting_records, intraday_records

OUTCOMES = ("APPLIED", "PARTIAL", "REJECTED", "DUPLICATE", "CONFLICT", "UNKNOWN")
# The first answer to an order counts; if several come in one settlement, the last of them (decision.md).
_LINES = """
    with answers as (
        select *, row_number() over (
            partition by adjustment_id order by known_at desc, batch_id desc, source_row desc
        ) = 1 as is_answer
        from acknowledgement
    ), compared as (
        select answers.*, orders.account_key, orders.sequence as release_sequence, orders.new_limit_minor,
            orders.expires_at <= answers.known_at as is_late,
            cast(answers.applied_limit_amount * 100 as bigint) as applied_limit_minor,
            coalesce(earlier.status, standing.status) as status_before,
            coalesce(earlier.applied_limit_minor, cast(standing.applied_limit_amount * 100 as bigint)) as applied_before
        from answers
        left join released as orders using (adjustment_id)
        left join earlier using (adjustment_id)
        left join answers as standing
            on standing.adjustment_id = answers.adjustment_id and standing.is_answer and not answers.is_answer
    )
    select adjustment_id, account_key, release_sequence, batch_id, source_row, known_at, status, applied_limit_minor,
        acked_at, reason, coalesce(is_late, false) as is_late,
        case
            when new_limit_minor is null then 'UNKNOWN'
            when status_before = status
                and coalesce(applied_before, new_limit_minor) = coalesce(applied_limit_minor, new_limit_minor)
                then 'DUPLICATE'
            when status_before is not null then 'CONFLICT'
            when status = 'rejected' then 'REJECTED'
            when coalesce(applied_limit_minor, new_limit_minor) = new_limit_minor then 'APPLIED'
            else 'PARTIAL'
        end as outcome
    from compared
    order by adjustment_id, known_at, batch_id, source_row
"""


# Lines that came between nights come again with the night; they are not second answers.
_ONCE = f"""
    select * from told where not starts_with(batch_id, '{INTRADAY_FEEDS}') or not exists (
        from told as again where not starts_with(again.batch_id, '{INTRADAY_FEEDS}')
        and again.adjustment_id = told.adjustment_id and again.status = told.status and again.acked_at = told.acked_at
        and again.applied_limit_amount is not distinct from told.applied_limit_amount
    )
"""
# Orders are searched in so many files at once, from the newest on.
_FILES_AT_ONCE = 60


class SettlementRefused(CreditlineError):
    """A night cannot be settled; says why and what to do."""


@dataclass(frozen=True)
class Settlement:
    """What one night settled: acknowledgement lines by outcome, how many came after their order had expired, and notices."""

    business_date: date
    lines: dict[str, int]
    late: int
    notices: Notices


def settle(home: Home, business_date: date) -> Settlement:
    """Reconcile the acknowledgements that were taken in up to one published night, and send the notices it allows.

    An earlier night that was published and not settled, because a process died, is settled first. Writes
    `releases/settlement/<date>.parquet` with one row for each acknowledgement line: adjustment_id, account_key,
    release_sequence, batch_id, source_row, known_at, status, applied_limit_minor, acked_at, reason, is_late, outcome. The
    record beside it is written last and makes the night settled. Safe to run again after a kill at any instruction.

    Raises:
        SettlementRefused: the night is not published.
    """
    if not publication_directory(home, business_date).is_dir():
        raise SettlementRefused(
            f"night {business_date} is not published; run `creditline night --date {business_date}`, then settle it"
        )
    for night in _unsettled_nights(home, business_date):
        _settle_one(home, night)
    record = read_signed(home, settlement_record(home, business_date))
    notices = Notices(
        _file(home, FEED, record["notice_file"]),
        record["notices"],
        _file(home, RESTRICTED_FEED, record.get("restricted_notice_file")),
        record.get("restricted_notices", 0),
    )
    return Settlement(business_date, record["lines"], record["late"], notices)


def _file(home: Home, feed: str, name: str | None) -> Path | None:
    return home.outbox / feed / name if name else None


def _unsettled_nights(home: Home, business_date: date) -> list[date]:
    """The published nights after the last settled one, up to this night."""
    nights = [night for night in home.published_dates() if night <= business_date]
    unsettled: list[date] = []
    for night in reversed(nights):
        if settlement_record(home, night).is_file():
            break
        unsettled.insert(0, night)
    return unsettled


def _settle_one(home: Home, business_date: date) -> None:
    folder = settlement_record(home, business_date).parent
    # a void night reads no answers; the next valid night reads them all
    files = {} if is_void(home, business_date) else _unsettled_files(home, business_date)
    lines, late, settled_sha256 = dict.fromkeys(OUTCOMES, 0), 0, None
    if files:
        with connect_within(home) as connection:
            _lay(connection, home, files, business_date)
            write_parquet(connection, _LINES, folder / f"{business_date}.parquet")
            settled = f"from read_parquet({path_to_read(folder / f'{business_date}.parquet')})"
            lines |= dict(connection.execute(f"select outcome, count(*) {settled} group by all").fetchall())
            late = one_row(connection.execute(f"select count(*) {settled} where is_late"))[0]
        settled_sha256 = sha256_of(folder / f"{business_date}.parquet")
    notices = send_notices(home, business_date, _told_through(home, business_date))
    record = {
        "business_date": str(business_date),
        "files": list(files),
        "settled_sha256": settled_sha256,
        "lines": lines,
        "late": late,
        "notices": notices.count,
        "notice_file": notices.file.name if notices.file else None,
        "restricted_notices": notices.restricted_count,
        "restricted_notice_file": notices.restricted_file.name if notices.restricted_file else None,
        "security_through": notices.security_through,
    }
    write_signed(home, settlement_record(home, business_date), record)


def _told_through(home: Home, business_date: date) -> int | None:
    """The last file of freezes and restores that the settlement of the night before knew; None if it was not recorded."""
    before = last_published(home, business_date)
    if before is None or not settlement_record(home, before).is_file():
        return None
    record = read_signed(home, settlement_record(home, before))
    # of a night that an earlier release settled, it is noted before the first that leaves late
    return record.get("security_through", security_through(home, before))


def _unsettled_files(home: Home, business_date: date) -> dict[str, str]:
    """Raw files of acknowledgements that came after the last valid night that was settled: sha256 by path in the home."""
    before = last_valid(home, business_date)
    return {
        entry.raw_file: entry.raw_sha256
        for record in (*counting_records(home), *intraday_records(home, before or date.min))
        if record.business_date <= business_date and (before is None or record.business_date > before)
        for entry in record.sources
        if entry.source == "adjustment_ack" and entry.raw_file and entry.raw_sha256 is not None and entry.accepted_rows
    }


def _lay(connection: duckdb.DuckDBPyConnection, home: Home, files: dict[str, str], business_date: date) -> None:
    check_files(((home.root / name, sha256) for name, sha256 in files.items()), home.settings.threads)
    paths = ", ".join(path_to_read(home.root / name) for name in files)
    connection.execute(f"create view told as from read_parquet([{paths}])")
    connection.execute(f"create view acknowledgement as {_ONCE}")
    # an answer to an order that the outbox no longer keeps counts as one to an unknown order, so a settlement takes as long
    # after years
    first = business_date - timedelta(days=home.settings.retention_days)
    _lay_released(connection, home, first)
    # a file that a killed settlement of this night left is not an earlier settlement
    earlier = [
        _settled_lines(home, file)
        for file in sorted(settlement_record(home, business_date).parent.glob("*.parquet"))
        if str(first) <= file.stem < str(business_date)
    ]
    connection.execute(
        "create table settled (adjustment_id varchar, status varchar, applied_limit_minor bigint, outcome varchar)"
    )
    _add_known(connection, "settled", earlier, "true")
    connection.execute("create view earlier as from settled where outcome in ('APPLIED', 'PARTIAL', 'REJECTED')")


def _settled_lines(home: Home, file: Path) -> Path:
    """The lines that a night settled, as its record names them. Raises NotGenuine."""
    check_file(file, read_signed(home, file.with_suffix(".json"))["settled_sha256"])
    return file


def _lay_released(connection: duckdb.DuckDBPyConnection, home: Home, first: date) -> None:
    """Create `released`: the acknowledged orders of business dates from `first` on. Answers come within days, so the newest
    files hold almost all of these orders; older files are read only for the others."""
    connection.execute(
        "create table released (adjustment_id varchar, account_key bigint, sequence bigint, new_limit_minor bigint,"
        " expires_at timestamp)"
    )
    for feed in ORDER_FEEDS:
        recorded = record_files(home, feed)
        for start in range(0, len(recorded), _FILES_AT_ONCE):
            is_open = one_row(
                connection.execute(
                    "select count(*) > 0 from acknowledgement where adjustment_id not in (select adjustment_id from released)"
                )
            )[0]
            if not is_open:
                return
            records = [read_record(home, path) for path in recorded[start : start + _FILES_AT_ONCE]]
            files = [kept_orders(home, record) for record in records]
            _add_known(connection, "released", files, f"business_date >= date '{first}'")
            if through_date(records[-1]) < first:
                break


def _add_known(connection: duckdb.DuckDBPyConnection, name: str, files: list[Path], condition: str) -> None:
    """Add the acknowledged orders of some files to a table."""
    columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
    if files:
        paths = ", ".join(map(path_to_read, files))
        connection.execute(
            f"insert into {name} select {', '.join(columns)} from read_parquet([{paths}])"
            f" where {condition} and adjustment_id in (select adjustment_id from acknowledgement)"
        )
