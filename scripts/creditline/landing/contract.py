"""The landing contract as values: sources, their columns, and the manifest that comes with them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from creditline.home import YEARS
from creditline.home.files import Json

MANIFEST_FILE = "manifest.json"
# Times and days that everybody reads in the same way: no 24:00, no leap second, no number of seconds since some day.
DAY_SPELT = r"\d{4}-\d{2}-\d{2}"
TIME_SPELT = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
# The engine must be able to count what a manifest counts.
_MOST = 2**63 - 1


def _spelt(kind: type[date], pattern: str, like: str) -> BeforeValidator:
    """A day or an instant from text that is spelt as this house writes it, before anybody else reads it."""

    def read(value: object) -> date | None:
        if value is None:
            return None
        if not (isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII)):
            raise ValueError(f"must be spelt like {like}")
        return kind.fromisoformat(value)

    return BeforeValidator(read)


def _in_calendar(value: date) -> date:
    if value.year not in YEARS:
        raise ValueError(f"lies outside of the years {YEARS[0]} to {YEARS[-1]}")
    return value


Day = Annotated[date, _spelt(date, DAY_SPELT, "2026-01-31"), AfterValidator(_in_calendar)]
Instant = Annotated[
    datetime,
    _spelt(
        datetime,
        rf"{DAY_SPELT}T{TIME_SPELT}(Z|[+-]\d{{2}}:\d{{2}})",
        "2026-01-31T08:00:00Z or 2026-01-31T16:00:00+08:00",
    ),
    AfterValidator(_in_calendar),
]
Count = Annotated[int, Field(le=_MOST)]
Name = Annotated[str, Field(max_length=64)]
Amount = Annotated[Decimal, Field(max_digits=26, decimal_places=2)]


class Column(BaseModel):
    """One column of a source as delivered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    type: Literal["id", "code", "text", "bool", "integer", "money", "rate", "date", "timestamp"]
    optional: bool = False  # the column may be absent from the header; if it is there, cells may be empty
    nullable: bool = False  # the column is in the header, its cells may be empty
    codes: tuple[str, ...] = ()
    token: str | None = None

    @property
    def allows_empty(self) -> bool:
        return self.optional or self.nullable


class Source(BaseModel):
    """One landing source: one file in a delivery, one raw table, one staging model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["full", "events", "changes"]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    totals: tuple[str, ...] = ()
    local_of: str | None = None
    required: bool = False
    may_repeat: bool = False  # the same file may rightly come again on another date
    gap_lasts: bool = False  # a row that did not come leaves somebody worse off until it comes
    intraday: bool = False  # comes between nights, too
    occasional: bool = False  # comes only if there is something to report; its absence means nothing

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def mandatory_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not column.optional)


class DeliveredSource(BaseModel):
    """One entry of a manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Name
    file: str = Field(max_length=1024)
    format: Literal["csv", "csv.gz", "parquet"]
    rows: Count = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    totals: dict[Name, Amount] = {}
    coverage_from: Day | None = None
    corrects_business_date: Day | None = None

    @property
    def is_typed(self) -> bool:
        """The cells have their types already (Parquet) instead of being text (CSV)."""
        return self.format == "parquet"

    @property
    def relation(self) -> str:
        """The name of this entry's tables, because a delivery may hold a source and also corrections of earlier nights."""
        corrected = self.corrects_business_date
        return f"{self.source}_corrects_{corrected:%Y%m%d}" if corrected else self.source


class Manifest(BaseModel):
    """`manifest.json`: without it no file of a delivery is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract_version: Name
    feed: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    business_date: Day
    sequence: Count = Field(ge=1)
    delivered_at: Instant
    cutoff_at: Instant
    sources: tuple[DeliveredSource, ...]


@cache
def _document() -> Json:
    document: Json = yaml.safe_load(resources.files(__package__).joinpath("contract.yml").read_text())
    return document


@cache
def contract_version() -> str:
    """The version of the landing contract that this release reads."""
    return str(_document()["contract_version"])


@cache
def contract() -> dict[str, Source]:
    """Every source of the landing contract by name, in the contract's order."""
    return {
        name: Source(
            name=name,
            columns=tuple(Column(name=column, **rules) for column, rules in body.pop("columns").items()),
            **body,
        )
        for name, body in ((name, dict(body)) for name, body in _document()["sources"].items())
    }


FILE_NAME = re.compile(r"^[a-z0-9_]{1,64}\.(csv|csv\.gz|parquet)$")
