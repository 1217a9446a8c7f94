"""Tonight's figures, each source in one pass of the engine."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from creditline.gate.plausible.definition import FigureOf, figures
from creditline.gate.plausible.pictures import Picture, joined
from creditline.home.database import one_row
from creditline.landing.accept import AcceptedSource

_EXAMPLES = 10
_RELATIONS = re.compile(r"\b(account|customer|before|decided|snapshot|newcomer|moved|device)\.")


@dataclass(frozen=True)
class Measured:
    """A figure of tonight: a share with the rows that are counted and those they are counted among, or an amount.

    `value` is None if there is nothing to measure. `steps` are the deliveries since the last trusted one, tonight's included.
    """

    of: FigureOf
    value: float | None
    rows: int
    base: int
    steps: int = 1


def measure(
    connection: duckdb.DuckDBPyConnection, entry: AcceptedSource, picture: Picture, secret: dict[str, str]
) -> list[Measured]:
    """Measure every figure of one file that can be measured tonight.

    Args:
        secret: the parameters of the keyed hash, for sources whose rows are found by their token.
    """
    wanted = [figure for figure in figures().get(entry.source, ()) if _is_possible(figure, picture)]
    if not wanted:
        return []
    selected = ", ".join(part for figure in wanted for part in _aggregates(figure))
    relation = joined(entry, picture, frozenset().union(*map(_used, wanted)))
    statement = _worded(f"select {selected} from {relation}", picture)
    row = one_row(connection.execute(statement, _parameters(statement, secret)))
    return [
        _measured(figure, *row[place : place + 3], steps=picture.steps if "before" in _used(figure) else 1)
        for figure, place in zip(wanted, range(0, len(row), 3), strict=True)
    ]


def examples(
    connection: duckdb.DuckDBPyConnection,
    entry: AcceptedSource,
    picture: Picture,
    measured: Measured,
    secret: dict[str, str],
) -> tuple[int, ...]:
    """The first rows of the file that a share counts."""
    figure = measured.of
    if figure.breaks is None:
        return ()
    relation = joined(entry, picture, _used(figure))
    statement = _worded(
        f"select list(tonight.source_row order by tonight.source_row)[:{_EXAMPLES}] from {relation}"
        f" where ({figure.among}) and ({figure.breaks})",
        picture,
    )
    (found,) = one_row(connection.execute(statement, _parameters(statement, secret)))
    return tuple(found or ())


def _used(figure: FigureOf) -> frozenset[str]:
    return frozenset(name for text in _texts(figure) for name in _RELATIONS.findall(text))


def _texts(figure: FigureOf) -> list[str]:
    return [text for text in (figure.breaks, figure.among, figure.came, figure.base, figure.value) if text]


def _is_possible(figure: FigureOf, picture: Picture) -> bool:
    needs_night = any(word in text for text in _texts(figure) for word in ("$days", "$before", "$is_next", "before_"))
    needs = {"night"} if needs_night else set()
    if any("ledger_gap" in text for text in _texts(figure)):
        needs.add("ledger_gap")
    return _used(figure) | needs <= picture.has


def _aggregates(figure: FigureOf) -> tuple[str, str, str]:
    """SQL: value of an amount, rows counted, rows among which."""
    among = f"count(*) filter ({figure.among})"
    if figure.value is not None:
        return f"cast(({figure.value}) as double)", "0", among
    if figure.came is not None:
        return "null", f"{figure.base} - count(*) filter ({figure.came})", str(figure.base)
    return "null", f"count(*) filter (({figure.among}) and ({figure.breaks}))", among


def _measured(figure: FigureOf, value: float | None, rows: int, base: int, *, steps: int) -> Measured:
    if not figure.is_share:
        return Measured(figure, value if base else None, 0, base, steps)
    return Measured(figure, rows / base if base else None, rows, base, steps)


def _worded(statement: str, picture: Picture) -> str:
    for word in sorted(picture.words, key=len, reverse=True):
        statement = statement.replace(word, picture.words[word])
    return statement


def _parameters(statement: str, secret: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in secret.items() if f"${name}" in statement}
