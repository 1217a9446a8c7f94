"""The gate over deliveries: verdicts, conservation, quarantine, raw, and re-runs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
from homes import copy_home, take_in, tree_of
from small_delivery import (
    ACCOUNTS,
    ALL_SOURCES,
    NIGHT,
    change_entry,
    change_manifest,
    deliver,
    seal,
    small_home,
    spoil,
    spoil_cell,
    spoil_row,
)

from creditline.gate.inputs import InputsRefused, gate_inputs
from creditline.gate.verdict import GateBroken
from creditline.landing.accept import accept
from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.store.record import DeliveryRecord, SourceRecord, delivery_records, evidence_folder

SECOND = NIGHT + timedelta(days=1)
SNAPSHOT = "account_snapshot.csv"


def source_of(record: DeliveryRecord, source: str) -> SourceRecord:
    return next(entry for entry in record.sources if entry.source == source)


def raw_rows(home, source: str, columns: str = "*") -> list[tuple]:
    files = sorted(str(path) for path in (home.raw / source).rglob("*.parquet"))
    return duckdb.execute(f"select {columns} from read_parquet({files}, hive_partitioning = false)").fetchall()


def quarantined(home, source: str, night: date = NIGHT, sequence: int = 1) -> list[dict]:
    path = home.quarantine / str(night) / f"core-{sequence:06d}" / f"{source}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- what is good ----------------------------------------------------------------------------------------------------


def test_a_good_delivery_passes_whole(home):
    deliver(home)
    record = take_in(home)
    assert {entry.verdict for entry in record.sources} == {"pass"}
    snapshot = source_of(record, "account_snapshot")
    assert (snapshot.delivered_rows, snapshot.accepted_rows, snapshot.quarantined_rows) == (ACCOUNTS, ACCOUNTS, 0)
    assert (
        snapshot.delivered_totals
        == snapshot.accepted_totals
        == {
            "limit_amount": "200780.00",
            "principal_balance": "7800.00",
        }
    )
    assert snapshot.quarantined_totals == {"limit_amount": "0.00", "principal_balance": "0.00"}
    assert snapshot.raw_file == "raw/account_snapshot/business_date=2026-09-01/core-000001.parquet"
    assert delivery_records(home) == [record]
    assert not (home.warehouse / "accept").exists()
    assert not list(home.quarantine.rglob("*"))


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_raw_has_the_columns_of_the_contract_and_keys_for_ids(home, file_format):
    deliver(home, file_format=file_format, sources=ALL_SOURCES)
    take_in(home)
    for source in ALL_SOURCES:
        path = next((home.raw / source).rglob("*.parquet"))
        described = duckdb.execute(f"describe from '{path}'").fetchall()
        expected = raw_columns(contract()[source])
        assert {row[0]: row[1].lower().replace(",", ", ") for row in described} == expected
        assert b"C00001" not in path.read_bytes()
    business_date, batch, known_at, row, key = raw_rows(
        home, "account_snapshot", "business_date, batch_id, known_at, source_row, account_key"
    )[6]
    assert (business_date, batch, known_at) == (NIGHT, "core-000001", datetime(2026, 9, 1, 17, 0))
    assert (row, key) == (7, 7)


def test_the_local_day_of_an_event_is_fixed(home):
    deliver(home, sources=ALL_SOURCES)
    take_in(home)
    # 16:30 UTC is half past midnight of the next day in Shanghai
    assert set(raw_rows(home, "session", "local_date, local_hour")) == {(SECOND, 0)}
    assert set(raw_rows(home, "loan_application", "local_date, local_hour")) == {(NIGHT, 16)}


@pytest.mark.parametrize("file_format", ["csv.gz", "parquet"])
def test_every_format_gives_the_same_raw_bytes(tmp_path, file_format):
    homes = [small_home(tmp_path / name) for name in ("one", "other")]
    for home, kind in zip(homes, ("csv", file_format), strict=True):
        deliver(home, file_format=kind, sources=ALL_SOURCES)
        take_in(home)
    one, other = (tree_of(home.raw) for home in homes)
    assert {name for name in one if name.endswith(".parquet")} == {name for name in other if name.endswith(".parquet")}
    assert [name for name in one if name.endswith(".parquet") and one[name] != other[name]] == []


def test_the_evidence_is_counts_only_and_the_same_bytes_every_time(tmp_path):
    homes = [small_home(tmp_path / name) for name in ("one", "other")]
    evidence = []
    for home in homes:
        delivery = deliver(home)
        spoil_cell(delivery, SNAPSHOT, 3, "limit_amount", "-1.00")
        take_in(home)
        folder = home.warehouse / "evidence" / str(NIGHT)
        files = [*folder.rglob("*"), *evidence_folder(home, NIGHT).iterdir()]
        assert [path for path in files if path.is_file() and b"A00002" in path.read_bytes()] == []
        assert (folder / "data_docs" / "inputs" / "index.html").is_file()
        evidence.append((evidence_folder(home, NIGHT) / "gate_inputs.json").read_bytes())
    assert evidence[0] == evidence[1]
    found = [entry for entry in json.loads(evidence[0]) if not entry["success"]]
    assert [(entry["rule"], entry["unexpected_count"], entry["element_count"]) for entry in found] == [
        ("range:limit_amount", 1, ACCOUNTS)
    ]


def test_a_translation_that_disagrees_stops_the_night(home, monkeypatch):
    import creditline.gate.inputs as gate

    def miscounted(*arguments: object, **named: object) -> list:
        return [
            replace(result, unexpected_count=1) if result.rule == "range:limit_amount" else result
            for result in real(*arguments, **named)
        ]

    real = gate.run_suites
    deliver(home)
    accept(home, NIGHT)
    monkeypatch.setattr(gate, "run_suites", miscounted)
    with pytest.raises(GateBroken, match=r"range:limit_amount: Great Expectations counts 1 rows, the quarantine 0"):
        gate_inputs(home, NIGHT)
    assert not list(home.raw.rglob("*"))


# --- quarantine and conservation -------------------------------------------------------------------------------------


def repeat_row(row: int, old: str, new: str):
    def changed(content: bytes) -> bytes:
        lines = content.decode().split("\n")
        return "\n".join([*lines[:-1], lines[row].replace(old, new), ""]).encode()

    return changed


def spoil_five(delivery: Path) -> None:
    """A bad cell, a negative limit, a row too short, and twins that differ: five rows."""
    spoil(delivery, SNAPSHOT, repeat_row(9, "5008.00", "9008.00"))
    spoil_cell(delivery, SNAPSHOT, 2, "limit_amount", "100.105")
    spoil_cell(delivery, SNAPSHOT, 3, "limit_amount", "-1.00")
    spoil_row(delivery, SNAPSHOT, 4, lambda line: line.rsplit(",", 3)[0])


def test_accepted_and_quarantined_are_what_was_delivered(home):
    delivery = deliver(home)
    spoil_five(delivery)
    seal(delivery, SNAPSHOT, totals={"limit_amount": "214786.11", "principal_balance": "7880.00"})
    snapshot = source_of(take_in(home), "account_snapshot")
    assert snapshot.verdict == "pass"
    assert (snapshot.delivered_rows, snapshot.accepted_rows, snapshot.quarantined_rows) == (41, 36, 5)
    for column, total in snapshot.delivered_totals.items():
        kept, held = snapshot.accepted_totals[column], snapshot.quarantined_totals[column]
        assert Decimal(kept) + Decimal(held) == Decimal(total)
    assert snapshot.accepted_totals["limit_amount"] == str(
        sum(5000 + i for i in range(ACCOUNTS) if i not in (1, 2, 3, 8)) + Decimal("0.00")
    )


def test_a_quarantined_row_keeps_what_was_delivered_and_why(home):
    delivery = deliver(home)
    spoil_five(delivery)
    take_in(home)
    rows = quarantined(home, "account_snapshot")
    assert [(row["row"], row["rule"], row["column"], row["value"]) for row in rows] == [
        (2, "money:limit_amount", "limit_amount", "100.105"),
        (3, "range:limit_amount", "limit_amount", "-1.00"),
        (4, "line:missing_columns", None, None),
        (9, "unique:account_id", "account_id", "A00008"),
        (41, "unique:account_id", "account_id", "A00008"),
    ]
    delivered = (delivery / SNAPSHOT).read_text().splitlines()
    assert [row["raw_line"] for row in rows] == [delivered[row["row"]] for row in rows]
    stated = json.loads((delivery / "manifest.json").read_text())["sources"][0]
    assert {(row["file"], row["file_sha256"]) for row in rows} == {(SNAPSHOT, stated["sha256"])}


def test_good_rows_do_not_depend_on_quarantined_neighbours(tmp_path):
    """Raw of a delivery with bad rows at the end = raw of the same delivery without them, byte for byte."""
    clean, dirty = (small_home(tmp_path / name) for name in ("clean", "dirty"))
    deliver(clean)
    delivery = deliver(dirty)

    def with_bad_rows(content: bytes) -> bytes:
        last = content.decode().splitlines()[-1]
        bad = [
            last.replace("A00039", f"A9000{n}").replace("5039.00", value) for n, value in enumerate(("1e3", "-2.00"))
        ]
        return content + "\n".join([*bad, "junk", ""]).encode()

    spoil(delivery, SNAPSHOT, with_bad_rows)
    for home in (clean, dirty):
        take_in(home)
    one, other = tree_of(clean.raw), tree_of(dirty.raw)
    parquet = [name for name in one if name.endswith(".parquet")]
    assert [name for name in parquet if one[name] != other[name]] == []
    # and the ids of rows that were held have no key
    assert keys(dirty) == keys(clean)


def keys(home) -> list[tuple]:
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        return connection.execute(
            "select 'account', * from account union all select 'customer', * from customer order by all"
        ).fetchall()


@pytest.mark.parametrize(("bad", "verdict"), [(5, "pass"), (6, "refuse")])
def test_too_large_a_share_of_bad_rows_refuses_the_source(home, bad, verdict):
    delivery = deliver(home)
    for row in range(1, bad + 1):
        spoil_cell(delivery, "session.csv", row, "is_proxy", "maybe")
    session = source_of(take_in(home), "session")
    assert session.verdict == verdict
    if verdict == "refuse":
        assert "quarantine_share: 6 of 40 rows are bad, more than 50 bp and 5 rows" in session.reasons
        assert (session.accepted_rows, session.quarantined_rows, session.raw_file) == (0, ACCOUNTS, None)
        assert not (home.raw / "session").exists()
    assert len(quarantined(home, "session")) == bad


def test_a_small_share_of_many_rows_passes(home):
    delivery = deliver(home, accounts=1300, sources=("account_snapshot",))
    for row in range(1, 7):
        spoil_cell(delivery, SNAPSHOT, row, "status", "ACTIVE")
    assert take_in(home).sources[0].verdict == "pass"


# --- a refused night -------------------------------------------------------------------------------------------------


def test_a_refused_snapshot_refuses_the_night_and_leaves_no_key(home):
    delivery = deliver(home)
    for row in range(1, 8):
        spoil_cell(delivery, SNAPSHOT, row, "status", "ACTIVE")
    accept(home, NIGHT)
    with pytest.raises(InputsRefused, match=r"account_snapshot\.csv is refused: .*quarantine_share.*deliver it again"):
        gate_inputs(home, NIGHT)
    assert not list(home.raw.rglob("*"))
    assert not home.identity_file.exists()
    assert not (home.warehouse / "accept").exists()
    kept = json.loads((home.quarantine / str(NIGHT) / "refusal.json").read_text())
    assert (kept["file"], kept["rule"]) == (SNAPSHOT, "verdict")
    assert len(quarantined(home, "account_snapshot")) == 7


def test_the_mended_delivery_is_taken_in_as_if_nothing_had_been(tmp_path):
    spoilt, clean = (small_home(tmp_path / name) for name in ("spoilt", "clean"))
    delivery = deliver(spoilt)
    for row in range(1, 8):
        spoil_cell(delivery, SNAPSHOT, row, "status", "ACTIVE")
    accept(spoilt, NIGHT)
    with pytest.raises(InputsRefused):
        gate_inputs(spoilt, NIGHT)
    shutil.rmtree(delivery)
    for home in (spoilt, clean):
        deliver(home)
        take_in(home)
    assert tree_of(spoilt.raw) == tree_of(clean.raw)
    assert keys(spoilt) == keys(clean)


def test_a_night_that_was_not_accepted_says_what_to_do(home):
    with pytest.raises(InputsRefused, match=r"is not accepted; run `creditline night --date 2026-09-01`"):
        gate_inputs(home, NIGHT)


# --- breakers against the night before -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def big_home(tmp_path_factory):
    """A home that took in 1,200 accounts. Read-only: a test copies it."""
    home = small_home(tmp_path_factory.mktemp("big") / "home")
    deliver(home, accounts=1200, sources=("account_snapshot",))
    take_in(home)
    return home


@pytest.mark.parametrize(("accounts", "passes"), [(1176, True), (1079, False), (1320, False), (1200, True)])
def test_a_tenth_of_the_accounts_more_or_less_refuses(big_home, tmp_path, accounts, passes):
    home = copy_home(big_home, tmp_path / "copy")
    deliver(home, night=SECOND, accounts=accounts, sources=("account_snapshot",))
    accept(home, SECOND)
    if passes:
        assert gate_inputs(home, SECOND).record.sources[0].verdict == "pass"
        return
    with pytest.raises(
        InputsRefused, match=r"missing: .* did not come|old_newcomers: accounts came for the first time"
    ):
        gate_inputs(home, SECOND)


@pytest.mark.parametrize(("old", "new"), [(b".00", b"00.00"), (b",5", b",9")])
def test_limits_that_nobody_decided_are_distrusted(big_home, tmp_path, old, new):
    home = copy_home(big_home, tmp_path / "copy")
    delivery = deliver(home, night=SECOND, accounts=1200, sources=("account_snapshot",))

    def in_other_unit(content: bytes) -> bytes:
        header, rows = content.split(b"\n", 1)
        cells = [line.split(b",") for line in rows.splitlines()]
        for row in cells:
            row[6] = (b"," + row[6]).replace(old, new).lstrip(b",")
        return b"\n".join([header, *(b",".join(row) for row in cells), b""])

    spoil(delivery, SNAPSHOT, in_other_unit)
    snapshot = take_in(home, SECOND).sources[0]
    assert snapshot.verdict == "distrust"
    assert any(reason.startswith("total:limit_amount: ") for reason in snapshot.reasons)


# --- re-runs ---------------------------------------------------------------------------------------------------------


def test_the_gate_can_be_repeated(home):
    deliver(home)
    accept(home, NIGHT)
    verdict = gate_inputs(home, NIGHT)
    before = tree_of(home.raw)
    assert gate_inputs(home, NIGHT) == verdict
    assert tree_of(home.raw) == before


@pytest.mark.parametrize("step", ["write_raw", "write_record", "_clear_scratch"])
def test_a_gate_that_died_is_taken_up_again(tmp_path, monkeypatch, step):
    interrupted, whole = (small_home(tmp_path / name) for name in ("interrupted", "whole"))
    for home in (interrupted, whole):
        deliver(home)
    take_in(whole)
    accept(interrupted, NIGHT)

    import creditline.gate.inputs as gate

    real = getattr(gate, step)

    def dies(*arguments: object) -> None:
        if step != "_clear_scratch":
            real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(gate, step, dies)
    with pytest.raises(KeyboardInterrupt):
        gate_inputs(interrupted, NIGHT)
    monkeypatch.undo()
    accept(interrupted, NIGHT)
    gate_inputs(interrupted, NIGHT)
    assert tree_of(interrupted.raw) == tree_of(whole.raw)
    assert keys(interrupted) == keys(whole)
    accept(interrupted, NIGHT)
    assert len(delivery_records(interrupted)) == 1


# --- corrections -----------------------------------------------------------------------------------------------------


def test_a_correction_lies_with_the_night_it_corrects(home):
    deliver(home)
    take_in(home)
    second = deliver(home, night=SECOND)
    shutil.copy(home.landing / str(NIGHT) / SNAPSHOT, second / "correction.csv")

    def corrected(manifest: dict) -> None:
        manifest["sources"].append(
            manifest["sources"][0] | {"file": "correction.csv", "corrects_business_date": str(NIGHT)}
        )

    change_manifest(second, corrected)
    content = (second / "correction.csv").read_text().splitlines()
    (second / "correction.csv").write_text("\n".join([content[0], content[1].replace("5000.00", "6000.00"), ""]))
    change_entry(second, "correction.csv", rows=1, totals={"limit_amount": "6000.00", "principal_balance": "0.00"})
    seal_hash(second, "correction.csv")
    record = take_in(home, SECOND)
    assert [entry.raw_file for entry in record.sources if entry.source == "account_snapshot"] == [
        "raw/account_snapshot/business_date=2026-09-02/core-000002.parquet",
        "raw/account_snapshot/business_date=2026-09-01/core-000002.parquet",
    ]
    found = duckdb.execute(
        "select business_date, known_at, account_key, limit_amount"
        f" from '{home.raw}/account_snapshot/business_date=2026-09-01/core-000002.parquet'"
    ).fetchall()
    assert found == [(NIGHT, datetime(2026, 9, 2, 17, 0), 1, Decimal("6000.00"))]


def test_a_bad_correction_refuses_no_night(home):
    deliver(home)
    take_in(home)
    second = deliver(home, night=SECOND)
    (second / "correction.csv").write_text("nonsense\n")

    def corrected(manifest: dict) -> None:
        manifest["sources"].append(
            manifest["sources"][0] | {"file": "correction.csv", "corrects_business_date": str(NIGHT)}
        )

    change_manifest(second, corrected)
    seal_hash(second, "correction.csv")
    verdicts = [(entry.file, entry.verdict) for entry in take_in(home, SECOND).sources]
    assert ("correction.csv", "refuse") in verdicts
    assert (SNAPSHOT, "pass") in verdicts


def seal_hash(delivery: Path, file: str) -> None:
    import hashlib

    change_entry(delivery, file, sha256=hashlib.sha256((delivery / file).read_bytes()).hexdigest())


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_day_on_which_nothing_happened_passes(home, file_format):
    """A file without rows is a quiet day: no rule of the suite takes the absence of rows for a fault."""
    directory = deliver(home, sources=("account_snapshot", "loan_application"), file_format=file_format)
    path = directory / f"loan_application.{file_format}"
    if file_format == "csv":
        spoil(directory, path.name, lambda content: content.split(b"\n")[0] + b"\n")
    else:
        emptied = pyarrow.parquet.read_table(path).slice(0, 0)
        pyarrow.parquet.write_table(emptied, path)
        seal(directory, path.name, rows=0, totals={"amount": "0.00"})
    entry = source_of(take_in(home), "loan_application")
    assert (entry.verdict, entry.accepted_rows, entry.quarantined_rows) == ("pass", 0, 0)
