"""No model tries every pair of rows: such a join takes a minute where the book is small and a night where it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from creditline.home.database import connect
from creditline.home.publications import read_manifest
from creditline.store.inputs import lay, read_inputs
from creditline.warehouse.logic import archived_logic, use_scratch_catalog
from creditline.warehouse.logic_run import run_logic

# Joins by a condition that no hash or sort can serve; with the night's one row or a pack's few they cost nothing.
PAIRWISE = {"BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "CROSS_PRODUCT"}
FEW_ROWS = 40


def pairwise_joins(plan: dict) -> Iterator[tuple[str, list[int]]]:
    """Joins of a measured plan that try every pair, with the rows of both sides, where neither side has few."""
    children = plan.get("children", [])
    sides = [child.get("operator_cardinality", 0) for child in children]
    if plan.get("operator_name") in PAIRWISE and min(sides) > FEW_ROWS:
        yield plan["operator_name"], sides
    for child in children:
        yield from pairwise_joins(child)


@pytest.mark.slow
def test_no_model_joins_every_row_with_every_other(sample_book):
    home = sample_book.home
    night = home.published_dates()[-1]
    logic = archived_logic(home, read_manifest(home, night)["logic_hash"])
    pairwise = {}
    with connect() as connection:
        use_scratch_catalog(connection)
        lay(connection, read_inputs(home, night))
        run_logic(connection, replace(logic, models=()))
        for model in logic.models:
            plan = connection.execute(f"explain (analyze, format json) {model.sql}").fetchall()[0][1]
            if found := list(pairwise_joins(json.loads(plan))):
                pairwise[model.name] = found
            run_logic(connection, replace(logic, seeds=(), models=(model,)))
    assert pairwise == {}
