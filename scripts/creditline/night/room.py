"""Check the room for a night before it starts, so that the disk does not fill up at two in the morning."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

import psutil
from pydantic import ByteSize

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.landing.files import FileRefused
from creditline.landing.manifest import read_manifest
from creditline.store.inputs import read_inputs

# What a night writes (raw, scratch warehouse, state, publication): bytes a delivered row, and bytes a byte of the Parquet
# that it reads again. Measured at a million accounts: 78 and 3.2. What it can spill, in percent of that: 46 GB were seen
# beside 29 GB that were written, at 10 million with 30 days of history.
_WRITTEN_A_ROW = 100
_WRITTEN_A_BYTE = 4
_SPILLED_PERCENT = 160
# Python, dbt and Great Expectations beside the engine, which itself takes more than its limit: 13.1 GB were seen of 9.
_OWN_MEMORY = 1_000_000_000
_MEMORY_PERCENT = 135
# What a container may use, if the machine has more.
_CONTAINER = Path("/sys/fs/cgroup")


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
    needed = home.settings.memory_limit_bytes * _MEMORY_PERCENT // 100 + _OWN_MEMORY
    available = min(psutil.virtual_memory().available, _left_in_container())
    if available < needed:
        raise NoRoom(
            f"night {business_date}: the engine may use {home.settings.memory_limit} (memory_limit in creditline.yml), with"
            f" the program {_shown(needed)}, and {_shown(available)} are available; lower memory_limit, more goes to disk"
            f" then, or free memory"
        )


def _require_disk(home: Home, business_date: date) -> None:
    written = _WRITTEN_A_ROW * _delivered_rows(home, business_date) + _WRITTEN_A_BYTE * _bytes_read_again(
        home, business_date
    )
    spilled = min(written * _SPILLED_PERCENT // 100, home.settings.spill_limit_bytes)
    spill_place = _existing(home.spill)
    needed = {home.root: written}
    if spill_place.stat().st_dev == home.root.stat().st_dev:
        needed[home.root] += spilled
    else:
        needed[spill_place] = spilled
    for place, most in needed.items():
        free = shutil.disk_usage(place).free
        if free < most:
            raise NoRoom(
                f"night {business_date}: {place} has {_shown(free)} free, and the night can need {_shown(most)};"
                f" free some space, or give spill_directory in creditline.yml another disk"
            )


def _left_in_container() -> int:
    """Free bytes within the control group; without one a number larger than any machine's memory."""
    try:
        most, used = ((_CONTAINER / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return sys.maxsize
    return sys.maxsize if most == "max" else max(0, int(most) - int(used))


def _delivered_rows(home: Home, business_date: date) -> int:
    try:
        manifest, _ = read_manifest(home.landing / str(business_date))
    except FileRefused:
        # the next step refuses the delivery and says why
        return 0
    return sum(entry.rows for entry in manifest.sources)


def _bytes_read_again(home: Home, business_date: date) -> int:
    """Raw files within reach and carried state: about what the last night read."""
    before = [night for night in home.published_dates() if night < business_date]
    if not before:
        return 0
    files = {file.path for relation in read_inputs(home, before[-1]) for file in relation.files}
    return sum(path.stat().st_size for path in files if path.is_file())


def _shown(size: int) -> str:
    return ByteSize(size).human_readable(decimal=True)


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
