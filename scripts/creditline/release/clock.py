"""The instant at which orders leave or are answered: an order or a hold may be over by then, whatever its night said."""

from __future__ import annotations

from datetime import UTC, datetime

from creditline.home import Home


def instant(home: Home) -> datetime:
    """Now, as naive UTC, in a home that has a published night.

    The days of a demo home are made up, those of a trial are past, and no clock tells them: there it is the cut-off of the
    newest published night.
    """
    if home.settings.orders_nobody_real:
        return home.cut_off_at(home.published_dates()[-1])
    return _machine_time()


def latest_stamp(home: Home) -> datetime | None:
    """Now, as naive UTC: nothing can have been delivered later. None in a demo home or a trial: nobody knows how late its day is."""
    return None if home.settings.is_demo or home.settings.is_trial else _machine_time()


def _machine_time() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
