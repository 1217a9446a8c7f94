"""One appeal fixes all: whoever was cut because of a bad row gets back what it took, once it is corrected."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from homes import copy_home
from own_policies import lay_policies
from small_delivery import NIGHT, change_manifest, small_home

from creditline.gate.acceptance import accept_jump
from creditline.home import Home
from creditline.home.database import connect
from creditline.landing.delivery import DeliveredTable, write_delivery
from creditline.night import run_night
from creditline.publish.reader import query_marts
from creditline.release import ALL_SLICES, set_mode

pytestmark = pytest.mark.slow

SECOND, THIRD, FOURTH = (NIGHT + timedelta(days=number) for number in (1, 2, 3))
CUSTOMERS, HIT = 20, 3
SETTINGS = {
    "score_base": 670,
    "tolerance_bp": 0,
    "confirmation": {"ewma_alpha_pct": 100, "window_nights": 1, "needed_nights": 1},
    "slots": {"cut_days": 1, "raise_days": 1},
    "breaker": {
        "median_nights": 28, "cuts_over_median_pct": 300, "min_cuts": 20, "exposure_change_bp": 9000,
        "floored_share_bp": 9000, "min_floored": 20,
    },
}  # fmt: skip
# Nobody's income is known and no product has a tier, so that no raise of the strategy can be taken for a restoration.
SNAPSHOT = f"""
    select printf('A%05d', i) as account_id, printf('C%05d', i // 2) as customer_id, 'card' as product_code,
        'active' as status, date '2024-01-01' as opened_date, 'CNY' as currency_code, 5000 + i as limit_amount,
        {{number}} as principal_balance, 0 as accrued_interest_balance, 0 as arrears_balance, 0 as days_past_due,
        0.18 as rate_apr, 'BANK01' as legal_entity_code, 'consumer' as purpose_code, 'internet' as channel_code
    from range({2 * CUSTOMERS}) as numbers(i)"""
BUREAU = """
    select printf('C%05d', i) as customer_id, date '{day}' as observed_date, {score} as score,
        {debt} as external_debt_amount, false as has_new_default
    from range({start}, {end}) as numbers(i)"""
GOOD, BAD = {"score": 690, "debt": 0}, {"score": 400, "debt": 400000}
APPEAL = """
    select * from (values
        ('K1', 'appeal', 'A00000', timestamp '{day} 02:00:00', 'reduction_disputed', 'received'),
        ('K2', 'appeal', 'A00000', timestamp '{day} 03:00:00', '{ground}', 'overturned')
    ) as events (event_id, kind, account_id, occurred_at, ground, outcome)
    cross join (select null as customer_id, null as amount, null as from_date, null as to_date, 'officer_chen' as actor,
        null as approver)"""
GROUND = f"bad_source_row.bureau_score.{SECOND}"


@pytest.fixture(scope="module", autouse=True)
def _policies(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        lay_policies(patch, tmp_path_factory.mktemp("policies"), settings=SETTINGS)
        yield


def land(home: Home, night: date, tables: dict[str, str], correction: str | None = None) -> None:
    """Land one night's delivery of rows by source; `correction` are bureau rows of the second night as they should be."""
    written = _write(home, home.landing, night, tables)
    if correction is None:
        return
    aside = _write(home, home.landing / "aside", night, {"bureau_score": correction}, SECOND)
    (entry,) = json.loads((aside / "manifest.json").read_text())["sources"]
    shutil.move(aside / entry["file"], written / "corrected.csv")
    change_manifest(written, lambda manifest: manifest["sources"].append(entry | {"file": "corrected.csv"}))
    shutil.rmtree(home.landing / "aside")


def _write(home: Home, landing: Path, night: date, tables: dict[str, str], corrects: date | None = None) -> Path:
    cut_off_at = home.cut_off_at(night)
    landing.mkdir(exist_ok=True)
    with connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for source, rows in tables.items():
            connection.execute(f"create table {source} as {rows}")
        return write_delivery(
            connection,
            landing,
            feed="core",
            business_date=night,
            sequence=(night - NIGHT).days + 1,
            delivered_at=cut_off_at - timedelta(hours=1),
            cutoff_at=cut_off_at,
            tables=[DeliveredTable(source, source, corrects_business_date=corrects) for source in tables],
        )


def everything(night: date, **more: str) -> dict[str, str]:
    """The snapshot of a night, and a bureau file about a customer whom no row was bad about."""
    number = (night - NIGHT).days
    last = BUREAU.format(day=night, start=CUSTOMERS - 1, end=CUSTOMERS, **GOOD)
    return {"account_snapshot": SNAPSHOT.format(number=number), "bureau_score": last, **more}


def bureau(day: date, facts: dict, end: int) -> str:
    return BUREAU.format(day=day, start=0, end=end, **facts)


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A home in which a bad bureau row has cut three customers of twenty; the core has not done it yet."""
    home = small_home(tmp_path_factory.mktemp("cut") / "home")
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")
    land(home, NIGHT, everything(NIGHT, bureau_score=bureau(NIGHT, GOOD, CUSTOMERS)))
    run_night(home, NIGHT)
    land(home, SECOND, everything(SECOND, bureau_score=bureau(SECOND, BAD, HIT)))
    # nobody notices that the rows are bad
    accept_jump(home, "bureau_score", SECOND, by="maker", approved_by="checker", reason="taken for real")
    run_night(home, SECOND)
    assert moves(home, SECOND, "reason_code_1") == {("DOWN", "E1"): 2 * HIT}
    return home


@pytest.fixture
def home(cut, tmp_path):
    return copy_home(cut, tmp_path / "home")


def moves(home: Home, night: date, *columns: str) -> dict[tuple, int]:
    """How many limits moved on a night, by action and what else is asked for."""
    listed = ", ".join(("action", *columns))
    rows = query_marts(
        home,
        f"select {listed}, count(*) from fct_limit_decision where business_date = date '{night}' and action <> 'HOLD'"
        " group by all order by all",
    )[1]
    return {tuple(row[:-1]): row[-1] for row in rows}


RESTORED = {("UP", "P6", True, 5000): 2 * HIT}
TOLD = ("reason_code_1", "is_notice_required", "recommended_limit_amount")
FIX = bureau(SECOND, GOOD, HIT)


def test_everybody_whom_the_row_hit_is_restored_on_the_night_of_the_correction(home):
    land(home, THIRD, everything(THIRD, case_event=APPEAL.format(day=THIRD, ground=GROUND)), FIX)
    result = run_night(home, THIRD)
    assert moves(home, THIRD, *TOLD) == RESTORED
    assert result.release.orders == 2 * HIT
    assert query_marts(
        home, "select state, recheck_result, hit_customer_count, is_closed_tonight from fct_case where kind = 'appeal'"
    )[1] == [("OVERTURNED", None, HIT, True)]
    assert query_marts(
        home,
        "select distinct operator, rule_id from fct_decision_trace inner join fct_limit_decision using (account_key, business_date)"
        f" where business_date = date '{THIRD}' and step = 1 and action = 'UP'",
    )[1] == [("restored", "overturned_appeal")]


@pytest.mark.parametrize("comes_first", ["correction", "appeal"])
def test_neither_waits_in_vain_for_the_other(home, comes_first):
    appeal = {"case_event": APPEAL.format(day=THIRD, ground=GROUND)}
    first, then = ((FIX, {}), (None, appeal)) if comes_first == "correction" else ((None, appeal), (FIX, {}))
    land(home, THIRD, everything(THIRD, **first[1]), first[0])
    run_night(home, THIRD)
    assert moves(home, THIRD) == {}
    land(home, FOURTH, everything(FOURTH, **then[1]), then[0])
    run_night(home, FOURTH)
    assert moves(home, FOURTH, *TOLD) == RESTORED


@pytest.mark.parametrize(
    ("ground", "outcome"),
    [
        (GROUND, "upheld"),
        (f"bad_source_row.bureau_score.{NIGHT}", "overturned"),
        (f"bad_source_row.cash_flow.{SECOND}", "overturned"),
        ("reduction_disputed", "overturned"),
    ],
    ids=["upheld", "another night", "another source", "no row"],
)
def test_a_correction_alone_raises_nobody_at_once(home, ground, outcome):
    appeal = APPEAL.format(day=THIRD, ground=ground).replace("overturned", outcome)
    land(home, THIRD, everything(THIRD, case_event=appeal), FIX)
    run_night(home, THIRD)
    assert moves(home, THIRD) == {}
