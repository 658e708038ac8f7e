"""
A reader who asks her bank for the money back. The books are told in any case; what she
may read meanwhile is the publisher's policy. Each handler may hear its fact twice.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.business.payments.events import (
    DisputeLost,
    DisputeWon,
    PaymentDisputed,
)
from broadsheet.kit.money import Money

from .. import queries, rules
from ..models import Subscription
from ..rules import Kind, Status
from . import journal
from .hearing import of_invoice


@transaction.atomic
def on_payment_disputed(event: PaymentDisputed, at: datetime) -> None:
    """Post what the bank took; shut what it had paid for, if that is the policy."""
    found = of_invoice(event.invoice_ref)
    if found is None:
        return
    invoice, row = found
    ledger.open_dispute(
        invoice_id=invoice.id,
        dispute_ref=event.dispute_ref,
        amount=Money(event.minor, event.currency),
        at=event.at,
    )
    if row.status not in rules.RUNNING or _knows(row, Kind.DISPUTED, event.dispute_ref):
        return
    shut = not queries.policy().open_while_disputed and _pays_for_now(row, invoice)
    journal.record(
        row,
        Kind.DISPUTED,
        at=at,
        dispute=event.dispute_ref,
        reason=event.reason,
        minor=event.minor,
        shut=shut,
    )
    if shut:
        journal.end_grants(row, ends=at, at=at)


@transaction.atomic
def on_dispute_won(event: DisputeWon, at: datetime) -> None:
    """Post what the bank gave back, and open again what was shut."""
    found = of_invoice(event.invoice_ref)
    if found is None:
        return
    invoice, row = found
    ledger.win_dispute(
        invoice_id=invoice.id, dispute_ref=event.dispute_ref, at=event.at
    )
    known = _knows(row, Kind.DISPUTE_WON, event.dispute_ref)
    if row.status not in rules.RUNNING or known:
        return
    shut = row.events.filter(kind=Kind.DISPUTED, facts__dispute=event.dispute_ref,
                             facts__shut=True).exists()  # fmt: skip
    journal.record(row, Kind.DISPUTE_WON, at=at, dispute=event.dispute_ref)
    if shut and row.status == Status.PAST_DUE and row.grace_until is not None:
        journal.grant(row, ends=max(row.grace_until, at), at=at)
    elif shut and row.status in (Status.ACTIVE, Status.TRIALING, Status.PAUSED):
        journal.grant_paid_time(row, at=at)


@transaction.atomic
def on_dispute_lost(event: DisputeLost, at: datetime) -> None:
    """
    Take the sale back in the books. If that payment paid for the present period, the
    subscription is over: nobody reads on what was taken back, and nobody is charged
    again who has told her bank that she does not want to be.
    """
    found = of_invoice(event.invoice_ref)
    if found is None:
        return
    invoice, row = found
    ledger.lose_dispute(
        invoice_id=invoice.id, dispute_ref=event.dispute_ref, at=event.at
    )
    if row.status in rules.RUNNING and _pays_for_now(row, invoice):
        journal.lapse(row, ends=at, reason=f"dispute lost: {event.reason}"[:200], at=at)


def _pays_for_now(row: Subscription, invoice: InvoiceFacts) -> bool:
    """Say whether this invoice paid for the period that she is in."""
    return invoice.kind == "change" or invoice.period_index == row.k


def _knows(row: Subscription, kind: Kind, dispute_ref: str) -> bool:
    return row.events.filter(kind=kind, facts__dispute=dispute_ref).exists()
