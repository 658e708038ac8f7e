"""Cancelling, changing one's mind, and the end of a contract."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from broadsheet.plumbing import outbox

from .. import queries, rules
from ..events import Cancelled, CancelUndone, TermOver
from ..models import Cancellation, Subscription
from ..queries import SubscriptionView
from ..rules import Kind, Status
from . import journal


class TooLate(Exception):
    """The subscription is over. The reader can subscribe again."""


@transaction.atomic
def cancel(
    *, reader: UUID, subscription_id: UUID, reason: str, by: str = "", at: datetime
) -> SubscriptionView:
    """
    Charge no further period. Everything works until the paid time is over; where there
    is none left, it ends now. Works in every state that runs, with or without a
    payment method; asked twice, it answers the same. `by` is who of the staff does it
    for her. Raise `NoSuchSubscription`, `TooLate`.
    """
    row = journal.hers(reader, subscription_id)
    if not row.is_running:
        raise TooLate("The subscription is over already.")
    if queries.open_cancellation(row.pk) is None:
        _cancel(row, by or str(reader), reason.strip()[:500], at)
    return queries.view(row.pk)


@transaction.atomic
def undo_cancel(
    *, reader: UUID, subscription_id: UUID, by: str = "", at: datetime
) -> SubscriptionView:
    """Renew it after all, on the same dates. Asked twice, it answers the same. Raise
    `NoSuchSubscription`, or `TooLate` once it has ended."""
    row = journal.hers(reader, subscription_id)
    if not row.is_running:
        raise TooLate("The subscription has ended.")
    cancellation = queries.open_cancellation(row.pk)
    if cancellation is None:
        return queries.view(row.pk)
    if cancellation.effective_at <= at:
        raise TooLate("The subscription has ended.")
    who = by or str(reader)
    cancellation.undone_at, cancellation.undone_by = at, who
    cancellation.save(update_fields=["undone_at", "undone_by"])
    row.cancel_at = None
    journal.record(row, Kind.CANCEL_UNDONE, by=who, at=at)
    journal.grant_paid_time(row, at=at)
    outbox.announce(CancelUndone(row.pk, row.reader_id), at=at)
    return queries.view(row.pk)


def lapse_due(*, at: datetime, limit: int = 500) -> int:
    """
    End what is to end by now: what was cancelled and is used up, and what could not be
    collected within its grace. Several workers may run it. Return how many.
    """
    ended = 0
    for subscription_id in _due(at)[:limit]:
        ended += lapse_if_due(subscription_id, at)
    return ended


def _due(at: datetime) -> list[UUID]:
    rows = Subscription.objects.filter(
        Q(cancel_at__lte=at, status__in=rules.RUNNING)
        | Q(status=Status.PAST_DUE, grace_until__lte=at)
        | Q(renews=False, status=Status.ACTIVE, paid_through__lte=at)
    )
    return list(rows.order_by("paid_through", "id").values_list("pk", flat=True))


@transaction.atomic
def lapse_if_due(subscription_id: UUID, at: datetime) -> bool:
    """End one subscription if it is to end by now. Locks its row."""
    row = journal.lock(subscription_id)
    if not row.is_running:
        return False
    if row.cancel_at is not None and row.cancel_at <= at:
        journal.lapse(row, ends=row.cancel_at, reason="cancelled", at=at)
        return True
    if row.status == Status.ACTIVE and not row.renews and row.paid_through:
        if row.paid_through <= at:
            journal.record(row, Kind.TERM_OVER, at=at)
            outbox.announce(TermOver(row.pk, row.reader_id), at=at)
            return True
    if row.status == Status.PAST_DUE and row.grace_until and row.grace_until <= at:
        ends = row.grace_until
        journal.lapse(row, ends=ends, reason="not paid", at=at)
        return True
    return False


def _cancel(row: Subscription, by: str, reason: str, at: datetime) -> None:
    journal.drop_change(row, "cancelled", at=at)
    ends = max(row.runs_until, at)
    Cancellation.objects.create(
        subscription=row, reason=reason, by=by, at=at, effective_at=ends
    )
    row.cancel_at = ends
    journal.record(row, Kind.CANCEL_ASKED, by=by, at=at, reason=reason)
    outbox.announce(Cancelled(row.pk, row.reader_id, ends), at=at)
    if ends <= at:
        journal.lapse(row, ends=ends, reason="cancelled", at=at)
    else:
        # The courtesy was for the time a renewal takes; there is none to come.
        journal.end_grants(row, ends=ends, at=at)
