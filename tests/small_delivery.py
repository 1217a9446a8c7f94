"""Small deliveries written by the contract, and ways to spoil them."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb

from creditline.home import Home, HomeSettings, create_home
from creditline.home.files import canonical_json, digests, write_file
from creditline.home.keys import sign_file
from creditline.home.publications import MANIFEST, publication_directory, state_directory
from creditline.landing.contract import contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.policy.schema import ASSIGNMENT_COLUMNS
from creditline.store.inputs import Relation, write_inputs

NIGHT = date(2026, 9, 1)
ACCOUNTS = 40
csv.field_size_limit(1 << 30)
SOURCES = ("account_snapshot", "session")
ALL_SOURCES = ("account_snapshot", "loan_application", "session", "cash_flow")

_ROWS = {
    "account_snapshot": """
        select printf('A%05d', i) as account_id, printf('C%05d', i // 2) as customer_id, 'card' as product_code,
            'active' as status, date '2024-01-01' + cast(i % 300 as integer) as opened_date, 'CNY' as currency_code,
            5000 + i as limit_amount, i * 10 as principal_balance, 1.25 as accrued_interest_balance,
            0 as arrears_balance, 0 as days_past_due, 0.18 as rate_apr, 'BANK01' as legal_entity_code,
            'consumer' as purpose_code, 'internet' as channel_code, 100 + {night} as minimum_due_amount,
            'normal' as risk_class""",
    "loan_application": """
        select printf('L{night}-%05d', i) as event_id, printf('C%05d', i // 2) as customer_id,
            timestamp '{day} 08:00:00' as applied_at, 1000 + i as amount, 'LENDER01' as lender_id,
            'approved' as outcome""",
    "session": """
        select printf('S{night}-%05d', i) as event_id, printf('C%05d', i // 2) as customer_id,
            timestamp '{day} 16:30:00' as occurred_at, 'device' || i % 7 as device_id, 'region' || i % 3 as ip_region,
            false as is_proxy, true as succeeded""",
    "bureau_score": """
        select printf('C%05d', i) as customer_id, date '{day}' as observed_date, 690 as score,
            0 as external_debt_amount, false as has_new_default""",
    "cash_flow": """
        select printf('C%05d', i) as customer_id, date '{day}' as flow_date, 'in' as direction, 'salary' as kind,
            9000 + i as amount, 1 as event_count""",
}


def small_home(root: Path, **settings: object) -> Home:
    """An empty demo home in Shanghai that expects nothing but the snapshot."""
    return create_home(root, HomeSettings(name="small", is_demo=True, **settings))


def deliver(
    home: Home,
    *,
    night: date = NIGHT,
    sequence: int | None = None,
    accounts: int = ACCOUNTS,
    sources: tuple[str, ...] = SOURCES,
    file_format: str = "csv",
    feed: str = "core",
) -> Path:
    """Write the good delivery of one night; nights from NIGHT on have sequence 1, 2, …"""
    cut_off_at = home.cut_off_at(night)
    target = home.landing / night.isoformat()
    target.mkdir(parents=True)
    written = _written(night, sequence or (night - NIGHT).days + 1, accounts, sources, file_format, feed, cut_off_at)
    for name, content in written.items():
        (target / name).write_bytes(content)
    return target


@cache
def _written(
    night: date,
    sequence: int,
    accounts: int,
    sources: tuple[str, ...],
    file_format: str,
    feed: str,
    cut_off_at: datetime,
) -> dict[str, bytes]:
    """The files of a good delivery by name; the same for every test that asks for the same."""
    with tempfile.TemporaryDirectory() as landing, duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for source in sources:
            rows = _ROWS[source].format(night=(night - NIGHT).days + 1, day=night)
            connection.execute(f"create table {source} as {rows} from range({accounts}) as numbers(i)")
        directory = write_delivery(
            connection,
            Path(landing),
            feed=feed,
            business_date=night,
            sequence=sequence,
            delivered_at=cut_off_at - timedelta(hours=1),
            cutoff_at=cut_off_at,
            tables=[DeliveredTable(source, source) for source in sources],
            file_format=file_format,
        )
        return {path.name: path.read_bytes() for path in directory.iterdir()}


def spoil(directory: Path, file: str, change: Callable[[bytes], bytes], *, is_sealed: bool = True) -> None:
    """Change the bytes of a file; sealed, as by a sender whose manifest speaks of the changed bytes."""
    path = directory / file
    path.write_bytes(change(path.read_bytes()))
    if is_sealed:
        seal(directory, file)


def spoil_row(directory: Path, file: str, row: int, change: Callable[[str], str]) -> None:
    """Change one row (from 1) of a CSV file, sealed."""

    def changed(content: bytes) -> bytes:
        lines = content.split(b"\n")
        lines[row] = change(lines[row].decode()).encode("utf-8", "surrogateescape")
        return b"\n".join(lines)

    spoil(directory, file, changed)


def spoil_cell(directory: Path, file: str, row: int, column: str, value: str) -> None:
    """Change one cell of a CSV file, sealed; `value` is written as it is, quotes and all."""
    header = (directory / file).read_bytes().split(b"\n", 1)[0].decode().split(",")
    place = header.index(column)
    spoil_row(
        directory, file, row, lambda line: ",".join([*line.split(",")[:place], value, *line.split(",")[place + 1 :]])
    )


def seal(directory: Path, file: str, **stated: object) -> None:
    """State a file's sha256 in the manifest, and of a CSV its rows and totals, or what is given."""
    facts = _facts(file.removesuffix(".csv") if file.endswith(".csv") else None, (directory / file).read_bytes())
    change_entry(directory, file, **{**facts, **stated})


def change_entry(directory: Path, file: str, /, **stated: object) -> None:
    """Change what the manifest says of one file."""

    def changed(manifest: dict) -> None:
        for entry in manifest["sources"]:
            if entry["file"] == file:
                entry.update(stated)

    change_manifest(directory, changed)


def add_entry(directory: Path, source: str, **stated: object) -> None:
    """Add to the manifest a CSV file that already lies in the delivery; `stated` adds to or replaces what it says."""
    file = f"{source}.csv"
    entry = {"source": source, "file": file, "format": "csv", "rows": 0, "sha256": ""}
    change_manifest(directory, lambda manifest: manifest["sources"].append(entry))
    seal(directory, file, **stated)


def add_correction(directory: Path, source: str, of: date, content: str) -> None:
    """Add to a delivery a CSV file with rows of a source as they should have been on an earlier night."""
    path = directory / "correction.csv"
    path.write_text(content)
    named = {"source": source, "file": path.name, "format": "csv", "corrects_business_date": str(of)}
    entry = named | _facts(source, path.read_bytes())
    change_manifest(directory, lambda manifest: manifest["sources"].append(entry))


def stand_as_published(home: Home, night: date, *, entity: str = "BANK01") -> None:
    """Let a night be there as published, whose accounts of one entity were routed to a policy."""
    routing = {"policy_version": "varchar", **ASSIGNMENT_COLUMNS}
    row = ("v1", entity, "*", "default", "champion", None, "2015-01-01", None)
    packs = Relation("policy.pack", {"policy_version": "varchar", "currency": "varchar"}, rows=(("v1", "CNY"),))
    write_inputs(home, night, [packs, Relation("policy.assignment", routing, rows=(row,))])
    manifest = publication_directory(home, night) / MANIFEST
    said = {"business_date": str(night), "revision": 0, "is_void": False, "policy_versions": {}}
    write_file(manifest, canonical_json(said | {"state": digests(state_directory(home, night))}))
    sign_file(home, manifest)


def change_manifest(directory: Path, change: Callable[[dict], None]) -> None:
    """Change the manifest in place."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def _facts(source: str | None, content: bytes) -> dict[str, object]:
    """What a manifest states of a file's bytes; of a CSV of a source its rows and totals, too."""
    sha256 = hashlib.sha256(content).hexdigest()
    if source is None:
        return {"sha256": sha256}
    lines = content.decode("utf-8", "replace").splitlines()
    return {"sha256": sha256, "rows": max(len(lines) - 1, 0), "totals": _totals(source, lines)}


def _totals(source: str, lines: list[str]) -> dict[str, str]:
    sums = {name: Decimal(0) for name in contract()[source].totals}
    for row in csv.DictReader(line.lstrip("\ufeff") for line in lines):
        for name in sums:
            amount = row.get(name) or ""
            if re.fullmatch(r"-?\d{1,18}\.\d\d", amount, flags=re.ASCII):
                sums[name] += Decimal(amount)
    return {name: str(total.quantize(Decimal("0.01"))) for name, total in sums.items()}
