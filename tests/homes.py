"""Homes that a test copies, takes a delivery into, or compares file by file."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from small_delivery import NIGHT

from creditline.gate.inputs import gate_inputs
from creditline.home import Home
from creditline.landing.accept import accept
from creditline.store.record import DeliveryRecord

# Facts about the run, which two runs on the same input do not share; a lock names the process that held it last.
RUN_FACTS = ("run.json", "run.json.sig", "seconds.json", "marts.duckdb", "security.lock")


def copy_home(home: Home, root: Path) -> Home:
    """A copy of a home that a test may change, without its scratch, which is most of the bytes; but for what dbt compiled."""
    scratch = str(home.warehouse)
    copied = shutil.copytree(
        home.root, root, symlinks=True, ignore=lambda folder, names: {*names} - {"dbt"} if folder == scratch else ()
    )
    return Home(Path(copied))


def take_in(home: Home, night: date = NIGHT) -> DeliveryRecord:
    """Accept what has landed for a night and send it through the gate."""
    accept(home, night)
    return gate_inputs(home, night).record


def tree_of(*folders: Path) -> dict[str, bytes]:
    """Every file below the folders, by its path from the folder above."""
    return {
        str(path.relative_to(folder.parent)): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
    }


def lasting(home: Home) -> dict[str, bytes]:
    """Every file, by its path, that two homes share whose nights ran on the same input."""
    folders = (home.raw, home.state, home.published, home.outbox, home.releases, home.policy, home.logic)
    return {
        name: content
        for name, content in tree_of(*folders).items()
        if Path(name).name not in RUN_FACTS and "data_docs" not in Path(name).parts
    }
