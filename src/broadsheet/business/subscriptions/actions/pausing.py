"""Pausing: days that are neither open nor paid for, and come back at the end."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from broadsheet.kit import calendar
from broadsheet.plumbing import outbox

from .. import queries
from ..events import GrantEnded, Paused, Resumed
from ..models import ScheduledChange, Subscription
from ..queries import NoSuchSubscription, SubscriptionView
from ..rules import Kind, Status
from . import journal

log = logging.getLogger(__name__)


class CannotPause(Exception):
    """It cannot be paused so; the sentence says why. Nothing changed."""


class NotPaused(Exception):
    """It is not paused, nor is it to be. Show the account again."""


@dataclass(frozen=True, slots=True)
class PauseQuote:
    """What a pause means: shut from `starts` until `resumes`, charged at `bills_at`."""

    starts: date
    resumes: date
    bills_at: datetime


def quote_pause(
    *,
    reader: UUID,
    subscription_id: UUID,
    resumes: date,
    starts: date | None = None,
    at: datetime,
) -> PauseQuote:
    """Say what `pause` would do; raises what it raises, and writes nothing."""
    found = Subscription.objects.filter(
        pk=subscription_id, reader__public_id=reader, started_at__isnull=False
    )
    row = found.first()
    if row is None or row.period_end is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    today = calendar.local_date(at, row.zone)
    starts = starts or today + timedelta(days=1)
    _refuse(row, starts, resumes, today)
    journal.refuse_second_change(row)
    later = row.period_end + (resumes - starts)
    return PauseQuote(starts, resumes, calendar.instant(later, row.zone))


@transaction.atomic
def pause(
    *,
    reader: UUID,
    subscription_id: UUID,
    resumes: date,
    starts: date | None = None,
    by: str = "",
    at: datetime,
) -> SubscriptionView:
    """
    Neither open nor charge anything from the local midnight that begins `starts`
    (tomorrow, unless said) until the one that begins `resumes`: the paid time grows by
    exactly those days, and the price stays. The same pause again answers the same.
    `by` is who of the staff does it for her.
    Raise `CannotPause`, `ChangePending`, `NoSuchSubscription`.
    """
    row = journal.hers(reader, subscription_id)
    today = calendar.local_date(at, row.zone)
    starts = starts or today + timedelta(days=1)
    if (row.paused_on, row.resumes_on) == (starts, resumes):
        return queries.view(row.pk)
    _refuse(row, starts, resumes, today)
    journal.refuse_second_change(row)
    ScheduledChange.objects.create(
        subscription=row,
        kind="pause",
        effective_at=calendar.instant(starts, row.zone),
        resumes_on=resumes,
        based_on_k=row.k,
        by=by or str(reader),
        asked_at=at,
    )
    row.paused_on, row.resumes_on = starts, resumes
    journal.record(
        row,
        Kind.PAUSE_ASKED,
        by=by or str(reader),
        at=at,
        starts=starts.isoformat(),
        resumes=resumes.isoformat(),
    )
    journal.grant_paid_time(row, at=at)
    paused = Paused(row.pk, row.reader_id, starts, resumes, row.runs_until)
    outbox.announce(paused, at=at)
    return queries.view(row.pk)


@transaction.atomic
def resume(
    *, reader: UUID, subscription_id: UUID, by: str = "", at: datetime
) -> SubscriptionView:
    """
    End a pause today, or withdraw one that has not begun. The days that she was away
    are added to her paid time. Raise `NotPaused`, `NoSuchSubscription`.
    """
    row = journal.hers(reader, subscription_id)
    if row.paused_on is None or not row.is_running:
        raise NotPaused("The subscription is not paused.")
    today = calendar.local_date(at, row.zone)
    if row.status == Status.PAUSED or row.paused_on <= today:
        _begin_if_due(row, at)
        _resume(row, max(today, row.paused_on), by or str(reader), at)
    else:
        _withdraw(row, by or str(reader), at)
    return queries.view(row.pk)


def turn_pauses(*, at: datetime, limit: int = 500) -> int:
    """
    Begin the pauses and end the pauses that are to begin or end by now. Access has
    turned by itself, at the exact midnight; this keeps the contract in step. Several
    workers may run it. Return how many turned.
    """
    begin = ScheduledChange.objects.filter(
        kind="pause", closed_at=None, effective_at__lte=at
    ).order_by("effective_at", "id")
    # A day later than any zone has come to it is sorted out under the lock.
    latest = (at + timedelta(days=1)).date()
    end = Subscription.objects.filter(
        status=Status.PAUSED, resumes_on__lte=latest
    ).order_by("resumes_on", "id")
    due = [
        *begin.values_list("subscription_id", flat=True)[:limit],
        *end.values_list("pk", flat=True)[:limit],
    ]
    return sum(_turn_safely(subscription_id, at) for subscription_id in due)


def _turn_safely(subscription_id: UUID, at: datetime) -> bool:
    try:
        with transaction.atomic():
            return _turn(journal.lock(subscription_id), at)
    except Exception:  # One contract's trouble must not keep the others waiting.
        log.exception("the pause of %s did not turn", subscription_id)
        return False


def _turn(row: Subscription, at: datetime) -> bool:
    if not row.is_running:
        return False
    turned = _begin_if_due(row, at)
    if row.status == Status.PAUSED and row.resumes_on is not None:
        if calendar.instant(row.resumes_on, row.zone) <= at:
            _resume(row, row.resumes_on, journal.HOUSE, at)
            turned = True
    return turned


def _refuse(row: Subscription, starts: date, resumes: date, today: date) -> None:
    assert row.period_end is not None  # noqa: S101  It has started.
    longest = queries.policy().longest_pause_days
    if row.cancel_at is not None:
        raise CannotPause(_("It is cancelled, and ends on its day. Undo that first."))
    if row.status == Status.PAST_DUE:
        raise CannotPause(_("A payment is past due. It is settled first."))
    if row.status != Status.ACTIVE or not row.renews:
        raise CannotPause(_("This subscription cannot be paused."))
    if starts <= today:
        raise CannotPause(_("A pause begins tomorrow at the earliest."))
    if starts > row.period_end:
        raise CannotPause(_("A pause begins within the paid time, or at its end."))
    if resumes <= starts:
        raise CannotPause(_("A pause ends after it begins."))
    if (resumes - starts).days > longest:
        words = ngettext(
            "A pause lasts %(days)s day at most.",
            "A pause lasts %(days)s days at most.",
            longest,
        )
        raise CannotPause(words % {"days": longest})


def _begin_if_due(row: Subscription, at: datetime) -> bool:
    change = row.changes.filter(kind="pause", closed_at=None).first()
    if change is None or change.effective_at > at:
        return False
    change.closed_at, change.outcome = at, "paused"
    change.save(update_fields=["closed_at", "outcome"])
    journal.record(row, Kind.PAUSED, at=at)
    return True


def _resume(row: Subscription, on: date, by: str, at: datetime) -> None:
    """Go on from the day `on`, with every day that was paused added at the end."""
    assert row.paused_on and row.period_end  # noqa: S101  It is paused.
    days = on - row.paused_on
    outbox.announce(GrantEnded(row.resumed_reference, at), at=at)
    row.paused_on = row.resumes_on = None
    if days:
        row.period_end += days
        row.paid_through = calendar.instant(row.period_end, row.zone)
        # The dates to come are counted from where the paid time ends now.
        row.anchor_date, row.anchor_k = row.period_end, row.k + 1
    if row.cancel_at is not None:
        row.cancel_at = row.paid_through
        row.cancellations.filter(undone_at=None).update(effective_at=row.cancel_at)
    journal.record(row, Kind.RESUMED, by=by, at=at, on=on.isoformat(), days=days.days)
    journal.grant_paid_time(row, at=at)
    outbox.announce(Resumed(row.pk, row.reader_id, row.runs_until), at=at)


def _withdraw(row: Subscription, by: str, at: datetime) -> None:
    journal.drop_change(row, "withdrawn", at=at)
    journal.record(row, Kind.PAUSE_WITHDRAWN, by=by, at=at)
    outbox.announce(Resumed(row.pk, row.reader_id, row.runs_until), at=at)
