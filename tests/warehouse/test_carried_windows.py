"""Carried state equals full recomputation on every night of a hostile book, and a night opens only what it needs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hostile_nights import FIRST
from night_chain import run_chain

from creditline.home import Home, HomeSettings, create_home
from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.store.inputs import InputFile, Relation, lay
from creditline.store.record import DeliveryRecord, SourceRecord
from creditline.warehouse.sources import NightParameters, longest_window, raw_relations
from creditline.warehouse.state import StateTable, has_carried_features, state_relations, state_tables


@pytest.mark.slow
def test_carried_windows_equal_recomputed_ones(tmp_path: Path) -> None:
    outcome = run_chain(tmp_path, seed=5, customers=25, nights=15, pace="irregular", reference_every=7)

    assert outcome.differences == []
    assert (outcome.nights, outcome.referenced_nights) == (15, 2)
    assert outcome.values > 10_000
    assert outcome.seconds[False] and outcome.seconds[True], "the book tries only one kind of night"


NIGHT = FIRST + timedelta(days=200)
BEFORE = NIGHT - timedelta(days=1)


Delivered = tuple[Home, dict[str, DeliveryRecord], list[DeliveryRecord]]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A home with one raw row a source and day for 200 days, and other deliveries of the last night by name."""
    home = create_home(tmp_path_factory.mktemp("reach"), HomeSettings(name="reach", is_demo=True))
    with duckdb.connect() as connection:
        records = []
        for back in range(200, -1, -1):
            day = NIGHT - timedelta(days=back)
            records.append(_record(day, [_file(connection, home, source, day, day) for source in READ]))
        others = {
            "late": _file(connection, home, "account_snapshot", NIGHT, NIGHT - timedelta(days=50)),
            "corrected": _file(connection, home, "account_snapshot", NIGHT, NIGHT, name="again"),
            "backdated": _file(connection, home, "case_event", NIGHT, NIGHT, name="backdated", pause_from=BEFORE),
            "from tonight": _file(connection, home, "case_event", NIGHT, NIGHT, name="paused", pause_from=NIGHT),
        }
    return home, {name: _record(NIGHT, [*records[-1].sources, file]) for name, file in others.items()}, records


# What features read.
READ = (
    "account_snapshot", "loan_application", "instalment", "cash_flow", "session", "bureau_score", "related_product",
    "profile_change", "case_event",
)  # fmt: skip


def _record(day: date, files: list[SourceRecord]) -> DeliveryRecord:
    return DeliveryRecord("core", (day - FIRST).days, day, "", "", "", tuple(files))


def _file(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    source: str,
    delivery: date,
    night: date,
    *,
    name: str | None = None,
    pause_from: date | None = None,
) -> SourceRecord:
    columns = raw_columns(contract()[source])
    batch = f"core-{(delivery - FIRST).days:06d}"
    values = dict.fromkeys(columns, "null") | {"business_date": f"date '{night}'", "batch_id": f"'{batch}'"}
    if pause_from:
        values |= {"kind": "'hardship_pause'", "from_date": f"date '{pause_from}'"}
    target = home.raw / source / f"business_date={night}" / f"{name or batch}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    row = ", ".join(f"cast({values[name]} as {kind}) as {name}" for name, kind in columns.items())
    connection.execute(f"copy (select {row}) to '{target}' (format parquet)")
    return SourceRecord(
        source, target.name, "", "pass", (), 0, 0, 0, {}, {}, {}, None, night if name or night != delivery else None,
        str(target.relative_to(home.root)), "",
    )  # fmt: skip


def _laid(delivered: Delivered, tonight: str | None = None, *, is_carried: bool = True) -> dict[str, list[date]]:
    """Business dates of the rows that lie in each raw relation of the last night."""
    home, others, records = delivered
    records = [*records[:-1], others[tonight] if tonight else records[-1]]
    night = NightParameters(NIGHT, home.cut_off_at(NIGHT), BEFORE, False, "reach")
    state = [
        Relation(f"state.{table.name}", table.columns, (_empty(home, table),) if is_carried else ())
        for table in state_tables()
    ]
    with duckdb.connect() as connection:
        lay(connection, raw_relations(home, records, night, state))
        names = [*READ, "cash_flow_known", "account_snapshot_leaving", "account_snapshot_history"]
        return {
            name: [row[0] for row in connection.execute(f"select business_date from raw.{name} order by 1").fetchall()]
            for name in names
        }


def _empty(home: Home, table: StateTable) -> InputFile:
    """Carried rows: none."""
    file = home.state / f"{table.name}.parquet"
    file.parent.mkdir(exist_ok=True)
    row = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in table.columns.items())
    duckdb.execute(f"copy (select {row} where false) to '{file}' (format parquet)")
    return InputFile(file, "")


def test_an_ordinary_night_opens_what_is_new_what_leaves_and_the_windows_of_events(delivered: Delivered) -> None:
    laid = _laid(delivered)

    def ago(*days: int) -> list[date]:
        return sorted(NIGHT - timedelta(days=back) for back in days)

    assert laid["account_snapshot"] == laid["instalment"] == laid["bureau_score"] == laid["case_event"] == ago(0)
    assert laid["account_snapshot_leaving"] == ago(30, 120)
    assert laid["account_snapshot_history"] == []
    assert laid["related_product"] == ago(0, 30)
    assert laid["cash_flow"] == ago(0)
    assert laid["cash_flow_known"] == ago(*range(1, longest_window("cash_flow") + 2))
    for source in ("loan_application", "profile_change"):
        assert laid[source] == ago(*range(longest_window(source) + 2)), (
            f"{source}: the day that leaves tonight is read too"
        )
    assert laid["session"] == ago(*range(9)), "devices of the time before the last night's week are carried"


def test_a_late_snapshot_lays_history(delivered: Delivered) -> None:
    laid = _laid(delivered, "late")
    assert len(laid["account_snapshot_history"]) == 202


def test_a_correction_of_tonight_lays_no_history(delivered: Delivered) -> None:
    laid = _laid(delivered, "corrected")
    assert laid["account_snapshot_history"] == []
    assert laid["account_snapshot"] == [NIGHT, NIGHT]


@pytest.mark.parametrize(("tonight", "is_laid"), [("backdated", True), ("from tonight", False)])
def test_a_pause_lays_history_only_where_it_began_before_tonight(
    delivered: Delivered, tonight: str, is_laid: bool
) -> None:
    laid = _laid(delivered, tonight)
    assert bool(laid["account_snapshot_history"]) is is_laid


def test_without_carried_state_a_night_starts_from_raw(delivered: Delivered) -> None:
    laid = _laid(delivered, is_carried=False)
    assert len(laid["account_snapshot_history"]) == len(laid["instalment"]) == len(laid["case_event"]) == 201
    assert len(laid["related_product"]) == longest_window("related_product")
    assert len(laid["cash_flow"]) == longest_window("cash_flow") + 2
    assert laid["account_snapshot_leaving"] == laid["cash_flow_known"] == []
    assert len(laid["session"]) == 201


def test_state_of_an_earlier_release_is_laid_as_far_as_it_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = create_home(tmp_path, HomeSettings(name="state", is_demo=True))
    published = {f"{table.name}.parquet": "" for table in state_tables()}
    monkeypatch.setattr("creditline.warehouse.state.read_manifest", lambda home, night: {"state": published})
    assert has_carried_features(state_relations(home, BEFORE, NIGHT))

    del published["account_window.parquet"]
    state = state_relations(home, BEFORE, NIGHT)
    assert not has_carried_features(state)
    assert not has_carried_features(state_relations(home, None, NIGHT))
    assert [relation.name for relation in state if not relation.files] == ["state.account_window"]

    # what earlier releases did not carry begins where there is none
    del published["parallel_case.parquet"]
    del published["cut.parquet"]
    state = state_relations(home, BEFORE, NIGHT)
    assert [relation.name for relation in state if not relation.files] == [
        "state.cut",
        "state.parallel_case",
        "state.account_window",
    ]

    del published["account.parquet"]
    with pytest.raises(KeyError):
        state_relations(home, BEFORE, NIGHT)
