"""Cases 116 and 117: revenue is earned by the day, and what is left is taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadsheet.business.ledger import actions, queries
from broadsheet.business.ledger.models import RevenueDay, RevenueSchedule, Transaction
from broadsheet.business.ledger.rules import earned
from broadsheet.kit.calendar import Period, Term, boundary, instant, local_date
from broadsheet.kit.money import Money

pytestmark = pytest.mark.django_db
INDIA = ZoneInfo("Asia/Kolkata")
TWO_YEARS = Period(date(2026, 8, 3), date(2028, 8, 3))


def evening(day: date) -> datetime:
    """Half an hour before a day is over."""
    return instant(day + timedelta(days=1), INDIA) - timedelta(minutes=30)


def after(day: date) -> datetime:
    """Half an hour after a day is over."""
    return instant(day + timedelta(days=1), INDIA) + timedelta(minutes=30)


def revenue() -> int:
    return -queries.balance("revenue", "INR").minor


def deferred() -> int:
    return -queries.balance("deferred_revenue", "INR").minor


def test_a_day_is_earned_when_it_is_over_and_once(paid, at):
    paid()
    assert actions.recognise(at=evening(date(2026, 8, 3))) == 0
    assert [actions.recognise(at=after(date(2026, 8, 3))) for _ in range(2)] == [1, 0]
    assert revenue() == earned(76_272, 92, 1) == 829
    assert revenue() + deferred() == 76_272
    assert queries.check() == ()


def test_missed_days_are_caught_up_each_with_a_posting_of_its_own(paid, at):
    paid()
    assert actions.recognise(at=after(date(2026, 9, 11))) == 40
    assert RevenueDay.objects.count() == 40
    posted = Transaction.objects.filter(reference__startswith="revenue:")
    assert posted.count() == 40
    last = posted.order_by("-at").first()
    assert (last.reference, local_date(last.at, INDIA)) == (
        "revenue:2026-09-11:INR",
        date(2026, 9, 11),
    )
    assert revenue() == earned(76_272, 92, 40)
    assert queries.check() == ()


def test_case_116_two_years_of_month_ends_sum_to_the_taxable_value(paid, at):
    invoice = paid(390_000, period=TWO_YEARS)
    by_day = queries.revenue_by_day(invoice.id)
    assert len(by_day) == 731
    assert {money.minor for _, money in by_day} == {452, 453}
    ends = [boundary(TWO_YEARS.start, Term(1, "month"), k) for k in range(25)]
    months = [
        sum(money.minor for day, money in by_day if start <= day < end)
        for start, end in pairwise(ends)
    ]
    assert len(months) == 24
    assert sum(months) == 330_508
    assert months[0] == earned(330_508, 731, 31)
    planned = queries.deferred("INR", at=at)
    assert len(planned.months) == 25
    assert sum(month.earned.minor for month in planned.months) == 330_508
    assert (planned.balance.minor, planned.waiting.minor) == (330_508, 0)


def test_case_116_leaving_in_the_seventh_month_reverses_the_rest(paid, balances, at):
    invoice = paid(390_000, period=TWO_YEARS)
    leaves = date(2027, 2, 20)
    actions.recognise(at=after(leaves - timedelta(days=1)))
    days_gone = (leaves - TWO_YEARS.start).days
    had = earned(330_508, 731, days_gone)
    assert revenue() == had
    back = Money(390_000, "INR").minor * (731 - days_gone) // 731
    note = actions.credit(
        invoice_id=invoice.id, minor=back, reason="Left", at=evening(leaves),
        until=leaves,
    )  # fmt: skip
    rest = 330_508 - had - note.taxable.minor
    assert deferred() == rest
    assert abs(rest) <= 2
    actions.recognise(at=after(date(2028, 12, 31)))
    assert deferred() == 0
    assert revenue() == 330_508 - note.taxable.minor
    assert queries.check() == ()


def test_what_was_earned_already_is_taken_out_of_revenue(paid, balances, at):
    invoice = paid()
    actions.recognise(at=after(date(2026, 12, 31)))
    assert (revenue(), deferred()) == (76_272, 0)
    actions.credit(
        invoice_id=invoice.id, minor=90_000, reason="Sorry", at=after(date(2027, 1, 1))
    )
    assert balances() == {"gateway": 90_000, "customer_credit": -90_000}
    assert queries.check() == ()


def test_a_part_given_back_leaves_the_rest_to_be_earned_by_the_old_end(paid, at):
    invoice = paid()
    day = date(2026, 9, 2)
    actions.recognise(at=after(day))
    note = actions.credit(
        invoice_id=invoice.id, minor=9_000, reason="An outage", at=evening(day)
    )
    by_day = queries.revenue_by_day(invoice.id)
    assert (by_day[0][0], by_day[-1][0], len(by_day)) == (
        date(2026, 8, 3), date(2026, 11, 2), 92,
    )  # fmt: skip
    assert sum(money.minor for _, money in by_day) == 76_272 - note.taxable.minor
    assert all(money.minor > 0 for _, money in by_day)


def test_an_invoice_that_is_paid_late_earns_its_past_days_on_the_next(paid, at):
    paid()
    actions.recognise(at=after(date(2026, 8, 12)))
    late = paid(at=after(date(2026, 8, 12)))
    by_day = queries.revenue_by_day(late.id)
    assert by_day[0] == (date(2026, 8, 13), Money(earned(76_272, 92, 11), "INR"))
    over = paid(
        at=after(date(2026, 8, 12)), period=Period(date(2026, 7, 1), date(2026, 8, 1))
    )
    assert queries.revenue_by_day(over.id) == (
        (date(2026, 8, 13), Money(76_272, "INR")),
    )
    actions.recognise(at=after(date(2026, 8, 13)))
    assert revenue() == 2 * earned(76_272, 92, 11) + 76_272
    assert queries.check() == ()


def test_a_pause_is_not_earned_and_what_is_left_is_earned_after_it(paid, at):
    invoice = paid()
    away, back = date(2026, 8, 20), date(2026, 9, 19)
    actions.move_delivery(
        invoice_id=invoice.id, since=away, starts=back, ends=date(2026, 12, 3), at=at
    )
    by_day = dict(queries.revenue_by_day(invoice.id))
    assert (min(by_day), max(by_day), len(by_day)) == (
        date(2026, 8, 3), date(2026, 12, 2), 92,
    )  # fmt: skip
    assert not [day for day in by_day if away <= day < back]
    assert sum(money.minor for money in by_day.values()) == 76_272
    # She comes back sooner.
    sooner = date(2026, 8, 30)
    actions.recognise(at=after(date(2026, 8, 29)))
    assert revenue() == earned(76_272, 92, 17)
    actions.move_delivery(
        invoice_id=invoice.id, since=sooner, starts=sooner, ends=date(2026, 11, 13),
        at=evening(sooner),
    )  # fmt: skip
    by_day = dict(queries.revenue_by_day(invoice.id))
    assert (max(by_day), len(by_day)) == (date(2026, 11, 12), 92)
    assert sum(money.minor for money in by_day.values()) == 76_272
    actions.credit(
        invoice_id=invoice.id, minor=90_000, reason="All", at=evening(sooner)
    )
    assert deferred() == 0
    assert queries.check() == ()


def test_case_117_a_gift_is_earned_from_its_redemption(paid, at):
    gift = paid(period=None)
    actions.recognise(at=after(date(2026, 8, 30)))
    assert (revenue(), deferred()) == (0, 76_272)
    assert queries.deferred("INR", at=at).waiting == Money(76_272, "INR")
    redeemed = date(2026, 9, 12)
    year = Period(redeemed, date(2027, 9, 12))
    actions.start_delivery(invoice_id=gift.id, period=year, at=evening(redeemed))
    with pytest.raises(actions.DeliveryStarted):
        actions.start_delivery(invoice_id=gift.id, period=year, at=evening(redeemed))
    by_day = queries.revenue_by_day(gift.id)
    assert (by_day[0][0], len(by_day)) == (redeemed, 365)
    actions.recognise(at=after(redeemed))
    assert revenue() == earned(76_272, 365, 1)
    assert queries.check() == ()


def test_a_gift_that_goes_back_unredeemed_was_never_earned(paid, balances, at):
    gift = paid(period=None)
    actions.credit(invoice_id=gift.id, minor=90_000, reason="Unwanted", at=at)
    assert balances() == {"gateway": 90_000, "customer_credit": -90_000}
    assert queries.check() == ()


def test_a_night_is_a_few_statements_however_many_lines_run(paid, at):
    for _ in range(3):
        paid()
    with CaptureQueriesContext(
        connection,
    ) as few:
        actions.recognise(at=after(date(2026, 8, 3)))
    for _ in range(9):
        paid(at=after(date(2026, 8, 3)))
    with CaptureQueriesContext(connection) as more:
        actions.recognise(at=after(date(2026, 8, 4)))
    assert len(more) <= len(few) <= 20


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 40), st.integers(1, 60_000), st.booleans()), max_size=5
    )
)
@hypothesis_settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_credited_when_the_books_and_the_schedules_agree(paid, at, steps):
    with transaction.atomic():
        invoice, day = paid(), date(2026, 8, 3)
        for wait, minor, ends in steps:
            day += timedelta(days=wait)
            if wait % 2:
                actions.recognise(at=evening(day))
            left = queries.left_to_credit(invoice.id).minor
            if left:
                actions.credit(
                    invoice_id=invoice.id, minor=min(minor, left), reason="x",
                    at=evening(day), until=day if ends else None,
                )  # fmt: skip
            assert deferred() >= 0
            assert queries.check() == ()
        actions.recognise(at=after(day + timedelta(days=200)))
        assert deferred() == 0
        notes = queries.credit_notes(invoice.id)
        assert revenue() == 76_272 - sum(note.taxable.minor for note in notes)
        assert queries.check() == ()
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_schedule_that_earns_what_was_not_sold(paid, at):
    invoice = paid()
    (row,) = RevenueSchedule.objects.all()
    with pytest.raises(IntegrityError, match="only be stopped"), transaction.atomic():
        RevenueSchedule.objects.update(amount_minor=1)
    with pytest.raises(IntegrityError, match="only be stopped"), transaction.atomic():
        RevenueSchedule.objects.all().delete()
    with pytest.raises(IntegrityError, match="was sold"), transaction.atomic():
        RevenueSchedule.objects.update(stop=date(2026, 9, 3))
    with (
        pytest.raises(IntegrityError, match="a_day_is_earned_once"),
        transaction.atomic(),
    ):
        RevenueSchedule.objects.create(
            line_id=row.line_id, currency="INR", amount_minor=5,
            start=date(2026, 9, 1), end=date(2026, 9, 2), first_day=date(2026, 9, 1),
            stop=date(2026, 9, 2),
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="is not posted"), transaction.atomic():
        for day in (date(2026, 8, 3), date(2026, 8, 5)):
            RevenueDay.objects.create(day=day, posted_at=at)
    assert sum(m.minor for _, m in queries.revenue_by_day(invoice.id)) == 76_272


def test_the_check_finds_revenue_that_the_schedules_do_not_know(paid, at):
    invoice = paid()
    actions.post(
        [
            actions.Line("deferred_revenue", Money(5, "INR")),
            actions.Line("revenue", Money(-5, "INR")),
        ],
        reference=f"by-hand:{uuid4()}",
        memo="By hand",
        invoice=invoice.id,
        at=at,
    )
    (finding,) = queries.check()
    assert finding.invariant.startswith("I34 what is deferred")
    assert finding.message == "the books defer 76267, the schedules 76272"


def test_a_month_is_reported_as_it_was_earned(paid, at):
    paid()
    actions.recognise(at=after(date(2026, 9, 15)))
    now = datetime(2026, 9, 16, 6, tzinfo=UTC)
    months = queries.earned_by_month("INR", since=at, at=now)
    assert [(m.first_day, m.earned.minor) for m in months] == [
        (date(2026, 8, 1), earned(76_272, 92, 29)),
        (date(2026, 9, 1), earned(76_272, 92, 44) - earned(76_272, 92, 29)),
    ]
    to_come = queries.deferred("INR", at=now)
    assert [m.first_day for m in to_come.months] == [
        date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1),
    ]  # fmt: skip
    assert sum(m.earned.minor for m in to_come.months) == to_come.balance.minor
