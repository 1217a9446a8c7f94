"""What the simulator never lands, added to CSV deliveries of the parity book: corrections, appeals that are overturned or wait,
a legal hold, a maximum over all accounts of a customer, the state of an older system, values for the reports, receipts of notices, ids that change, a takeover between
nights; and an approval of inherited triggers."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import duckdb
from intraday import land_intraday, people, takeover
from small_delivery import add_correction, add_entry, seal

from creditline.home import Home
from creditline.home.publications import publication_directory
from creditline.landing.contract import contract
from creditline.release import approve_batch
from creditline.watch import watch

SNAPSHOT = "account_snapshot"
Rows = list[dict[str, str]]


def add_rare_events(home: Home, day: date) -> dict[str, dict[str, str]]:
    """All of it for a day whose night before is the newest one that was run. Returns the ids that were changed, for
    `follow_ids`."""
    newest = day - timedelta(days=1)
    correct_arrears(home, day, newest)
    confirm_notices(home, day)
    lay_older_facts(home, day)
    look_back(home, newest)
    return change_ids(home, day)


def correct_arrears(home: Home, day: date, of: date) -> None:
    """The delivery of a day says that accounts which were past due on an earlier night were not; an officer overturned the
    appeal of the first one that was cut, and that of the last one waits."""
    directory, cut = home.landing / str(day), _cut_accounts(home, of)
    rows = [row for row in _read(home.landing / str(of) / f"{SNAPSHOT}.csv") if row["account_id"] in cut][:5]
    assert rows, f"nobody who was past due was cut on {of}"
    corrected = [row | {"days_past_due": "0", "arrears_balance": "0.00"} for row in rows]
    add_correction(directory, SNAPSHOT, of, _text(corrected))
    appeal = {"kind": "appeal", "account_id": rows[0]["account_id"], "actor": "officer_chen"}
    waiting = appeal | {"account_id": rows[-1]["account_id"]}
    assert rows[0] is not rows[-1]
    ground = f"bad_source_row.{SNAPSHOT}.{of}"
    _append(
        directory,
        "case_event",
        [
            appeal | {"event_id": "R1", "occurred_at": f"{day}T01:00:00Z", "ground": "disputed", "outcome": "received"},
            appeal | {"event_id": "R2", "occurred_at": f"{day}T02:00:00Z", "ground": ground, "outcome": "overturned"},
            waiting
            | {"event_id": "R3", "occurred_at": f"{day}T01:00:00Z", "ground": "disputed", "outcome": "received"},
        ],
    )


def lay_older_facts(home: Home, day: date) -> None:
    """The delivery of a day brings a legal hold, a customer's own maximum over several accounts, what an older system held of an
    account, and a value for a report."""
    directory = home.landing / str(day)
    accounts = _read(directory / f"{SNAPSHOT}.csv")
    account = accounts[1]["account_id"]
    owners = [row["customer_id"] for row in accounts]
    asking = next(owner for owner in reversed(owners[1:-1]) if owners.count(owner) > 1)
    hold = {
        "event_id": "R4",
        "kind": "legal_hold",
        "account_id": account,
        "occurred_at": f"{day}T01:00:00Z",
        "from_date": str(day),
    }
    maximum = {
        "event_id": "R5",
        "kind": "limit_request",
        "customer_id": asking,
        "occurred_at": f"{day}T01:00:00Z",
        "amount": "5000.00",
    }
    _append(directory, "case_event", [hold, maximum])
    _append(directory, "opening_state", [{"account_id": account, "reference_limit_amount": "90000.00"}])
    value = {
        "name": "tier1_capital",
        "legal_entity_code": "BANK01",
        "as_of_date": str(day),
        "value": "1000.00",
        "source": "test",
    }
    _append(directory, "reference_value", [value])


def look_back(home: Home, newest: date) -> None:
    """After the newest night its inherited triggers are approved, and the next day a watch freezes who was taken over."""
    approve_batch(home, newest, by="maker", approved_by="checker")
    day, person = newest + timedelta(days=1), people(home, 1)[0]
    land_intraday(home, day, "0900", sequence=1, session=takeover(home, person, day, "0900"))
    assert watch(home, day).deliveries[0].freezes == 1


def confirm_notices(home: Home, day: date) -> None:
    """The delivery of a day brings receipts of the notices that were sent before."""
    sent = [json.loads(line) for file in sorted((home.outbox / "notices").glob("*.jsonl")) for line in file.open()]
    assert sent, "no notice was sent"
    receipt = {"channel": "app", "sent_at": f"{day}T01:00:00Z", "status": "delivered"}
    _append(
        home.landing / str(day), "notice_receipt", [receipt | {"notice_id": notice["notice_id"]} for notice in sent]
    )


def change_ids(home: Home, day: date) -> dict[str, dict[str, str]]:
    """The delivery of a day gives one account another id, makes one customer of two and two of one. Returns the new ids by
    account id, for `follow_ids`."""
    directory = home.landing / str(day)
    accounts = _read(directory / f"{SNAPSHOT}.csv")
    old, new = accounts[0]["customer_id"], accounts[-1]["customer_id"]
    renumbered = accounts[len(accounts) // 2]["account_id"]
    # the simulated core takes the digits of an id for the account's number
    longer = renumbered.replace("A", "A0")
    owners = [row["customer_id"] for row in accounts]
    parted = next(row for row in accounts[1:-1] if owners.count(row["customer_id"]) == 2)
    changes = [
        {"kind": "merge", "subject": "customer", "old_id": old, "new_id": new},
        {
            "kind": "split",
            "subject": "customer",
            "old_id": parted["customer_id"],
            "new_id": f"N-{parted['customer_id']}",
        },
        {"kind": "renumber", "subject": "account", "old_id": renumbered, "new_id": longer},
    ]
    rows = [change | {"effective_date": str(day)} for change in changes]
    later = {"kind": "renumber", "subject": "account", "old_id": accounts[2]["account_id"], "new_id": "N-later"}
    _append(directory, "id_change", [*rows, later | {"effective_date": str(day + timedelta(days=30))}])
    changed = {row["account_id"]: {"customer_id": new} for row in accounts if row["customer_id"] == old}
    changed |= {parted["account_id"]: {"customer_id": f"N-{parted['customer_id']}"}}
    changed |= {renumbered: {"account_id": longer}}
    follow_ids(home, day, changed)
    return changed


def follow_ids(home: Home, day: date, changed: dict[str, dict[str, str]]) -> None:
    """The snapshot of a day bears the ids that were changed."""
    file = home.landing / str(day) / f"{SNAPSHOT}.csv"
    file.write_text(_text([row | changed.get(row["account_id"], {}) for row in _read(file)]))
    seal(file.parent, file.name)


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
