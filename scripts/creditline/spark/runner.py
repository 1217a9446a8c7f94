"""A night on Spark, and the choice of the engine for a night."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from creditline.home import Home
from creditline.spark.build import build_on_spark
from creditline.spark.marts import show_marts
from creditline.store.inputs import Relation
from creditline.warehouse.build import OnDuckDB
from creditline.warehouse.compiled import compiled_project
from creditline.warehouse.engine import Engine
from creditline.warehouse.runner import Ran, Runner


class OnSpark:
    """Runs the models of a night on a Spark cluster. The archived decision code is still DuckDB's."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Build every model on Spark, and create a view over each of its tables."""
        nodes, version = build_on_spark(home, inputs)
        seconds = {node.name: node.seconds for node in nodes}
        return Ran(compiled_project(home), seconds, f"{Engine.SPARK} {version}")

    def show(self, home: Home, business_date: date) -> None:
        """Create the views of the published marts anew for readers on Spark."""
        show_marts(home, business_date)


def runner_of(engine: Engine) -> Runner:
    """The runner for nights on that engine."""
    return OnSpark() if engine is Engine.SPARK else OnDuckDB()
