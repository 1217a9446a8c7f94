"""A night on Spark, and who runs a night on which engine."""

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
    """The models of a night on a Spark cluster. The decision code that is archived is DuckDB's all the same."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Build every model on Spark, and lay a view over each of its tables."""
        nodes, version = build_on_spark(home, inputs)
        seconds = {node.name: node.seconds for node in nodes}
        return Ran(compiled_project(home), seconds, f"{Engine.SPARK} {version}")

    def show(self, home: Home, business_date: date) -> None:
        """Lay the published marts anew for readers on Spark."""
        show_marts(home, business_date)


def runner_of(engine: Engine) -> Runner:
    """Who runs a night on that engine."""
    return OnSpark() if engine is Engine.SPARK else OnDuckDB()
