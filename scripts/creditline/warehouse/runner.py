"""The interface of every engine that builds a night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from creditline.home import Home
from creditline.store.inputs import Relation
from creditline.warehouse.compiled import CompiledProject


@dataclass(frozen=True)
class Ran:
    """What one engine did: the project that it ran, seconds by name of table and claim, its name with its version."""

    project: CompiledProject
    seconds: dict[str, float]
    engine: str


class Runner(Protocol):
    """Runs the models of a night. DuckDB's is in this room; another engine's is in a higher room and is handed in."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Build every model; `warehouse.duckdb` then has each as a relation, wherever its rows are."""
        ...

    def show(self, home: Home, business_date: date) -> None:
        """Show a finished night to the engine's own readers."""
        ...
