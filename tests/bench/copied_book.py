"""A book of any size: a simulated one of at most 100,000 accounts, copied under other ids until it is large enough.

A copy lives the same life as its original, so every cause occurs with the same frequency at every size.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from creditline.home import Home, create_home
from creditline.home.database import connect
from creditline.landing.contract import Source, contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.landing.manifest import read_manifest
from creditline.simulate import sample_home_settings, simulate_book

LARGEST_ORIGINAL = 100_000
FIRST_DATE = date(2026, 9, 1)
# Shared by many customers in truth, too.
_NOT_COPIED = ("ip_region",)


def land_book(
    root: Path,
    *,
    accounts: int,
    nights: int,
    history_days: int,
    seed: int,
    tell: Callable[[str], None],
    file_format: str = "parquet",
    memory_limit: str | None = None,
) -> Home:
    """Land a book and open its home; the first delivery reaches `history_days` back.

    Args:
        file_format: of all landed files, as `write_delivery` takes it.
        memory_limit: of the home's engine; the default of a home where it is left out.

    Raises ValueError if `accounts` is above 100,000 and no multiple of it.
    """
    copies = max(1, accounts // LARGEST_ORIGINAL)
    original = accounts // copies
    if original * copies != accounts:
        raise ValueError(f"{accounts} accounts are no multiple of {LARGEST_ORIGINAL}")
    settings = sample_home_settings()
    home = create_home(root, settings.model_copy(update={"memory_limit": memory_limit}) if memory_limit else settings)
    source = home if copies == 1 else create_home(root.with_name(f"{root.name}-original"), settings)
    tell(f"simulating {original} accounts, {nights} nights")
    simulate_book(
        source,
        accounts=original,
        nights=nights,
        first_date=FIRST_DATE,
        seed=seed,
        file_format=file_format if copies == 1 else "parquet",
        history_days=history_days,
    )
    if copies > 1:
        for night in source.landed_dates():
            tell(f"copying {night} {copies} times")
            _copy_delivery(source, home, night, copies, file_format)
    return home


def _copy_delivery(original: Home, home: Home, night: date, copies: int, file_format: str) -> None:
    folder = original.landing / str(night)
    manifest, _ = read_manifest(folder)
    with connect() as connection:
        connection.execute("set timezone = 'UTC'")
        tables = []
        for entry in manifest.sources:
            _lay_copies(connection, contract()[entry.source], folder / entry.file, copies)
            tables.append(
                DeliveredTable(entry.source, f"copied_{entry.source}", coverage_from=entry.coverage_from, in_order=True)
            )
        cutoff_at = home.cut_off_at(night)
        write_delivery(
            connection,
            home.landing,
            feed=manifest.feed,
            business_date=night,
            sequence=manifest.sequence,
            delivered_at=cutoff_at - timedelta(hours=1),
            cutoff_at=cutoff_at,
            tables=tables,
            file_format=file_format,
        )


def _lay_copies(connection: duckdb.DuckDBPyConnection, source: Source, file: Path, copies: int) -> None:
    relation = f"copied_{source.name}"
    rows = f"read_parquet('{file}')"
    if source.name == "gl_balance":
        connection.execute(f"create view {relation} as select * replace (balance * {copies} as balance) from {rows}")
        return
    present = {row[0] for row in connection.execute(f"describe from {rows}").fetchall()}
    ids = [
        column.name
        for column in source.columns
        if column.type == "id" and column.name in present and column.name not in _NOT_COPIED
    ]
    renamed = ", ".join(f"{name} || '-' || copy as {name}" for name in ids)
    connection.execute(
        f"create view {relation} as select original.* replace ({renamed})"
        f" from range({copies}) as copies(copy) cross join {rows} as original"
    )
