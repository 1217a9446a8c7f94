"""One simulated book for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from simulated import NIGHTS, Landed, land


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    """2,000 accounts, five nights."""
    home, book = land(tmp_path_factory.mktemp("simulated"), accounts=2000, nights=NIGHTS, seed=1)
    with duckdb.connect() as read:
        for source in book.rows:
            read.execute(
                f"create table {source} as select * exclude (filename), split_part(filename, '/', -2)::date as night,"
                " row_number() over (partition by filename) as row_no"
                f" from read_csv('{home.landing}/2*/{source}.csv', all_varchar = true, filename = true)"
            )
        for file in book.truth_dir.glob("*.parquet"):
            read.execute(f"create table true_{file.stem} as from '{file}'")
        yield Landed(home, book, read)
