"""Leaving at once, and the money that goes back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments import actions as payments
from broadsheet.business.payments import queries as known
from broadsheet.kit import calendar
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from .. import queries
from ..events import CancelledNow
from ..models import HeldCredit, Subscription
from ..queries import NoSuchSubscription, SubscriptionView
from ..rules import Kind
from . import journal
from .ending import TooLate

log = logging.getLogger(__name__)

DAYS_GIVEN_UP = "days given up"


class RefundsOff(Exception):
    """Readers do not leave at once here: `cancel` lets it run to its end instead."""


class StaleRefund(Exception):
    """What would go back is no longer what was shown. Show `quote`, and ask again."""

    def __init__(self, quote: RefundQuote) -> None:
        super().__init__(f"{quote.back} would go back now.")
        self.quote = quote


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What leaving at once gives back: `days` of the `of` days that are paid."""

    back: Money
    days: int
    of: int


def quote_refund(*, reader: UUID, subscription_id: UUID, at: datetime) -> RefundQuote:
    """Say what `cancel_now` would give back. Raise `NoSuchSubscription`, `TooLate`."""
    row = Subscription.objects.select_related("plan_version").filter(
        pk=subscription_id, reader__public_id=reader, started_at__isnull=False
    )
    found = row.first()
    if found is None:
        raise NoSuchSubscription(f"There is no subscription {subscription_id}.")
    return _quote(found, at)


@transaction.atomic
def cancel_now(
    *,
    reader: UUID,
    subscription_id: UUID,
    quoted_minor: int,
    reason: str,
    by: str = "",
    at: datetime,
) -> SubscriptionView:
    """
    End it now, and give back the days that are left, today's included: pro rata by
    whole days, half up. The money leaves by a job, under a stored key. `by` is who of
    the staff does it for her, whatever the policy says. Raise `StaleRefund`,
    `RefundsOff`, `TooLate`, `NoSuchSubscription`.
    """
    if not by and not queries.leaving_policy().refunds_on:
        raise RefundsOff("The policy is that it runs to its end.")
    row = journal.hers(reader, subscription_id)
    quote = _quote(row, at)
    if quote.back.minor != quoted_minor:
        raise StaleRefund(quote)
    given = give_back(row, quote.back, at=at)
    journal.close_what_is_open(row, "cancelled now", at=at)
    row.cancellations.filter(undone_at=None).update(effective_at=at)
    if row.paid_through is not None:
        row.paid_through = min(row.paid_through, at)
    row.cancel_at = row.retry_at = row.grace_until = row.lease_until = None
    who = by or str(reader)
    journal.record(
        row, Kind.CANCELLED_NOW, by=who, at=at, reason=reason.strip()[:500], back=given
    )
    journal.end_grants(row, ends=at, at=at)
    outbox.announce(
        CancelledNow(row.pk, row.reader_id, given, quote.back.currency), at=at
    )
    return queries.view(row.pk)


def return_credits(*, at: datetime, limit: int = 100) -> int:
    """
    Send back what is to go back to readers. Return how much of it went, in cases. Each
    goes under its stored key, so a lost answer never gives it back twice; one that
    cannot go does not keep the others.
    """
    waiting = HeldCredit.objects.filter(returned_at=None).order_by("held_at", "pk")
    return sum(_send_safely(held, at) for held in waiting[:limit])


def _send_safely(held: HeldCredit, at: datetime) -> bool:
    try:
        payments.refund(
            payment_id=held.payment_id,
            attempt_id=held.attempt_id,
            amount=Money(held.minor, held.currency),
            idempotency_key=held.key,
            at=at,
        )
    except (payments.Unreachable, payments.Refused) as error:
        log.warning("credit %s was not returned: %s", held.key, error)
        return False
    except (payments.OverRefund, payments.NothingCaptured):
        log.exception("credit %s cannot be returned; a person must look", held.key)
        return False
    HeldCredit.objects.filter(pk=held.pk).update(returned_at=at)
    return True


def _quote(row: Subscription, at: datetime) -> RefundQuote:
    if not row.is_running:
        raise TooLate("The subscription is over already.")
    days = row.rest(calendar.local_date(at, row.zone))
    currency = catalogue.version(row.plan_version_id).price.currency
    back = Money(row.worth_of(days), currency)
    # Never more than came in and is there still.
    return RefundQuote(min(back, _held(row, currency)), days, row.worth_days)


def _held(row: Subscription, currency: str) -> Money:
    zero = Money(0, currency)
    return sum((left for *_, left in captures(row)), zero)


def give_back(row: Subscription, back: Money, *, at: datetime) -> int:
    """
    Take `back` from what was captured for a locked contract, the newest first, with a
    credit note on each invoice; it goes by a job, under a stored key. Return how much that is, in minor units.
    """
    whole, today = back, calendar.local_date(at, row.zone)
    for invoice, payment_id, attempt_id, left in captures(row):
        part = min(back, left)
        if not part:
            break
        back -= part
        key = f"back-{attempt_id}-{row.row_version}"
        ledger.credit(
            invoice_id=invoice.id,
            minor=part.minor,
            reason=DAYS_GIVEN_UP,
            reference=key,
            until=today,
            at=at,
        )
        HeldCredit.objects.create(
            subscription=row,
            payment_id=payment_id,
            attempt_id=attempt_id,
            key=key,
            minor=part.minor,
            currency=part.currency,
            reason=DAYS_GIVEN_UP,
            held_at=at,
        )
    return whole.minor - back.minor


def captures(
    row: Subscription,
) -> Iterator[tuple[InvoiceFacts, UUID, UUID, Money]]:
    """Yield what was captured for this one and is not given back, the newest first."""
    for invoice in books.invoices(row.pk):
        payment = known.payment_for(str(invoice.id))
        if invoice.status != "paid" or payment is None:
            continue
        for attempt in reversed(known.attempts(payment.payment_id)):
            waiting = _waiting(attempt.attempt_id, attempt.captured.currency)
            left = attempt.captured - attempt.refunded - waiting
            left = min(left, books.left_to_credit(invoice.id))
            if left > Money(0, left.currency):
                yield invoice, payment.payment_id, attempt.attempt_id, left


def _waiting(attempt_id: UUID, currency: str) -> Money:
    held = HeldCredit.objects.filter(attempt_id=attempt_id, returned_at=None)
    return Money(sum(held.values_list("minor", flat=True)), currency)
