"""Every cause strikes, before and during the first nights, and shows in what is landed."""

from __future__ import annotations

import pytest
from simulated import FIRST

LAST = "2026-09-05"
# One customer in ten may hide a cause: an account that is blocked or empty cannot show it.
MOST = 0.9

STRUCK = (
    "application_burst",
    "arrears_rise_and_cure",
    "arrears_rise",
    "fading_activity",
    "income_loss",
    "early_repay_redraw",
    "related_product_arrears",
    "blip",
    "account_takeover",
    "new_phone",
    "hardship",
    "appeal",
)


@pytest.fixture(scope="module")
def book(landed):
    """The landed book with events dated by local day, and who was struck when."""
    read = landed.read
    for source, moment in (
        ("loan_application", "applied_at"),
        ("session", "occurred_at"),
        ("profile_change", "changed_at"),
        ("case_event", "occurred_at"),
    ):
        read.execute(f"""
            create or replace table dated_{source} as
            select *, (try_cast(rtrim({moment}, 'Z') as timestamp) + interval 8 hours)::date as day from {source}
            where try_cast(rtrim({moment}, 'Z') as timestamp) is not null
        """)
    read.execute("""
        create or replace table flow as
        select customer_id, flow_date::date as day, direction, kind, amount::decimal(18, 2) as amount
        from cash_flow where try_cast(flow_date as date) is not null and amount <> '100.105'
    """)
    read.execute("""
        create or replace table struck as
        select *, coalesce(end_date, date '2099-01-01') as last_date from true_cause
    """)
    return landed


def share(book, population: str, condition: str) -> float:
    """The share of struck customers (a query of their rows, aliased `struck`) of whom the condition holds."""
    count, held = book.one(f"select count(*), count(*) filter ({condition}) from ({population}) as struck")
    assert count >= 3, population
    return held / count


def over(cause: str) -> str:
    """Customers who went through all of a cause by the last night."""
    return f"select * from struck where cause = '{cause}' and last_date < '{LAST}'"


@pytest.mark.parametrize("cause", STRUCK)
def test_each_cause_strikes_before_and_during_the_first_nights(book, cause):
    total, starting, started = book.one(f"""
        select count(distinct customer_id), count(*) filter (start_date between '{FIRST}' and '{LAST}'),
            count(*) filter (start_date < '{FIRST}')
        from struck where cause = '{cause}'
    """)
    assert total >= 5
    assert starting >= 2
    assert started >= 5


@pytest.mark.parametrize("cause", sorted(set(STRUCK) - {"new_phone"}))
def test_each_cause_is_in_progress_on_the_first_night(book, cause):
    assert book.one(f"""
        select count(*) from struck where cause = '{cause}' and start_date < '{FIRST}' and last_date >= '{FIRST}'
    """)[0]


@pytest.mark.parametrize("cause", ["shared_network", "regulatory_date"])
def test_standing_causes_have_customers(book, cause):
    assert book.one(f"select count(distinct customer_id) from struck where cause = '{cause}'")[0] >= 5


def test_nobody_lives_under_two_causes_at_once(book):
    assert (
        book.one(f"""
        select count(*) from struck as one join struck as two using (customer_id)
        where one.cause < two.cause and one.cause in {STRUCK} and two.cause in {STRUCK}
            and one.start_date <= two.last_date and two.start_date <= one.last_date
    """)[0]
        == 0
    )


def test_a_burst_is_many_small_applications_at_several_lenders(book):
    assert share(book, over("application_burst"), """
        exists (
            select 1 from dated_loan_application as a
            where a.customer_id = struck.customer_id and a.day between start_date and start_date + 6
                and a.amount::decimal(18, 2) <= 1000
            having count(distinct event_id) >= 5 and count(distinct lender_id) >= 3
        )
    """) == 1.0  # fmt: skip


def test_arrears_begin_on_the_day_after_the_first_missed_instalment(book):
    assert share(book, f"""
        select cause.*, days_past_due::int as late, night from struck as cause
        join account_snapshot on account_snapshot.account_id = 'A' || cause.customer_id[2:]
        where cause in ('arrears_rise', 'arrears_rise_and_cure') and start_date between '{FIRST}' and '2026-09-04'
            and night = start_date + 1
    """, "late = 1") >= MOST  # fmt: skip


def test_arrears_rise_night_by_night_until_they_are_written_off(book):
    assert share(book, """
        select status, night - start_date as age, days_past_due::int as late
        from struck join account_snapshot as s on s.account_id = 'A' || struck.customer_id[2:]
        where cause = 'arrears_rise' and night > start_date
    """, "late = age or status = 'charged_off'") >= MOST  # fmt: skip


def test_some_arrears_end_in_a_write_off(book):
    assert (
        book.one("""
        select count(*) from struck join account_snapshot as s on s.account_id = 'A' || struck.customer_id[2:]
        where cause = 'arrears_rise' and status = 'charged_off'
    """)[0]
        >= 5
    )


def test_cured_arrears_are_paid_on_the_last_day(book):
    assert share(book, over("arrears_rise_and_cure"), f"""
        exists (
            select 1 from instalment as i where i.account_id = 'A' || struck.customer_id[2:]
                and paid_date = last_date::varchar and due_date = start_date::varchar
        ) and not exists (
            select 1 from account_snapshot as s where s.account_id = 'A' || struck.customer_id[2:]
                and night = '{FIRST}' and days_past_due::int > 30
        )
    """) >= MOST  # fmt: skip


def test_fading_customers_do_much_less_than_before(book):
    assert share(book, f"select * from struck where cause = 'fading_activity' and start_date < date '{FIRST}' - 25", f"""
        (select count(distinct day) from flow where flow.customer_id = struck.customer_id
            and day > date '{LAST}' - 30) * 3 * 10
        < 8 * (select count(distinct day) from flow where flow.customer_id = struck.customer_id
            and day between date '{LAST}' - 119 and date '{LAST}' - 30 and day < start_date)
            * 90 / greatest(start_date - (date '{LAST}' - 119), 1)
    """) >= MOST  # fmt: skip


def test_lost_income_is_a_salary_that_stops(book):
    assert share(book, "select * from struck where cause = 'income_loss'", """
        not exists (select 1 from flow where flow.customer_id = struck.customer_id and kind = 'salary'
            and day between start_date and last_date)
        and exists (select 1 from flow where flow.customer_id = struck.customer_id and kind = 'salary'
            and day < start_date)
    """) == 1.0  # fmt: skip


def test_round_trips_are_early_repayments_followed_by_draws(book):
    assert share(book, over("early_repay_redraw"), """
        (select count(distinct paid_date) from instalment as i where i.account_id = struck.account_id
            and paid_date::date between start_date and last_date and paid_date::date < try_cast(due_date as date) - 15) >= 3
        and (select count(*) from account_movement as m where m.account_id = struck.account_id and kind = 'draw'
            and movement_date::date between start_date and last_date) >= 3
    """) >= MOST  # fmt: skip


def test_who_repays_early_saves_the_interest_of_the_days_to_come(book):
    before, after = book.one("""
        select sum(first.due_amount::decimal(18, 2)), sum(last.due_amount::decimal(18, 2))
        from instalment as first join instalment as last using (instalment_id)
        where first.paid_date is null and first.night < last.night
            and last.paid_date::date < last.due_date::date - 15
    """)
    assert after < before


def test_related_arrears_grow_by_a_day_a_night(book):
    assert share(book, """
        select night - start_date + 1 as age, days_past_due::int as late
        from struck join related_product using (customer_id)
        where cause = 'related_product_arrears' and product_code = 'huabei' and night between start_date and last_date
    """, "late = age") == 1.0  # fmt: skip


def test_a_blip_is_full_use_for_three_nights_and_no_longer(book):
    assert share(book, f"""
        select struck.account_id, bool_and((use > 0.9) = (night between start_date and last_date)) as as_told
        from struck join (
            select account_id, night, principal_balance::decimal(18, 2) / limit_amount::decimal(18, 2) as use
            from account_snapshot
        ) as snapshot on snapshot.account_id = struck.account_id
        where cause = 'blip' and last_date >= '{FIRST}' group by 1
    """, "as_told") >= MOST - 0.1  # fmt: skip


def test_a_takeover_shows_new_devices_regions_proxies_failures_and_changes(book):
    assert share(book, over("account_takeover"), """
        (select count(distinct device_id) >= 2 and count(*) filter (is_proxy = 'true') * 2 >= count(*)
            and count(distinct ip_region) >= 3 and count(*) filter (succeeded = 'false') >= 5
         from dated_session as s where s.customer_id = struck.customer_id and day between start_date and last_date
            and device_id not in (select device_id from dated_session as b
                where b.customer_id = struck.customer_id and b.day < start_date))
        and (select count(*) >= 2 from dated_profile_change as p where p.customer_id = struck.customer_id
            and day between start_date and last_date)
    """) == 1.0  # fmt: skip


def test_a_new_phone_is_one_unknown_device_and_a_changed_number(book):
    long_ago = f"select * from struck where cause = 'new_phone' and start_date < date '{LAST}' - 60"
    unknown = """
        (select count(distinct device_id) from dated_session as s where s.customer_id = struck.customer_id
            and day >= start_date and device_id not in (
                select device_id from dated_session as b where b.customer_id = struck.customer_id and b.day < start_date
            ))
    """
    assert share(book, long_ago, f"{unknown} = 1") >= MOST
    assert share(book, long_ago, """
        exists (select 1 from dated_profile_change as p where p.customer_id = struck.customer_id
            and day = start_date and field = 'phone')
    """) == 1.0  # fmt: skip


def test_hardship_and_appeals_are_case_events_of_their_day(book):
    assert share(book, "select * from struck where cause = 'hardship'", """
        exists (select 1 from case_event as c where c.customer_id = struck.customer_id and kind = 'hardship_pause'
            and from_date = start_date::varchar and to_date = last_date::varchar)
    """) == 1.0  # fmt: skip
    assert share(book, "select * from struck where cause = 'appeal'", """
        exists (select 1 from dated_case_event as c where c.account_id = struck.account_id and kind = 'appeal'
            and outcome = 'received' and day = start_date)
    """) == 1.0  # fmt: skip
    assert share(book, over("appeal"), """
        exists (select 1 from dated_case_event as c where c.account_id = struck.account_id and kind = 'appeal'
            and outcome in ('upheld', 'partial', 'overturned') and day = last_date + 1)
    """) == 1.0  # fmt: skip


def test_a_paused_account_says_so_in_the_snapshot(book):
    assert book.one("""
        select count(*) > 20, count(*) filter ((forbearance_date is null) <> (start_date is null)
            or forbearance_date <> start_date::varchar)
        from account_snapshot left join struck
            on struck.customer_id = account_snapshot.customer_id and cause = 'hardship'
            and night between start_date and last_date
    """) == (True, 0)


def test_a_shop_device_is_shared_by_six_and_one_shop_opens_on_the_first_night(book):
    rows = book.all(f"""
        select device_id, count(distinct customer_id) as customers from dated_session
        where day < '{FIRST}' group by 1 having count(distinct customer_id) > 1
    """)
    assert max(customers for _, customers in rows) in (5, 6)
    assert (
        book.one(f"""
        select count(*) from struck where cause = 'shared_network' and start_date = '{FIRST}'
    """)[0]
        == 6
    )


def test_a_maintenance_window_holds_no_sessions(book):
    whole_days = book.all("select window_date from true_maintenance_window where from_hour = 0 and to_hour = 24")
    assert len(whole_days) >= 4
    for (day,) in whole_days:
        assert book.one(f"select count(*) from dated_session where day = '{day}'")[0] == 0
        assert {kind for (kind,) in book.all(f"select distinct kind from flow where day = '{day}'")} <= {"repay_own"}
    assert (
        book.one("""
        select count(*) from dated_session join true_maintenance_window on day = window_date
        where hour(rtrim(occurred_at, 'Z')::timestamp + interval 8 hours) between from_hour and to_hour - 1
    """)[0]
        == 0
    )
    assert book.one("select count(*) from true_maintenance_window where window_date >= '2026-09-01'")[0] >= 1


def test_the_cap_by_law_falls_within_the_book_on_those_above_it(book):
    assert book.one("""
        select count(*) > 5, count(*) filter (total <= 150000)
        from struck join (
            select customer_id, night, sum(limit_amount::decimal(18, 2)) as total from account_snapshot group by all
        ) using (customer_id) where cause = 'regulatory_date' and night = start_date
    """) == (True, 0)


def test_risk_tells_before_arrears_do(book):
    """Those who stop paying within the first nights were already applying more and scoring lower."""
    ahead = "start_date between '2026-08-20' and '2026-09-05' and cause = 'arrears_rise'"
    latest = "select customer_id, arg_max(score::int, observed_date) as score from bureau_score group by 1"
    bad, all_others = (
        book.one(
            f"select avg(score) from ({latest}) where customer_id {word} (select customer_id from struck where {ahead})"
        )[0]
        for word in ("in", "not in")
    )
    assert bad < all_others - 30
