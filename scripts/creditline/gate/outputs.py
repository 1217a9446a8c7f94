"""The gate before publication: a night whose marts break an expectation is not published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.gate.checkpoint import Judged, run_suites
from creditline.gate.suites import Suite, load_suite
from creditline.home import Home
from creditline.home.database import engine_bounds
from creditline.home.files import canonical_json, write_file
from creditline.project import SUITES_DIR
from creditline.store.built import read_build


class OutputsRefused(CreditlineError):
    """A mart breaks an expectation; nothing is published."""


@dataclass(frozen=True)
class OutputVerdict:
    """How each expectation on the marts went."""

    judged: tuple[Judged, ...]


def gate_outputs(home: Home, business_date: date) -> OutputVerdict:
    """Judge the marts of the scratch warehouse against expectations/marts/.

    Raises:
        OutputsRefused: names the mart, the rule and the count, or the night is not built.
        ScratchChanged, NotGenuine: a file that the build left was changed.
    """
    # Needs dbt's room, which nothing else of this one does.

    if read_build(home, business_date) is None:
        raise OutputsRefused(f"night {business_date} is not built; run `creditline night --date {business_date}`")
    return judge_marts(home, business_date, home.warehouse_file, home.warehouse / "evidence" / str(business_date))


def mart_suites() -> dict[str, Suite]:
    """The suites of all marts that have one."""
    return {path.stem: load_suite(f"marts/{path.stem}") for path in sorted((SUITES_DIR / "marts").glob("*.json"))}


def judge_marts(home: Home, business_date: date, database: Path, evidence: Path) -> OutputVerdict:
    """Judge the marts of a DuckDB file.

    Args:
        evidence: folder for the result of each expectation, and the Data Docs.

    Raises:
        OutputsRefused: names the mart, the rule and the count.
    """
    judged = run_suites(
        database,
        mart_suites(),
        name="gate_outputs",
        run_name=str(business_date),
        docs=evidence / "data_docs" / "outputs",
        bounds=engine_bounds(home),
        spill_limit=home.settings.spill_limit,
    )
    write_file(evidence / "gate_outputs.json", canonical_json([asdict(entry) for entry in judged]))
    for result in judged:
        if result.on_fail == "refuse" and not result.success:
            found = result.error or f"{result.unexpected_count} rows, observed {result.observed_value}"
            raise OutputsRefused(
                f"night {business_date}: {result.table}: {result.rule} does not hold ({found});"
                f" nothing is published, see {evidence / 'gate_outputs.json'}"
            )
    return OutputVerdict(tuple(judged))
