"""Purchases and changes that nobody paid for: closed, and no number burnt."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import actions as shop
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known

from .. import rules
from ..models import Checkout, ScheduledChange, Subscription
from ..rules import Kind, Status
from . import journal
from .paying import close_page

# After which a change whose charge is not known no longer keeps the renewal waiting; if
# it was charged after all, the money goes back.
GIVEN_UP = timedelta(days=1)
OPEN_ENDED = ("pending", "unknown", "succeeded")


def expire_checkouts(*, at: datetime, limit: int = 200) -> int:
    """
    Close the purchases that nobody paid for within 23 hours: their invoices are void
    and burn no number. The provider is asked once more first. Return how many.
    """
    old = at - rules.CHECKOUT_KEPT
    due = Checkout.objects.filter(
        subscription__status=Status.INCOMPLETE, subscription__made_at__lte=old
    )
    closed = 0
    for checkout_id, payment_id in due.order_by("made_at", "id").values_list(
        "pk", "payment_id"
    )[:limit]:
        if payment_id is not None:
            close_page(payment_id, at)
        closed += _abandon_if_unpaid(checkout_id, at)
    return closed


@transaction.atomic
def _abandon_if_unpaid(checkout_id: UUID, at: datetime) -> bool:
    checkout = Checkout.objects.get(pk=checkout_id)
    row = journal.lock(checkout.subscription_id)
    if row.status != Status.INCOMPLETE:
        return False
    payment = known.payment_for(str(checkout.invoice_id))
    # No answer, no address: nobody was ever shown its page, so nobody pays on it.
    unseen = payment is not None and payment.status == "unknown"
    if payment is not None and payment.status in OPEN_ENDED and not unseen:
        # Its end is not known yet; or it took less than was asked, and a person looks.
        return False
    abandon(row, "not paid in time", at)
    return True


def abandon(row: Subscription, reason: str, at: datetime) -> None:
    shop.give_back_offer(subscription_ref=row.pk, at=at)
    journal.close_what_is_open(row, reason, at=at)
    journal.record(row, Kind.ABANDONED, at=at, reason=reason)


def expire_changes(*, at: datetime, limit: int = 200) -> int:
    """Drop the changes that nobody paid for within an hour. Return how many."""
    old = ScheduledChange.objects.filter(
        closed_at=None,
        invoice_id__isnull=False,
        asked_at__lte=at - rules.WAITS_FOR_PAYMENT,
    ).order_by("asked_at", "pk")
    return sum(_expire(made, at) for made in old[:limit])


def _expire(made: ScheduledChange, at: datetime) -> bool:
    payment = known.payment_for(str(made.invoice_id))
    if payment is not None:
        close_page(payment.payment_id, at)
        # A charge that was lost on the way is known to nobody, and no webhook tells of it.
        payment = payments.send_again(payment.payment_id, at=at)
    if payment is not None and payment.status in OPEN_ENDED:
        unheard = payment.status == "unknown" and made.asked_at <= at - GIVEN_UP
        if not unheard:
            return False  # Its end is not known yet.
    with transaction.atomic():
        row = journal.lock(made.subscription_id)
        # Closing its page is a decline, which has dropped it where there was a page.
        if row.changes.filter(pk=made.pk, closed_at=None).exists():
            drop(row, "not paid in time", at)
    return True


def drop(row: Subscription, reason: str, at: datetime) -> None:
    """Let the plan stay as it is, and write down why."""
    journal.drop_change(row, reason[:64], at=at)
    journal.record(row, Kind.CHANGE_DROPPED, at=at, reason=reason)
