"""What every verb here does: lock in one order, write the event, file the grants."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.kit import calendar
from broadsheet.plumbing import outbox

from .. import queries, rules
from ..events import Granted, GrantEnded, Lapsed
from ..models import Subscription, SubscriptionEvent
from ..queries import NoSuchSubscription
from ..rules import Kind, Status


class ChangePending(Exception):
    """Another change of this subscription waits. Withdraw that one first."""


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
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    return row


def hers(reader: UUID, subscription_id: UUID) -> Subscription:
    """Return a reader's own subscription, locked, if it ever started."""
    row = lock(subscription_id)
    if row.reader_id != reader or row.started_at is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
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
    row.due_at = _due(row)
    row.save()
    SubscriptionEvent.objects.create(
        subscription=row, n=row.row_version, kind=kind, at=at, by=by, facts=facts
    )


def _due(row: Subscription) -> datetime | None:
    """Return when money is to be collected next. The claim asks nothing else."""
    wanted = row.renews and row.cancel_at is None and row.paused_on is None
    if row.status not in rules.CHARGED or not wanted:
        return None
    return row.retry_at if row.status == Status.PAST_DUE else row.paid_through


def grant(row: Subscription, *, ends: datetime, at: datetime) -> None:
    """File what the plan opens, until `ends`. Replaces what was filed before."""
    assert row.started_at is not None  # noqa: S101  Only a started one opens anything.
    _file(row, row.reference, row.started_at, ends, at)


def grant_paid_time(row: Subscription, *, at: datetime) -> None:
    """
    File what the plan opens until the paid time is over, and for the courtesy after
    it: the renewal is charged when that time is over, and nobody who has asked for a
    renewal is to meet the wall while we are at it. A pause to come makes it two
    stretches, both filed now, so that no worker need be up at either midnight.
    """
    more = courtesy() if row.renews else timedelta(0)
    ends = row.cancel_at or row.runs_until + more
    if row.paused_on is None or row.resumes_on is None:
        grant(row, ends=ends, at=at)
        return
    grant(row, ends=calendar.instant(row.paused_on, row.zone), at=at)
    again = calendar.instant(row.resumes_on, row.zone)
    _file(row, row.resumed_reference, again, ends, at)


def end_grants(row: Subscription, *, ends: datetime, at: datetime) -> None:
    """Let nothing that was filed for it outlast `ends`."""
    outbox.announce(GrantEnded(row.reference, ends), at=at)
    if row.paused_on is not None:
        outbox.announce(GrantEnded(row.resumed_reference, ends), at=at)


def courtesy() -> timedelta:
    return timedelta(hours=queries.policy().courtesy_hours)


def _file(
    row: Subscription, reference: str, starts: datetime, ends: datetime, at: datetime
) -> None:
    for feature in catalogue.version(row.plan_version_id).features:
        outbox.announce(Granted(row.reader_id, feature, starts, ends, reference), at=at)


def lapse(row: Subscription, *, ends: datetime, reason: str, at: datetime) -> None:
    """End a locked subscription: no further charge, and no access after `ends`."""
    close_what_is_open(row, "lapsed", at=at)
    row.retry_at = row.grace_until = row.lease_until = None
    record(row, Kind.LAPSED, at=at, reason=reason)
    outbox.announce(Lapsed(row.pk, row.reader_id), at=at)
    end_grants(row, ends=ends, at=at)


def close_what_is_open(row: Subscription, outcome: str, *, at: datetime) -> None:
    """Withdraw its unpaid invoices, its try and its change: nothing is to come."""
    for invoice in books.invoices(row.pk):
        if invoice.status == "open":
            ledger.void(invoice.id, at=at)
    row.tries.filter(closed_at=None).update(closed_at=at, outcome=outcome)
    row.changes.filter(closed_at=None).update(closed_at=at, outcome=outcome)


def refuse_second_change(row: Subscription) -> None:
    if row.paused_on is not None or row.changes.filter(closed_at=None).exists():
        raise ChangePending("Another change of this subscription is scheduled.")


def drop_change(row: Subscription, outcome: str, *, at: datetime) -> None:
    """Forget what was to become of a locked subscription; a pause in force stays."""
    change = row.changes.filter(closed_at=None).first()
    if change is None:
        return
    if change.invoice_id is not None:
        ledger.void(change.invoice_id, at=at)
    change.closed_at, change.outcome = at, outcome
    change.save(update_fields=["closed_at", "outcome"])
    if change.kind == "pause":
        outbox.announce(GrantEnded(row.resumed_reference, at), at=at)
        row.paused_on = row.resumes_on = None
        grant_paid_time(row, at=at)
