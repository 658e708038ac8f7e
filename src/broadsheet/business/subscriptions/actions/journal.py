"""What every verb here does: lock in one order, write the event, file the grants."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.plumbing import outbox

from .. import queries, rules
from ..events import Granted, GrantEnded, Lapsed
from ..models import Subscription, SubscriptionEvent
from ..rules import Kind, Status

HOUSE = "house"  # Who acted, when it was us.


def lock_reader(reader: UUID) -> None:
    """
    Let one transaction at a time decide about a reader's purchases. Taken before the
    lock of any subscription; it holds where there is no row yet to lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"subscriptions.reader:{reader}"],
        )


def lock(subscription_id: UUID) -> Subscription:
    """Return the subscription, its row locked until the commit."""
    row = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("plan_version")
        .filter(pk=subscription_id)
        .first()
    )
    if row is None:
        raise queries.NoSuchSubscription(f"There is no subscription {subscription_id}.")
    return row


def record(
    row: Subscription, kind: Kind, *, by: str = HOUSE, at: datetime, **facts: object
) -> None:
    """
    Let `kind` happen to a locked subscription, and save it. Raise `WrongMove` where
    the table has no such move; then nothing was written.
    """
    row.status = rules.after(Status(row.status) if row.status else None, kind)
    row.row_version += 1
    if row.status in rules.TERMINAL:
        row.ended_at = at
    row.save()
    SubscriptionEvent.objects.create(
        subscription=row, n=row.row_version, kind=kind, at=at, by=by, facts=facts
    )


def grant(row: Subscription, *, ends: datetime, at: datetime) -> None:
    """File what the plan opens, until `ends`. Replaces what was filed before."""
    assert row.started_at is not None  # noqa: S101  Only a started one opens anything.
    for feature in catalogue.version(row.plan_version_id).features:
        outbox.announce(
            Granted(row.reader_id, feature, row.started_at, ends, row.reference), at=at
        )


def grant_paid_time(row: Subscription, *, at: datetime) -> None:
    """
    File what the plan opens until the paid time is over, and for the courtesy after
    it: the renewal is charged when that time is over, and nobody who has asked for a
    renewal is to meet the wall while we are at it.
    """
    assert row.paid_through is not None  # noqa: S101  It has started.
    courtesy = timedelta(hours=queries.policy().courtesy_hours)
    grant(row, ends=row.paid_through + courtesy, at=at)


def lapse(row: Subscription, *, ends: datetime, reason: str, at: datetime) -> None:
    """End a locked subscription: no further charge, and no access after `ends`."""
    void_open_invoices(row.pk, at=at)
    row.tries.filter(closed_at=None).update(closed_at=at, outcome="lapsed")
    row.retry_at = row.grace_until = row.lease_until = None
    record(row, Kind.LAPSED, at=at, reason=reason)
    outbox.announce(Lapsed(row.pk, row.reader_id), at=at)
    outbox.announce(GrantEnded(row.reference, ends), at=at)


def void_open_invoices(subscription_id: UUID, *, at: datetime) -> None:
    for invoice in books.invoices(subscription_id):
        if invoice.status == "open":
            ledger.void(invoice.id, at=at)
