"""What is earned, and what is still owed in news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from broadsheet.kit.calendar import local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from ..models import RevenueDay, RevenueSchedule
from ..rules import earned

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """What a calendar month earned (or, of one to come, will earn if nothing changes)."""

    first_day: date
    earned: Money


@dataclass(frozen=True, slots=True)
class Deferred:
    """
    What is paid and not delivered: at which day's end, how much, and the months in
    which it will be earned. What waits for a first day (a gift) is in no month.
    """

    through: date
    balance: Money
    months: tuple[Month, ...]

    @property
    def waiting(self) -> Money:
        return sum((-month.earned for month in self.months), self.balance)


EARNED_BY_MONTH = """
SELECT date_trunc('month', t.at AT TIME ZONE %(zone)s)::date, -sum(e.amount_minor)
FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
WHERE e.account = 'revenue' AND e.currency = %(currency)s
  AND t.at >= %(since)s AND t.at <= %(at)s
GROUP BY 1 ORDER BY 1
"""

# A schedule meets only the months that it lasts for.
EARNED_LATER = """
SELECT month::date, sum(
    ledger_earned(s.amount_minor, s.start, s."end",
                  least((month + interval '1 month')::date, s.stop))
    - CASE WHEN greatest(month::date, %(next)s) <= s.first_day THEN 0
      ELSE ledger_earned(s.amount_minor, s.start, s."end",
                         greatest(month::date, %(next)s)) END)
FROM ledger_revenueschedule s,
     generate_series(date_trunc('month', greatest(s.first_day, %(next)s)),
                     s.stop - 1, interval '1 month') month
WHERE s.stop > %(next)s AND s.stop > s.first_day AND s.currency = %(currency)s
GROUP BY 1 ORDER BY 1
"""

UNDELIVERED = """
SELECT coalesce(-sum(e.amount_minor), 0)
FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
WHERE e.account = 'deferred_revenue' AND e.currency = %s AND t.at <= %s
"""


def earned_through() -> date | None:
    """Return the last day whose revenue is posted."""
    row = RevenueDay.objects.order_by("-day").first()
    return row.day if row else None


def revenue_by_day(invoice_id: UUID) -> tuple[tuple[date, Money], ...]:
    """
    Return what an invoice earns on each day, as its schedules stand: what is stopped
    is not in it. Days that passed before it was paid are earned on the day it was.
    """
    days: dict[date, Money] = {}
    rows = RevenueSchedule.objects.filter(line__invoice=invoice_id)
    for row in rows.order_by("first_day", "pk"):
        so_far, length = 0, (row.end - row.start).days
        for ordinal in range(row.first_day.toordinal(), row.stop.toordinal()):
            done = ordinal + 1 - row.start.toordinal()
            minor, day = (
                earned(row.amount_minor, length, done),
                date.fromordinal(ordinal),
            )
            none = Money(0, row.currency)
            days[day] = days.get(day, none) + Money(minor - so_far, row.currency)
            so_far = minor
    return tuple(sorted(days.items()))


def earned_by_month(
    currency: str, *, since: datetime, at: datetime
) -> tuple[Month, ...]:
    """Return what each month earned, less what was taken back in it. One query."""
    zone = publication.current().zone
    with connection.cursor() as cursor:
        cursor.execute(
            EARNED_BY_MONTH,
            {"zone": zone.key, "currency": currency, "since": since, "at": at},
        )
        return tuple(
            Month(day, Money(int(minor), currency)) for day, minor in cursor.fetchall()
        )


def deferred(currency: str, *, at: datetime) -> Deferred:
    """
    Return what is paid and not delivered, and when it will be earned. Two queries; the
    second reads every schedule that runs: seconds at a million subscribers.
    """
    posted = earned_through()
    following = posted + DAY if posted else date.min
    through = posted or local_date(at, publication.current().zone) - DAY
    with connection.cursor() as cursor:
        cursor.execute(UNDELIVERED, [currency, at])
        balance = int(cursor.fetchone()[0])
        cursor.execute(EARNED_LATER, {"next": following, "currency": currency})
        months = tuple(
            Month(day, Money(int(minor), currency)) for day, minor in cursor.fetchall()
        )
    return Deferred(through, Money(balance, currency), months)
