"""Keys instead of ids: numbered from one, for good, and waiting for each other; tokens are HMACs."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import subprocess
import sys
import threading
import time
from datetime import timedelta

import duckdb
import pytest
from homes import take_in
from laid_orders import lay_keys
from small_delivery import ALL_SOURCES, NIGHT, deliver, small_home, spoil_cell

from creditline.errors import CreditlineError
from creditline.gate import identity as identity_room
from creditline.gate.identity import IdentityBusy, IdentityChanged, account_key_of, identity
from creditline.gate.inputs import gate_inputs
from creditline.gate.keyed_hash import keyed_hash, pads
from creditline.home import DEMO_SECRET, Home
from creditline.landing.accept import accept

SECOND = NIGHT + timedelta(days=1)


def keys(home, subject: str) -> dict[str, int]:
    with duckdb.connect(str(home.identity_file), read_only=True) as connection:
        return dict(connection.execute(f"select {subject}_id, {subject}_key from {subject}").fetchall())


def test_keys_are_numbered_from_one_in_order_of_the_ids(home):
    deliver(home, accounts=6)
    take_in(home)
    assert keys(home, "account") == {f"A{n:05d}": n + 1 for n in range(6)}
    # sessions name customers 0 to 2 as well, none of them gets a second key
    assert keys(home, "customer") == {f"C{n:05d}": n + 1 for n in range(3)}


def test_who_is_known_keeps_the_key_and_who_is_new_gets_the_next(home):
    deliver(home, accounts=6)
    take_in(home)
    second = deliver(home, night=SECOND, accounts=7)
    spoil_cell(second, "account_snapshot.csv", 7, "account_id", "A00000x")
    take_in(home, SECOND)
    assert keys(home, "account") == {f"A{n:05d}": n + 1 for n in range(6)} | {"A00000x": 7}


def test_customers_are_numbered_in_the_order_of_the_contract(home):
    """The snapshot's customers come first, whatever later files say and in whatever order the manifest names them."""
    deliver(home, accounts=4, sources=("cash_flow", "session", "account_snapshot"))
    take_in(home)
    assert keys(home, "customer") == {"C00000": 1, "C00001": 2, "C00002": 3, "C00003": 4}


def test_the_key_of_an_account_is_found_or_said_to_be_unknown(home):
    deliver(home, accounts=6)
    take_in(home)
    assert account_key_of(home, "A00003") == 4
    with pytest.raises(CreditlineError, match=r"account A9 is not known in .*; check the id"):
        account_key_of(home, "A9")


def test_every_id_has_one_key_after_many_nights(home):
    for number in range(3):
        night = NIGHT + timedelta(days=number)
        deliver(home, night=night, accounts=10 + 2 * number, sources=ALL_SOURCES)
        take_in(home, night)
    for subject in ("account", "customer"):
        found = keys(home, subject)
        assert sorted(found.values()) == list(range(1, len(found) + 1))


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_the_exchange_waits_for_a_reader_in_another_connection(home, monkeypatch):
    deliver(home, accounts=6)
    accept(home, NIGHT)
    identity_room._create(home.identity_file)
    reader = duckdb.connect(str(home.identity_file), read_only=True)
    done = []
    waiting = threading.Thread(target=lambda: done.append(gate_inputs(home, NIGHT)))
    waiting.start()
    time.sleep(1.5)
    assert (done, waiting.is_alive()) == ([], True)
    reader.close()
    waiting.join(timeout=20)
    assert done[0].record.sources[0].verdict == "pass"


def test_the_exchange_waits_for_another_process(home):
    deliver(home, accounts=6)
    accept(home, NIGHT)
    identity_room._create(home.identity_file)
    hold = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(1)"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(home.identity_file)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        assert gate_inputs(home, NIGHT).record.sources[0].verdict == "pass"
        assert holder.wait(timeout=10) == 0


def test_a_store_that_stays_locked_is_named(home, monkeypatch):
    identity_room._create(home.identity_file)
    monkeypatch.setattr(identity_room, "_WAIT_SECONDS", 0.2)
    with (
        duckdb.connect(str(home.identity_file), read_only=True),
        duckdb.connect() as connection,
        pytest.raises(IdentityBusy, match=r"identity\.duckdb is held by another process; end it and try again"),
        identity(connection, home, for_writing=True),
    ):
        pass


def test_a_store_is_whole_or_absent(home, monkeypatch):
    def dies(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(identity_room, "move_into_place", dies)
    with pytest.raises(KeyboardInterrupt):
        identity_room._create(home.identity_file)
    monkeypatch.undo()
    assert not home.identity_file.exists()
    identity_room._create(home.identity_file)
    assert keys(home, "account") == {}


# --- tokens ----------------------------------------------------------------------------------------------------------


def python_token(secret: bytes, value: str) -> str:
    return hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()[:32]


def test_tokens_are_the_hmac_of_the_delivered_value(home):
    deliver(home, accounts=6)
    take_in(home)
    path = next((home.raw / "session").rglob("*.parquet"))
    rows = duckdb.execute(
        f"select source_row, event_token, device_token, region_token from '{path}' order by source_row"
    ).fetchall()
    assert rows == [
        (
            number + 1,
            python_token(DEMO_SECRET, f"S1-{number:05d}"),
            python_token(DEMO_SECRET, f"device{number % 7}"),
            python_token(DEMO_SECRET, f"region{number % 3}"),
        )
        for number in range(6)
    ]


def test_two_homes_with_other_secrets_give_other_tokens(tmp_path):
    tokens = []
    for name in ("one", "other"):
        home = small_home(tmp_path / name).__class__(tmp_path / name)
        settings = tmp_path / name / "creditline.yml"
        settings.write_text(settings.read_text().replace("is_demo: true", "is_demo: false"))
        lay_keys(home, hashlib.sha256(name.encode()).hexdigest())
        deliver(home, accounts=3)
        take_in(home)
        path = next((home.raw / "session").rglob("*.parquet"))
        tokens += [row[0] for row in duckdb.execute(f"select event_token from '{path}'").fetchall()]
    assert len(set(tokens)) == 6


@pytest.mark.parametrize("length", [0, 1, 32, 64, 65, 200])
def test_the_keyed_hash_is_the_hmac_of_the_standard_for_a_key_of_any_length(length):
    secret = bytes(range(256))[:length]
    for value in ("", "x", "客户-1", "a" * 500):
        (ours,) = duckdb.execute(f"select {keyed_hash('$value')}", {"value": value} | pads(secret)).fetchone()
        assert ours == hmac.new(secret, value.encode(), hashlib.sha256).hexdigest()


SWAP = (
    "update account set account_id = case account_key when 1 then (select account_id from account where account_key = 2)"
    " else (select account_id from account where account_key = 1) end where account_key in (1, 2)"
)
FORGERIES = {
    "two ids swapped": SWAP,
    "two rows swapped with their seals": SWAP.replace("account_id = case", "seal = reverse(seal), account_id = case"),
    "an id changed": "update customer set customer_id = 'C9' where customer_key = 1",
    "an alias added": "insert into alias values ('account', 'OTHER', 1, null)",
    "a row taken away": "delete from account where account_key = 1",
    "a row added": "insert into account values (10000, 'A9', null)",
    "a row twice": "insert into account select * from account where account_key = 1",
    "a view in place of a table": "alter table account rename to accounts; create view account as select * from accounts",
    "a column that is worked out": "alter table account rename to old; create table account (account_key bigint not null,"
    " real_id varchar not null, account_id varchar as (real_id), seal varchar);"
    " insert into account select account_key, account_id, seal from old; drop table old",
    "a function beside the tables": "create macro sha256(value) as 'x'",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES)
def test_an_identity_store_that_somebody_else_wrote_to_names_nobody(home, statement):
    deliver(home, accounts=6)
    take_in(home)
    with duckdb.connect(str(home.identity_file)) as connection:
        connection.execute(statement)
    with pytest.raises(IdentityChanged, match=r"identity\.duckdb.* restore it from a backup"):
        account_key_of(home, "A00001")


def test_a_store_whose_log_of_writes_was_forged_names_nobody(home):
    deliver(home, accounts=6)
    take_in(home)
    forged = home.identity_file.with_name("forged.duckdb")
    shutil.copy(home.identity_file, forged)
    script = f"import duckdb, os; c = duckdb.connect({str(forged)!r}); c.execute({SWAP!r}); os._exit(0)"
    subprocess.run([sys.executable, "-c", script], check=True)
    forged.with_name(f"{forged.name}.wal").rename(home.identity_file.with_name(f"{home.identity_file.name}.wal"))
    with pytest.raises(IdentityChanged, match="rows of account are not what the house wrote"):
        account_key_of(home, "A00001")


def test_an_older_store_that_was_put_back_gives_no_key_away_twice(home):
    deliver(home, accounts=6)
    take_in(home)
    older = shutil.copytree(home.identity_file.parent, home.root / "older")
    deliver(home, night=SECOND, accounts=7)
    take_in(home, SECOND)
    shutil.rmtree(home.identity_file.parent)
    older.rename(home.identity_file.parent)
    with pytest.raises(IdentityChanged, match="it knows 6 account keys, 7 were given out; restore the newest backup"):
        account_key_of(home, "A00001")


def test_a_store_that_was_moved_is_looked_at_once_and_believed_again(home, tmp_path):
    deliver(home, accounts=6)
    take_in(home)
    key = account_key_of(home, "A00001")
    moved = Home(shutil.copytree(home.root, tmp_path / "moved"))
    assert account_key_of(moved, "A00001") == key
    assert identity_room._is_as_sealed(moved)


def test_a_store_that_is_gone_is_not_begun_anew(home):
    deliver(home, accounts=6)
    take_in(home)
    (home.published / "2026-01-01" / "r00").mkdir(parents=True)
    home.identity_file.unlink()
    with pytest.raises(IdentityChanged, match="is missing"):
        account_key_of(home, "A00001")
