"""Is there room for a night? Said before it starts: a disk that fills up at two in the morning helps nobody."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import psutil
from pydantic import ByteSize

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.warehouse.inputs import inputs_file, read_inputs

# What a night writes (scratch warehouse, state, publication) in bytes a byte that it reads, measured on books of 300,000
# to 10 million accounts (docs/performance.md), and as much again for what the engine spills.
_WRITTEN_A_BYTE_READ = 3
_SPILLED_A_BYTE_READ = 3
# Python, dbt and Great Expectations, beside the engine.
_OWN_MEMORY = 1_000_000_000


class NoRoom(CreditlineError):
    """This machine cannot hold the night: disk or memory."""


def require_room(home: Home, business_date: date) -> None:
    """Compare what the night will need with what the machine has free.

    Raises:
        NoRoom: names the disk or the memory, what is needed, what is free, and what to do.
    """
    _require_memory(home, business_date)
    _require_disk(home, business_date)


def _require_memory(home: Home, business_date: date) -> None:
    needed = home.settings.memory_limit_bytes + _OWN_MEMORY
    available = psutil.virtual_memory().available
    if available < needed:
        raise NoRoom(
            f"night {business_date}: the engine may use {home.settings.memory_limit} (memory_limit in creditline.yml), with"
            f" the program {_shown(needed)}, and {_shown(available)} are available; lower memory_limit, more goes to disk"
            f" then, or free memory"
        )


def _require_disk(home: Home, business_date: date) -> None:
    read = _bytes_to_read(home, business_date)
    spilled = min(_SPILLED_A_BYTE_READ * read, home.settings.spill_limit_bytes)
    spill_place = _existing(home.spill)
    needed = {home.root: _WRITTEN_A_BYTE_READ * read}
    if spill_place.stat().st_dev == home.root.stat().st_dev:
        needed[home.root] += spilled
    else:
        needed[spill_place] = spilled
    for place, most in needed.items():
        free = shutil.disk_usage(place).free
        if free < most:
            raise NoRoom(
                f"night {business_date}: {place} has {_shown(free)} free, and a night that reads {_shown(read)} can need"
                f" {_shown(most)}; free some space, or give spill_directory in creditline.yml another disk"
            )


def _bytes_to_read(home: Home, business_date: date) -> int:
    """Tonight's delivery, and what the last build read: raw files within reach and carried state."""
    delivered = [path for path in (home.landing / str(business_date)).glob("*") if path.is_file()]
    before = [night for night in home.published_dates() if night < business_date]
    if not before or not inputs_file(home, before[-1]).is_file():
        return sum(path.stat().st_size for path in delivered)
    read = {file.path for relation in read_inputs(home, before[-1]) for file in relation.files}
    return sum(path.stat().st_size for path in (*delivered, *read) if path.is_file())


def _shown(size: int) -> str:
    return ByteSize(size).human_readable(decimal=True)


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
