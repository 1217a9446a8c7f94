"""What a home that was changed on purpose would have signed: tests that lay a case of their own make it the home's own."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb

from creditline.gate import identity as identity_room
from creditline.gate.identity import identity
from creditline.home import Home
from creditline.home import control as controls
from creditline.home.files import canonical_json, digests, sha256_of
from creditline.home.keys import sign_file
from creditline.home.proof import SIGNATURE, write_signed
from creditline.home.publications import MANIFEST, RUN, publication_directory, state_directory

_PUBLICATION = "????-??-??/r??"


def resign(home: Home, night: date | None = None, revision: int = 0) -> None:
    """Let a publication, the newest night's unless told, state its files and its state as they are now."""
    night = night or home.published_dates()[-1]
    folder = publication_directory(home, night, revision)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: sha256_of(folder / name) for name in manifest["files"] if (folder / name).is_file()}
    manifest["state"] = digests(state_directory(home, night, revision)) if manifest["state"] else {}
    (folder / MANIFEST).write_bytes(canonical_json(manifest))
    sign_file(home, folder / MANIFEST)
    if (folder / RUN).is_file():
        sign_file(home, folder / RUN)


def unpublish_mart(home: Home, mart: str) -> None:
    """Let every publication be of a release that had no such mart."""
    for folder in home.published.glob(_PUBLICATION):
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["rows"].pop(mart, None)
        manifest["files"].pop(f"marts/{mart}.parquet", None)
        (folder / MANIFEST).write_bytes(canonical_json(manifest))
        sign_file(home, folder / MANIFEST)


def lay_record(home: Home, path: Path, record: dict[str, object]) -> None:
    """A record of a file of orders as the home would have kept it, with the orders that lie beside it."""
    orders = path.with_suffix(".parquet")
    kept = {"orders_sha256": sha256_of(orders)} if orders.is_file() else {}
    write_signed(home, path, {"feed": path.parent.name} | record | kept)


def resign_record(home: Home, path: Path, **values: object) -> None:
    """Change what a signed record says."""
    said = {name: value for name, value in json.loads(path.read_text()).items() if name != SIGNATURE}
    write_signed(home, path, said | values)


def resign_control(home: Home, file: Path, lines: list[dict[str, object]]) -> None:
    """Let a control file hold these lines, without their chain, and nothing else."""
    _forget_control(home, home.current / RUN)
    heads = {name: head for name, head in controls.control_heads(home).items() if name != file.name}
    for note in controls._notes(home):
        write_signed(home, note, heads)
    file.unlink(missing_ok=True)
    for line in lines:
        controls.append_line(home, file, line)


def control_lines(file: Path) -> list[dict[str, object]]:
    """What the lines of a control file say, whoever signed them."""
    lines = map(json.loads, file.read_text().splitlines())
    hidden = ("file", "line", "previous_sha256", SIGNATURE)
    return [{name: value for name, value in line.items() if name not in hidden} for line in lines]


def _forget_control(home: Home, run: Path) -> None:
    """Let a publication know of nothing that people recorded."""
    if run.is_file():
        run.write_bytes(canonical_json(json.loads(run.read_text()) | {"control": {}}))
        sign_file(home, run)


def write_identity(home: Home, *statements: str) -> None:
    """Change the identity store as the house would; rows that are written have no seal yet."""
    with duckdb.connect() as connection, identity(connection, home, for_writing=True):
        for statement in statements:
            connection.execute(statement)


def resign_home(home: Home) -> None:
    """Sign everything anew: the home has got another key."""
    files = {file: control_lines(file) for file in sorted(home.control.glob("*.jsonl"))}
    for run in home.published.glob(f"{_PUBLICATION}/{RUN}"):
        _forget_control(home, run)
    for note in controls._notes(home):
        write_signed(home, note, {})
    for file, lines in files.items():
        resign_control(home, file, lines)
    for path in (
        *home.releases.rglob("*.json"),
        *home.releases.rglob("*.through"),
        *home.raw.glob("_deliveries/*/*.json"),
        *home.raw.glob("_intraday/*/*.json"),
    ):
        resign_record(home, path)
    for manifest in home.published.glob(f"{_PUBLICATION}/{MANIFEST}"):
        sign_file(home, manifest)
    reseal_identity(home)


def reseal_identity(home: Home) -> None:
    """Let the identity store be what the home wrote: its secret is another one."""
    if not home.identity_file.is_file():
        return
    with duckdb.connect(str(home.identity_file)) as connection:
        for table in identity_room._SEALED:
            connection.execute(f"update {table} set seal = null")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.identity_file}' as identity")
        identity_room._seal_rows(connection, home)
