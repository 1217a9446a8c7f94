"""Days as whole numbers (days since 1970-01-01) and the few dates on which something happens to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from creditline.home import local_to_utc

_EPOCH = date(1970, 1, 1)
NEVER = 2**30  # a day that no book reaches


def day_number(day: date) -> int:
    """The day as a number of days since 1970-01-01."""
    return (day - _EPOCH).days


def as_date(day: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(day))


def day_of_month(days: np.ndarray | int) -> np.ndarray:
    """1 to 31 for each day number."""
    stamps = np.asarray(days).astype("datetime64[D]")
    day: np.ndarray = (stamps - stamps.astype("datetime64[M]")).astype(np.int64) + 1
    return day


def monthly(first_month: np.ndarray, months_later: np.ndarray | int, day: np.ndarray | int) -> np.ndarray:
    """The day number of `day` (1 to 28) in the month `months_later` after `first_month` (months since 1970-01)."""
    months = (first_month + months_later).astype("datetime64[M]")
    number: np.ndarray = months.astype("datetime64[D]").astype(np.int64) + day - 1
    return number


def month_of(days: np.ndarray | int) -> np.ndarray:
    """Months since 1970-01 for each day number."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def next_on(days: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The first day number at or after each of `days` whose day of the month is `day` (1 to 28)."""
    month = month_of(days)
    here = monthly(month, np.zeros_like(month), day)
    return np.where(here >= days, here, monthly(month, np.ones_like(month), day))


@dataclass(frozen=True)
class LocalDay:
    """One local calendar day as a span of UTC seconds; it is 23 or 25 hours long where clocks change."""

    starts_at: int
    length: int

    def instants(self, seconds: np.ndarray) -> np.ndarray:
        """UTC seconds since 1970 for local seconds of day (0 to 86,399)."""
        return self.starts_at + seconds * self.length // 86_400


def local_day(day: int, time_zone: str) -> LocalDay:
    """When a local day starts in UTC, and how many seconds it has."""
    starts, ends = (_utc_seconds(as_date(d), time_zone) for d in (day, day + 1))
    return LocalDay(starts, ends - starts)


def _utc_seconds(day: date, time_zone: str) -> int:
    moment = local_to_utc(datetime.combine(day, time()), time_zone)
    return int((moment - datetime(1970, 1, 1)).total_seconds())


@dataclass(frozen=True)
class Window:
    """Local hours of one day, from `from_hour` until just before `to_hour`, in which nothing could be recorded."""

    day: int
    from_hour: int
    to_hour: int


# Offsets are counted from the first night that was ever landed, so that a short book also contains each of these days.
_FULL_DAY_OFFSETS, _FULL_DAY_EVERY = 19, 28
_PART_DAY_OFFSETS, _PART_DAY_EVERY = 1, 14
_PART_DAY_HOURS = (10, 16)
REGULATORY_OFFSET = 2
REGULATORY_CAP_FEN = 150_000_00


def maintenance_window(day: int, anchor: int) -> Window | None:
    """The maintenance window of a day, if it has one: a whole day every 28 days, six hours every 14 days."""
    offset = day - anchor
    if offset % _FULL_DAY_EVERY == _FULL_DAY_OFFSETS:
        return Window(day, 0, 24)
    if offset % _PART_DAY_EVERY == _PART_DAY_OFFSETS:
        return Window(day, *_PART_DAY_HOURS)
    return None
