"""Settle: what the core answered, line by line against what was released, and the notices of what it applied."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.record import delivery_records
from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import canonical_json, write_file
from creditline.home.publications import publication_directory
from creditline.release.notices import Notices, send_notices
from creditline.warehouse.parquet import write_parquet

OUTCOMES = ("APPLIED", "PARTIAL", "REJECTED", "DUPLICATE", "CONFLICT", "UNKNOWN")
# The first answer to an order stands; of several in one settlement the last, as the night reads them (docs/decision.md).
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


class SettlementRefused(CreditlineError):
    """A night cannot be settled; says why and what to do."""


@dataclass(frozen=True)
class Settlement:
    """What one night settled: acknowledgement lines by outcome, how many came past their order's expiry, and notices."""

    business_date: date
    lines: dict[str, int]
    late: int
    notices: Notices


def settle(home: Home, business_date: date) -> Settlement:
    """Reconcile the acknowledgements that were taken in up to one published night, and send the notices it allows.

    Writes `releases/settlement/<date>.parquet`, one row an acknowledgement line: adjustment_id, account_key,
    release_sequence, batch_id, source_row, known_at, status, applied_limit_minor, acked_at, reason, is_late, outcome; and
    beside it a record with the raw files that it settled, so that no line is settled twice. Safe to run again.

    Raises:
        SettlementRefused: the night is not published.
    """
    if not publication_directory(home, business_date).is_dir():
        raise SettlementRefused(
            f"night {business_date} is not published; run `creditline night --date {business_date}`, then settle it"
        )
    record = _settled_before(home, business_date) or _reconcile(home, business_date)
    return Settlement(business_date, record["lines"], record["late"], send_notices(home, business_date))


def _folder(home: Home) -> Path:
    return home.releases / "settlement"


def _settled_before(home: Home, business_date: date) -> dict | None:
    path = _folder(home) / f"{business_date}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def _reconcile(home: Home, business_date: date) -> dict:
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    files = _unsettled_files(home, business_date)
    lines, late = dict.fromkeys(OUTCOMES, 0), 0
    if files:
        with connect_within(home) as connection:
            _lay(connection, home, files)
            write_parquet(connection, _LINES, folder / f"{business_date}.parquet")
            settled = f"from read_parquet('{folder}/{business_date}.parquet')"
            lines |= dict(connection.execute(f"select outcome, count(*) {settled} group by all").fetchall())
            late = connection.execute(f"select count(*) {settled} where is_late").fetchone()[0]
    record = {"business_date": str(business_date), "files": files, "lines": lines, "late": late}
    write_file(folder / f"{business_date}.json", canonical_json(record))
    return record


def _unsettled_files(home: Home, business_date: date) -> list[str]:
    """Raw files of acknowledgements, relative to the home, that no earlier settlement took in."""
    settled = {name for path in sorted(_folder(home).glob("*.json")) for name in json.loads(path.read_text())["files"]}
    return [
        entry.raw_file
        for record in delivery_records(home)
        if record.business_date <= business_date
        for entry in record.sources
        if entry.source == "adjustment_ack" and entry.raw_file and entry.accepted_rows and entry.raw_file not in settled
    ]


def _lay(connection: duckdb.DuckDBPyConnection, home: Home, files: list[str]) -> None:
    paths = ", ".join(f"'{home.root / name}'" for name in files)
    connection.execute(f"create view acknowledgement as from read_parquet([{paths}])")
    for name, folder, columns in (
        ("released", home.releases / "limit_adjustments", "adjustment_id varchar, account_key bigint, sequence bigint,"
         " new_limit_minor bigint, expires_at timestamp"),
        ("settled", _folder(home), "adjustment_id varchar, status varchar, applied_limit_minor bigint, outcome varchar"),
    ):  # fmt: skip
        if any(folder.glob("*.parquet")):
            connection.execute(
                f"create table {name} as from read_parquet('{folder}/*.parquet')"
                " where adjustment_id in (select adjustment_id from acknowledgement)"
            )
        else:
            connection.execute(f"create table {name} ({columns})")
    connection.execute("create view earlier as from settled where outcome in ('APPLIED', 'PARTIAL', 'REJECTED')")
