"""Imports a whole extract as the nights of a home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import duckdb
from pydantic import ValidationError

from creditline.errors import CreditlineError, UsageError
from creditline.home import SETTINGS_FILE, Home, create_home, open_home
from creditline.home.database import one_row
from creditline.home.files import make_directory, move_into_place, partial_of
from creditline.landing.contract import MANIFEST_FILE, DeliveredSource, Manifest, contract
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.mapping.definition import TRUTH_FILE, Map
from creditline.mapping.extract import (
    UnexpectedExtract,
    business_dates,
    open_extract,
    run_sql,
    set_variable,
)
from creditline.mapping.local_times import LocalTimes, naive_columns, session_zone, to_instants
from creditline.mapping.numbers import ambiguous_columns
from creditline.mapping.shape import check_shape

# The contract lets a first delivery reach back this many days, including its own day.
_FIRST_REACH = timedelta(days=399)
_DELIVERED_BEFORE_CUT_OFF = timedelta(hours=1)
_ONE_DAY = timedelta(days=1)
_FORMATS = get_args(DeliveredSource.model_fields["format"].annotation)


Progress = Callable[[date, int, int], None]


@dataclass(frozen=True)
class ImportedBook:
    """What an import left in a home.

    `dates` are the nights that were asked for, and `new_dates` those that this call wrote. `rows` counts the delivered
    rows of `dates` by landing source. `local_times` tells how times without a zone in `new_dates` were read. `warnings` name
    columns of the extract whose numbers may be read wrongly, and new nights that will be refused.
    """

    home: Home
    dates: tuple[date, ...]
    new_dates: tuple[date, ...]
    rows: Mapping[str, int]
    local_times: LocalTimes
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Night:
    business_date: date
    sequence: int
    from_date: date  # first day of the events that became known since the delivery before
    coverage_from: date


def import_book(
    home_root: Path,
    map_: Map,
    source: Path,
    *,
    first: date | None = None,
    last: date | None = None,
    max_nights: int | None = None,
    is_demo: bool = False,
    is_trial: bool = False,
    file_format: str = "csv",
    progress: Progress | None = None,
) -> ImportedBook:
    """Land every night of an extract between two dates, in a home that is created for it if needed.

    The same extract gives the same bytes. A night that is landed already is left alone, so a repeated call does no
    harm, and a longer call continues where the last one ended.

    Args:
        source: the file or folder that the map reads.
        first, last: the first and last business date; without them, all of the map's dates.
        max_nights: the largest number of nights, counted from the first.
        is_demo, is_trial: the kind of home; a home that exists must be of that kind.
        file_format: csv, csv.gz or parquet.
        progress: called after every new night with its date, its number and the number of nights.

    Raises:
        UsageError: the bounds leave no night, or a night that cannot follow the nights already landed.
        BrokenMap: an SQL file of the map fails or does not give what the contract asks for.
        UnexpectedExtract: the extract is not what the map expects.
    """
    if file_format not in _FORMATS:
        raise UsageError(f"'{file_format}' is not a format of a landing file; take one of {', '.join(_FORMATS)}")
    home = Home(home_root.resolve())
    zone = _zone_of(home, map_)
    columns: dict[str, None] = {}
    counts: Counter[str] = Counter()
    with open_extract(map_, source, home.landing, zone) as connection:
        warnings = ambiguous_columns(connection, map_.definition)
        available = business_dates(connection, map_, source)
        dates = _between(available, first, last, max_nights)
        nights = _new_nights(map_, available, dates, _landed(home, map_))
        taken = {entry.sha256: day for day in home.landed_dates() for entry in _manifest(home, day).sources}
        for number, night in enumerate(nights, start=1):
            tables = _tables_of(connection, map_, source, night)
            for table in tables:
                naive = naive_columns(connection, table.source, table.relation)
                columns |= dict.fromkeys(f"{table.source}.{name}" for name in naive)
                counts += to_instants(connection, table.source, table.relation, naive, zone)
            # The home is created only now, so that a wrong extract leaves no home behind.
            home = create_home(home.root, map_.home_settings(is_demo=is_demo, is_trial=is_trial))
            _write(connection, home, map_, night, tables, file_format)
            warnings += _repeated(home, night.business_date, taken)
            if progress:
                progress(night.business_date, number, len(nights))
        home = open_home(home.root)
        if map_.has(TRUTH_FILE):
            _write_truth(connection, home, map_, source)
    local_times = LocalTimes(
        zone, map_.definition.time_zone is not None, tuple(columns), counts["twice"], counts["never"]
    )
    new_dates = tuple(night.business_date for night in nights)
    return ImportedBook(home, dates, new_dates, _rows_of(home, dates), local_times, warnings)


def _zone_of(home: Home, map_: Map) -> str:
    """The zone for times without one: the map's own, else that of the home, which exists or will be created."""
    is_there = (home.root / SETTINGS_FILE).is_file()
    return map_.definition.time_zone or (home.settings.time_zone if is_there else map_.definition.home.time_zone)


def _between(available: list[date], first: date | None, last: date | None, max_nights: int | None) -> tuple[date, ...]:
    if max_nights is not None and max_nights < 1:
        raise UsageError(f"{max_nights} is not a number of nights; ask for one or more")
    chosen = [day for day in available if (not first or day >= first) and (not last or day <= last)][:max_nights]
    if not chosen:
        raise UsageError(
            f"there is no night from {first or 'the start'} to {last or 'the end'}: "
            f"the extract's nights are {available[0]} to {available[-1]}"
        )
    return tuple(chosen)


def _landed(home: Home, map_: Map) -> dict[date, int]:
    """The sequence number of every night in the home's landing. All nights must belong to this map's feed."""
    landed = {}
    for day in home.landed_dates():
        manifest = _manifest(home, day)
        if manifest.feed != map_.name:
            raise UsageError(
                f"{home.landing / str(day)} was delivered by feed '{manifest.feed}', not by '{map_.name}'; "
                f"give another --home"
            )
        landed[day] = manifest.sequence
    return landed


def _manifest(home: Home, day: date) -> Manifest:
    path = home.landing / str(day) / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CreditlineError(
            f"{path} is not a manifest of a delivery; take the folder {path.parent} away and import again"
        ) from error


def _new_nights(
    map_: Map, available: list[date], dates: tuple[date, ...], landed: dict[date, int]
) -> tuple[_Night, ...]:
    """The nights still to be landed; their numbers continue those of the landed nights."""
    position = {day: index for index, day in enumerate(available)}
    start = position[dates[0]]
    if landed:
        latest = max(landed)
        if latest not in position:
            raise UsageError(
                f"{latest} is landed in this home, but is not a night of this extract; give another --home"
            )
        start = position[latest] - landed[latest] + 1
        _check_unbroken(available, dates, start, latest)
    coverage_from = max(map_.definition.coverage_from or available[0], available[start] - _FIRST_REACH)
    return tuple(
        _Night(
            business_date=day,
            sequence=position[day] - start + 1,
            from_date=coverage_from if position[day] == start else available[position[day] - 1] + _ONE_DAY,
            coverage_from=coverage_from,
        )
        for day in dates
        if day not in landed
    )


def _check_unbroken(available: list[date], dates: tuple[date, ...], start: int, latest: date) -> None:
    """Nights are numbered without a gap: none may come before the book's first, and none may be left out."""
    if available.index(dates[0]) < start:
        raise UsageError(
            f"this home's book starts with {available[start]}: {dates[0]} cannot be landed before it; "
            f"start there or give another --home"
        )
    following = available[available.index(latest) + 1 :]
    if dates[0] > latest and following[0] != dates[0]:
        raise UsageError(
            f"the night after {latest}, the last one landed, is {following[0]}; start there, not with {dates[0]}"
        )


def _tables_of(connection: duckdb.DuckDBPyConnection, map_: Map, source: Path, night: _Night) -> list[DeliveredTable]:
    set_variable(connection, "business_date", night.business_date)
    set_variable(connection, "from_date", night.from_date)
    tables = []
    for name in map_.sources:
        relation = f"landing_{name}"
        run_sql(connection, map_, f"{name}.sql", source, into=relation)
        check_shape(connection, map_, name, relation)
        if contract()[name].required and not one_row(connection.execute(f"select count(*) from {relation}"))[0]:
            raise UnexpectedExtract(
                f"{source} is not what map '{map_.name}' expects: {map_.directory / name}.sql gives no row "
                f"for {night.business_date}"
            )
        is_full = contract()[name].kind == "full"
        tables.append(DeliveredTable(name, relation, coverage_from=None if is_full else night.coverage_from))
    return tables


def _write(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    map_: Map,
    night: _Night,
    tables: list[DeliveredTable],
    file_format: str,
) -> None:
    cut_off_at = home.cut_off_at(night.business_date)
    try:
        with session_zone(connection, "UTC"):
            write_delivery(
                connection,
                home.landing,
                feed=map_.name,
                business_date=night.business_date,
                sequence=night.sequence,
                delivered_at=cut_off_at - _DELIVERED_BEFORE_CUT_OFF,
                cutoff_at=cut_off_at,
                tables=tables,
                file_format=file_format,
            )
    except duckdb.Error as error:
        # Parquet gets its types when it is written, so a text that is no amount or date fails here.
        raise UnexpectedExtract(
            f"map '{map_.name}', {night.business_date}: {str(error).splitlines()[0]}; "
            f"land it as csv to see such rows quarantined"
        ) from error


def _repeated(home: Home, business_date: date, taken: dict[str, date]) -> tuple[str, ...]:
    """A warning for every file of a landed night that is that of another one, which its night will refuse; notes the others.

    Args:
        taken: the nights of the files that are landed, by sha256.
    """
    warnings = []
    for entry in _manifest(home, business_date).sources:
        earlier = taken.setdefault(entry.sha256, business_date)
        if earlier != business_date and entry.rows and not contract()[entry.source].may_repeat:
            warnings.append(
                f"{business_date}: {entry.source} is byte for byte that of {earlier}, and no night takes a file twice: the extract"
                f" is a stale copy, or {entry.source}.sql does not read the business date; if nothing changed in truth, leave"
                f" {business_date} out of the business dates"
            )
    return tuple(warnings)


def _write_truth(connection: duckdb.DuckDBPyConnection, home: Home, map_: Map, source: Path) -> None:
    """Write outcomes for evaluation beside the nights, in a folder that acceptance does not read."""
    target = home.landing / "truth" / f"{map_.name}.parquet"
    make_directory(target.parent)
    staged = partial_of(target)
    run_sql(connection, map_, TRUTH_FILE, source, into="truth")
    connection.table("truth").order("all").write_parquet(str(staged), compression="zstd")
    move_into_place(staged, target)


def _rows_of(home: Home, dates: tuple[date, ...]) -> Mapping[str, int]:
    rows: Counter[str] = Counter()
    for day in dates:
        for entry in _manifest(home, day).sources:
            rows[entry.source] += entry.rows
    return MappingProxyType(dict(rows))
