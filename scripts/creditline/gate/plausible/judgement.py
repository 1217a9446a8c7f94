"""Tonight's figures beside their bounds: laid in one table that Great Expectations judges, and read again for the verdict."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

import duckdb

from creditline.gate.identity import identity
from creditline.gate.keyed_hash import pads
from creditline.gate.plausible.definition import Family
from creditline.gate.plausible.measure import Measured, examples, measure
from creditline.gate.plausible.pictures import LEDGER, lay_pictures
from creditline.gate.plausible.usual import Bounds, bounds_of, usual_figures
from creditline.home import Home
from creditline.home.files import Json
from creditline.landing.accept import Acceptance
from creditline.store.record import DeliveryRecord

FIGURE_TABLE = "figure"
_COLUMNS = {
    "relation": "varchar",
    "figure": "varchar",
    "family": "varchar",
    "column_name": "varchar",
    "value": "double",
    "row_count": "bigint",
    "among_count": "bigint",
    "usual": "double",
    "night_count": "bigint",
    "lowest": "double",
    "highest": "double",
    "is_outside": "boolean",
    "on_fail": "varchar",
    "why": "varchar",
}
_COLUMN_NAMES = tuple(_COLUMNS)
ADVICE: dict[Family, str] = {
    "who": "see whose rows these are; if the change is real, let two people accept it (creditline gate accept) or send"
    " the ids in id_change",
    "movement": "compare the file with its source system; if the change is real, let two people accept it (creditline gate accept)",
    "amount": "compare the totals with the source system; if the change is real, let two people accept it (creditline gate accept)",
    "tonight": "deliver the file of this business date",
    "ledger": "compare the snapshot with the ledger of the same day",
}


@dataclass(frozen=True)
class Finding:
    """A figure outside its bounds. `on_fail` is distrust, refuse or column; `column` is the column that it is about."""

    relation: str
    figure: str
    family: str
    column: str | None
    on_fail: str
    why: str


def lay_figures(
    home: Home, connection: duckdb.DuckDBPyConnection, acceptance: Acceptance, records: list[DeliveryRecord]
) -> dict[str, list[Measured]]:
    """Create the table `figure`: one row a file and figure. Returns the figures by relation.

    Raises:
        IdentityBusy, IdentityChanged: the identity store cannot be read.
        FiguresRefused: expectations/figures/figures.yml cannot be used.
    """
    described = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"create or replace table {FIGURE_TABLE} ({described})")
    earlier = [record for record in records if record.business_date < acceptance.business_date]
    secret = pads(home.pseudonym_secret())
    history = usual_figures(home, acceptance.business_date)
    found: dict[str, list[Measured]] = {}
    is_ledger_true = True
    # before the first delivery nobody is known, and a store of keys is only begun by a delivery that is taken in
    with identity(connection, home) if earlier else nullcontext():
        pictures = lay_pictures(home, connection, acceptance, earlier)
        # the ledger first: one that cannot be true says nothing of the snapshot
        for entry in sorted(acceptance.sources, key=lambda entry: entry.source != LEDGER):
            # a correction speaks of an earlier night, so it has no night before it to be compared with
            if entry.refusal or entry.corrects_business_date:
                continue
            picture = pictures[entry.relation]
            if not is_ledger_true:
                picture = replace(picture, has=picture.has - {"ledger_gap"})
            found[entry.relation] = measure(connection, entry, picture, secret)
            rows = []
            for figure in found[entry.relation]:
                bounds = bounds_of(figure, history.get(entry.source, {}))
                is_outside = _is_outside(figure, bounds)
                places = examples(connection, entry, picture, figure, secret) if is_outside else ()
                rows.append(_row(entry.relation, figure, bounds, is_outside, _why(figure, bounds, places)))
            if entry.source == LEDGER:
                is_ledger_true = not any(row[_COLUMN_NAMES.index("is_outside")] for row in rows)
            if rows:
                marks = ", ".join("?" for _ in _COLUMNS)
                connection.executemany(f"insert into {FIGURE_TABLE} values ({marks})", rows)
    return found


def read_figures(connection: duckdb.DuckDBPyConnection) -> list[Json]:
    """Every figure of the table with its bounds, as plain JSON values."""
    rows = connection.execute(f"select {', '.join(_COLUMNS)} from {FIGURE_TABLE} order by rowid").fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


def read_findings(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Every figure of the table that lies outside its bounds."""
    rows = connection.execute(
        f"select relation, figure, family, column_name, on_fail, why from {FIGURE_TABLE} where is_outside order by rowid"
    ).fetchall()
    return [Finding(*row) for row in rows]


def _row(
    relation: str, measured: Measured, bounds: Bounds, is_outside: bool, why: str
) -> tuple[str | float | int | bool | None, ...]:
    figure = measured.of.figure
    return (
        relation,
        measured.of.name,
        figure.family,
        measured.of.column,
        measured.value,
        measured.rows,
        measured.base,
        bounds.usual,
        bounds.nights,
        bounds.lowest,
        bounds.highest,
        is_outside,
        figure.on_fail,
        why if is_outside else None,
    )


def _is_outside(measured: Measured, bounds: Bounds) -> bool:
    figure, value = measured.of.figure, measured.value
    if value is None or measured.base < figure.least_base:
        return False
    is_low = bounds.lowest is not None and value < bounds.lowest
    is_high = bounds.highest is not None and value > bounds.highest
    return is_low or (is_high and (not measured.of.is_share or measured.rows >= figure.least_rows))


def _why(measured: Measured, bounds: Bounds, places: tuple[int, ...]) -> str:
    """The figure, the usual figure, ten rows, and what to do."""
    figure, value = measured.of.figure, measured.value
    if value is None:
        return ""
    is_low = bounds.lowest is not None and value < bounds.lowest
    bound = bounds.lowest if is_low else bounds.highest
    told = _told(measured, value)
    if measured.of.is_share:
        told = f"{measured.rows} of {measured.base} rows ({told})"
    usual = f"usual {_told(measured, bounds.usual)} in {bounds.nights} nights, " if bounds.usual is not None else ""
    limit = f"at {'least' if is_low else 'most'} {_told(measured, bound or 0)}"
    rows = f"; rows {', '.join(map(str, places))}" if places else ""
    return f"{measured.of.says}: {told}, {usual}{limit}{rows}; {figure.advice or ADVICE[figure.family]}"


def _told(measured: Measured, value: float) -> str:
    return f"{value:.1%}" if measured.of.is_share else f"{value:,.2f}"
