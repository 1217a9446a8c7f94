"""Copy one published night into a database of its own, for users of dbt: the night's sources, seeds and models."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.database import connect_beside
from creditline.home.files import make_directory
from creditline.replay.night import night_to_run
from creditline.store.inputs import lay
from creditline.warehouse.logic import CATALOG
from creditline.warehouse.logic_run import run_logic


@dataclass(frozen=True)
class NightCopy:
    """The file of the copy, and what it holds."""

    business_date: date
    file: Path
    models: int
    seconds: float


def copy_night(home: Home, business_date: date, folder: Path) -> NightCopy:
    """Load what a published night read, and run its archived code on it. The home's files are read in place and not changed.

    Args:
        folder: holds the copy as `warehouse.duckdb`: views of the archived code know the catalog by that name.

    Raises:
        UsageError: a copy is there already.
        ReplayRefused, NotGenuine, LogicRefused: as `replay_night`.
    """
    started = time.perf_counter()
    file = make_directory(folder.absolute()) / f"{CATALOG}.duckdb"
    if file.exists():
        raise UsageError(f"{file} is there already; delete it, or name another folder")
    logic, inputs, standing = night_to_run(home, business_date)
    with connect_beside(home, file.parent, str(file)) as connection:
        lay(connection, inputs)
        run_logic(connection, logic, skip=standing)
    return NightCopy(business_date, file, len(logic.models), round(time.perf_counter() - started, 1))
