from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.kit.calendar import (
    BadTerm,
    Period,
    Term,
    boundary,
    day_by_day,
    instant,
    local_date,
    period,
)
from broadsheet.kit.money import Money

MONTHLY, QUARTERLY = Term(1, "month"), Term(3, "month")
YEARLY, TWO_YEARS = Term(1, "year"), Term(2, "year")
JUNEAU, MUMBAI = ZoneInfo("America/Juneau"), ZoneInfo("Asia/Kolkata")

# The cases of the reference that are about dates, with the dates that Stripe,
# Kill Bill and Lago publish for them.
PUBLISHED = [
    (date(2025, 1, 31), MONTHLY, {1: (2025, 2, 28), 2: (2025, 3, 31), 3: (2025, 4, 30), 4: (2025, 5, 31)}),
    (date(2024, 1, 31), MONTHLY, {1: (2024, 2, 29)}),
    (date(2024, 2, 29), YEARLY, {1: (2025, 2, 28), 2: (2026, 2, 28), 3: (2027, 2, 28), 4: (2028, 2, 29)}),
    (date(2025, 8, 31), QUARTERLY, {1: (2025, 11, 30), 2: (2026, 2, 28), 3: (2026, 5, 31)}),
    (date(2023, 8, 31), QUARTERLY, {2: (2024, 2, 29)}),
    (date(2025, 5, 30), QUARTERLY, {3: (2026, 2, 28), 4: (2026, 5, 30)}),
    (date(2024, 2, 29), TWO_YEARS, {1: (2026, 2, 28), 2: (2028, 2, 29)}),
]  # fmt: skip


@pytest.mark.parametrize(("anchor", "term", "expected"), PUBLISHED)
def test_case_001_to_006_boundaries_are_the_published_ones(anchor, term, expected):
    assert {k: boundary(anchor, term, k) for k in expected} == {
        k: date(*day) for k, day in expected.items()
    }


@given(
    st.dates(date(1997, 1, 1), date(2100, 12, 31)),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(1, 36),
    st.integers(0, 60),
)
def test_boundaries_are_those_of_an_independent_calendar(anchor, unit, count, k):
    oracle = anchor + relativedelta(**{unit + "s": count * k})
    assert boundary(anchor, Term(count, unit), k) == oracle


@given(st.dates(date(1997, 1, 1), date(2100, 12, 31)), st.integers(1, 24))
def test_periods_leave_no_hole_and_never_overlap(anchor, count):
    term = Term(count, "month")
    periods = [period(anchor, term, k) for k in range(30)]
    assert periods[0].start == anchor
    assert [p.end for p in periods[:-1]] == [p.start for p in periods[1:]]


@pytest.mark.parametrize("count", [0, -1, 1.0, "1", True])
def test_a_term_is_a_whole_number_of_units(count):
    with pytest.raises(BadTerm):
        Term(count, "month")


def test_a_term_has_a_known_unit():
    with pytest.raises(BadTerm):
        Term(1, "fortnight")


def test_a_term_knows_its_months():
    terms = [QUARTERLY, TWO_YEARS, Term(2, "week"), Term(30, "day")]
    assert [term.months for term in terms] == [3, 24, None, None]


def test_a_boundary_outside_the_calendar_is_an_error_not_a_wrong_date():
    with pytest.raises(OverflowError):
        boundary(date(2026, 1, 31), YEARLY, 8_000)


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(BadTerm):
        Period(date(2026, 1, 2), date(2026, 1, 2))


def test_the_last_day_of_a_period_is_the_one_before_its_end():
    quarter = period(date(2026, 1, 31), QUARTERLY, 0)
    assert (quarter.last_day, quarter.days) == (date(2026, 4, 29), 89)
    assert date(2026, 4, 29) in quarter
    assert date(2026, 4, 30) not in quarter


def test_case_008_eighteen_months_in_juneau_run_from_local_first_to_local_first():
    starts = [
        instant(boundary(date(2015, 9, 1), MONTHLY, k), JUNEAU) for k in range(18)
    ]
    local = [start.astimezone(JUNEAU) for start in starts]
    assert [(at.day, at.hour, at.minute) for at in local] == [(1, 0, 0)] * 18
    assert {at.utcoffset() for at in local} == {
        timedelta(hours=-9),
        timedelta(hours=-8),
    }


def test_case_009_the_local_date_holds_across_a_change_of_clocks():
    # The night on which Pacific daylight time ended in 2015.
    end = boundary(date(2015, 10, 2), MONTHLY, 1)
    at = instant(end, ZoneInfo("America/Los_Angeles"))
    assert (end, at) == (date(2015, 11, 2), datetime(2015, 11, 2, 8, tzinfo=UTC))
    assert local_date(at, ZoneInfo("America/Los_Angeles")) == end


@pytest.mark.parametrize(
    ("zone", "on", "hour", "expected"),
    [
        # 02:30 did not exist: it counts on from standard time, and is 03:30.
        ("America/New_York", date(2026, 3, 8), time(2, 30), (2026, 3, 8, 7, 30)),
        # 01:30 came twice: the first of the two, on daylight time.
        ("America/New_York", date(2026, 11, 1), time(1, 30), (2026, 11, 1, 5, 30)),
        # Midnight itself was skipped: the day began at 01:00.
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), (2018, 11, 4, 3, 0)),
        # Samoa had no 30 December 2011: the instant is the start of the 31st.
        ("Pacific/Apia", date(2011, 12, 30), time(0), (2011, 12, 30, 10, 0)),
        ("Asia/Kolkata", date(2026, 4, 1), time(0), (2026, 3, 31, 18, 30)),
    ],
)
def test_case_010_a_local_hour_is_one_instant_even_when_clocks_jump(
    zone, on, hour, expected
):
    assert instant(on, ZoneInfo(zone), hour) == datetime(*expected, tzinfo=UTC)


@given(
    st.dates(date(1997, 1, 1), date(2037, 12, 31)),
    st.sampled_from(["Asia/Kolkata", "America/Juneau", "Europe/London", "Asia/Beirut"]),
)
def test_later_days_start_later(on, name):
    zone = ZoneInfo(name)
    assert instant(on, zone) < instant(on + timedelta(days=1), zone)


def test_midnight_in_mumbai_is_not_midnight_in_greenwich():
    assert local_date(datetime(2026, 3, 31, 18, 40, tzinfo=UTC), MUMBAI) == date(
        2026, 4, 1
    )
    assert local_date(datetime(2026, 3, 31, 18, 29, tzinfo=UTC), MUMBAI) == date(
        2026, 3, 31
    )


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError):
        local_date(datetime(2026, 3, 31), MUMBAI)


@pytest.mark.parametrize(
    ("term", "taxable", "days"),
    [(QUARTERLY, 76_272, 92), (YEARLY, 228_814, 365), (TWO_YEARS, 330_508, 731)],
)
def test_each_day_earns_its_share_to_the_paisa(term, taxable, days):
    over = period(date(2026, 7, 1), term, 0)
    earned = day_by_day(Money(taxable, "INR"), over)
    shares = [money.minor for _, money in earned]
    assert len(earned) == days
    assert [earned[0][0], earned[-1][0]] == [over.start, over.last_day]
    assert sum(shares) == taxable
    assert max(shares) - min(shares) <= 1
