"""The figures of `expectations/figures/figures.yml`: what is measured of a source, and between which bounds it must lie."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from creditline.errors import CreditlineError
from creditline.landing.contract import Column, contract
from creditline.project import SUITES_DIR

FIGURES_FILE = SUITES_DIR / "figures" / "figures.yml"
Family = Literal["who", "movement", "amount", "tonight", "ledger"]
Share = Annotated[float, Field(ge=0, le=1)]


class FiguresRefused(CreditlineError):
    """`expectations/figures/figures.yml` cannot be used; the message names the place."""


class Usual(BaseModel):
    """How far a figure may lie from its median over the last trusted nights of this book.

    A share may lie `distance` away, an amount at most `factor` times above or below. Where the book itself moves more than that, its own
    median deviation and range count instead, and for a share the chance of so few rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    distance: Share | None = None
    factor: Annotated[float, Field(gt=1)] | None = None
    # how many trusted nights must have been measured before the figure is compared with them
    nights: Annotated[int, Field(ge=1)] = 3
    side: Literal["both", "high", "low"] = "both"

    @model_validator(mode="after")
    def _has_one_measure(self) -> Usual:
        if (self.distance is None) == (self.factor is None):
            raise ValueError("give either distance (of a share) or factor (of an amount)")
        return self


class Figure(BaseModel):
    """One row of the file; with `columns` or `codes` it stands for one figure each.

    A share has `breaks`: SQL that is true for the rows that are counted, of those for which `among` is true. Or it has `came`: of the
    rows of `base`, those that are not counted because they came. An amount has `value`: an aggregate. SQL names a row of tonight `tonight`, what the book was on the last trusted night `before`, and
    the days between `$days`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    figure: str
    family: Family
    says: str
    columns: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    breaks: str | None = None
    among: str = "true"
    came: str | None = None
    base: str | None = None
    value: str | None = None
    lowest: float | None = None
    highest: float | None = None
    usual: Usual | None = None
    # a figure about fewer rows than these is not judged
    least_rows: int = 1
    least_base: int = 1
    on_fail: Literal["distrust", "refuse", "column"] = "refuse"
    advice: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Figure:
        if sum(text is not None for text in (self.breaks, self.came, self.value)) != 1:
            raise ValueError("give one of breaks (a share of rows), came (with base) and value (an aggregate)")
        if (self.came is None) != (self.base is None):
            raise ValueError("came and base go together")
        if self.lowest is None and self.highest is None and self.usual is None:
            raise ValueError("give at least one bound: lowest, highest or usual")
        return self


class FigureOf(BaseModel):
    """One figure of one column or code, with its SQL filled in."""

    model_config = ConfigDict(frozen=True)

    source: str
    name: str
    column: str | None
    figure: Figure
    breaks: str | None
    among: str
    came: str | None
    base: str | None
    value: str | None
    says: str

    @property
    def is_share(self) -> bool:
        """Whether it is a share of rows, and no amount."""
        return self.value is None


@cache
def figures() -> dict[str, tuple[FigureOf, ...]]:
    """Every figure, by source.

    Raises:
        FiguresRefused: the file names a source or a column that the contract does not have, or a row does not fit.
    """
    document = yaml.safe_load(FIGURES_FILE.read_text())
    return {source: tuple(_of_source(source, rows)) for source, rows in document.items()}


def _of_source(source: str, rows: list[dict[str, object]]) -> list[FigureOf]:
    if source not in contract():
        raise FiguresRefused(
            f"{FIGURES_FILE.name}: {source} is no source of the contract; name one of {', '.join(contract())}"
        )
    found: list[FigureOf] = []
    for number, row in enumerate(rows, start=1):
        where = f"{FIGURES_FILE.name}: {source}, row {number} ({row.get('figure')})"
        try:
            figure = Figure.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise FiguresRefused(f"{where}: {place} {first['msg']}; correct the row") from error
        known = {column.name: column for column in contract()[source].columns}
        if strange := [name for name in (*figure.columns, *figure.codes) if name not in known]:
            raise FiguresRefused(f"{where}: {source} has no column {strange[0]}; correct the row")
        found += _filled(source, figure, known)
    names = [entry.name for entry in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise FiguresRefused(f"{FIGURES_FILE.name}: {source} has {twice[0]} twice; give each row a figure of its own")
    return found


def _filled(source: str, figure: Figure, known: dict[str, Column]) -> list[FigureOf]:
    if figure.columns:
        return [_fill(source, figure, name, {"column": name}) for name in figure.columns]
    if figure.codes:
        return [
            _fill(source, figure, name, {"column": name, "code": code})
            for name in figure.codes
            for code in (known[name].codes or ("true",))
        ]
    return [_fill(source, figure, None, {})]


def _fill(source: str, figure: Figure, column: str | None, words: dict[str, str]) -> FigureOf:
    def filled(text: str | None) -> str | None:
        for word, value in words.items():
            text = text.replace(f"{{{word}}}", value) if text else text
        return text

    return FigureOf(
        source=source,
        name=":".join((figure.figure, *words.values())),
        column=column,
        figure=figure,
        breaks=filled(figure.breaks),
        among=filled(figure.among) or "true",
        came=filled(figure.came),
        base=filled(figure.base),
        value=filled(figure.value),
        says=filled(figure.says) or "",
    )
