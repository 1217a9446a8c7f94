"""Files that nobody may believe: each is refused with its name, the rule, and what to do next; nothing else changes."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_delivery import ACCOUNTS, ALL_SOURCES, NIGHT, change_entry, deliver, seal, small_home, spoil

from creditline.gate.inputs import gate_inputs
from creditline.landing import rows
from creditline.landing.accept import DeliveryRefused, accept, scratch_file

SNAPSHOT = "account_snapshot.csv"
Change = Callable[[bytes], bytes]


def header_of(content: bytes) -> bytes:
    return content.split(b"\n", 1)[0]


def rename(old: bytes, new: bytes) -> Change:
    return lambda content: header_of(content).replace(old, new, 1) + content[len(header_of(content)) :]


def swapped(content: bytes) -> bytes:
    return rename(b"limit_amount,principal_balance", b"principal_balance,limit_amount")(content)


def with_row(line: bytes, after: int = 5) -> Change:
    def changed(content: bytes) -> bytes:
        lines = content.split(b"\n")
        return b"\n".join([*lines[: after + 1], line, *lines[after + 1 :]])

    return changed


# number in the catalogue of hostile inputs, what is done to the snapshot, the rule that must refuse it
TEXT_FILES: list[tuple[str, Change, str]] = [
    ("1 no bytes", lambda content: b"", "empty_file"),
    ("3 header only, zero announced", lambda content: header_of(content) + b"\n", "empty_snapshot"),
    ("4 no header", lambda content: content.split(b"\n", 1)[1], "header"),
    ("5 columns swapped", swapped, "header"),
    ("6 column renamed", rename(b"limit_amount", b"credit_limit"), "header"),
    ("6 column in capitals", rename(b"account_id", b"Account_ID"), "header"),
    ("7 column twice", rename(b"principal_balance", b"limit_amount"), "header"),
    ("8 extra column", rename(b"risk_class", b"risk_class,colour"), "header"),
    ("8 optional column out of order", rename(b"minimum_due_amount,risk_class", b"risk_class,minimum_due_amount"), "header"),
    ("8 blank after a comma", rename(b",limit_amount", b", limit_amount"), "header"),
    ("9 20,000 columns", lambda content: b",".join(b"c%d" % n for n in range(20_000)) + b"\n", "header"),
    ("12 semicolons", lambda content: content.replace(b",", b";"), "header"),
    ("14 UTF-16", lambda content: content.decode().encode("utf-16"), "file_format"),
    ("14 UTF-16 without a mark", lambda content: content.decode().encode("utf-16-le"), "header"),
    ("18 CR only", lambda content: content.replace(b"\n", b"\r"), "line_ends"),
    ("19 mixed line ends", lambda content: content.replace(b"\n", b"\r\n", 3), "line_ends"),
    ("19 CRLF after an LF header", lambda content: content.replace(b"\n", b"\r\n").replace(b"\r\n", b"\n", 1), "line_ends"),
    ("19 a lone CR and a lone LF among CRLF", lambda content: content.replace(b"\n", b"\r\n").replace(b"card,active", b"card\r,active", 1).replace(b"normal\r\n", b"normal\n", 1), "line_ends"),
    ("20 empty line", with_row(b""), "blank_line"),
    ("20 empty first line", with_row(b"", after=0), "blank_line"),
    ("23 cut in the middle of a row", lambda content: content[:-60], "final_newline"),
    ("24 cut in the last number", lambda content: content[: -len(b".00,normal\n")], "final_newline"),
    ("25 cut in the last word", lambda content: content[:-3], "final_newline"),
    ("30 a field of 3 MB", with_row(b"A" * (3 << 20)), "line_length"),
    ("84 Parquet called csv", lambda content: b"PAR1" + content, "file_format"),
    ("84 xlsx called csv", lambda content: b"PK\x03\x04" + content, "file_format"),
    ("84 gzip called csv", gzip.compress, "file_format"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule"), [case[1:] for case in TEXT_FILES], ids=[case[0] for case in TEXT_FILES])
def test_a_hostile_text_file_is_refused_by_its_rule(home, delivery, change, rule):
    spoil(delivery, SNAPSHOT, change)
    refused_by(home, SNAPSHOT, rule)


# what the sender's own manifest contradicts
CONTRADICTED: list[tuple[str, dict, str]] = [
    ("2 fewer rows than announced", {"rows": ACCOUNTS + 1}, "row_count"),
    ("26 more rows than announced", {"rows": ACCOUNTS - 1}, "row_count"),
    ("74 another sha256", {"sha256": "0" * 64}, "sha256"),
    ("74 another total", {"totals": {"limit_amount": "200780.01", "principal_balance": "7800.00"}}, "totals"),
    ("74 a total is not stated", {"totals": {"limit_amount": "200780.00"}}, "totals"),
    ("74 a total of an unknown column", {"totals": {"limit_amount": "200780.00", "principal_balance": "7800.00", "x": 1}}, "totals"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "rule"), [case[1:] for case in CONTRADICTED], ids=[case[0] for case in CONTRADICTED]
)
def test_a_file_that_contradicts_its_manifest_is_refused(home, delivery, stated, rule):
    change_entry(delivery, SNAPSHOT, **stated)
    refused_by(home, SNAPSHOT, rule)


def test_a_changed_byte_is_refused_by_the_hash(home, delivery):
    spoil(delivery, SNAPSHOT, lambda content: content.replace(b"5000.00", b"5900.00", 1), is_sealed=False)
    refused_by(home, SNAPSHOT, "sha256")


def test_a_truncated_amount_is_refused_by_the_control_total(home, delivery):
    spoil(delivery, SNAPSHOT, lambda content: content.replace(b",5000.00,", b",50.00,", 1), is_sealed=False)
    change_sealed_hash_only(delivery)
    refused_by(home, SNAPSHOT, "totals")


def change_sealed_hash_only(delivery: Path) -> None:
    entry = next(
        entry for entry in json.loads((delivery / "manifest.json").read_text())["sources"] if entry["file"] == SNAPSHOT
    )
    seal(delivery, SNAPSHOT, rows=entry["rows"], totals=entry["totals"])


NAMES = ["*.csv", "account[1].csv", "../account_snapshot.csv", "a b.csv", "a\n.csv", "x" * 300 + ".csv", "a.CSV", "a.parquet"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=[repr(name[:30]) for name in NAMES])
def test_a_hostile_file_name_is_refused(home, delivery, name):
    change_entry(delivery, SNAPSHOT, file=name)
    refused_by(home, name[:80].replace("\n", "\\n"), "file_name")


def as_symbolic_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def as_hard_link(path: Path) -> None:
    os.link(path, path.with_name("elsewhere"))


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("file", [SNAPSHOT, "manifest.json"])
@pytest.mark.parametrize(
    ("make", "rule"),
    [(as_symbolic_link, "file_missing"), (as_hard_link, "file_kind"), (as_pipe, "file_kind"), (as_directory, "file_kind")],
)  # fmt: skip
def test_only_a_plain_file_is_opened(home, delivery, make, rule, file):
    make(delivery / file)
    refused_by(home, file, rule)


def test_a_missing_file_is_refused(home, delivery):
    (delivery / SNAPSHOT).unlink()
    refused_by(home, SNAPSHOT, "file_missing")


def flipped(content: bytes) -> bytes:
    return content[:-6] + bytes([content[-6] ^ 1]) + content[-5:]


def two_members(content: bytes) -> bytes:
    return content + gzip.compress(b"A99999,C99999\n")


PACKED: list[tuple[str, Change, str]] = [
    ("79 wrong checksum", flipped, "gzip"),
    ("80 two members", two_members, "gzip"),
    ("81 cut short", lambda content: content[:-20], "gzip"),
    ("81 a tail of junk", lambda content: content + b"junk", "gzip"),
    ("81 not packed at all", gzip.decompress, "gzip"),
    ("82 a bomb", lambda content: gzip.compress(gzip.decompress(content) + b"0" * (8 << 20)), "gzip_ratio"),
    ("83 an archive", lambda content: gzip.compress(b"PK\x03\x04" + gzip.decompress(content)), "file_format"),
    ("24 cut, then packed", lambda content: gzip.compress(gzip.decompress(content)[:-3]), "final_newline"),
]


@pytest.mark.parametrize(("change", "rule"), [case[1:] for case in PACKED], ids=[case[0] for case in PACKED])
def test_a_hostile_packed_file_is_refused(home, change, rule):
    delivery = deliver(home, file_format="csv.gz", sources=("account_snapshot",))
    spoil(delivery, "account_snapshot.csv.gz", change)
    refused_by(home, "account_snapshot.csv.gz", rule)


def in_schema(**types: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        for name, kind in types.items():
            place = table.schema.get_field_index(name)
            table = table.set_column(place, pa.field(name, kind), table.column(name).cast(kind, safe=False))
        return table

    return changed


def as_lists(table: pa.Table) -> pa.Table:
    lists = pa.array([[value] for value in table.column("account_id").to_pylist()])
    return table.set_column(0, "account_id", lists)


SCHEMAS: list[tuple[str, Callable[[pa.Table], pa.Table], str]] = [
    ("89 limit as DOUBLE", in_schema(limit_amount=pa.float64()), "column_type"),
    ("89 date as text", in_schema(opened_date=pa.string()), "column_type"),
    ("89 days as INT32", in_schema(days_past_due=pa.int32()), "column_type"),
    ("90 another scale", in_schema(limit_amount=pa.decimal128(20, 4)), "column_type"),
    ("91 two spellings of a column", lambda table: table.append_column("Account_ID", table.column("account_id")), "header"),
    ("91 a column twice", lambda table: table.append_column("account_id", table.column("account_id")), "header"),
    ("92 a list", as_lists, "column_type"),
    ("8 an unknown column", lambda table: table.append_column("colour", table.column("account_id")), "header"),
    ("6 a column less", lambda table: table.drop_columns(["status"]), "header"),
    ("88 more rows than announced", lambda table: pa.concat_tables([table] * 3), "row_count"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule"), [case[1:] for case in SCHEMAS], ids=[case[0] for case in SCHEMAS])
def test_a_parquet_file_of_another_schema_is_refused(home, change, rule):
    delivery = deliver(home, file_format="parquet", sources=("account_snapshot",))
    path = delivery / "account_snapshot.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    seal(delivery, path.name)
    refused_by(home, path.name, rule)


def test_an_int96_timestamp_refuses_its_source(home):
    delivery = deliver(home, file_format="parquet")
    path = delivery / "session.parquet"
    pq.write_table(pq.read_table(path), path, use_deprecated_int96_timestamps=True)
    seal(delivery, path.name)
    assert "column_type: occurred_at is timestamp[ns" in accept(home, NIGHT).sources[1].refusal


PARQUET_BYTES: list[tuple[str, Change, str]] = [
    ("85 cut short", lambda content: content[:-100], "parquet"),
    ("85 footer length lies", lambda content: content[:-8] + b"\xff\xff\xff\x7fPAR1", "parquet"),
    ("86 begins otherwise", lambda content: b"XXXX" + content[4:], "file_format"),
    ("95 encrypted footer", lambda content: content[:-4] + b"PARE", "parquet"),
    ("89 text called parquet", lambda content: b"account_id,customer_id\n", "file_format"),
    ("87 pages that cannot be unpacked", lambda content: content[:4] + b"\xff" * 600 + content[604:], "unreadable"),
]


@pytest.mark.parametrize(
    ("change", "rule"), [case[1:] for case in PARQUET_BYTES], ids=[case[0] for case in PARQUET_BYTES]
)
def test_broken_parquet_is_refused(home, change, rule):
    delivery = deliver(home, file_format="parquet", sources=("account_snapshot",))
    spoil(delivery, "account_snapshot.parquet", change)
    refused_by(home, "account_snapshot.parquet", rule)


def test_a_file_that_changes_while_it_is_read_is_refused(home, delivery, monkeypatch):
    landed = rows._land_csv

    def land_and_write(connection, plain, entry):
        landed(connection, plain, entry)
        with plain.path.open("ab") as stream:
            stream.write(b"A99999\n")

    monkeypatch.setattr(rows, "_land_csv", land_and_write)
    refused_by(home, SNAPSHOT, "file_changed")


# --- what is odd and yet good -----------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_stripped_and_noted(home, delivery):
    spoil(delivery, SNAPSHOT, lambda content: b"\xef\xbb\xbf" + content)
    snapshot = accept(home, NIGHT).sources[0]
    assert snapshot.notes == ("a byte order mark was stripped",)
    assert rows_of(home, "typed_account_snapshot") == ACCOUNTS


def test_crlf_is_accepted_and_gives_the_same_rows(home, delivery):
    accept(home, NIGHT)
    plain = cells_of(home, "typed_account_snapshot")
    spoil(delivery, SNAPSHOT, lambda content: content.replace(b"\n", b"\r\n"))
    accept(home, NIGHT)
    assert cells_of(home, "typed_account_snapshot") == plain


@pytest.mark.parametrize("file_format", ["csv.gz", "parquet"])
def test_every_format_gives_the_same_rows(home, tmp_path, file_format):
    other = small_home(tmp_path / "other")
    deliver(home, sources=ALL_SOURCES)
    deliver(other, file_format=file_format, sources=ALL_SOURCES)
    for each in (home, other):
        accept(each, NIGHT)
    for source in ALL_SOURCES:
        assert cells_of(other, f"typed_{source}") == cells_of(home, f"typed_{source}")


def test_events_may_be_none(home, delivery):
    spoil(delivery, "session.csv", lambda content: header_of(content) + b"\n")
    sessions = accept(home, NIGHT).sources[1]
    assert (sessions.refusal, sessions.delivered_rows) == (None, 0)


def test_a_home_whose_path_looks_like_a_pattern_reads_its_own_files(tmp_path):
    """`home[1]*` must not read what lies in `home1` or `home1x`."""
    home, *decoys = (small_home(tmp_path / name) for name in ("home[1]*", "home1", "home1x"))
    deliver(home)
    for decoy in decoys:
        spoil(deliver(decoy), SNAPSHOT, lambda content: content.replace(b"BANK01", b"BANK99"))
    accept(home, NIGHT)
    assert {row[13] for row in cells_of(home, "typed_account_snapshot")} == {"BANK01"}
    assert gate_inputs(home, NIGHT).record.sources[0].accepted_rows == ACCOUNTS


def test_accept_can_be_repeated(home, delivery):
    first = accept(home, NIGHT)
    assert accept(home, NIGHT) == first
    assert rows_of(home, "typed_account_snapshot") == ACCOUNTS


# --- a source that the night can do without ---------------------------------------------------------------------------


def test_a_broken_source_that_is_not_required_is_refused_alone(home):
    delivery = deliver(home, sources=ALL_SOURCES)
    spoil(delivery, "session.csv", lambda content: b"")
    acceptance = accept(home, NIGHT)
    by_source = {entry.source: entry.refusal for entry in acceptance.sources}
    assert by_source["session"].startswith("session.csv: empty_file: ")
    assert [name for name, refusal in by_source.items() if refusal] == ["session"]
    record = gate_inputs(home, NIGHT).record
    verdicts = {entry.source: entry.verdict for entry in record.sources}
    assert verdicts == {
        "account_snapshot": "pass",
        "loan_application": "pass",
        "session": "refuse",
        "cash_flow": "pass",
    }
    assert (record.sources[2].accepted_rows, record.sources[2].raw_file) == (0, None)


# --- helpers ----------------------------------------------------------------------------------------------------------


def refused_by(home, file: str, rule: str) -> None:
    """The delivery is refused for this file by this rule, says what to do, and has touched nothing."""
    with pytest.raises(DeliveryRefused) as refusal:
        accept(home, NIGHT)
    message = str(refusal.value)
    assert message.startswith(f"night {NIGHT}: {file}: {rule}: "), message
    assert re.search(r"; \w+", message), "no next step"
    kept = json.loads((home.quarantine / str(NIGHT) / "refusal.json").read_text())
    assert (kept["file"], kept["rule"]) == (file, rule)
    assert not list(home.raw.rglob("*"))
    assert not home.identity_file.exists()


def rows_of(home, table: str) -> int:
    return len(cells_of(home, table))


def cells_of(home, table: str) -> list[tuple]:
    with duckdb.connect(str(scratch_file(home, NIGHT)), read_only=True) as connection:
        return connection.execute(f"select * from {table} order by source_row").fetchall()


HEADERS = [
    (
        rename(b"customer_id", b""),
        "column 2 has no name, 'customer_id' is expected; end no line in a comma, and send the header",
    ),
    (
        rename(b"risk_class", b"risk_class,"),
        "column 18 has no name, no column is expected there; end no line in a comma",
    ),
    (lambda content: content.split(b"\n", 1)[1], "the first line has no name of the contract: it begins with 'A00000'"),
    (
        lambda content: b"sep=,\n" + content,
        "the first line is 'sep=,', which a spreadsheet writes; export it from the source",
    ),
    (
        lambda content: content.replace(b",", b";"),
        "its columns are parted by ';', not by commas; part them by commas, and send",
    ),
    (lambda content: content.replace(b",", b"\t"), "its columns are parted by '\\t', not by commas"),
    (
        rename(b"limit_amount", b"credit_limit"),
        "column 7 is 'credit_limit', 'limit_amount' is expected; send the header of the",
    ),
]


@pytest.mark.parametrize(("change", "said"), HEADERS, ids=range(len(HEADERS)))
def test_a_wrong_header_is_refused_in_words_that_help(home, delivery, change, said):
    spoil(delivery, SNAPSHOT, change)
    with pytest.raises(DeliveryRefused, match=re.escape(f"account_snapshot.csv: header: {said}")):
        accept(home, NIGHT)
