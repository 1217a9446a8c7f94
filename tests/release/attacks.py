"""A home altered by somebody who can write to it and has no key: does anything leave that the home did not decide?

`scripts/evaluate attacks`: a simulated book lives three nights in a closed loop, and a fourth is landed and published, its orders
not yet released. Each attack is made on a copy: then the night is released, the next watch made, an account explained, or the night after run. An attack is
noticed if the step ends with one line that says so and no file of orders or notices is new; it is made anew if the step gives
what it gives without the attack.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from homes import copy_home
from laid_orders import take_back

from creditline.errors import CreditlineError
from creditline.gate.identity import account_key_of
from creditline.home import Home, create_home
from creditline.home.files import sha256_of
from creditline.home.publications import publication_directory
from creditline.night import accept, build, gate_inputs, release, run_night
from creditline.output import Format, print_rows
from creditline.release import ALL_SLICES, FEED, set_mode
from creditline.simulate import continue_book, sample_home_settings, simulate_book


@dataclass(frozen=True)
class Attack:
    """What is altered, and the step that would go on from it."""

    name: str
    alter: Callable[[Home], object]
    step: Callable[[Home], object]


def one(folder: Path, pattern: str) -> Path:
    """The last of the files that fit."""
    return sorted(folder.glob(pattern))[-1]


def parquet(path: Path, select: str) -> None:
    """Rewrite a Parquet file; raises ValueError if that changes no row."""
    with duckdb.connect() as connection:
        connection.execute(f"create table before as from read_parquet('{path}')")
        connection.execute(f"create table after as {select.format(rows='before')}")
        changed = (
            "select count(*) from ((from before except all from after) union all (from after except all from before))"
        )
        if not connection.execute(changed).fetchone()[0]:
            raise ValueError(f"{path}: the attack changes no row")
        connection.execute(f"copy after to '{path}' (format parquet)")


def text(path: Path, before: str, after: str) -> None:
    """Replace a text in a file."""
    content = path.read_text()
    if before not in content:
        raise ValueError(f"{path} does not say {before}")
    path.write_text(content.replace(before, after))


def newest(home: Home) -> date:
    """The newest published night."""
    return home.published_dates()[-1]


def marts(home: Home) -> Path:
    """The marts of the newest night."""
    return publication_directory(home, newest(home)) / "marts"


def linked(home: Home) -> None:
    """The orders are a link to a file elsewhere."""
    file, aside = marts(home) / "fct_limit_adjustment.parquet", home.root / "aside.parquet"
    parquet(file, "select * replace (new_limit_amount * 2 as new_limit_amount) from {rows}")
    file.rename(aside)
    file.symlink_to(aside)


def hidden(home: Home) -> None:
    """One order less, the totals of the manifest as they were."""
    parquet(marts(home) / "fct_limit_adjustment.parquet", "from {rows} limit 1")


def older(home: Home) -> None:
    """The newest publication holds that of the night before, whole and signed."""
    first, last = home.published_dates()[-2:]
    shutil.rmtree(publication_directory(home, last))
    shutil.copytree(publication_directory(home, first), publication_directory(home, last))


def own_key(home: Home) -> None:
    """The home says that it is none of a demo, with keys of the attacker's."""
    text(home.root / "creditline.yml", "is_demo: true", "is_demo: false")
    keys = home.root / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    other = create_home(home.root / "other", sample_home_settings().model_copy(update={"name": "x", "is_demo": False}))
    for key in other.key_file("keys/signing.pem").parent.iterdir():
        shutil.copy2(key, keys / key.name)


def release_night(home: Home) -> object:
    """Release the newest published night."""
    home = Home(home.root)
    return release(home, newest(home))


def take_in(home: Home) -> date:
    """Take in the landed night after it."""
    day = newest(home) + timedelta(days=1)
    accept(home, day)
    gate_inputs(home, day)
    return day


def next_night(home: Home) -> object:
    """Run the landed night after it, up to its build."""
    return build(home, take_in(home))


def who(home: Home) -> object:
    """Ask who an account is."""
    return account_key_of(home, "A00000001")


ATTACKS = (
    Attack("an order raised in the mart alone", lambda home: parquet(
        marts(home) / "fct_limit_adjustment.parquet", "select * replace (new_limit_amount + 10 as new_limit_amount) from {rows}"
    ), release_night),
    Attack("a decision hash of another account", lambda home: parquet(
        marts(home) / "fct_limit_decision.parquet", "select * replace (reverse(decision_sha256) as decision_sha256) from {rows}"
    ), release_night),
    Attack("an order taken away", hidden, release_night),
    Attack("orders behind a link", linked, release_night),
    Attack("the night before in place of the newest", older, release_night),
    Attack("a signature of zeros", lambda home: text(
        publication_directory(home, newest(home)) / "manifest.json.sig", '"signature": "', '"signature": "AAAA'
    ), release_night),
    Attack("a public key of somebody else in the signature", lambda home: text(
        publication_directory(home, newest(home)) / "manifest.json", '"is_void": false', '"is_void":  false'
    ), release_night),
    Attack("expiry of the orders put off", lambda home: parquet(
        marts(home) / "fct_limit_adjustment.parquet", "select * replace (expires_at + interval 9 day as expires_at) from {rows}"
    ), release_night),
    Attack("a slice set live by a copied line", lambda home: (home.control / "modes.jsonl").write_bytes(
        (home.control / "modes.jsonl").read_bytes() * 2
    ), release_night),
    Attack("the record of the last file of orders", lambda home: text(
        one(home.releases / FEED, "*.json"), '"rows": ', '"rows": 1'
    ), release_night),
    Attack("another home's keys and flag", own_key, release_night),
    Attack("arrears forgotten in the state", lambda home: parquet(
        one(home.state, f"*={newest(home)}/past_due_night.parquet"), "from {rows} limit 0"
    ), next_night),
    Attack("reference limits doubled in the state", lambda home: parquet(
        one(home.state, f"*={newest(home)}/account.parquet"),
        "select * replace (reference_limit_minor * 2 as reference_limit_minor) from {rows}",
    ), next_night),
    Attack("limits raised in the rows of tonight", lambda home: (take_in(home), parquet(
        one(home.raw / "account_snapshot", "*/*.parquet"), "select * replace (limit_amount + 1 as limit_amount) from {rows}"
    )), next_night),
    Attack("an acknowledgement invented in the record", lambda home: text(
        one(home.raw / "_deliveries", "*/*.json"), '"verdict": "pass"', '"verdict": "distrust"'
    ), next_night),
    Attack("a night's record under another date", lambda home: shutil.move(
        one(home.raw / "_deliveries", "*/*.json"), home.raw / "_deliveries" / f"business_date={newest(home)}" / "core-000099.json"
    ), next_night),
    Attack("a step of a kept pack", lambda home: text(
        one(home.policy, "*/band.csv"), "3000", "9000"
    ), next_night),
    Attack("orders that left, as the house keeps them", lambda home: (release_night(home), parquet(
        one(home.releases / FEED, "*.parquet"), "select * replace (new_limit_minor * 2 as new_limit_minor) from {rows}"
    )), next_night),
    Attack("a skipped night that nobody skipped", lambda home: (home.control / "skips.jsonl").write_text(json.dumps(
        {"business_date": str(newest(home)), "by": "a", "approved_by": "b", "reason": "x", "recorded_at": "now"}
    ) + "\n"), next_night),
    Attack("two customers exchanged in the identity store", lambda home: duckdb.connect(str(home.identity_file)).execute(
        "update customer set customer_key = 3 - customer_key where customer_key in (1, 2)"
    ).close(), who),
    Attack("an id that leads to another account", lambda home: duckdb.connect(str(home.identity_file)).execute(
        "insert into alias values ('account', 'A99999999', 1, null)"
    ).close(), who),
)  # fmt: skip


def attacked(attack: Attack, book: Home, root: Path) -> tuple[str, str]:
    """What became of one attack: its verdict, and the line that said so."""
    home = copy_home(book, root)
    attack.alter(home)
    # what an attack let leave before it altered anything is none of it
    before = _outbox(home)
    try:
        attack.step(home)
    except CreditlineError as error:
        said = str(error).replace(str(home.root), "HOME")
        return ("LEFT" if _outbox(home) != before else "noticed"), said
    return "NOT NOTICED", ""


def _outbox(home: Home) -> dict[str, str]:
    """What left of limits and notices; freezes leave first, and wait for nothing that concerns limits."""
    feeds = (home.outbox / feed for feed in (FEED, "notices"))
    return {str(path): sha256_of(path) for feed in feeds for path in sorted(feed.glob("*"))}


def lay_book(root: Path, accounts: int) -> Home:
    """The book with a published night whose orders have not left, and the night after it landed."""
    home = create_home(root, sample_home_settings())
    simulate_book(home, accounts=accounts, nights=2, first_date=date(2026, 9, 1), seed=5)
    # of what the first night calls for a half leaves, so that the second calls for the rest
    for day, mode in zip(home.landed_dates(), ("ramp 50", "live"), strict=True):
        set_mode(home, ALL_SLICES, mode, by="maker", approved_by="checker")
        run_night(home, day)
    continue_book(home, nights=1)
    take_back(home)
    return home


def main() -> int:
    """Entry point. Exits 1 if an attack was not noticed."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate attacks", description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=400)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        book = lay_book(Path(folder) / "book", asked.accounts)
        rows = []
        for number, attack in enumerate(ATTACKS):
            rows.append((attack.name, *attacked(attack, book, Path(folder) / str(number))))
            shutil.rmtree(Path(folder) / str(number))
    print_rows(("attack", "verdict", "what was said"), rows, Format.TABLE, title=f"{len(rows)} attacks")
    return int(any(verdict != "noticed" for _, verdict, _ in rows))


if __name__ == "__main__":
    raise SystemExit(main())
