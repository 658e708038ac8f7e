"""
Revenue is earned by the day. Every line has a schedule; a job posts each day once, all
lines of it in one transaction, so that a million of them are three statements.

Whoever makes or stops a schedule holds `_days` shared; the job holds it alone. So a
schedule always knows which days are posted already, and no day is left out.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Min, Sum

from broadsheet.kit.calendar import Period, instant, local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .. import queries
from ..models import CreditLine, Invoice, InvoiceLine, RevenueDay, RevenueSchedule
from ..rules import Line, earned
from .posting import post

DAY = timedelta(days=1)

EARNED_ON = """
SELECT currency, sum(
    ledger_earned(amount_minor, start, "end", %(day)s + 1)
    - CASE WHEN first_day = %(day)s THEN 0
      ELSE ledger_earned(amount_minor, start, "end", %(day)s) END)
FROM ledger_revenueschedule WHERE stop > %(day)s AND first_day <= %(day)s
GROUP BY currency ORDER BY currency
"""


class DeliveryStarted(Exception):
    """The invoice is being delivered already. Nothing was changed."""


def recognise(*, at: datetime) -> int:
    """
    Post the revenue of every whole day that is over and not posted yet, oldest first,
    each in a transaction of its own. Return how many days that were. Any number of
    workers may run it; two statements read all schedules that run.
    """
    yesterday = local_date(at, publication.current().zone) - DAY
    days = 0
    while _post_next(yesterday, at):
        days += 1
    return days


@transaction.atomic
def start_delivery(*, invoice_id: UUID, period: Period, at: datetime) -> None:
    """
    Begin to earn what was sold without a period (a gift that is redeemed now), but for
    what was credited meanwhile. Raise `DeliveryStarted`. Locks the invoice.
    """
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    if RevenueSchedule.objects.filter(line__invoice=invoice).exists():
        raise DeliveryStarted(f"Invoice {invoice.number} is being delivered.")
    _days(alone=False)
    for line in invoice.lines.filter(period_start=None).order_by("position"):
        credits = CreditLine.objects.filter(line=line)
        gone = credits.aggregate(sum=Sum("undelivered_minor"))["sum"] or 0
        _earn(line, invoice.currency, line.taxable_minor - gone, period)


@transaction.atomic
def move_delivery(
    *, invoice_id: UUID, since: date, starts: date, ends: date, at: datetime
) -> None:
    """
    Deliver what is left of an invoice on `since` from `starts` until the day before
    `ends` instead: she pauses, or comes back. What is earned stays. Locks the invoice.
    """
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    _days(alone=False)
    for line in invoice.lines.order_by("position"):
        left, _span = _stop(line, _first_open(since))
        start = _first_open(starts)
        _earn(line, invoice.currency, left, Period(start, max(ends, start + DAY)))


def schedule(invoice: Invoice) -> None:
    """Plan how an invoice that is being issued will be earned."""
    _days(alone=False)
    for line in invoice.lines.order_by("position"):
        if line.period_start and line.period_end:
            period = Period(line.period_start, line.period_end)
            _earn(line, invoice.currency, line.taxable_minor, period)


def unearn(line: InvoiceLine, taxable: int, *, until: date | None, at: datetime) -> int:
    """
    Take `taxable` out of what a line has still to earn, and return how much of it was
    there; the rest was earned already. What is left is earned evenly until its end, or
    until the day before `until`, if delivery ends sooner. Its invoice is locked.
    """
    _days(alone=False)
    if not RevenueSchedule.objects.filter(line=line).exists():
        return taxable  # Its delivery has not begun: nothing of it is earned.
    day = _first_open(local_date(at, publication.current().zone))
    left, span = _stop(line, day)
    if span is None:
        return 0
    undelivered = min(taxable, left)
    ends = min(span.end, until or span.end)
    start = max(day, min(span.start, ends))
    over = Period(start, max(ends, start + DAY))
    _earn(line, line.invoice.currency, left - undelivered, over)
    return undelivered


def _stop(line: InvoiceLine, day: date) -> tuple[int, Period | None]:
    """Stop what runs on `day` or later; return what it had still to earn, and when."""
    schedules = RevenueSchedule.objects.filter(line=line, stop__gt=day)
    running = list(schedules.filter(stop__gt=F("first_day")))
    left = 0
    for row in running:
        left += _earned_before(row, row.stop) - _earned_before(row, day)
        row.stop = max(day, row.first_day)
        row.save(update_fields=["stop"])
    if not running:
        return 0, None
    span = Period(min(row.start for row in running), max(row.end for row in running))
    return left, span


def _earn(line: InvoiceLine, currency: str, minor: int, over: Period) -> None:
    if not minor:
        return
    first_day = _first_open(over.start)
    RevenueSchedule.objects.create(
        line=line,
        currency=currency,
        amount_minor=minor,
        start=over.start,
        end=over.end,
        first_day=first_day,
        stop=max(over.end, first_day + DAY),
    )


def _first_open(day: date) -> date:
    """Return `day`, or the first one after it that is not posted yet."""
    through = queries.earned_through()
    return max(day, through + DAY) if through else day


def _earned_before(row: RevenueSchedule, day: date) -> int:
    if day <= row.first_day:
        return 0
    return earned(row.amount_minor, (row.end - row.start).days, (day - row.start).days)


def _days(*, alone: bool) -> None:
    shared = "" if alone else "_shared"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT pg_advisory_xact_lock{shared}(hashtextextended(%s, 0))",
            ["ledger.days"],
        )


@transaction.atomic
def _post_next(last: date, at: datetime) -> bool:
    _days(alone=True)
    day = _next_day()
    if day is None or day > last:
        return False
    RevenueDay.objects.create(day=day, posted_at=at)
    with connection.cursor() as cursor:
        cursor.execute(EARNED_ON, {"day": day})
        sums = [Money(int(minor), currency) for currency, minor in cursor.fetchall()]
    for amount in filter(None, sums):
        post(
            [Line("deferred_revenue", amount), Line("revenue", -amount)],
            reference=f"revenue:{day}:{amount.currency}",
            memo=f"Earned on {day}",
            # Its last moment, so that a month's books hold all of its days.
            at=instant(day + DAY, publication.current().zone)
            - timedelta(microseconds=1),
        )
    return True


def _next_day() -> date | None:
    through = queries.earned_through()
    if through is not None:
        return through + DAY
    first: date | None = RevenueSchedule.objects.aggregate(day=Min("first_day"))["day"]
    return first
