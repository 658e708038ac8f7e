"""Giving money back while the contract goes on, because a person decided so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.ledger.queries import InvoiceFacts
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from ..events import ReceiptAsked
from ..models import HeldCredit, Subscription
from . import journal
from .refunding import captures

REFUNDED = "refunded"
KEY_FITS = 60


class CannotRepay(Exception):
    """It cannot be given back so; the sentence says why. Nothing moved."""


@dataclass(frozen=True, slots=True)
class RepayQuote:
    """What of an invoice can still be given back: captured, and not on its way back."""

    invoice: InvoiceFacts
    left: Money


def quote_repayment(*, reader: UUID, invoice_id: UUID) -> RepayQuote:
    """Say how much of an invoice can go back. Raise `CannotRepay`."""
    invoice = _hers(reader, invoice_id)
    return RepayQuote(invoice, _left(invoice))


@transaction.atomic
def repay(
    *, reader: UUID, invoice_id: UUID, amount: Money, key: str, at: datetime
) -> Money:
    """
    Give `amount` of a paid invoice back, with a credit note; the money leaves by a job,
    under a stored key. Access stays. The same `key` again does nothing. Return what is
    left to give back. Raise `CannotRepay`. Locks the contract.
    """
    invoice = _hers(reader, invoice_id)
    row = journal.lock(invoice.subscription_ref)
    if HeldCredit.objects.filter(key__startswith=f"repay-{key[:KEY_FITS]}-").exists():
        return _left(invoice)
    left = _left(invoice)
    if amount.currency != left.currency or not 0 < amount.minor <= left.minor:
        raise CannotRepay(f"Between one minor unit and {left} can be given back.")
    rest, n = amount, 0
    for of, payment_id, attempt_id, held in captures(row):
        part = min(rest, held)
        if of.id != invoice.id or not part:
            continue
        rest, n = rest - part, n + 1
        reference = f"repay-{key[:KEY_FITS]}-{n}"
        ledger.credit(
            invoice_id=invoice.id,
            minor=part.minor,
            reason=REFUNDED,
            reference=reference,
            at=at,
        )
        HeldCredit.objects.create(
            subscription=row,
            payment_id=payment_id,
            attempt_id=attempt_id,
            key=reference,
            minor=part.minor,
            currency=part.currency,
            reason=REFUNDED,
            held_at=at,
        )
    return left - amount


@transaction.atomic
def ask_for_receipt(*, reader: UUID, invoice_id: UUID, at: datetime) -> None:
    """Mail an issued invoice once more. Raise `CannotRepay` if there is none."""
    invoice = _hers(reader, invoice_id)
    if invoice.number is None:
        raise CannotRepay("This invoice is not issued; there is no receipt yet.")
    outbox.announce(
        ReceiptAsked(invoice.subscription_ref, invoice.reader, invoice.id), at=at
    )


def _hers(reader: UUID, invoice_id: UUID) -> InvoiceFacts:
    invoice = books.invoice(invoice_id)
    if invoice is None or invoice.reader != reader:
        raise CannotRepay("This reader has no such invoice.")
    return invoice


def _left(invoice: InvoiceFacts) -> Money:
    row = Subscription.objects.get(pk=invoice.subscription_ref)
    parts = [held for of, _, _, held in captures(row) if of.id == invoice.id]
    left = sum(parts, Money(0, invoice.total.currency))
    return min(left, books.left_to_credit(invoice.id))
