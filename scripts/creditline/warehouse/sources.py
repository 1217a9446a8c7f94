"""What dbt reads: the night's parameters as rows, raw Parquet files, and earlier releases.

All of it is first described (store/inputs.py) and then lies in the temporary warehouse under fixed names, so that the
compiled SQL is the same every night.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

from creditline.gate.acceptance import read_acceptances
from creditline.home import Home
from creditline.home.database import connect_within, one_row
from creditline.home.files import Json
from creditline.home.publications import last_valid, void_dates
from creditline.home.releases import is_of_watch, orders_file, read_record, records_since
from creditline.landing.contract import Source, contract
from creditline.landing.rawtypes import raw_columns
from creditline.policy.calendar import Timetable
from creditline.project import PROJECT_DIR
from creditline.store.inputs import InputFile, Relation, lay, read_inputs
from creditline.store.record import DeliveryRecord, SourceRecord
from creditline.warehouse.state import has_carried_features

# The longest time for which rows of a source that no feature reads can matter; first deliveries reach back as far.
OTHER_REACH_DAYS = 400
# These events count in windows by their own day, and no event happens later than the day after its delivery's date.
WINDOWED_EVENTS = ("loan_application", "cash_flow", "session", "profile_change")
# Versions that can still matter are carried over, so a night opens only new files and, for nightly pictures, old files
# that leave a window.
CARRIED = ("instalment", "bureau_score", "related_product", "case_event", "adjustment_ack", "id_change")
_SECURITY_ORDERS = "release.security_order"
_SECURITY_FEED = "security_orders"
# The relations that can change somebody's history.
_TOUCHING = ("raw.case_event", "state.case_event", "raw.id_change", "state.id_change")


@dataclass(frozen=True)
class NightParameters:
    """The one row of `run.night`."""

    business_date: date
    cut_off_at: datetime
    previous_business_date: date | None
    is_void: bool
    home_name: str
    is_between_nights: bool = False


@dataclass(frozen=True)
class NightSource:
    """One row of `run.night_source`: what tonight may believe of one source."""

    source: str
    is_expected: bool
    verdict: str
    is_missing: bool
    is_distrusted: bool
    coverage_from_date: date | None


def night_sources(
    home: Home, records: list[DeliveryRecord], business_date: date, timetable: Timetable
) -> list[NightSource]:
    """The verdict and coverage of every source of the contract on one night, from all deliveries up to that night."""
    known = [record for record in records if record.business_date <= business_date]
    return [_night_source(home, source, known, business_date, timetable) for source in contract()]


def has_void_snapshot(sources: list[NightSource]) -> bool:
    """Whether a night is void because its account snapshot, the one required source, cannot be trusted."""
    return any(row.is_distrusted for row in sources if contract()[row.source].required)


def _night_source(
    home: Home, source: str, records: list[DeliveryRecord], business_date: date, timetable: Timetable
) -> NightSource:
    deliveries = _deliveries_of(source, records)
    tonight = [
        _verdict(record, entry, timetable) for record, entry in deliveries if record.business_date == business_date
    ]
    if tonight and contract()[source].gap_lasts and _gaps(home, source, records, business_date):
        tonight.append("gap")
    is_expected = source in home.settings.expected_sources
    is_missing = not is_expected and not (tonight if contract()[source].occasional else deliveries)
    verdict = _worst(tonight) if tonight else "missing"
    return NightSource(
        source=source,
        is_expected=is_expected,
        verdict=verdict,
        is_missing=is_missing,
        is_distrusted=not is_missing and verdict != "pass",
        coverage_from_date=_coverage_from(deliveries),
    )


def _deliveries_of(source: str, records: list[DeliveryRecord]) -> list[tuple[DeliveryRecord, SourceRecord]]:
    return [
        (record, entry)
        for record in records
        for entry in record.sources
        if entry.source == source and entry.corrects_business_date is None
    ]


def _coverage_from(deliveries: list[tuple[DeliveryRecord, SourceRecord]]) -> date | None:
    accepted = [(record.business_date, entry) for record, entry in deliveries if entry.verdict != "refuse"]
    return min((entry.coverage_from or day for day, entry in accepted), default=None)


def _verdict(record: DeliveryRecord, entry: SourceRecord, timetable: Timetable) -> str:
    """The gate's verdict; if a source passed but came late or during its maintenance, the verdict says that instead."""
    if entry.verdict != "pass":
        return entry.verdict
    if entry.source in timetable.in_maintenance:
        return "maintenance"
    delivered_at = record.instant
    return "late" if timetable.is_late(entry.source, delivered_at) else "pass"


def _worst(verdicts: list[str]) -> str:
    return max(verdicts, key=["pass", "gap", "late", "maintenance", "distrust", "refuse"].index)


def _gaps(home: Home, source: str, records: list[DeliveryRecord], business_date: date) -> list[date]:
    """Earlier nights whose file of a source was refused and whose rows have not come since.

    They come in a correction of that night, or in a later file whose coverage reaches back to it; or two people accept the
    refused file, and so that its rows do not come.
    """
    entries = [
        (record.business_date, entry) for record in records for entry in record.sources if entry.source == source
    ]
    taken_in = [entry for _, entry in entries if entry.verdict != "refuse"]
    corrected = {entry.corrects_business_date for entry in taken_in}
    accepted = read_acceptances(home)
    return [
        night
        for night, entry in entries
        if entry.verdict == "refuse"
        and entry.corrects_business_date is None
        and business_date - timedelta(days=OTHER_REACH_DAYS) <= night < business_date
        and night not in corrected
        and (night, source, entry.file_sha256) not in accepted
        and not any(
            day > night and later.coverage_from and later.coverage_from <= night
            for day, later in entries
            if later in taken_in
        )
    ]


def run_relations(night: NightParameters, sources: list[NightSource]) -> list[Relation]:
    """`run.night` and `run.night_source`."""
    is_first = night.previous_business_date is None
    return [
        Relation(
            "run.night",
            {
                "business_date": "date",
                "cut_off_at": "timestamp",
                "previous_business_date": "date",
                "is_first_night": "boolean",
                "is_void": "boolean",
                "home_name": "varchar",
                "is_between_nights": "boolean",
            },
            rows=(
                (
                    night.business_date,
                    night.cut_off_at,
                    night.previous_business_date,
                    is_first,
                    night.is_void,
                    night.home_name,
                    night.is_between_nights,
                ),
            ),
        ),
        Relation(
            "run.night_source",
            {
                "source": "varchar",
                "is_expected": "boolean",
                "verdict": "varchar",
                "is_missing": "boolean",
                "is_distrusted": "boolean",
                "coverage_from_date": "date",
            },
            rows=tuple(
                (row.source, row.is_expected, row.verdict, row.is_missing, row.is_distrusted, row.coverage_from_date)
                for row in sources
            ),
        ),
    ]


def sources_now(
    home: Home, recorded: Relation, records: list[DeliveryRecord], business_date: date, *, is_void: bool
) -> Relation:
    """`run.night_source` of a past night, after deliveries were declared void: what it may believe without their rows.

    Args:
        recorded: the relation as the night first knew it.
        records: the deliveries that count.
        is_void: nothing that the night's own delivery brought counts.
    """
    known = [record for record in records if record.business_date <= business_date]
    rows = []
    for said in recorded.rows:
        row: Json = dict(zip(recorded.columns, said, strict=True))
        deliveries = _deliveries_of(row["source"], known)
        is_told = row["verdict"] != "missing"
        is_missing = row["is_missing"] or (not row["is_expected"] and not is_told and not deliveries)
        changed = {
            "verdict": "distrust" if is_void and is_told else row["verdict"],
            "is_missing": is_missing,
            "is_distrusted": not is_missing and (row["is_distrusted"] or (is_void and is_told)),
            "coverage_from_date": _coverage_from(deliveries),
        }
        rows.append(tuple((row | changed).values()))
    return replace(recorded, rows=tuple(rows))


def raw_relations(
    home: Home, records: list[DeliveryRecord], night: NightParameters, state: list[Relation]
) -> list[Relation]:
    """Relations in schema `raw` over the Parquet files that tonight may need, and in `run` the list of new deliveries.

    A raw file without a delivery record was left behind by a killed gate, so it does not count as accepted.

    Args:
        state: what the night before carried over (`state_relations`).
    """
    is_carried = has_carried_features(state)
    void = _void_dates(home, night)
    files = [
        file
        for file in _raw_files(home, records)
        if file.delivered_date <= night.business_date and not (contract()[file.source].required and file.night in void)
    ]
    raw = [
        _raw_relation(source.name, source, [f for f in files if _is_needed(f, source.name, night, is_carried)])
        for source in contract().values()
    ]
    known_flows = [
        file for file in files if _is_known_flow(file, night, is_carried) and _is_in_window(file, night, is_carried)
    ]
    snapshots = [file for file in files if file.source == "account_snapshot"]
    leaving = [file for file in snapshots if is_carried and _leaves(file, night, (30, 120))]
    history = []
    if not is_carried or _touches_history(home, snapshots, [*raw, *state], night):
        earliest = night.business_date - timedelta(days=longest_window("account_snapshot"))
        history = [file for file in snapshots if file.night > earliest]
    snapshot = contract()["account_snapshot"]
    return [
        *raw,
        _raw_relation("cash_flow_known", contract()["cash_flow"], known_flows),
        _raw_relation("account_snapshot_trusted", snapshot, _trusted_snapshot(snapshots, night)),
        _raw_relation("account_snapshot_leaving", snapshot, leaving),
        _raw_relation("account_snapshot_history", snapshot, history),
        Relation(
            "run.new_batch", {"batch_id": "varchar"}, rows=tuple((batch,) for batch in _new_batches(records, night))
        ),
        Relation(
            "run.distrusted_column",
            {"source": "varchar", "column_name": "varchar"},
            rows=tuple(
                (file.source, column)
                for file in files
                if _is_own(file, night.business_date)
                for column in file.distrusted
            ),
        ),
        Relation("run.carried_state", {"is_complete": "boolean"}, rows=((is_carried,),)),
    ]


def _is_own(file: _RawFile, night: date) -> bool:
    """Whether the file is the night's own and no correction."""
    return file.delivered_date == file.night == night


def _trusted_snapshot(snapshots: list[_RawFile], night: NightParameters) -> list[_RawFile]:
    """The snapshot of the last night that trusted the columns that are distrusted tonight; none if all are trusted."""
    distrusted = {column for file in snapshots if _is_own(file, night.business_date) for column in file.distrusted}
    earlier = [
        file
        for file in snapshots
        if file.delivered_date == file.night < night.business_date and not distrusted.intersection(file.distrusted)
    ]
    return [max(earlier, key=lambda file: file.night)] if distrusted and earlier else []


def _void_dates(home: Home, night: NightParameters) -> frozenset[date]:
    """Earlier nights that were void. The snapshots of these nights are no evidence for later nights."""
    return void_dates(home, night.business_date - timedelta(days=OTHER_REACH_DAYS), night.business_date)


def _raw_relation(name: str, source: Source, files: list[_RawFile]) -> Relation:
    inputs = sorted((file.input for file in files), key=lambda file: file.path)
    return Relation(f"raw.{name}", raw_columns(source), tuple(inputs))


def _new_batches(records: list[DeliveryRecord], night: NightParameters) -> list[str]:
    """The deliveries that came after the night before."""
    return [
        f"{record.feed}-{record.sequence:06d}"
        for record in records
        if _is_new(record.business_date, night) and record.business_date <= night.business_date
    ]


def _is_new(delivered_date: date, night: NightParameters) -> bool:
    return night.previous_business_date is None or delivered_date > night.previous_business_date


@dataclass(frozen=True)
class _RawFile:
    """One raw file, the night that delivered it, and the night that it is about, which differs for a correction."""

    source: str
    input: InputFile
    delivered_date: date
    night: date
    distrusted: tuple[str, ...] = ()


def _raw_files(home: Home, records: list[DeliveryRecord]) -> list[_RawFile]:
    return [
        _RawFile(
            entry.source,
            InputFile(home.root / entry.raw_file, entry.raw_sha256),
            record.business_date,
            entry.corrects_business_date or record.business_date,
            entry.distrusted_columns,
        )
        for record in records
        for entry in record.sources
        if entry.raw_file and entry.raw_sha256 is not None
    ]


def _is_needed(file: _RawFile, source: str, night: NightParameters, is_carried: bool) -> bool:
    """Whether the file belongs to tonight's relation of the source."""
    if file.source != source:
        return False
    tonight, previous = night.business_date, night.previous_business_date
    is_new = _is_new(file.delivered_date, night)
    if file.source == "account_snapshot":
        return file.night == tonight if previous is None else previous < file.night <= tonight
    if file.source in WINDOWED_EVENTS:
        return _is_in_window(file, night, is_carried) and not _is_known_flow(file, night, is_carried)
    if file.source == "related_product":
        is_old = file.night > tonight - timedelta(days=longest_window(file.source))
        return is_new or (_leaves(file, night, (30,)) if is_carried else is_old)
    if file.source in CARRIED:
        return is_new or not is_carried
    return file.night >= tonight - timedelta(days=OTHER_REACH_DAYS)


def _is_known_flow(file: _RawFile, night: NightParameters, is_carried: bool) -> bool:
    """Whether the carried sums contain the file's cash flows. Some may leave a window tonight or be corrected."""
    return is_carried and file.source == "cash_flow" and not _is_new(file.delivered_date, night)


def _is_in_window(file: _RawFile, night: NightParameters, is_carried: bool) -> bool:
    return file.delivered_date >= _first_event_date(file.source, night, is_carried)


def _first_event_date(source: str, night: NightParameters, is_carried: bool) -> date:
    """The first day whose events a window needs: tonight's window, or the previous one, from which days now leave.

    Suspicious events count since the night before. To know whether a device was new then, the week before that night
    is needed, too. The carried devices cover the time before that week. If no devices were carried, sessions are read
    as far back as devices are remembered.
    """
    previous = night.previous_business_date or night.business_date
    week = timedelta(days=feature_windows()["f33_new_devices_7d"])
    if source == "session" and is_carried:
        return previous - week
    first = previous - max(timedelta(days=longest_window(source)), week)
    if source == "session":
        first -= timedelta(days=_feature_parameter("device_memory_days"))
    return first


def _leaves(file: _RawFile, night: NightParameters, windows: tuple[int, ...]) -> bool:
    """Whether the file's night was within a window of so many days on the night before, and no longer is tonight."""
    previous = night.previous_business_date
    return (
        previous is not None
        and file.night <= previous
        and any(
            previous - timedelta(days=days) < file.night <= night.business_date - timedelta(days=days)
            for days in windows
        )
    )


def _touches_history(home: Home, snapshots: list[_RawFile], inputs: list[Relation], night: NightParameters) -> bool:
    """Whether windows of some customers must be recomputed: because of a late snapshot, of a hardship pause that began
    earlier, or of customers who are merged or split."""
    previous = night.previous_business_date
    if previous and any(_is_new(file.delivered_date, night) and file.night <= previous for file in snapshots):
        return True
    with connect_within(home) as connection:
        lay(connection, [relation for relation in inputs if relation.name in _TOUCHING])
        touched = one_row(
            connection.execute(
                "select count(*) > 0 from raw.case_event as delivered"
                " left join state.case_event as carried on delivered.event_token = carried.event_token"
                " where delivered.kind = 'hardship_pause'"
                " and least(coalesce(delivered.from_date, delivered.local_date),"
                " coalesce(carried.from_date, carried.local_date)) <= $night"
                " union all select count(*) > 0 from (from raw.id_change union all from state.id_change)"
                " where subject = 'customer' and kind <> 'renumber' and effective_date <= $tonight order by 1 desc",
                {"night": previous, "tonight": night.business_date},
            )
        )
        return bool(touched[0])


@cache
def feature_windows() -> dict[str, int]:
    """The window of every feature in days (seeds/feature.csv)."""
    return {row["feature"]: int(row["window_days"]) for row in _seed("feature")}


@cache
def longest_window(source: str) -> int:
    """The longest window of a source's features in days. Older rows cannot matter."""
    return max(int(row["window_days"]) for row in _seed("feature") if row["source"] == source)


def _feature_parameter(name: str) -> int:
    return next(int(row["value"]) for row in _seed("feature_parameter") if row["name"] == name)


def _seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_DIR / "seeds" / f"{name}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def released_relation(home: Home, business_date: date, state: list[Relation]) -> Relation:
    """`release.adjustment`: the orders that earlier nights released and that the night before did not know yet.

    Args:
        state: what the night before carried over. An order up to its last known sequence is in it or closed.
    """
    known = _last_known_sequence(home, state)
    # The record is written last, so orders without a record never left.
    records = [
        (path, read_record(home, path))
        for path in sorted((home.releases / "limit_adjustments").glob("*.json"))
        if int(path.stem) > known
    ]
    files = tuple(
        InputFile(path.with_suffix(".parquet"), record["orders_sha256"])
        for path, record in records
        if date.fromisoformat(record["business_date"]) < business_date
    )
    return Relation("release.adjustment", RELEASED_COLUMNS, files)


def _last_known_sequence(home: Home, state: list[Relation]) -> int:
    with connect_within(home) as connection:
        lay(connection, [relation for relation in state if relation.name == "state.released_order"])
        return int(one_row(connection.execute("select coalesce(max(sequence), 0) from state.released_order"))[0])


def standing_relation(files: tuple[InputFile, ...] = ()) -> Relation:
    """`release.standing_decision`: if a night is restated, what it decided when it was first published; else empty.

    Args:
        files: the decisions of the night's first publication.
    """
    return Relation(
        "release.standing_decision",
        {
            "account_key": "bigint",
            "recommended_limit_amount": "decimal(18, 2)",
            "action": "varchar",
            "display_state": "varchar",
            **{f"reason_code_{rank}": "varchar" for rank in range(1, 5)},
            "decision_sha256": "varchar",
        },
        files,
    )


RELEASED_COLUMNS = {
    "sequence": "bigint",
    "business_date": "date",
    "adjustment_id": "varchar",
    "account_key": "bigint",
    "action": "varchar",
    "old_limit_minor": "bigint",
    "new_limit_minor": "bigint",
    "expires_at": "timestamp",
}


def security_relation(home: Home, previous: date | None, last: date | None = None) -> Relation:
    """`release.security_order`: the freezes and restores that left since the night before was decided.

    These are that night's own orders, those of nights after it that were declared void, and those of watches on later days.
    Their sequence tells who is frozen now. Orders of the night before that one are included if they left late.

    Args:
        previous: the valid night from whose state tonight continues; without one, no orders left before.
        last: the last day whose watches count; without one, all of them count.
    """
    late, left = [], []
    if previous:
        records = security_records(home, previous)
        left = [record for record in records if _goes_on_from(record, previous, last)]
        late = late_records(home, previous, records)
    files = (
        InputFile(orders_file(home, _SECURITY_FEED, record["sequence"]), record["orders_sha256"])
        for record in [*late, *left]
    )
    return Relation(_SECURITY_ORDERS, SECURITY_COLUMNS, tuple(files))


def security_records(home: Home, night: date) -> list[Json]:
    """Records of freezes and restores of a published night, of the valid night before it, and of later days."""
    return records_since(home, _SECURITY_FEED, last_valid(home, night) or night)


def late_records(home: Home, night: date, records: list[Json]) -> list[Json]:
    """Those of `security_records` that belong to the valid night before a published night and that the published night
    did not read: their slice was taken out of a pause, so they left, while the published night was being built."""
    before = last_valid(home, night)
    own = [record for record in records if before and not is_of_watch(record) and _goes_on_from(record, before, night)]
    if not own:
        return []
    read = {
        file.path.name
        for relation in read_inputs(home, night)
        if relation.name == _SECURITY_ORDERS
        for file in relation.files
    }
    return [record for record in own if orders_file(home, _SECURITY_FEED, record["sequence"]).name not in read]


def _goes_on_from(record: Json, previous: date, last: date | None) -> bool:
    day = date.fromisoformat(record["business_date"])
    if is_of_watch(record):
        return day > previous and (last is None or day <= last)
    # a later night that ordered and is no valid one was declared void after its orders had left; a night of an earlier
    # release carried less state, and no watch preceded it
    return previous <= day and (last is None or day < last) and bool(record.get("keeps_freezes", False))


SECURITY_COLUMNS = RELEASED_COLUMNS | {
    "customer_key": "bigint",
    "pack": "varchar",
    "watched_at": "timestamp",
    "movement": "varchar",
    "frozen_since_date": "date",
    "frozen_at": "timestamp",
    "frozen_until_at": "timestamp",
    "extension_count": "bigint",
    "reason_code": "varchar",
}
