"""A published book whose newest night has orders of both feeds, none of which has left."""

from __future__ import annotations

import hashlib
import json
import shutil

import duckdb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from resigned import resign, resign_home

from creditline.home import SETTINGS_FILE, Home
from creditline.home.files import write_new_file
from creditline.home.publications import REVISION
from creditline.release import approve_logic, decision_codes
from creditline.release.feed import ADJUSTMENTS, ORDER_FEEDS, SECURITY

# A pack of the house's own, validated on the newest night.
OWN = {"is_demo": "false", "validator": "'Model Risk'", "validation_due_date": "as_of_date"}


def take_back(home: Home) -> None:
    """Undo what left because of the newest night, as if nothing of it had been released yet."""
    night = str(home.published_dates()[-1])
    for feed in ORDER_FEEDS:
        for path in (home.releases / feed).glob("*.json"):
            record = json.loads(path.read_text())
            if record["business_date"] == night:
                file = home.outbox / feed / record["file"]
                for gone in (path, path.with_suffix(".parquet"), file, file.with_suffix(".ctl")):
                    gone.unlink()


def lay_security_orders(home: Home) -> None:
    """Let the newest night freeze two accounts and restore one; nothing of the feed has ever left."""
    for folder in (home.releases / SECURITY, home.outbox / SECURITY):
        shutil.rmtree(folder, ignore_errors=True)
    marts = home.published / str(home.published_dates()[-1]) / REVISION / "marts"
    with duckdb.connect() as connection:
        connection.execute(f"create view decisions as from read_parquet('{marts}/fct_limit_decision.parquet')")
        connection.execute(
            "create table orders as select sha256(account_key::varchar) as adjustment_id, business_date, account_key,"
            " customer_key, slice_code, policy_version, case when number = 3 then 'RESTORE' else 'FREEZE' end as action,"
            " old_limit_amount, recommended_limit_amount as new_limit_amount, business_date + 1 as effective_date,"
            " case when number > 1 then timestamp '2026-09-05 18:00:00' end as expires_at, 'FROZEN_SECURITY' as display_state,"
            " 'F1' as reason_codes, decision_sha256"
            " from (select *, row_number() over (order by account_key) as number from decisions"
            " where old_limit_amount = recommended_limit_amount) where number <= 3"
        )
        connection.execute(f"copy orders to '{marts}/fct_security_order.parquet' (format parquet)")
    resign(home)


def own_home(home: Home) -> Home:
    """Make a demo home one that is none and has keys of its own; its packs stay demos (`packs_say`)."""
    path = home.root / SETTINGS_FILE
    path.write_text(path.read_text().replace("is_demo: true", "is_demo: false"))
    home = Home(home.root)
    lay_keys(home, "17" * 32)
    resign_home(home)
    for code in decision_codes(home):
        approve_logic(home, code.logic_hash, by="maker", approved_by="checker")
    return home


def lay_keys(home: Home, secret: str) -> None:
    """Give a home keys of its own, as they would come back from a backup."""
    folder = home.root / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    signing = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())
    write_new_file(home.key_file(home.settings.keys.pseudonym_secret), secret.encode())
    write_new_file(home.key_file(home.settings.keys.signing_key), in_pem(signing))


def in_pem(key: Ed25519PrivateKey) -> bytes:
    """A private key as its file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def packs_say(home: Home, **values: str) -> None:
    """What the newest night's publication says of its packs, by column of `dim_policy`, in SQL."""
    file = home.published / str(home.published_dates()[-1]) / REVISION / "marts" / "dim_policy.parquet"
    replaced = ", ".join(f"{value} as {name}" for name, value in values.items())
    with duckdb.connect() as connection:
        connection.execute(f"create table packs as select * replace ({replaced}) from read_parquet('{file}')")
        connection.execute(f"copy packs to '{file}' (format parquet)")
    resign(home)


def due_orders(home: Home) -> dict[str, set[str]]:
    """What the newest night calls for, by feed: ids of orders of slices that the breaker does not hold."""
    marts = home.published / str(home.published_dates()[-1]) / REVISION / "marts"
    free = f"select slice_code from read_parquet('{marts}/fct_slice_night.parquet') where not is_held"
    queries = {
        ADJUSTMENTS: f"from read_parquet('{marts}/fct_limit_adjustment.parquet') where slice_code in ({free})",
        SECURITY: f"from read_parquet('{marts}/fct_security_order.parquet')",
    }
    return {
        feed: {row[0] for row in duckdb.sql(f"select adjustment_id {query}").fetchall()}
        for feed, query in queries.items()
    }
