"""What every engine does for a night, however it does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from creditline.home import Home
from creditline.store.inputs import Relation
from creditline.warehouse.dbt import BuiltNode
from creditline.warehouse.logic import Logic


@dataclass(frozen=True)
class Ran:
    """What one engine did: its nodes, the decision code, its name with its version."""

    nodes: list[BuiltNode]
    logic: Logic
    engine: str


class Runner(Protocol):
    """Runs the models of a night. The warehouse has DuckDB's; another engine's lives above the night and is handed in."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Build every model; `warehouse.duckdb` then has each as a relation, wherever its rows lie."""
        ...

    def show(self, home: Home, business_date: date) -> None:
        """Let the engine's own readers see a night whose steps are all done."""
        ...
