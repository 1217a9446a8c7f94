"""All contenders over one workload, each in its own process; their results are compared before any figure is given away."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from creditline.home.database import connect
from creditline.replay.comparison import Difference, compare

# Built by scripts/bench from requirements-peers.lock.
LIBRARIES = Path(__file__).resolve().parents[3] / ".venv-peers"
# The first is what the others are compared with.
CONTENDERS = ("duckdb", "polars", "pandas", "spark")
KEYS = {"customers": ("customer_key",), "accounts": ("account_key",)}


class ResultsDiffer(Exception):
    """Two contenders, or the night that was published, do not say the same."""


class ContenderFailed(Exception):
    """A contender ended without a result; carries the end of what it said."""


@dataclass(frozen=True)
class Contender:
    """One engine: medians of the runs, the highest peak; starting the engine stands beside `seconds`."""

    name: str
    versions: dict[str, str]
    seconds: float
    peak_rss_bytes: int
    stages: dict[str, float]
    start_seconds: float


def contend(workload: Path, folder: Path, runs: int, tell: Callable[[str], None]) -> list[Contender]:
    """Run every contender, compare all results, and only then return the figures.

    Raises:
        ResultsDiffer: names the contender and the first cell that differs.
        ContenderFailed: one of them ends without a result.
    """
    reports: dict[str, list[dict]] = {}
    for name in CONTENDERS:
        for run in range(runs):
            tell(f"{name}, run {run + 1} of {runs}")
            reports.setdefault(name, []).append(decide(name, workload, folder / name / str(run)))
    first = CONTENDERS[0]
    reference = folder / first / "0"
    for name in CONTENDERS:
        for run in range(runs):
            require_equal(f"{name} beside {first}", reference, folder / name / str(run))
    require_equal(f"{first} beside what the night published", workload / "expected", reference)
    return [_median(name, found) for name, found in reports.items()]


def decide(name: str, workload: Path, result: Path) -> dict:
    """Let one contender decide a workload in a process of its own, and return what it reports.

    Raises:
        ContenderFailed: it ends without a result.
    """
    result.mkdir(parents=True)
    libraries = {} if name == "duckdb" else {"PYTHONPATH": str(LIBRARIES)}
    done = subprocess.run(
        [sys.executable, "-m", f"peers.{name}_peer", str(workload), str(result)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **libraries},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ContenderFailed(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _median(name: str, reports: list[dict]) -> Contender:
    middle = sorted(reports, key=lambda report: report["seconds"])[(len(reports) - 1) // 2]
    return Contender(
        name,
        middle["versions"],
        middle["seconds"],
        max(report["peak_rss_bytes"] for report in reports),
        middle["stages"],
        statistics.median(report["start_seconds"] for report in reports),
    )


def require_equal(what: str, expected: Path, found: Path) -> None:
    """Raise ResultsDiffer unless both folders hold the same rows, of the expected columns, sorted by key."""
    difference = next(differences(expected, found), None)
    if difference:
        raise ResultsDiffer(
            f"{what}: {difference.table}, {difference.key}, column {difference.column}:"
            f" {difference.published} expected, {difference.replayed} found, {difference.rows} rows differ"
        )


def differences(expected: Path, found: Path) -> Iterator[Difference]:
    """The first differing cell of each table that has one. Columns that are not expected are not compared."""
    with connect() as connection:
        for table, key in KEYS.items():
            rows = f"read_parquet('{found / table}.parquet', file_row_number = true)"
            columns = connection.execute(f"describe from '{expected / table}.parquet'").fetchall()
            asked = f"select {', '.join(name for name, *_ in columns)} from {rows}"
            difference = compare(connection, table, key, asked, expected / f"{table}.parquet")
            difference = difference or _disorder(connection, table, key[0], rows)
            if difference:
                yield difference


def _disorder(connection: object, table: str, key: str, rows: str) -> Difference | None:
    """The first row that stands before a smaller key."""
    found = connection.execute(
        f"select {key}, next from (select {key}, lead({key}) over (order by file_row_number) as next from {rows})"
        f" where next <= {key} order by {key} limit 1"
    ).fetchone()
    return Difference(table, f"{key} {found[0]}", key, "sorted by key", f"{found[1]} next", 1) if found else None
