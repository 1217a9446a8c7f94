"""What marts, reports and their columns mean: the texts of dbt's properties, read where dbt reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from creditline.warehouse.properties import described_models, models_in


@dataclass(frozen=True)
class Described:
    """One table in words, and each of its columns."""

    text: str
    columns: dict[str, str]


@cache
def descriptions() -> dict[str, Described]:
    """Every published mart and report, and what publication adds of its own, by name."""
    own = models_in(Path(__file__).with_name("relations.yml"))
    return {
        model["name"]: Described(
            model["description"], {column["name"]: column["description"] for column in model["columns"]}
        )
        for model in [*own, *described_models("marts"), *described_models("reports")]
    }
