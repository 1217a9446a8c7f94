"""What runs the models of a night."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """A home may change its engine between two nights: the rows are the same."""

    DUCKDB = "duckdb"
    SPARK = "spark"
