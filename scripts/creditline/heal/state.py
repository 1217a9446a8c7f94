"""Make again what a night handed on: the record of what it read, and its state by its own archived code."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from creditline.home import Home
from creditline.home.files import write_file
from creditline.home.publications import read_manifest
from creditline.store.inputs import (
    check_inputs,
    inputs_content,
    lay,
    read_inputs,
    standing_models,
)
from creditline.store.parquet import write_parquet
from creditline.warehouse.build import night_inputs
from creditline.warehouse.logic import archived_logic, scratch_database
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.state import carried_rows, state_file


def remade_inputs(home: Home, business_date: date, revision: int, scratch: Path) -> Path | None:
    """The record of what a night read, made from the home now; None for a restated night, which read what was known then.

    Raises CreditlineError if an input cannot be read.
    """
    if revision:
        return None
    _, relations = night_inputs(home, business_date)
    made = scratch / "inputs.json"
    write_file(made, inputs_content(home, business_date, relations))
    return made


def remade_state(home: Home, business_date: date, revision: int, missing: set[Path], scratch: Path) -> dict[Path, Path]:
    """Make the missing tables of a night's state, by their places, from its inputs and its own code.

    Raises:
        InputRefused: an input was changed.
        LogicRefused: its code is lost, was changed, or does not run on this engine.
    """
    logic = archived_logic(home, read_manifest(home, business_date, revision)["logic_hash"])
    inputs = read_inputs(home, business_date, revision)
    check_inputs(home, inputs)
    made = {}
    with scratch_database(home) as connection:
        lay(connection, inputs)
        run_logic(connection, logic, skip=standing_models(inputs))
        for table in logic.carried:
            place = state_file(home, business_date, table.name, revision)
            if place in missing:
                made[place] = scratch / place.name
                write_parquet(connection, carried_rows(table), made[place])
    return made
