"""One real checkpoint of Great Expectations over several tables, with Data Docs; no value of a row stands in its evidence."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from creditline.gate.engine import SITE, WHOLE, add_tables, great_expectations, new_context, raised
from creditline.gate.evidence import shown_result
from creditline.gate.suites import Suite, as_library
from creditline.home.files import clear_directory

if TYPE_CHECKING:
    # Great Expectations takes seconds to import, and only the gates need it.
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Judged:
    """One expectation as Great Expectations saw it."""

    table: str
    rule: str
    expectation: str
    on_fail: str
    success: bool
    element_count: int | None
    unexpected_count: int | None
    observed_value: str | None
    error: str | None


def run_suites(
    database: Path,
    suites: dict[str, Suite],
    *,
    name: str,
    run_name: str,
    docs: Path,
    bounds: dict[str, str],
    spill_limit: str,
) -> list[Judged]:
    """Run one checkpoint: each table of a DuckDB file against its suite, and write its Data Docs.

    Args:
        suites: table name to suite; several tables may share one.
        run_name: what Data Docs call the run.
        docs: folder that Data Docs are written to; emptied first.
        bounds: settings of the engine (`engine_bounds`).
        spill_limit: how much of it may go to disk.

    Returns: one entry an expectation, in the order of tables.

    Raises:
        SuiteRefused: a suite holds what the library does not take.
    """
    gx = great_expectations()
    context = new_context(clear_directory(docs))
    where = {"database": str(database), "read_only": True, "config": bounds, "spill_limit": spill_limit}
    source = add_tables(context, name, "describing", where, suites)
    added = {
        suite.name: context.suites.add(as_library(suite))
        for suite in {suite.name: suite for suite in suites.values()}.values()
    }
    definitions = []
    for table, suite in suites.items():
        batch = source.get_asset(table).get_batch_definition(WHOLE)
        definition = gx.ValidationDefinition(name=table, data=batch, suite=added[suite.name])
        definitions.append(context.validation_definitions.add(definition))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=definitions, result_format=_RESULT_FORMAT)
    )
    try:
        outcome = checkpoint.run(run_id=gx.RunIdentifier(run_name=run_name))
    finally:
        _close(source)
    _write_docs(context, docs)
    # A checkpoint's results stand in the order of its validation definitions.
    return [
        _judged(table, result)
        for table, of_table in zip(suites, outcome.run_results.values(), strict=True)
        for result in of_table.results
    ]


def _write_docs(context: EphemeralDataContext, docs: Path) -> None:
    """Once for all tables: the checkpoint's own action would render the whole site again for each of them."""
    context.build_data_docs(site_names=[SITE])
    # fonts and pictures, a megabyte a site: no page names one of them
    shutil.rmtree(docs / "static")


def _close(source: SQLDatasource) -> None:
    """Let go of the database file: the next step opens it for itself."""
    from creditline.gate.dialect import opened

    engine = source.get_execution_engine()
    engine.close()
    engine.engine.dispose()
    source.get_engine().dispose()
    while opened:
        opened.pop().close()


def _judged(table: str, result: ExpectationValidationResult) -> Judged:
    config = result.expectation_config
    assert config is not None, "an expectation that was judged names itself"
    values = shown_result(config.type, result.result or {})
    observed = values.get("observed_value")
    unexpected = observed if config.type == "unexpected_rows_expectation" else values.get("unexpected_count")
    if unexpected is None and values.get("element_count") == 0:
        unexpected = 0  # of no rows none is unexpected; the sum over none is null
    return Judged(
        table=table,
        rule=config.meta["rule"],
        expectation=config.type,
        on_fail=config.meta["on_fail"],
        success=bool(result.success),
        element_count=values.get("element_count"),
        unexpected_count=unexpected,
        observed_value=None if observed is None else str(observed),
        error=raised(result),
    )
