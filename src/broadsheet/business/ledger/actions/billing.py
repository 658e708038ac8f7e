"""Invoices: made open, issued and paid in one stroke, or withdrawn without a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from broadsheet.kit.calendar import Period, local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .. import queries
from ..models import Entry, Invoice, InvoiceLine, LineTax, Transaction, split_of
from ..queries import Buyer, InvoiceFacts
from ..rules import Line, issue_lines, receipt_lines, split_tax, tax_names
from . import earning
from .numbering import number_in
from .posting import post


class NoSuchInvoice(Exception):
    """There is no such invoice."""


class InvoiceIssued(Exception):
    """An issued invoice is not voided: a credit note corrects it."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line to be billed, tax included, for whole local days."""

    description: str
    gross: Money
    tax_code: str
    period: Period | None  # None: delivery begins later (`start_delivery`).


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a receipt did: the invoice as it stands, and what was more than it asked."""

    invoice: InvoiceFacts
    paid_now: bool
    credit: Money


@transaction.atomic
def bill(
    charge: Charge,
    *,
    subscription_ref: UUID,
    reader: UUID,
    kind: str,
    period_index: int,
    place: str = "",
    recipient: str = "",
    at: datetime,
) -> InvoiceFacts:
    """
    Make the open invoice of one period and return it; asked again, return the one
    there is. It has no number and moves no money until it is paid. `place` is where it
    is supplied: unless said, where the reader told us that she lives, and failing that
    the seller's own state. Raise `NoTaxRate`.
    """
    seller = queries.seller()
    place = place or queries.place_of(reader) or seller.state
    on = local_date(at, publication.current().zone)
    names = tax_names(seller.state, place)
    rate = queries.tax_rate(charge.tax_code, on) if names else 0
    split = split_tax(charge.gross.minor, rate, names)
    invoice, made = Invoice.objects.get_or_create(
        subscription_ref=subscription_ref,
        kind=kind,
        period_index=period_index,
        defaults={
            "id": _id_of(subscription_ref, kind, period_index),
            "reader": reader,
            "currency": charge.gross.currency,
            "total_minor": charge.gross.minor,
            "taxable_minor": split.taxable,
            "tax_minor": split.tax,
            "round_off_minor": split.round_off,
            **_billed_to(reader, recipient),
            "place_of_supply": place,
            "made_at": at,
        },
    )
    if made:
        line = InvoiceLine.objects.create(
            invoice=invoice,
            position=1,
            description=charge.description,
            tax_code=charge.tax_code,
            period_start=charge.period.start if charge.period else None,
            period_end=charge.period.end if charge.period else None,
            gross_minor=charge.gross.minor,
            taxable_minor=split.taxable,
            round_off_minor=split.round_off,
        )
        LineTax.objects.bulk_create(
            LineTax(line=line, name=tax.name, rate=tax.rate, amount_minor=tax.minor)
            for tax in split.taxes
        )
    return _facts(invoice)


def _id_of(subscription_ref: UUID, kind: str, period_index: int) -> UUID:
    # Not a new one: billed again after the database was set back, it is the same
    # invoice, goes out under the same key, and the reader is not charged again.
    return uuid5(subscription_ref, f"{kind}-{period_index}")


@transaction.atomic
def settle(
    invoice_id: UUID,
    *,
    payment_ref: UUID,
    received: Money,
    period: Period | None = None,
    at: datetime,
) -> Settlement:
    """
    Post a receipt; if it covers the invoice, issue it (number and all) as paid, for
    `period` if the days delivered are other than those billed. The same payment again
    changes nothing. What is more than the invoice asks, and all of
    it when the invoice is void or paid already, is held as the reader's credit.
    Locks the invoice, then the series.
    """
    invoice = lock(invoice_id)
    reference = f"receipt:{payment_ref}"
    if Transaction.objects.filter(reference=reference).exists():
        return Settlement(_facts(invoice), False, Money(0, invoice.currency))
    wanted = _wanted(invoice)
    applied = min(received, wanted)
    post(
        receipt_lines(received, applied),
        reference=reference,
        memo=f"Received for invoice {invoice.pk}",
        at=at,
        invoice=invoice.pk,
    )
    paid_now = bool(wanted) and applied == wanted
    if paid_now and period is not None:
        invoice.lines.update(period_start=period.start, period_end=period.end)
    if paid_now:
        _issue_as_paid(invoice, at)
    return Settlement(_facts(invoice), paid_now, received - applied)


@transaction.atomic
def void(invoice_id: UUID, *, at: datetime) -> None:
    """
    Withdraw an invoice that has no number; what was received for it in part becomes the
    reader's credit. Asked again, change nothing.
    """
    invoice = lock(invoice_id)
    if invoice.number is not None:
        raise InvoiceIssued(f"Invoice {invoice.number} is issued.")
    if invoice.status != "open":
        return
    _hold_part(invoice, at)
    _end(invoice, "void", at)


@transaction.atomic
def give_up(invoice_id: UUID, *, at: datetime) -> None:
    """
    Ask for an open invoice no more: it was not paid in all its time, burns no number
    and earned nothing. What was received for it in part becomes the reader's credit.
    Raise `InvoiceIssued`. Asked again, change nothing.
    """
    invoice = lock(invoice_id)
    if invoice.number is not None:
        raise InvoiceIssued(f"Invoice {invoice.number} is issued.")
    if invoice.status == "open":
        _hold_part(invoice, at)
        _end(invoice, "uncollectible", at)


def _billed_to(reader: UUID, recipient: str) -> dict[str, str]:
    """Return who stands on an invoice: her business, if she buys for one."""
    buyer = queries.buyer(reader) or Buyer(recipient, "", "")
    return {
        "recipient": buyer.name[:200],
        "recipient_address": buyer.address,
        "recipient_gstin": buyer.gstin,
    }


def _hold_part(invoice: Invoice, at: datetime) -> None:
    part = invoice.total - _wanted(invoice)
    if part:
        post(
            [Line("receivable", part), Line("customer_credit", -part)],
            reference=f"void:{invoice.pk}",
            memo=f"Received in part for void invoice {invoice.pk}",
            at=at,
            invoice=invoice.pk,
        )


def _end(invoice: Invoice, status: str, at: datetime) -> None:
    invoice.status, invoice.ended_at = status, at
    invoice.save(update_fields=["status", "ended_at"])


def lock(invoice_id: UUID) -> Invoice:
    """Return the invoice, locked until the commit. Raise `NoSuchInvoice`."""
    invoice = Invoice.objects.select_for_update().filter(pk=invoice_id).first()
    if invoice is None:
        raise NoSuchInvoice(f"There is no invoice {invoice_id}.")
    return invoice


def _wanted(invoice: Invoice) -> Money:
    """Return what is still to be received for it; nothing, unless it is open."""
    if invoice.status != "open":
        return Money(0, invoice.currency)
    entries = Entry.objects.filter(transaction__invoice=invoice, account="receivable")
    received = sum((entry.line.amount for entry in entries), Money(0, invoice.currency))
    return invoice.total + received  # Receipts are credits, so negative here.


def _issue_as_paid(invoice: Invoice, at: datetime) -> None:
    seller = queries.seller()
    place = number_in(seller.series, at)
    invoice.series, invoice.financial_year = place.series, place.year
    invoice.sequence, invoice.number = place.sequence, place.number
    invoice.seller_name = seller.legal_name or publication.current().name
    invoice.seller_address, invoice.seller_gstin = seller.address, seller.gstin
    invoice.status, invoice.issued_at, invoice.paid_at = "paid", at, at
    invoice.save()
    post(
        issue_lines(invoice.total, split_of(invoice)),
        reference=f"invoice:{invoice.pk}",
        memo=f"Invoice {invoice.number}",
        at=at,
        invoice=invoice.pk,
    )
    earning.schedule(invoice)


def _facts(invoice: Invoice) -> InvoiceFacts:
    facts = queries.invoice(invoice.pk)
    assert facts is not None  # noqa: S101  Its row is locked by this transaction.
    return facts
