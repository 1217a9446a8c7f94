"""Days, months and clock changes."""

from __future__ import annotations

from datetime import date

import numpy as np

from creditline.simulate.calendar import as_date, day_number, day_of_month, local_day, month_of, monthly, next_on


def test_the_next_due_day_is_today_or_later():
    days = np.array([day_number(date(2026, 2, 27)), day_number(date(2026, 2, 28)), day_number(date(2026, 12, 31))])
    assert [as_date(day) for day in next_on(days, np.array([28, 28, 1]))] == [
        date(2026, 2, 28),
        date(2026, 2, 28),
        date(2027, 1, 1),
    ]


def test_months_keep_the_day_over_the_turn_of_the_year():
    start = month_of(np.array([day_number(date(2026, 11, 15))]))
    assert as_date(monthly(start, np.array([3]), np.array([28]))[0]) == date(2027, 2, 28)
    assert day_of_month(day_number(date(2028, 2, 29))) == 29


def test_a_local_day_is_its_own_length_where_clocks_change():
    spring = local_day(day_number(date(2026, 3, 29)), "Europe/Berlin")
    assert spring.length == 23 * 3600
    noon = local_day(day_number(date(2026, 9, 1)), "Asia/Shanghai").instants(np.array([12 * 3600]))[0]
    assert np.datetime64(int(noon), "s") == np.datetime64("2026-09-01T04:00:00")
