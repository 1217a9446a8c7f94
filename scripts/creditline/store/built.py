"""The record of a build: what the later steps need, and the seal of the temporary warehouse."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from creditline.home import Home
from creditline.home.files import Json
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import state_directory
from creditline.home.scratch import ScratchChanged, is_untouched


@dataclass(frozen=True)
class Table:
    """One mart or report of the scratch warehouse that is to be published."""

    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """What a build leaves for the steps after it; `seconds`, `engine` and the `seal` of its tables are facts about the run, the
    rest is the night's. `state` are the sha256 of what it hands on, by name of file."""

    business_date: date
    previous_business_date: date | None
    is_void: bool
    logic_hash: str
    policy_versions: dict[str, str]
    marts: tuple[Table, ...]
    reports: tuple[Table, ...]
    state: dict[str, str]
    seconds: dict[str, float]
    engine: str
    seal: dict[str, list[int]]


def write_build(home: Home, result: Build) -> None:
    """Keep the record of a build, signed."""
    write_signed(home, _record_file(home, result.business_date), _as_json(result))


def read_build(home: Home, business_date: date) -> Build | None:
    """The build of this night, if the temporary warehouse still holds it.

    Raises:
        NotGenuine: its record is not the home's own.
        ScratchChanged: somebody wrote to the files that it left.
    """
    path = _record_file(home, business_date)
    if not path.is_file() or not home.warehouse_file.is_file():
        return None
    record = read_signed(home, path)
    previous = record["previous_business_date"]
    build = Build(
        business_date=date.fromisoformat(record["business_date"]),
        previous_business_date=date.fromisoformat(previous) if previous else None,
        is_void=record["is_void"],
        logic_hash=record["logic_hash"],
        policy_versions=record["policy_versions"],
        marts=tuple(Table(table["name"], tuple(table["key"])) for table in record["marts"]),
        reports=tuple(Table(table["name"], tuple(table["key"])) for table in record["reports"]),
        state=record["state"],
        seconds=record["seconds"],
        engine=record["engine"],
        seal=record["seal"],
    )
    if build.business_date != business_date or not is_untouched(home, build.seal):
        raise ScratchChanged(
            f"{home.warehouse_file} is not what the build of {business_date} left; run `creditline night --date"
            f" {business_date}`, which builds it again"
        )
    return build


def built_files(home: Home) -> list[Path]:
    """The temporary warehouse; after a build on Spark also the files of its tables."""
    return [home.warehouse_file, *(path for path in (home.warehouse / "spark").rglob("*.parquet"))]


def forget_build(home: Home, business_date: date) -> None:
    """Remove what a build made of an unpublished night whose delivery is being replaced."""
    _record_file(home, business_date).unlink(missing_ok=True)
    shutil.rmtree(state_directory(home, business_date), ignore_errors=True)


def _record_file(home: Home, business_date: date) -> Path:
    return home.warehouse / "build" / f"{business_date}.json"


def _as_json(result: Build) -> Json:
    record = asdict(result)
    record["business_date"] = str(result.business_date)
    record["previous_business_date"] = str(result.previous_business_date) if result.previous_business_date else None
    return record
