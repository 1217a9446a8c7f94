"""What every engine does for a night, however it does it."""

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
    """What one engine did: the project that it ran, seconds by name of what it made and asked, its name with its version."""

    project: CompiledProject
    seconds: dict[str, float]
    engine: str


class Runner(Protocol):
    """Runs the models of a night. The warehouse has DuckDB's; another engine's lives above the night and is handed in."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Build every model; `warehouse.duckdb` then has each as a relation, wherever its rows lie."""
        ...

    def show(self, home: Home, business_date: date) -> None:
        """Let the engine's own readers see a night whose steps are all done."""
        ...
