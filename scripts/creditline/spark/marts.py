"""The published marts for readers on Spark: one view for each table, over the Parquet of the published nights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from creditline.home import Home
from creditline.home.publications import latest_publication
from creditline.spark.build import database_of
from creditline.spark.place import Address, address
from creditline.spark.session import open_session

SESSIONS = 4


def show_marts(home: Home, business_date: date) -> None:
    """Let `<database>_marts` show every night up to the newest, in its latest publication.

    Views change one by one. Meanwhile a reader of one view may see it without the new night, and a reader who joins two
    views may see the new night in only one of them. A dimension holds the newest night only; a fact or report holds all
    nights, as in `marts.duckdb`.
    """
    server, database = address(), f"{database_of(home)}_marts"
    nights = [latest_publication(home, day) for day in home.published_dates()]
    tables = sorted(path.stem for path in (latest_publication(home, business_date) / "marts").glob("*.parquet"))
    with open_session(server) as session:
        session.run(f"create database if not exists {database}")
    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(lambda number: _replace(server, database, nights, tables[number::SESSIONS]), range(SESSIONS)))


def _replace(server: Address, database: str, nights: list[Path], tables: list[str]) -> None:
    with open_session(server) as session:
        for table in tables:
            shown = nights[-1:] if table.startswith("dim_") else nights
            session.run(f"create or replace view {database}.{table} as select * from parquet.`{_files(table, shown)}`")


def _files(table: str, nights: list[Path]) -> str:
    """One path that stands for the table's files of several nights."""
    places = ",".join(f"{night.parent.name}/{night.name}" for night in nights)
    return f"file://{nights[0].parents[1]}/{{{places}}}/marts/{table}.parquet"
