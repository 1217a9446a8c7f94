"""Great Expectations on a home, for an analyst: raw rows and published marts of a night as tables, and our suites."""

from __future__ import annotations

import weakref
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from creditline.errors import UsageError
from creditline.gate.engine import WHOLE, add_tables, great_expectations, new_context
from creditline.gate.lender import Lender
from creditline.gate.outputs import mart_suites
from creditline.gate.suites import Suite, as_library, load_suite
from creditline.home import Home
from creditline.home.database import connect_beside, path_to_read
from creditline.home.publications import latest_publication, latest_revision, read_manifest
from creditline.landing.contract import Source, contract
from creditline.landing.rawtypes import raw_columns, raw_name
from creditline.store.parquet import lay_parquet

if TYPE_CHECKING:
    # Great Expectations takes seconds to import, and only the gates need it.
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

_SOURCE = "creditline"
_MARTS = "marts/"


def open_context(home: Home, business_date: date) -> EphemeralDataContext:
    """A context of Great Expectations over one night of a home. Nothing that is done with it changes the home.

    Its data source `creditline` has one asset for each source that the night took in and for each mart of its latest
    publication, with a batch definition `all`. Each suite of expectations/ whose table is there is added under its name, with a
    validation definition of the table's name.

    Rows of raw hold keys where a source system delivered ids. Here they stand under both names, so that a suite finds them.

    Raises:
        UsageError: the home has neither raw rows nor a publication of the night.
        NotGenuine: the publication's manifest is not the home's.
    """
    connection = connect_beside(home, home.warehouse / "analysis")
    suites = _lay_raw(connection, home, business_date) | _lay_marts(connection, home, business_date)
    if not suites:
        raise UsageError(
            f"{home.root} has neither raw rows nor a publication of night {business_date}; `creditline status` lists its nights"
        )
    gx, context, lender = great_expectations(), new_context(), Lender(connection)
    weakref.finalize(context, lender.close)
    source = add_tables(context, _SOURCE, "lent", {"lender": lender.name}, suites)
    for table, suite in suites.items():
        if suite:
            batch = source.get_asset(table).get_batch_definition(WHOLE)
            added = context.suites.add(as_library(suite))
            context.validation_definitions.add(gx.ValidationDefinition(name=table, data=batch, suite=added))
    return context


def _lay_raw(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> dict[str, Suite | None]:
    """A view of the night's raw rows for each source that has some. Returns the suite of each view."""
    laid: dict[str, Suite | None] = {}
    for name, source in contract().items():
        files = sorted((home.raw / name / f"business_date={business_date}").glob("*.parquet"))
        if files:
            lay_parquet(connection, f"raw_{name}", files, raw_columns(source))
            local = f"timezone('{home.settings.time_zone}', known_at at time zone 'UTC')"
            connection.execute(
                f"create view {name} as select *, cast({local} as date) as known_date{_as_delivered(source)} from raw_{name}"
            )
            laid[name] = load_suite(name)
    return laid


def _as_delivered(source: Source) -> str:
    """SQL: keys and tokens once more, under the names of the ids that they stand for."""
    renamed = ((raw_name(column), column.name) for column in source.columns)
    return "".join(f', "{raw}" as "{name}"' for raw, name in renamed if raw != name)


def _lay_marts(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> dict[str, Suite | None]:
    """A view of each mart and report of the night's latest publication. Returns the suite of each view that has one."""
    if business_date not in home.published_dates():
        return {}
    folder = latest_publication(home, business_date)
    files = read_manifest(home, business_date, latest_revision(home, business_date))["files"]
    marts = [name for name in files if name.startswith(_MARTS) and name.endswith(".parquet")]
    suites: dict[str, Suite | None] = {}
    for name in marts:
        table = name.removeprefix(_MARTS).removesuffix(".parquet")
        connection.execute(f"create view {table} as select * from read_parquet({path_to_read(folder / name)})")
        suites[table] = mart_suites().get(table)
    return suites
