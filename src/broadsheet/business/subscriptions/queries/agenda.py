"""What is to happen to contracts, and when, if nobody does anything before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, QuerySet
from django.db.models.functions import Greatest

from broadsheet.kit import calendar

from .. import rules
from ..models import ScheduledChange, Subscription
from ..rules import Status


@dataclass(frozen=True, slots=True)
class Coming:
    """How many of one kind come due within a stretch of time, the first of them when."""

    what: str
    count: int
    first: datetime


def next_due(after: datetime) -> datetime | None:
    """
    Return the first instant after `after` at which a worker has something to do. What
    was due before, and could not be done, is not repeated. Reads what is open.
    """
    first, *others = (
        rows.filter(when__gt=after).order_by("when").values_list("when", flat=True)[:1]
        for rows in _kinds().values()
    )
    found = [*first.union(*others, all=True), _resumes(after)]
    return min((when for when in found if when is not None), default=None)


def coming(after: datetime, until: datetime) -> tuple[Coming, ...]:
    """
    Count what comes due after `after` and by `until`, as things are now; what follows
    from it (the period after the next one) is not in it. Soonest first.
    """
    found = []
    for what, rows in _kinds().items():
        counted = rows.filter(when__gt=after, when__lte=until).aggregate(
            count=Count("pk"), first=Min("when")
        )
        if counted["count"]:
            found.append(Coming(what, **counted))
    return tuple(sorted(found, key=lambda one: (one.first, one.what)))


def _kinds() -> dict[str, QuerySet[Any]]:
    """Return what can come due, each with the instant, `when`, at which it does."""
    contracts, changes = Subscription.objects, ScheduledChange.objects
    return {
        # A contract that a run holds comes up again when its lease is over.
        "renewals and retries": contracts.filter(due_at__isnull=False).annotate(
            when=Greatest("due_at", "lease_until")
        ),
        "ends of a grace": contracts.filter(status=Status.PAST_DUE).annotate(
            when=F("grace_until")
        ),
        "cancelled and used up": contracts.filter(
            status__in=rules.RUNNING, cancel_at__isnull=False
        ).annotate(when=F("cancel_at")),
        "terms that do not renew": contracts.filter(
            status=Status.ACTIVE, renews=False
        ).annotate(when=F("paid_through")),
        "unpaid purchases": contracts.filter(status=Status.INCOMPLETE).annotate(
            when=F("made_at") + rules.CHECKOUT_KEPT
        ),
        "unpaid changes of plan": changes.filter(
            closed_at=None, invoice_id__isnull=False
        ).annotate(when=F("asked_at") + rules.WAITS_FOR_PAYMENT),
        "pauses that begin": changes.filter(closed_at=None, kind="pause").annotate(
            when=F("effective_at")
        ),
    }


def _resumes(after: datetime) -> datetime | None:
    """A pause ends on a date, at a midnight that its own zone knows."""
    eve = (after - timedelta(days=1)).date()
    rows = Subscription.objects.filter(status=Status.PAUSED, resumes_on__gte=eve)
    ends = {
        calendar.instant(row.resumes_on, row.zone)
        for row in rows.only("resumes_on", "anchor_tz").order_by("resumes_on")[:200]
        if row.resumes_on is not None
    }
    return min((end for end in ends if end > after), default=None)
