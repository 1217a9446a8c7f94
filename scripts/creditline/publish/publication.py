"""One publication: everything that a night publishes, visible as a whole or not at all."""

from __future__ import annotations

import platform
import shutil
import socket
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import TypedDict

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.control import begin_control, control_heads
from creditline.home.database import connect_again, connect_within, one_row
from creditline.home.files import (
    canonical_json,
    clear_directory,
    digests,
    flip_pointer,
    is_in_place,
    sha256_of,
    write_file,
)
from creditline.home.keys import sign_file
from creditline.home.proof import check_files
from creditline.home.publications import (
    MANIFEST,
    REVISION,
    RUN,
    last_published,
    latest_publication,
    latest_revision,
    place_publication,
    publication_directory,
    revision_name,
    state_directory,
)
from creditline.publish.history import merge_closed_months, published_nights
from creditline.publish.marts import export_marts, write_marts_database
from creditline.report import ReportFile, write_reports
from creditline.store.built import Build, Table, read_build
from creditline.store.record import delivery_records, evidence_folder, intraday_records
from creditline.store.rows import rows_as

SECONDS = "seconds.json"
# Files whose bytes differ from run to run are facts about the run. They are listed in run.json, not in the manifest.
_RUN_FACTS = ("marts.duckdb", SECONDS, "evidence/data_docs/")


class NothingToPublish(CreditlineError):
    """The night was not built, or the temporary warehouse was deleted since."""


@dataclass(frozen=True)
class Publication:
    """One publication as it stands in `published/`."""

    business_date: date
    directory: Path
    manifest_sha256: str
    reports: tuple[ReportFile, ...] | None
    is_new: bool


def publish(home: Home, business_date: date, seconds: dict[str, float] | None = None) -> Publication:
    """Publish one built night. If it is published already, no byte changes.

    Args:
        seconds: wall-clock seconds of the steps before, for run.json.

    Raises:
        NothingToPublish: build the night first.
        ScratchChanged, NotGenuine: a file that the build left was changed.
    """
    target = publication_directory(home, business_date)
    if is_in_place(target):
        show_latest(home, business_date)
        return Publication(business_date, target, sha256_of(target / MANIFEST), None, is_new=False)
    build = read_build(home, business_date)
    if build is None:
        raise NothingToPublish(f"night {business_date} is not built; run `creditline night --date {business_date}`")
    state = state_directory(home, business_date)
    check_files(((state / name, digest) for name, digest in build.state.items()), home.settings.threads)
    begin_control(home)
    staged_home = clear_directory(home.warehouse / "publication")
    staged = clear_directory(staged_home / "published" / str(business_date) / REVISION)
    tables = (*build.marts, *build.reports)
    with connect_within(home, str(home.warehouse_file), read_only=True) as connection:
        with connect_again(connection) as own, ThreadPoolExecutor(1) as beside:
            # workbooks keep Python busy, and marts the engine
            exported = beside.submit(export_marts, own, tables, staged / "marts")
            reports = write_night_reports(connection, business_date, build.reports, staged / "reports")
        rows, checks = exported.result(), edit_checks(connection)
    _copy_evidence(home, business_date, staged / "evidence")
    run_id = uuid.uuid4().hex
    by_model = {f"model {name}": value for name, value in build.seconds.items()}
    write_seconds(staged, run_id, business_date, 0, {**(seconds or {}), **by_model})
    merge_closed_months(home, business_date)
    nights = published_nights(home, {business_date: 0})
    write_marts_database(staged / "marts.duckdb", home, [table.name for table in tables], nights, staged_home)
    _write_manifest(home, build, staged, rows, checks)
    write_run(home, staged, run_id, business_date, 0, build.engine)
    manifest_sha256 = sha256_of(staged / MANIFEST)
    place_publication(staged, target)
    show_latest(home, business_date)
    return Publication(business_date, target, manifest_sha256, tuple(reports), is_new=True)


def show_latest(home: Home, business_date: date) -> None:
    """Set the pointer to the latest publication of the newest night; a repeated night must not hide a later one."""
    newest = max(home.published_dates())
    destination = f"{newest}/{revision_name(latest_revision(home, newest))}"
    if newest == business_date or not home.current.is_symlink():
        flip_pointer(home.current, destination)


def write_night_reports(
    connection: duckdb.DuckDBPyConnection,
    business_date: date,
    reports: Iterable[Table],
    directory: Path,
    revision: int = 0,
) -> list[ReportFile]:
    """Write the report files of a built night into a folder of its publication."""
    entity, jurisdiction = one_row(
        connection.execute(
            "select min(entity), min(jurisdiction) from dim_policy"
            " where policy_version in (select policy_version from fct_limit_decision)"
        )
    )
    return write_reports(
        connection,
        directory,
        entity=entity,
        jurisdiction=jurisdiction,
        business_date=business_date,
        keys={table.name: table.key for table in reports},
        revision=revision,
    )


def _copy_evidence(home: Home, business_date: date, target: Path) -> None:
    source = home.warehouse / "evidence" / str(business_date)
    if source.is_dir():
        shutil.copytree(source, target)
    for judged in sorted(evidence_folder(home, business_date).glob("*.json")):
        write_file(target / judged.name, judged.read_bytes())


def _write_manifest(home: Home, build: Build, staged: Path, rows: dict[str, int], checks: list[EditCheck]) -> None:
    previous = build.previous_business_date
    # Manifests chain by publication, decisions by valid night.
    before = last_published(home, build.business_date)
    previous_manifest = latest_publication(home, before) / MANIFEST if before else None
    manifest = {
        "business_date": str(build.business_date),
        "revision": 0,
        "home": home.settings.name,
        **({"is_trial": True} if home.settings.is_trial else {}),
        "time_zone": home.settings.time_zone,
        "cut_off_at": f"{home.cut_off_at(build.business_date).isoformat()}Z",
        "is_void": build.is_void,
        "previous_business_date": str(previous) if previous else None,
        "previous_manifest_sha256": sha256_of(previous_manifest) if previous_manifest else None,
        "deliveries": [
            record.as_json()
            for record in (*delivery_records(home), *intraday_records(home, before or date.min))
            if record.business_date == build.business_date
        ],
        "logic_hash": build.logic_hash,
        "policy_versions": build.policy_versions,
        "rows": rows,
        "checks": checks,
        "state": build.state,
        "files": manifest_files(staged),
    }
    (staged / MANIFEST).write_bytes(canonical_json(manifest))
    sign_file(home, staged / MANIFEST)


class EditCheck(TypedDict):
    """A row of `rpt_r00_edit_check` as a manifest states it."""

    as_of_date: str
    check_id: str
    report_id: str
    rule: str
    left_side: str | None
    right_side: str | None
    difference: str | None
    is_passed: bool


def edit_checks(connection: duckdb.DuckDBPyConnection) -> list[EditCheck]:
    """The edit checks of a built night with both sides, as plain JSON values."""
    texts = ", ".join(f"{name}::varchar as {name}" for name in ("as_of_date", "left_side", "right_side", "difference"))
    return rows_as(EditCheck, connection.execute(f"select * replace ({texts}) from rpt_r00_edit_check order by all"))


def write_seconds(staged: Path, run_id: str, business_date: date, revision: int, seconds: dict[str, float]) -> None:
    """Write `seconds.json`: where the seconds of this run went."""
    facts = {
        "business_date": str(business_date),
        "revision": revision,
        "host": socket.gethostname(),
        "run_id": run_id,
        "seconds": seconds,
    }
    (staged / SECONDS).write_bytes(canonical_json(facts))


def write_run(home: Home, staged: Path, run_id: str, business_date: date, revision: int, engine: str) -> None:
    """Write and sign `run.json`: the facts about this run, and the files whose bytes differ from run to run."""
    facts = {
        "business_date": str(business_date),
        "revision": revision,
        "host": socket.gethostname(),
        "run_id": run_id,
        "engine": engine,
        # how far the control files had come by then, which shows if somebody puts older ones back
        "control": control_heads(home),
        "python": platform.python_version(),
        "versions": {
            name: metadata.version(name) for name in ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations")
        },
        "files": {name: digest for name, digest in digests(staged).items() if name.startswith(_RUN_FACTS)},
    }
    (staged / RUN).write_bytes(canonical_json(facts))
    sign_file(home, staged / RUN)


def manifest_files(staged: Path) -> dict[str, str]:
    """The files of a publication that a manifest names, with their sha256."""
    return {name: digest for name, digest in digests(staged).items() if not name.startswith(_RUN_FACTS)}
