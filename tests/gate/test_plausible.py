"""Files that are whole, well-formed and wrong: who is in them, how they moved, how much they hold, whose night they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from homes import copy_home, take_in
from moving_book import ACCOUNTS, SCORE, SESSION, SNAPSHOT, WRONG_NIGHT, Row, land, moving_book, rewrite
from small_delivery import add_entry, small_home

from creditline.errors import UsageError
from creditline.gate.acceptance import accept_jump
from creditline.gate.inputs import InputsRefused
from creditline.gate.plausible import definition
from creditline.gate.plausible.definition import FiguresRefused, figures
from creditline.home import Home
from creditline.night.checking import check_against
from creditline.store.record import DeliveryRecord, SourceRecord, figures_file

Change = Callable[[list[Row]], list[Row]]


@pytest.fixture(scope="module")
def known_book(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that took in five nights. Read-only: a test copies it."""
    return moving_book(small_home(tmp_path_factory.mktemp("moving") / "home"))


@pytest.fixture
def home(known_book: Home, tmp_path: Path) -> Home:
    return copy_home(known_book, tmp_path / "copy")


def each(**values: Callable[[Row], str]) -> Change:
    return lambda rows: [row | {name: value(row) for name, value in values.items()} for row in rows]


def shifted(column: str) -> Change:
    def change(rows: list[Row]) -> list[Row]:
        cells = [row[column] for row in rows]
        return [row | {column: cell} for row, cell in zip(rows, [*cells[-1:], *cells[:-1]], strict=True)]

    return change


def of_tenth(change: Change) -> Change:
    """The change for every tenth row alone."""
    return lambda rows: [
        new if place % 10 == 3 else row for place, (row, new) in enumerate(zip(rows, change(rows), strict=True))
    ]


def money(row: Row, column: str, factor: float) -> str:
    return f"{float(row[column]) * factor:.2f}"


def source_of(record: DeliveryRecord, source: str) -> SourceRecord:
    return next(entry for entry in record.sources if entry.source == source)


REFUSED = {
    "customer_id shifted by one row": (shifted("customer_id"), r"other_customer: .*without an id_change"),
    "leading zeros lost": (
        each(account_id=lambda row: f"A{int(row['account_id'][1:])}"),
        r"missing: .* did not come: 200 of 200 rows \(100.0%\)",
    ),
    "doubled with new ids": (
        lambda rows: rows + [row | {"account_id": f"B{row['account_id'][1:]}"} for row in rows],
        r"old_newcomers: .*for the first time although they were opened before",
    ),
    "half of it": (lambda rows: rows[: len(rows) // 2], r"missing: .*100 of 200 rows \(50.0%\)"),
}
DISTRUSTED = {
    "all cured": (each(days_past_due=lambda _: "0", arrears_balance=lambda _: "0.00"), "cured_without_money:days_past_due"),
    "all closed": (each(status=lambda _: "closed"), "changed:status"),
    "principal times 100": (each(principal_balance=lambda row: money(row, "principal_balance", 100)), "jumped:principal_balance"),
    "principal with its sign turned": (
        each(principal_balance=lambda row: money(row, "principal_balance", -1)), "turned_negative:principal_balance"
    ),
    "30 days more past due": (each(days_past_due=lambda row: str(int(row["days_past_due"]) + 30),
                                   arrears_balance=lambda _: "100.00"), "past_due_rose:days_past_due"),
    "products swapped": (each(product_code=lambda _: "loan"), "changed:product_code"),
    "limits in cents": (each(limit_amount=lambda row: money(row, "limit_amount", 100)), "total:limit_amount"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_snapshot_of_others_is_refused_and_nobody_gets_a_key(home: Home, kind: str) -> None:
    change, why = REFUSED[kind]
    rewrite(land(home, WRONG_NIGHT), SNAPSHOT, change)
    with pytest.raises(InputsRefused, match=why):
        take_in(home, WRONG_NIGHT)
    assert not (home.raw / "_deliveries" / f"business_date={WRONG_NIGHT}").exists()


@pytest.mark.parametrize("tenth", [False, True], ids=["all rows", "every tenth row"])
@pytest.mark.parametrize("kind", DISTRUSTED)
def test_a_snapshot_that_cannot_be_true_is_distrusted(home: Home, kind: str, tenth: bool) -> None:
    change, figure = DISTRUSTED[kind]
    if tenth and kind == "all cured":
        pytest.skip("of a tenth of the rows none is past due")
    rewrite(land(home, WRONG_NIGHT), SNAPSHOT, of_tenth(change) if tenth else change)
    snapshot = source_of(take_in(home, WRONG_NIGHT), "account_snapshot")
    assert snapshot.verdict == "distrust"
    assert figure in "\n".join(snapshot.reasons)


def test_the_snapshot_of_the_night_before_in_another_row_order_is_distrusted(home: Home) -> None:
    earlier = land(home, WRONG_NIGHT)
    before = (home.landing / str(WRONG_NIGHT - timedelta(days=1)) / SNAPSHOT).read_text().splitlines()
    (earlier / SNAPSHOT).write_text("\n".join([before[0], *reversed(before[1:])]) + "\n")
    rewrite(earlier, SNAPSHOT, lambda rows: rows)
    snapshot = source_of(take_in(home, WRONG_NIGHT), "account_snapshot")
    assert snapshot.verdict == "distrust"
    assert any(reason.startswith("as_before: ") for reason in snapshot.reasons)


def test_an_income_that_cannot_be_true_is_distrusted_alone(home: Home) -> None:
    rewrite(
        land(home, WRONG_NIGHT),
        SNAPSHOT,
        each(income_monthly_amount=lambda row: money(row, "income_monthly_amount", 1 / 12)),
    )
    snapshot = source_of(take_in(home, WRONG_NIGHT), "account_snapshot")
    assert (snapshot.verdict, snapshot.distrusted_columns) == ("pass", ("income_monthly_amount",))


@pytest.mark.parametrize(
    ("file", "change", "figure"),
    [
        (SESSION, each(is_proxy=lambda _: "true"), "code:is_proxy:true"),
        (SESSION, each(succeeded=lambda _: "false"), "failed:succeeded"),
        (SESSION, each(device_id=lambda _: "device1"), "one_device:device_id"),
        (SESSION, each(customer_id=lambda _: "C00001"), "one_person"),
        (SESSION, each(customer_id=lambda row: f"X{row['customer_id']}"), "strangers"),
        (SESSION, each(occurred_at=lambda row: "2026-08-30T01:00:00Z"), "old"),
        (SCORE, each(has_new_default=lambda _: "true"), "code:has_new_default:true"),
        (SCORE, each(score=lambda _: "600"), "one_score:score"),
    ],
)
def test_a_file_of_events_that_cannot_be_true_is_refused_alone(
    home: Home, file: str, change: Change, figure: str
) -> None:
    rewrite(land(home, WRONG_NIGHT), file, change)
    record = take_in(home, WRONG_NIGHT)
    entry = next(entry for entry in record.sources if entry.file == file)
    assert (entry.verdict, entry.raw_file) == ("refuse", None)
    assert any(reason.startswith(f"{figure}: ") for reason in entry.reasons)
    assert source_of(record, "account_snapshot").verdict == "pass"


def test_a_ledger_that_no_book_lies_so_far_from_distrusts_the_snapshot(home: Home) -> None:
    delivery = land(home, WRONG_NIGHT)
    header = "ledger_code,legal_entity_code,currency_code,balance"
    (delivery / "gl_balance.csv").write_text(f"{header}\nloan_principal,BANK01,CNY,1000.00\n")
    add_entry(delivery, "gl_balance")
    snapshot = source_of(take_in(home, WRONG_NIGHT), "account_snapshot")
    assert snapshot.verdict == "distrust"
    assert any(reason.startswith("ledger_gap: ") for reason in snapshot.reasons)


def test_a_good_night_says_nothing(home: Home) -> None:
    land(home, WRONG_NIGHT)
    record = take_in(home, WRONG_NIGHT)
    assert [(entry.verdict, entry.reasons) for entry in record.sources] == [("pass", ())] * 3


def test_a_reason_says_the_figure_the_usual_one_ten_rows_and_what_to_do(home: Home) -> None:
    rewrite(land(home, WRONG_NIGHT), SNAPSHOT, each(status=lambda _: "closed"))
    reasons = source_of(take_in(home, WRONG_NIGHT), "account_snapshot").reasons
    (told,) = [reason for reason in reasons if reason.startswith("changed:status: ")]
    assert told == (
        "changed:status: status changed: 200 of 200 rows (100.0%), usual 0.0% in 4 nights, at most 2.6%;"
        " rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10; compare the file with its source system; if the change is real, let two people"
        " accept it (creditline gate accept)"
    )


def test_what_two_people_accept_is_judged_again_and_is_usual_from_then_on(home: Home) -> None:
    change = DISTRUSTED["products swapped"][0]
    rewrite(land(home, WRONG_NIGHT), SNAPSHOT, change)
    assert source_of(take_in(home, WRONG_NIGHT), "account_snapshot").verdict == "distrust"
    with pytest.raises(UsageError, match="two people"):
        accept_jump(home, "account_snapshot", WRONG_NIGHT, by="maker", approved_by="maker", reason="migration")
    accept_jump(home, "account_snapshot", WRONG_NIGHT, by="maker", approved_by="checker", reason="migration")
    snapshot = source_of(take_in(home, WRONG_NIGHT), "account_snapshot")
    assert snapshot.verdict == "pass"
    assert any(reason.endswith("accepted by maker and checker: migration") for reason in snapshot.reasons)
    after = WRONG_NIGHT + timedelta(days=1)
    rewrite(land(home, after), SNAPSHOT, change)
    assert source_of(take_in(home, after), "account_snapshot").verdict == "pass"


def test_an_acceptance_is_for_one_file(home: Home) -> None:
    delivery = land(home, WRONG_NIGHT)
    rewrite(delivery, SNAPSHOT, each(product_code=lambda _: "loan"))
    accept_jump(home, "account_snapshot", WRONG_NIGHT, by="maker", approved_by="checker", reason="migration")
    rewrite(delivery, SNAPSHOT, each(product_code=lambda _: "other"))
    assert source_of(take_in(home, WRONG_NIGHT), "account_snapshot").verdict == "distrust"


def test_a_night_after_a_distrusted_one_is_compared_with_the_last_that_was_trusted(home: Home) -> None:
    rewrite(land(home, WRONG_NIGHT), SNAPSHOT, DISTRUSTED["30 days more past due"][0])
    take_in(home, WRONG_NIGHT)
    after = WRONG_NIGHT + timedelta(days=1)
    land(home, after)
    assert source_of(take_in(home, after), "account_snapshot").verdict == "pass"
    kept = json.loads(figures_file(home, WRONG_NIGHT, "core", 6).read_text())
    assert kept["account_snapshot"]["verdict"] == "distrust"


def test_check_with_a_home_says_it_before_it_is_delivered(home: Home, tmp_path: Path) -> None:
    delivery = land(home, WRONG_NIGHT)
    rewrite(delivery, SNAPSHOT, shifted("customer_id"))
    outside = delivery.rename(tmp_path / "tried")
    found = {misfit.rule: misfit for misfit in check_against(home, outside).misfits}
    assert found["other_customer"].then == "the delivery is refused"
    assert f"{ACCOUNTS // 2} of {ACCOUNTS} rows" in found["other_customer"].samples[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("account: []", "account is no source of the contract"),
        (
            "session: [{figure: a, family: who, says: b, breaks: c, columns: [d], highest: 0}]",
            "session has no column d",
        ),
        ("session: [{figure: a, family: who, says: b, breaks: c}]", "row 1 .a.: .*give at least one bound"),
        ("session: [{figure: a, family: who, says: b, value: c, breaks: c, highest: 0}]", "give one of breaks"),
        ("session: [{figure: a, family: mood, says: b, value: c, highest: 0}]", "row 1 .a.: family"),
    ],
)
def test_a_row_of_figures_that_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "figures.yml"
    file.write_text(text)
    monkeypatch.setattr(definition, "FIGURES_FILE", file)
    figures.cache_clear()
    with pytest.raises(FiguresRefused, match=why):
        figures()
    figures.cache_clear()
