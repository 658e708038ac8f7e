"""
What payments tells us. Each handler may hear the same fact twice, and facts in any
order, and the contract ends the same.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import actions as catalogue
from broadsheet.business.catalogue import queries as shop
from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.actions import Settlement
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments.events import (
    PaymentDeclined,
    PaymentRefunded,
    PaymentSucceeded,
)
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from .. import queries, rules
from ..events import CreditHeld, PaymentTrouble
from ..models import HeldCredit, Subscription
from ..rules import Kind, Paid, Status
from . import journal
from .advancing import advance, first_period
from .changing import change_plan, drop_unpaid, wanted_change

log = logging.getLogger(__name__)


@transaction.atomic
def on_payment_succeeded(event: PaymentSucceeded, at: datetime) -> None:
    """
    Post the receipt and, if it pays the invoice, start or renew the subscription and
    file its grants: all of it, or none. What pays for nothing is held, to go back.
    """
    found = of_invoice(event.invoice_ref)
    if found is None:
        return  # An invoice of another room's.
    invoice, row = found
    change = wanted_change(row, invoice) if invoice.kind == "change" else None
    paid = _would_pay(row, invoice, event.at)
    if paid is None and change is None and invoice.status == "open":
        ledger.void(invoice.id, at=event.at)  # Paid or not, it gives her nothing.
    settled = ledger.settle(
        invoice.id,
        payment_ref=event.attempt_id,
        received=Money(event.minor, event.currency),
        period=paid.period if paid else None,
        at=event.at,
    )
    if settled.paid_now:
        row.method_ref = event.method_ref or row.method_ref
    if settled.paid_now and change is not None:
        change_plan(row, change, invoice, at=event.at)
    elif settled.paid_now and paid is not None:
        version = _sold(row, invoice)
        advance(row, paid, invoice.total, invoice=invoice, version=version, at=event.at)
    _hold(row, settled, event)


@transaction.atomic
def on_payment_declined(event: PaymentDeclined, at: datetime) -> None:
    """Write the decline down; of a renewal, keep access open and plan another try."""
    found = of_invoice(event.invoice_ref)
    if found is None:
        return
    invoice, row = found
    if invoice.status != "open" or not _is_news(row, event):
        return
    if invoice.kind == "change":
        drop_unpaid(row, invoice, event.reason, at=at)
        return
    if invoice.kind == "first":
        if row.status == Status.INCOMPLETE:
            catalogue.give_back_offer(subscription_ref=row.pk, at=at)
            journal.record(
                row,
                Kind.DECLINED,
                at=at,
                reason=event.reason,
                attempt=str(event.attempt_id),
            )
        return
    if not row.tries.filter(closed_at=None).exists():
        return  # She tried to pay by hand, and the page has told her.
    fail_renewal(
        row, reason=event.reason, hard=event.hard, attempt=str(event.attempt_id), at=at
    )


@transaction.atomic
def on_payment_refunded(event: PaymentRefunded, at: datetime) -> None:
    """Post what went back to the reader: from her credit, if it was held for her."""
    found = of_invoice(event.invoice_ref)
    if found is None:
        return
    invoice, _row = found
    before = f"refund:{event.attempt_id}:"
    ledger.give_back(
        invoice_id=invoice.id,
        reference=f"{before}{books.posted_under(before) + 1}",
        amount=Money(event.minor, event.currency),
        at=event.at,
    )


def fail_renewal(
    row: Subscription, *, reason: str, hard: bool, attempt: str = "", at: datetime
) -> None:
    """
    Note that a locked subscription could not be renewed. Everything stays open until
    the grace is over; a soft decline is tried again meanwhile, a hard one never.
    """
    assert row.paid_through is not None  # noqa: S101  It has started.
    policy = queries.policy()
    row.failures += 1
    row.lease_until = None
    row.grace_until = row.grace_until or rules.grace_until(
        row.paid_through, policy.grace_days
    )
    retry = rules.retry_at(at, row.failures, hard, policy.ladder)
    row.retry_at = retry if retry is not None and retry < row.grace_until else None
    row.tries.filter(closed_at=None).update(
        closed_at=at, outcome=reason[:64] or "declined"
    )
    journal.record(
        row, Kind.PAYMENT_FAILED, at=at, reason=reason, hard=hard, attempt=attempt
    )
    journal.grant(row, ends=max(row.grace_until, at), at=at)
    outbox.announce(
        PaymentTrouble(row.pk, row.reader_id, reason, row.grace_until), at=at
    )


def of_invoice(invoice_ref: str) -> tuple[InvoiceFacts, Subscription] | None:
    """Return the invoice and its subscription, locked; None if it is not ours."""
    try:
        invoice = books.invoice(UUID(invoice_ref))
    except ValueError:
        return None
    if invoice is None:
        return None
    if not Subscription.objects.filter(pk=invoice.subscription_ref).exists():
        return None
    row = journal.lock(invoice.subscription_ref)
    # Read again under the lock: another fact may have come in between.
    return books.invoice(invoice.id) or invoice, row


def _would_pay(row: Subscription, invoice: InvoiceFacts, at: datetime) -> Paid | None:
    """Return the period that paying this invoice opens; None if it opens nothing."""
    if invoice.kind == "renewal" and row.status in rules.CHARGED:
        return row.period(invoice.period_index)
    if invoice.kind == "first" and row.status == Status.INCOMPLETE:
        return first_period(row, at)
    return None


def _hold(row: Subscription, settled: Settlement, event: PaymentSucceeded) -> None:
    if not settled.credit:
        return
    HeldCredit.objects.create(
        subscription=row,
        payment_id=event.payment_id,
        attempt_id=event.attempt_id,
        key=f"credit-{event.attempt_id}",
        minor=settled.credit.minor,
        currency=settled.credit.currency,
        held_at=event.at,
    )
    outbox.announce(
        CreditHeld(
            row.reader_id,
            event.payment_id,
            event.attempt_id,
            settled.credit.minor,
            settled.credit.currency,
        ),
        at=event.at,
    )


def _sold(row: Subscription, invoice: InvoiceFacts) -> PlanOffer:
    """Return the version that this invoice is for."""
    made = row.tries.filter(invoice_id=invoice.id).first()
    version_id = made.plan_version_id if made is not None else row.plan_version_id
    return shop.version(version_id)


def _is_news(row: Subscription, event: PaymentDeclined) -> bool:
    seen = row.events.filter(facts__attempt=str(event.attempt_id))
    return not seen.exists()
