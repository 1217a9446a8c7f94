"""Report files from their `rpt_` models: byte-stable, with control totals, or NOT PRODUCED with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
import yaml

from creditline.home.database import Row, one_row, path_to_write
from creditline.home.files import canonical_json, make_directory, sha256_of, write_file
from creditline.report.workbook import MOST_ROWS, write_workbook

INDEX_FILE = "report_index.json"
CHECKS = "rpt_r00_edit_check"


@dataclass(frozen=True)
class ReportFile:
    """One report of a night: its files, or why there is none. `totals` are decimals as text, by money column."""

    report_id: str
    title: str
    status: str
    reason: str
    files: tuple[str, ...]
    rows: int
    sha256: str | None
    totals: dict[str, str]


@dataclass(frozen=True)
class ReportName:
    """The parts of a report's file name."""

    entity: str
    jurisdiction: str
    business_date: date
    revision: int

    def stem(self, report_id: str, frequency: str) -> str:
        """`{entity}_{report}_{jurisdiction}_{frequency}_{YYYYMMDD}_r{NN}`."""
        day = f"{self.business_date:%Y%m%d}"
        return f"{self.entity}_{report_id}_{self.jurisdiction}_{frequency}_{day}_r{self.revision:02d}"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every report by id: title, frequency, and its model or the reason why there is none."""
    reports: dict[str, dict[str, str]] = yaml.safe_load(
        resources.files(__package__).joinpath("catalogue.yml").read_text()
    )["reports"]
    return reports


def write_reports(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    *,
    entity: str,
    jurisdiction: str,
    business_date: date,
    keys: dict[str, tuple[str, ...]],
    revision: int = 0,
) -> list[ReportFile]:
    """Write all reports of one night into an empty folder, with `report_index.json`.

    A failed edit check makes the reports that it concerns NOT PRODUCED; it never stops the night.

    Args:
        connection: holds the `rpt_` tables.
        keys: sort key by model.
    """
    make_directory(directory)
    name = ReportName(entity, jurisdiction, business_date, revision)
    failed = _failed_checks(connection)
    written = [
        _write_report(connection, directory, name, report_id, entry, keys, failed.get(report_id, []))
        for report_id, entry in catalogue().items()
    ]
    index = [{**report.__dict__, "files": list(report.files)} for report in written]
    write_file(directory / INDEX_FILE, canonical_json(index))
    return written


def _failed_checks(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = connection.execute(
        f"select report_id, check_id, rule, left_side, right_side from {CHECKS}"
        " where is_passed is distinct from true order by check_id"
    ).fetchall()
    failed: dict[str, list[str]] = {}
    for report_id, check_id, rule, left, right in rows:
        failed.setdefault(report_id, []).append(f"{check_id}: {rule}: {left} against {right}")
    return failed


def _write_report(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    name: ReportName,
    report_id: str,
    entry: dict[str, str],
    keys: dict[str, tuple[str, ...]],
    failed: list[str],
) -> ReportFile:
    reason = "; ".join(failed) if failed else entry.get("reason", "")
    if "model" not in entry or failed:
        return ReportFile(report_id, entry["title"], "NOT PRODUCED", reason, (), 0, None, {})
    model, stem = entry["model"], name.stem(report_id, entry["frequency"])
    if not _is_built(connection, model):
        reason = f"{model} is not in the warehouse; build the night again"
        return ReportFile(report_id, entry["title"], "NOT PRODUCED", reason, (), 0, None, {})
    order = ", ".join(keys[model])
    path = directory / f"{stem}.csv"
    connection.execute(
        f"copy (select * from {model} order by {order}) to {path_to_write(path)} (format csv, header true)"
    )
    rows, totals = _totals(connection, model)
    digest = sha256_of(path)
    control = {
        "file": path.name,
        "rows": rows,
        "bytes": path.stat().st_size,
        "sha256": digest,
        "totals": totals,
        "encoding": "UTF-8",
        "delimiter": ",",
    }
    write_file(path.with_suffix(".ctl"), canonical_json(control))
    files = [path.name, path.with_suffix(".ctl").name]
    if rows <= MOST_ROWS:
        workbook = path.with_suffix(".xlsx")
        facts = {"Title": entry["title"], "Entity": name.entity, "Jurisdiction": name.jurisdiction,
                 "Business date": str(name.business_date), "Restatement": f"r{name.revision:02d}"}  # fmt: skip
        write_workbook(connection, workbook, model, order, facts, _checks_of(connection, report_id))
        files.append(workbook.name)
    else:
        reason = f"XLSX is not made above {MOST_ROWS} rows; use the CSV"
    return ReportFile(report_id, entry["title"], "PRODUCED", reason, tuple(files), rows, digest, totals)


def _is_built(connection: duckdb.DuckDBPyConnection, model: str) -> bool:
    return bool(connection.execute("select 1 from information_schema.tables where table_name = ?", [model]).fetchone())


def _totals(connection: duckdb.DuckDBPyConnection, model: str) -> tuple[int, dict[str, str]]:
    money = [row[0] for row in connection.execute(f"describe {model}").fetchall() if row[1].startswith("DECIMAL(18,2)")]
    sums = "".join(f", coalesce(sum({column}), 0)::decimal(38, 2)::varchar" for column in money)
    rows, *totals = one_row(connection.execute(f"select count(*){sums} from {model}"))
    return rows, dict(zip(money, totals, strict=True))


def _checks_of(connection: duckdb.DuckDBPyConnection, report_id: str) -> list[Row]:
    return connection.execute(
        f"select check_id, rule, left_side, right_side, case when is_passed then 'passed' else 'FAILED' end"
        f" from {CHECKS} where report_id = ? order by check_id",
        [report_id],
    ).fetchall()
