"""Security orders: freezes and restores of a published night, in a feed of their own that no hold and no report stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.publications import publication_directory
from creditline.release.feed import SECURITY, records_of, settle_interrupted, write_orders
from creditline.release.modes import read_modes
from creditline.release.orders import ReleaseRefused, lay_orders, modes_in_force, refuse_orders


@dataclass(frozen=True)
class SecurityRelease:
    """What left of one night's freezes and restores; `file` is None where nothing did."""

    file: Path | None
    orders: int


def release_security(home: Home, business_date: date) -> SecurityRelease:
    """Write the freezes and restores of one published night for slices that are live or ramped, once.

    Raises:
        ReleaseRefused: the night is not published, a demo pack or key in a home that is no demo, an order that
            no decision covers, or a mode changed while the file was written.
    """
    settle_interrupted(home)
    publication = publication_directory(home, business_date)
    if not publication.is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    for record in records_of(home, SECURITY, business_date):
        return SecurityRelease(home.outbox / SECURITY / record["file"], record["rows"])
    if business_date != max(home.published_dates()):
        # a later night says who is frozen now
        return SecurityRelease(None, 0)
    modes = read_modes(home)
    with connect_within(home) as connection:
        orders, _ = lay_orders(connection, home, publication, "fct_security_order", modes, lambda _slice: True)
        if not orders:
            return SecurityRelease(None, 0)
        refuse_orders(connection, home, business_date, asks_validation=False)
        stamp = f"{business_date}_{home.settings.cut_off:%H%M}"
        facts = {"modes": modes_in_force(connection)}
        left = write_orders(connection, home, SECURITY, business_date, stamp, facts, lambda: read_modes(home) == modes)
    if left is None:
        raise ReleaseRefused("a mode was changed while the freezes were written; none of them left: release again")
    return SecurityRelease(left[0], orders)
