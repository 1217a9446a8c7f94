"""Great Expectations 1.x on DuckDB, through public names alone.

Stock GE reads a result after its connection is closed, when duckdb-engine has nothing left to give. Buffering every
DuckDB result as it is executed cures that through SQLAlchemy's public event API (docs/decisions/0003).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from creditline.home.files import Json

if TYPE_CHECKING:
    # Great Expectations takes seconds to import, and only the gates need it.
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.data_context.types.base import DataContextConfig
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from sqlalchemy.engine import Connection

# The batch definition of a table: all its rows.
WHOLE = "all"
# The one site of Data Docs.
SITE = "evidence"


@cache
def great_expectations() -> ModuleType:
    """The library, ready for DuckDB."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from sqlalchemy import event
    from sqlalchemy.dialects import registry
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    registry.register("duckdb.describing", "creditline.gate.dialect", "DescribingDialect")
    registry.register("duckdb.lent", "creditline.gate.dialect", "LentDialect")

    @event.listens_for(Engine, "after_cursor_execute")
    def _buffer_duckdb_results(
        conn: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if conn.dialect.name == "duckdb" and cursor.description:
            context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                cursor.description, initial_buffer=cursor.fetchall()
            )

    return gx


def new_context(docs: Path | None = None) -> EphemeralDataContext:
    """A context that lives in memory, with a site of Data Docs in `docs` if that is given."""
    context: EphemeralDataContext = great_expectations().get_context(mode="ephemeral", project_config=_project(docs))
    return context


def add_tables(
    context: EphemeralDataContext, name: str, driver: str, connect_args: Json, tables: Iterable[str]
) -> SQLDatasource:
    """A data source with one asset a table.

    Args:
        driver: a dialect of `gate.dialect`: describing or lent.
        connect_args: what its `connect` takes.
    """
    sources: Any = context.data_sources  # its type does not name the arguments that it takes
    source: SQLDatasource = sources.add_sql(
        name,
        # GE would read variables of the environment into a path that stands here
        connection_string=f"duckdb+{driver}:///of-connect-args",
        kwargs={"connect_args": connect_args},
        # at once: an asset or a batch definition that is added later writes out the whole project each time
        assets=[_asset(table) for table in tables],
    )
    from creditline.gate import dialect

    source.get_execution_engine().dialect_module = dialect
    return source


def raised(result: ExpectationValidationResult) -> str | None:
    """Why an expectation could not be judged, None if it was: the library says it once, or once a metric."""
    said = result.exception_info or {}
    for each in (said, *said.values()):
        if isinstance(each, dict) and each.get("raised_exception"):
            return one_line(each.get("exception_message"))
    return None


def one_line(words: object) -> str:
    """Words of a library on one line."""
    return " ".join(str(words).split())


def _asset(table: str) -> Json:
    return {"type": "table", "name": table, "table_name": table, "batch_definitions": [{"name": WHOLE}]}


def _project(docs: Path | None) -> DataContextConfig:
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        data_docs_sites={SITE: _site(docs)} if docs else {},
    )


def _site(docs: Path) -> Json:
    r"""A site of plain files; `\$` keeps the environment's variables out of its path."""
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": _of_ours("IndexPageView")},
        "site_section_builders": {
            "expectations": "None",
            "profiling": "None",
            "validations": {"renderer": _of_ours("PageWithoutValues"), "view": _of_ours("PageView")},
        },
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(docs).replace("$", r"\$"),
        },
    }


def _of_ours(name: str) -> Json:
    return {"module_name": "creditline.gate.docs", "class_name": name}
