"""What every contender but DuckDB is given: where raw Parquet lies, and the night's parameters, pack and reference data.

These are some hundred rows of numbers; a contender may write them into its expressions as it likes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from pathlib import Path

import pyarrow.parquet as pq

Row = dict[str, object]


@dataclass(frozen=True)
class Bins:
    """The bins of one scored feature: points of MISSING, and lower edges (the first is null) with their points."""

    missing_points: int
    lower: list[int | None]
    points: list[int]


@dataclass(frozen=True)
class Given:
    """One night to decide; money in minor units."""

    folder: Path

    @cached_property
    def _description(self) -> dict[str, object]:
        return json.loads((self.folder / "workload.json").read_text())

    def files(self, source: str) -> list[str]:
        """The raw Parquet files of a source."""
        return self._description["raw"][source]["files"]

    def _rows(self, table: str) -> list[Row]:
        rows = pq.ParquetFile(self.folder / "tables" / f"{table}.parquet").read().to_pylist()
        return [{name: _minor(value) for name, value in row.items()} for row in rows]

    def _policy(self, table: str) -> list[Row]:
        version = self._description["policy_version"]
        return [row for row in self._rows(f"policy.{table}") if row["policy_version"] == version]

    @cached_property
    def night(self) -> date:
        """The business date."""
        return self._rows("run.night")[0]["business_date"]

    @cached_property
    def cut_off_at(self) -> datetime:
        """What became known later does not count."""
        return self._rows("run.night")[0]["cut_off_at"]

    @cached_property
    def _coverage(self) -> dict[str, date | None]:
        return {row["source"]: row["coverage_from_date"] for row in self._rows("run.night_source")}

    def covers(self, source: str, days: int) -> bool:
        """Whether the source reaches back to the start of a window of so many days."""
        first = self._coverage[source]
        return first is not None and first <= self.night + timedelta(days=1 - days)

    @cached_property
    def features(self) -> list[str]:
        """The names of the 44 features in their order."""
        return [row["feature"] for row in self._rows("main.feature")]

    @cached_property
    def parameters(self) -> dict[str, int]:
        """Thresholds inside feature definitions."""
        return {row["name"]: row["value"] for row in self._rows("main.feature_parameter")}

    @cached_property
    def roles(self) -> dict[str, str]:
        """The role of each related product."""
        return {row["product_code"]: row["role"] for row in self._rows("main.related_product_role")}

    @cached_property
    def statuses(self) -> dict[str, Row]:
        """What each account status means."""
        return {row["status"]: row for row in self._rows("main.account_status")}

    @cached_property
    def pack(self) -> Row:
        """The parameters of the pack that decides."""
        (pack,) = self._policy("pack")
        return {**pack, "floor_minor": pack["floor_amount"] * 100, "rounding_minor": pack["rounding_amount"] * 100}

    @cached_property
    def bins(self) -> dict[str, Bins]:
        """The scorecard, by feature."""
        found = {}
        for feature, rows in groupby(self._policy("scorecard"), key=lambda row: row["feature"]):
            rows = list(rows)
            known = sorted((row for row in rows if not row["is_missing"]), key=_lower)
            missing = sum(row["points"] for row in rows if row["is_missing"])
            found[feature] = Bins(missing, [row["lower"] for row in known], [row["points"] for row in known])
        return found

    @cached_property
    def bands(self) -> list[Row]:
        """Bands, the lowest score first."""
        return sorted(self._policy("band"), key=lambda row: row["lower_score"])

    @cached_property
    def cells(self) -> list[Row]:
        """Multipliers by band and utilisation bin, each with that of the next better band."""
        bands = {row["band"]: row for row in self.bands}
        matrix = self._policy("strategy_matrix")
        at = {(bands[row["band"]]["lower_score"], row["lower_utilisation_bp"]): row["multiplier_bp"] for row in matrix}
        found = []
        for row in matrix:
            lower, upper = bands[row["band"]]["lower_score"], bands[row["band"]]["upper_score"]
            better = at.get((upper, row["lower_utilisation_bp"]), row["multiplier_bp"])
            found.append({**row, "lower_milli": 1000 * lower, "upper_milli": 1000 * upper, "better_bp": better})
        return found

    @cached_property
    def tiers(self) -> list[Row]:
        """Bounds by product."""
        return self._policy("product_tier")

    @cached_property
    def caps(self) -> list[Row]:
        """Regulatory caps in force tonight."""
        return [
            row
            for row in self._policy("regulatory_cap")
            if row["is_enabled"]
            and row["effective_from"] <= self.night
            and (row["effective_to"] is None or self.night < row["effective_to"])
        ]

    @cached_property
    def trigger_groups(self) -> list[list[Row]]:
        """Conditions of hard triggers that must hold together; one group is enough."""
        groups: dict[tuple, list[Row]] = {}
        for row in self._policy("trigger"):
            groups.setdefault((row["trigger_code"], row["condition_group"]), []).append(row)
        return list(groups.values())

    @cached_property
    def freeze_rules(self) -> list[Row]:
        """Points of suspicion by security feature."""
        return self._policy("freeze_rule")


def _minor(value: object) -> object:
    return int(value * 100) if isinstance(value, Decimal) else value


def _lower(row: Row) -> float:
    return float("-inf") if row["lower"] is None else row["lower"]
