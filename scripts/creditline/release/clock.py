"""The time at which orders leave or are answered. An order or a hold may have expired by then."""

from __future__ import annotations

from datetime import UTC, datetime

from creditline.home import Home


def instant(home: Home) -> datetime:
    """Now, as naive UTC, in a home that has a published night.

    The days of a demo home are made up and those of a trial are past, so the machine's clock does not fit them. There it is
    the cut-off of the newest published night.
    """
    if home.settings.orders_nobody_real:
        return home.cut_off_at(home.published_dates()[-1])
    return _machine_time()


def latest_stamp(home: Home) -> datetime | None:
    """Now, as naive UTC: no delivery can be later. None in a demo home or a trial, whose present time nobody knows."""
    return None if home.settings.is_demo or home.settings.is_trial else _machine_time()


def _machine_time() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
