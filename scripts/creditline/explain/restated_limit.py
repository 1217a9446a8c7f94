"""The restated limit of an account that is still open: a restatement has to give it back, until the core's limit reaches it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from creditline.home import Home
from creditline.home.database import as_pattern, connect_within
from creditline.home.proof import check_file
from creditline.home.publications import last_valid, read_manifest
from creditline.warehouse.state import handing_night, state_file

_STATE = "restated_limit"


def open_restated_limit(home: Home, business_date: date, account_key: int) -> Decimal | None:
    """The open restated limit of an account after a night (after a void one that of the night before); None if there is none.

    Raises:
        NotGenuine: the night's state was changed since it was published.
    """
    next_day = business_date + timedelta(days=1)
    night = handing_night(home, _STATE, last_valid(home, next_day), next_day)
    if night is None:
        return None
    digest = read_manifest(home, night)["state"].get(f"{_STATE}.parquet")
    if digest is None:
        return None
    file = state_file(home, night, _STATE)
    check_file(file, digest)
    with connect_within(home) as connection:
        row = connection.execute(
            "select restated_limit_minor from read_parquet(?) where account_key = ?", [as_pattern(file), account_key]
        ).fetchone()
    return Decimal(row[0]) / 100 if row else None
