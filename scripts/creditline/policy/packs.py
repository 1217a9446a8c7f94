"""Policy packs: folders of dated parameters with one hash. A pack is read as a whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import canonical_json, clear_directory, is_in_place, move_tree_into_place, sha256_of
from creditline.home.proof import NotGenuine
from creditline.home.yaml_file import read_yaml
from creditline.policy.schema import ASSIGNMENT_COLUMNS, PACK_FILES, PackSettings
from creditline.store.inputs import InputFile, Relation

Row = dict[str, str]
_VERSION = {"policy_version": "varchar"}


class PackRefused(CreditlineError):
    """A pack lacks a file or a column, or a value has the wrong type. Nothing is decided with it."""


@dataclass(frozen=True)
class Pack:
    """One policy pack: its settings, and the rows of every file as text, in the order of the file."""

    directory: Path
    settings: PackSettings
    tables: dict[str, tuple[Row, ...]]
    policy_version: str


@dataclass(frozen=True)
class PolicySet:
    """The packs that decide for a book, and the routing."""

    packs: tuple[Pack, ...]
    assignments: tuple[Row, ...]


def load_pack(directory: Path) -> Pack:
    """Read one pack.

    Raises:
        PackRefused: the pack has a problem; names the file and what is wrong with it.
    """
    path = directory / "policy.yml"
    if not path.is_file():
        raise PackRefused(f"{path} is missing; a policy pack needs it (docs/reference/policy.md)")
    settings = read_yaml(path, PackSettings, PackRefused)
    tables = {name: _read_table(directory / f"{name}.csv", columns) for name, columns in PACK_FILES.items()}
    return Pack(directory, settings, tables, _policy_version(settings, tables))


def _read_table(path: Path, columns: dict[str, str]) -> tuple[Row, ...]:
    if not path.is_file():
        raise PackRefused(f"{path} is missing; a policy pack needs every file, an empty one has its header only")
    try:
        reader = csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
        header = list(reader.fieldnames or ())
        rows = tuple(reader) if header == list(columns) else ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise PackRefused(f"{path} is no CSV in UTF-8 ({error}); write it as RFC 4180 CSV") from error
    if header != list(columns):
        raise PackRefused(f"{path}: the header must be {','.join(columns)}")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise PackRefused(f"{path} line {number}: {len(columns)} fields are expected")
    # the engine ignores white space around a cell, so every other reader does so, too
    return tuple({column: cell.strip() for column, cell in row.items()} for row in rows)


def _policy_version(settings: PackSettings, tables: dict[str, tuple[Row, ...]]) -> str:
    """The sha256 of settings and rows; it does not depend on row order, white space or line ends."""
    canonical = {
        "settings": settings.model_dump(mode="json"),
        "tables": {
            name: sorted([[row[column] for column in PACK_FILES[name]] for row in rows])
            for name, rows in tables.items()
        },
    }
    return hashlib.sha256(canonical_json(canonical)).hexdigest()


def read_assignments(policies_dir: Path) -> tuple[Row, ...]:
    """All rows of `assignment.csv`, for any date. Raises PackRefused if it is missing or has another header."""
    return _read_table(policies_dir / "assignment.csv", ASSIGNMENT_COLUMNS)


def archive(home: Home, policies: PolicySet) -> PolicySet:
    """Store every pack once under `policy/<policy_version>/`, unchanged.

    Returns: the same packs, each read from the folder in which it is stored.
    """
    return replace(policies, packs=tuple(_archive(home, pack) for pack in policies.packs))


def _archive(home: Home, pack: Pack) -> Pack:
    target = home.policy / pack.policy_version
    if not is_in_place(target):
        staged = clear_directory(home.policy / f".{pack.policy_version}.partial")
        for name in ("policy.yml", *(f"{table}.csv" for table in PACK_FILES)):
            (staged / name).write_bytes((pack.directory / name).read_bytes())
        move_tree_into_place(staged, target)
    return archived_pack(home, pack.policy_version)


def archived_pack(home: Home, policy_version: str) -> Pack:
    """A pack as it was stored when it first decided.

    Raises:
        NotGenuine: the stored pack does not have that version.
    """
    directory = home.policy / policy_version
    try:
        pack = load_pack(directory)
    except PackRefused as error:
        raise NotGenuine(f"{directory} is not as it was kept ({error}); restore it from a backup") from error
    if pack.policy_version != policy_version:
        raise NotGenuine(
            f"{directory} was changed: its rows are of version {pack.policy_version}; restore it from a backup"
        )
    return pack


def policy_relations(policies: PolicySet) -> list[Relation]:
    """Schema `policy`: one relation for each pack file, `pack` and `assignment`. The first column is policy_version."""
    versions = {pack.settings.name: pack.policy_version for pack in policies.packs}
    return [
        *(_file_relation(name, columns, policies) for name, columns in PACK_FILES.items()),
        Relation(
            "policy.pack",
            _VERSION | {_column(name): kind for name, kind in PackSettings.columns().items()},
            rows=tuple((pack.policy_version, *pack.settings.scalars().values()) for pack in policies.packs),
        ),
        Relation(
            "policy.assignment",
            _VERSION | ASSIGNMENT_COLUMNS,
            rows=tuple(
                (versions[row["pack"]], *(row[column] or None for column in ASSIGNMENT_COLUMNS))
                for row in policies.assignments
            ),
        ),
    ]


def _file_relation(name: str, columns: dict[str, str], policies: PolicySet) -> Relation:
    return Relation(
        f"policy.{name}",
        _VERSION | columns,
        tuple(
            InputFile(path, sha256_of(path), {"policy_version": pack.policy_version})
            for pack in policies.packs
            for path in [pack.directory / f"{name}.csv"]
        ),
    )


def _column(name: str) -> str:
    return "pack" if name == "name" else name
