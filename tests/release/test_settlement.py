"""Acknowledgements are reconciled line by line with what was released; each line once."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from homes import copy_home
from resigned import lay_record

from creditline.home.files import sha256_of
from creditline.home.proof import NotGenuine
from creditline.home.releases import last_record
from creditline.release import SettlementRefused, settle, settlement
from creditline.release.feed import SECURITY
from creditline.release.settlement import OUTCOMES

AT = datetime(2026, 9, 3, 1)
COLUMNS = (
    "adjustment_id varchar, status varchar, applied_limit_amount decimal(18, 2), acked_at timestamp, reason varchar,"
    " known_at timestamp, batch_id varchar, source_row bigint"
)


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book, whose orders the core has not answered yet and whose last night is not settled."""
    home = copy_home(sample_book.home, tmp_path / "home")
    for night in home.published_dates()[-2:]:
        (home.releases / "settlement" / f"{night}.json").unlink()
    return home


@pytest.fixture
def orders(home):
    """Ids and new limits of what was released, in order."""
    return duckdb.sql(
        f"select adjustment_id, new_limit_minor from read_parquet('{home.releases}/limit_adjustments/*.parquet')"
        " order by adjustment_id"
    ).fetchall()


def answer(home, monkeypatch, name, *acks):
    """Acknowledgements as a gate leaves them: id, status, applied amount, and when they came."""
    file = home.raw / "adjustment_ack" / f"{name}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"create table ack ({COLUMNS})")
        for row, (adjustment_id, status, applied, known_at) in enumerate(acks):
            connection.execute(
                "insert into ack values (?, ?, ?, ?, null, ?, ?, ?)",
                [adjustment_id, status, applied, AT, known_at, name, row],
            )
        connection.execute(f"copy ack to '{file}' (format parquet)")
    monkeypatch.setattr(
        "creditline.release.settlement._unsettled_files", lambda *_: {str(file.relative_to(home.root)): sha256_of(file)}
    )


def settled(home, monkeypatch, *acks):
    """Settle the next night of two; the one before it counts as an earlier one."""
    night = next(
        day for day in home.published_dates()[-2:] if not (home.releases / "settlement" / f"{day}.json").is_file()
    )
    answer(home, monkeypatch, str(night), *acks)
    result = settle(home, night)
    return {outcome: count for outcome, count in result.lines.items() if count}, result.late


def test_every_line_has_one_outcome(home, orders, monkeypatch):
    (one, _), (two, limit), (three, _), (four, _) = orders[:4]
    found, late = settled(
        home,
        monkeypatch,
        (one, "applied", None, AT),
        (two, "applied", limit / 100 + 5, AT),
        (three, "rejected", None, AT),
        ("never released", "applied", 1, AT),
        (four, "rejected", None, AT),
        (four, "rejected", None, AT.replace(hour=2)),
        (one, "rejected", None, AT.replace(hour=0)),
    )
    assert found == {"APPLIED": 1, "PARTIAL": 1, "REJECTED": 2, "UNKNOWN": 1, "DUPLICATE": 1, "CONFLICT": 1}
    assert late == 0


def test_the_first_answer_stands_however_often_the_core_answers(home, orders, monkeypatch):
    (one, limit), (two, _) = orders[:2]
    assert settled(home, monkeypatch, (one, "applied", limit / 100, AT), (two, "rejected", None, AT))[0] == {
        "APPLIED": 1,
        "REJECTED": 1,
    }
    again = ((one, "applied", None, AT), (two, "applied", None, AT))
    assert settled(home, monkeypatch, *again)[0] == {"DUPLICATE": 1, "CONFLICT": 1}


def test_an_answer_past_the_expiry_is_counted_as_late(home, orders, monkeypatch):
    assert settled(home, monkeypatch, (orders[0][0], "applied", None, datetime(2027, 1, 1))) == (
        {"APPLIED": 1},
        1,
    )


def orders_of_days(home, days):
    """Put files of freezes at the newest night's end, one a day given, each with the order that bears its sequence as a name."""
    folder = home.releases / SECURITY
    folder.mkdir(parents=True, exist_ok=True)
    first = 1 + (last_record(home, SECURITY) or {"sequence": 0})["sequence"]
    for sequence, day in enumerate(days, start=first):
        row = (
            f"select {sequence}::bigint as sequence, date '{day}' as business_date, 'order {sequence}' as adjustment_id,"
            " 1::bigint as account_key, 100::bigint as new_limit_minor, timestamp '2030-01-01' as expires_at"
        )
        duckdb.sql(row).write_parquet(str(folder / f"{sequence:06d}.parquet"))
        content = {"sequence": sequence, "business_date": str(day), "through_date": str(day)}
        lay_record(home, folder / f"{sequence:06d}.json", content)
    return first


def test_an_order_is_remembered_for_days_and_not_for_files(home, monkeypatch):
    monkeypatch.setattr(settlement, "_FILES_AT_ONCE", 3)
    night = home.published_dates()[-2]
    kept = night - timedelta(days=home.settings.retention_days)
    first = orders_of_days(home, [kept - timedelta(days=1), kept, *[night] * 7])
    asked = [(f"order {first + number}", "applied", 1, AT) for number in (0, 1, 8)]
    assert settled(home, monkeypatch, *asked)[0] == {"APPLIED": 2, "UNKNOWN": 1}


def test_answers_are_not_compared_with_orders_that_somebody_changed(home, monkeypatch):
    night = home.published_dates()[-2]
    first = orders_of_days(home, [night])
    file = home.releases / SECURITY / f"{first:06d}.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(NotGenuine, match=rf"{first:06d}\.parquet was changed"):
        settled(home, monkeypatch, (f"order {first}", "applied", 1, AT))


def test_no_file_is_opened_once_every_order_is_found(home, monkeypatch):
    monkeypatch.setattr(settlement, "_FILES_AT_ONCE", 3)
    night = home.published_dates()[-2]
    first = orders_of_days(home, [night] * 9)
    (home.releases / SECURITY / f"{first:06d}.parquet").write_text("no parquet")
    assert settled(home, monkeypatch, (f"order {first + 5}", "applied", 1, AT))[0] == {"APPLIED": 1}


def test_a_settlement_that_was_killed_before_its_record_counts_for_nothing(home, orders, monkeypatch):
    one = (orders[0][0], "applied", None, AT)
    with monkeypatch.context() as killed:
        killed.setattr("creditline.release.settlement.send_notices", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            settled(home, killed, one)
    assert list((home.releases / "settlement").glob("*.parquet"))
    assert settled(home, monkeypatch, one)[0] == {"APPLIED": 1}


def test_a_night_that_nobody_settled_is_settled_with_the_next(home):
    before, last = home.published_dates()[-2:]
    settle(home, last)
    assert (home.releases / "settlement" / f"{before}.json").is_file()


def test_a_night_is_settled_once_and_not_before_it_is_published(home):
    night = home.published_dates()[-1]
    first = settle(home, night)
    assert settle(home, night) == first
    assert set(first.lines) == set(OUTCOMES)
    with pytest.raises(SettlementRefused, match="is not published"):
        settle(home, night.replace(year=2030))
