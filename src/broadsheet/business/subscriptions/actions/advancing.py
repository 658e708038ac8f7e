"""A contract goes forward by one period: its first, or another."""

from __future__ import annotations

from datetime import datetime, timedelta

from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.kit import calendar
from broadsheet.kit.calendar import Period
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from .. import rules
from ..events import Renewed, Started
from ..models import Subscription
from ..rules import Kind, Paid, Status
from . import journal


def first_period(row: Subscription, at: datetime) -> Paid:
    """Return the first period of a contract that is paid for, or given, at `at`."""
    on = calendar.local_date(at, row.zone)
    return rules.paid_period(on, row.plan_version.term, 0, row.zone)


def advance(
    row: Subscription,
    paid: Paid,
    price: Money,
    *,
    version: PlanOffer,
    invoice: InvoiceFacts | None = None,
    at: datetime,
) -> None:
    """Let a locked contract go into a period that is paid for, or costs nothing."""
    first = row.status == Status.INCOMPLETE
    if first:
        row.anchor_date, row.started_at = paid.period.start, at
    if version.version_id != row.plan_version_id:
        row.plan_version_id = version.version_id
    row.k = paid.index
    _run(row, paid, price.minor)
    row.tries.filter(closed_at=None).update(closed_at=at, outcome="succeeded")
    journal.record(
        row,
        Kind.STARTED if first else Kind.RENEWED,
        at=at,
        invoice=str(invoice.id) if invoice else None,
        price=price.minor,
        period=[paid.period.start.isoformat(), paid.period.end.isoformat()],
    )
    journal.grant_paid_time(row, at=at)
    fact: Started | Renewed = Started(row.pk, row.reader_id)
    if not first:
        invoice_id = invoice.id if invoice else None
        fact = Renewed(row.pk, row.reader_id, invoice_id, paid.index)
    outbox.announce(fact, at=at)


def start_trial(row: Subscription, days: int, *, at: datetime) -> None:
    """
    Let a contract start with days that cost nothing: they are period 0, and what is
    paid for is counted from their end.
    """
    on = calendar.local_date(at, row.zone)
    end = on + timedelta(days=days)
    row.anchor_date, row.anchor_k, row.opening_k = end, 1, 1
    if row.offer_until_k is not None:
        row.offer_until_k += 1
    row.started_at = at
    _run(row, Paid(0, Period(on, end), calendar.instant(end, row.zone)), 0)
    journal.record(
        row, Kind.TRIAL_STARTED, at=at, period=[on.isoformat(), end.isoformat()]
    )
    journal.grant_paid_time(row, at=at)
    outbox.announce(Started(row.pk, row.reader_id), at=at)


def _run(row: Subscription, paid: Paid, worth: int) -> None:
    row.period_start, row.period_end = paid.period.start, paid.period.end
    row.paid_through = paid.until
    row.worth_minor, row.worth_days = worth, paid.period.days
    row.failures = 0
    row.retry_at = row.grace_until = row.lease_until = None
