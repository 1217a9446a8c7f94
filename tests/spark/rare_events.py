"""What the simulator never lands, added to CSV deliveries of the parity book: corrections, an overturned appeal, receipts of
notices and ids that change."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import duckdb
from small_delivery import add_correction, add_entry, seal

from creditline.home import Home
from creditline.home.publications import publication_directory
from creditline.landing.contract import contract

SNAPSHOT = "account_snapshot"
Rows = list[dict[str, str]]


def correct_arrears(home: Home, day: date, of: date) -> None:
    """The delivery of a day says that accounts which were past due on an earlier night were not, and an officer overturned the
    appeal of the first one that was cut."""
    directory, cut = home.landing / str(day), _cut_accounts(home, of)
    rows = [row for row in _read(home.landing / str(of) / f"{SNAPSHOT}.csv") if row["account_id"] in cut][:5]
    assert rows, f"nobody who was past due was cut on {of}"
    corrected = [row | {"days_past_due": "0", "arrears_balance": "0.00"} for row in rows]
    add_correction(directory, SNAPSHOT, of, _text(corrected))
    appeal = {"kind": "appeal", "account_id": rows[0]["account_id"], "actor": "officer_a"}
    ground = f"bad_source_row.{SNAPSHOT}.{of}"
    _append(
        directory,
        "case_event",
        [
            appeal | {"event_id": "R1", "occurred_at": f"{day}T01:00:00Z", "ground": "disputed", "outcome": "received"},
            appeal | {"event_id": "R2", "occurred_at": f"{day}T02:00:00Z", "ground": ground, "outcome": "overturned"},
        ],
    )


def confirm_notices(home: Home, day: date) -> None:
    """The delivery of a day brings receipts of the notices that were sent before."""
    sent = [json.loads(line) for file in sorted((home.outbox / "notices").glob("*.jsonl")) for line in file.open()]
    assert sent, "no notice was sent"
    receipt = {"channel": "app", "sent_at": f"{day}T01:00:00Z", "status": "delivered"}
    _append(
        home.landing / str(day), "notice_receipt", [receipt | {"notice_id": notice["notice_id"]} for notice in sent]
    )


def change_ids(home: Home, day: date) -> None:
    """The delivery of a day gives one account another id and makes one customer of two; the rows of the day follow."""
    directory = home.landing / str(day)
    accounts = _read(directory / f"{SNAPSHOT}.csv")
    old, new = accounts[0]["customer_id"], accounts[-1]["customer_id"]
    renumbered = accounts[len(accounts) // 2]["account_id"]
    changes = [
        {"kind": "merge", "subject": "customer", "old_id": old, "new_id": new},
        {"kind": "renumber", "subject": "account", "old_id": renumbered, "new_id": f"N-{renumbered}"},
    ]
    _append(directory, "id_change", [change | {"effective_date": str(day)} for change in changes])
    rows = [
        row
        | {
            "customer_id": new if row["customer_id"] == old else row["customer_id"],
            "account_id": f"N-{renumbered}" if row["account_id"] == renumbered else row["account_id"],
        }
        for row in accounts
    ]
    (directory / f"{SNAPSHOT}.csv").write_text(_text(rows))
    seal(directory, f"{SNAPSHOT}.csv")


def _cut_accounts(home: Home, night: date) -> set[str]:
    marts = publication_directory(home, night) / "marts"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.identity_file}' as identity (read_only)")
        rows = connection.execute(
            f"select account_id from read_parquet('{marts}/fct_limit_decision.parquet') as decisions"
            f" inner join read_parquet('{marts}/fct_account_night.parquet') as nights using (account_key)"
            " inner join identity.account using (account_key) where action = 'DOWN' and days_past_due > 0 order by 1"
        ).fetchall()
    return {row[0] for row in rows}


def _append(directory: Path, source: str, rows: Rows) -> None:
    """Add rows to a source of a delivery; one that it does not hold yet is added."""
    file = directory / f"{source}.csv"
    is_new = not file.exists()
    there = [] if is_new else _read(file)
    header = list(there[0]) if there else list(contract()[source].mandatory_columns)
    file.write_text(_text(there + [{name: row.get(name, "") for name in header} for row in rows]))
    add_entry(directory, source) if is_new else seal(directory, file.name)


def _read(file: Path) -> Rows:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _text(rows: Rows) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
