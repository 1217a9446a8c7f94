"""Great Expectations 1.x on DuckDB: one real checkpoint over several tables, with Data Docs.

Stock GE reads a result after its connection is closed, when duckdb-engine has nothing left to give. Buffering every
DuckDB result as it is executed cures that through SQLAlchemy's public event API (docs/decisions/0003).
"""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from creditline.gate.suites import Suite
from creditline.home.database import bound_spill
from creditline.home.files import Json, clear_directory

if TYPE_CHECKING:
    # Great Expectations takes seconds to import, and only the gates need it.
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.data_context.types.base import DataContextConfig
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from sqlalchemy.engine import Connection
    from sqlalchemy.pool import ConnectionPoolEntry

# No value of a row may stand in evidence: it could be somebody's id.
_SITE = "evidence"
_WHOLE = "all"
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}

# Connections that GE opened. It keeps some of them in reference cycles, and a DuckDB file that one connection of a
# process holds for writing cannot be opened read-only by the next step.
_connections: list[DuckDBPyConnection] = []
# The limit of the running checkpoint, for every connection that it opens.
_spill_limit: list[str] = []


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


@cache
def _great_expectations() -> ModuleType:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from sqlalchemy import event
    from sqlalchemy.dialects import registry
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    registry.register("duckdb.describing", "creditline.gate.dialect", "DescribingDialect")

    @event.listens_for(Engine, "after_cursor_execute")
    def _buffer_duckdb_results(
        conn: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if conn.dialect.name == "duckdb" and cursor.description:
            context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                cursor.description, initial_buffer=cursor.fetchall()
            )

    @event.listens_for(Engine, "connect")
    def _remember_duckdb_connections(connection: Any, record: ConnectionPoolEntry) -> None:
        if type(connection).__module__.startswith("duckdb"):
            _connections.append(connection)
            connection.execute("set enable_progress_bar = false")
            bound_spill(connection, _spill_limit[-1])

    return gx


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

    Returns: one entry an expectation, in the order of tables and of each suite.
    """
    gx = _great_expectations()
    _spill_limit[:] = [spill_limit]
    context = gx.get_context(mode="ephemeral", project_config=_project(clear_directory(docs)))
    source = context.data_sources.add_sql(
        name,
        # GE would read variables of the environment into a path that stands here
        connection_string="duckdb+describing:///of-connect-args",
        kwargs={"connect_args": {"database": str(database), "read_only": True, "config": bounds}},
        # at once: an asset or a batch definition that is added later writes out the whole project each time
        assets=[_asset(table) for table in suites],
    )
    documents = {suite.name: suite.document for suite in suites.values()}
    added = {suite: context.suites.add(gx.ExpectationSuite(**document)) for suite, document in documents.items()}
    definitions = []
    for table, suite in suites.items():
        batch = source.get_asset(table).get_batch_definition(_WHOLE)
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


def _asset(table: str) -> Json:
    return {"type": "table", "name": table, "table_name": table, "batch_definitions": [{"name": _WHOLE}]}


def _project(docs: Path) -> DataContextConfig:
    r"""A project that lives in memory and whose only site lies in `docs`; `\$` keeps the environment's variables out."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        data_docs_sites={
            _SITE: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": _view("IndexPageView")},
                "site_section_builders": {
                    "expectations": "None",
                    "profiling": "None",
                    "validations": {"view": _view("PageView")},
                },
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(docs).replace("$", r"\$"),
                },
            }
        },
    )


def _view(name: str) -> Json:
    return {"module_name": "creditline.gate.docs", "class_name": name}


def _write_docs(context: EphemeralDataContext, docs: Path) -> None:
    """Once for all tables: the checkpoint's own action would render the whole site again for each of them."""
    context.build_data_docs(site_names=[_SITE])
    # fonts and pictures, a megabyte a site: no page names one of them
    shutil.rmtree(docs / "static")


def _close(source: SQLDatasource) -> None:
    """Let go of the database file: the next step opens it for itself."""
    engine = source.get_execution_engine()
    engine.close()
    engine.engine.dispose()
    source.get_engine().dispose()
    while _connections:
        _connections.pop().close()


def _judged(table: str, result: ExpectationValidationResult) -> Judged:
    config, values = result.expectation_config, result.result or {}
    assert config is not None, "an expectation that was judged names itself"
    raised = (result.exception_info or {}).get("raised_exception")
    message = (result.exception_info or {}).get("exception_message") if raised else None
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
        error=message,
    )
