"""A home with years of nights behind it: one night's publication once more under each earlier date."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

from creditline.home import Home
from creditline.home.database import connect_within, path_to_read, path_to_write
from creditline.home.files import canonical_json, sha256_of
from creditline.home.keys import sign_file
from creditline.home.publications import MANIFEST, RUN, publication_directory

# What is asked is dated anew, row by row; the other marts are links to the original's.
ASKED = "fct_limit_decision"


def lengthen(home: Home, nights: int) -> None:
    """Put as many nights before the first published one that there are `nights` in all. The home can be asked, and goes on
    with the night after its newest; the nights that are made up cannot be replayed."""
    first, there = home.published_dates()[0], len(home.published_dates())
    original = publication_directory(home, first)
    with connect_within(home) as connection:
        for number in range(1, nights - there + 1):
            night = first - timedelta(days=number)
            target = publication_directory(home, night)
            shutil.copytree(
                original,
                target,
                copy_function=os.link,
                ignore=shutil.ignore_patterns("evidence", "reports", "marts.duckdb", f"{ASKED}.parquet", "*.json*"),
            )
            asked, dated = (place / "marts" / f"{ASKED}.parquet" for place in (original, target))
            connection.execute(
                f"copy (select * replace (date '{night}' as business_date) from read_parquet({path_to_read(asked)}))"
                f" to {path_to_write(dated)} (format parquet, compression zstd)"
            )
            for name in ("seconds.json", RUN, MANIFEST):
                facts = json.loads((original / name).read_text()) | {"business_date": str(night)}
                _sign_anew(home, target / name, facts)


def _sign_anew(home: Home, path: Path, facts: dict[str, object]) -> None:
    if "files" in facts:
        there = [file for file in facts["files"] if (path.parent / file).is_file()]
        facts["files"] = {file: sha256_of(path.parent / file) for file in there}
    path.write_bytes(canonical_json(facts))
    if "files" in facts:
        sign_file(home, path)
