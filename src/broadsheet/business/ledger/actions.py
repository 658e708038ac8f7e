"""
The verbs of the books. `post` is the only way in which money moves; the others make
the documents that explain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction

from broadsheet.kit import places
from broadsheet.kit.calendar import Period, local_date
from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from . import queries
from .models import (
    BillingProfile,
    Closing,
    Entry,
    Invoice,
    InvoiceLine,
    LineTax,
    TaxRate,
    Transaction,
    split_of,
)
from .queries import InvoiceFacts, NoTaxRate
from .rules import (
    Line,
    Unbalanced,
    UnknownAccount,
    financial_year,
    invoice_number,
    issue_lines,
    receipt_lines,
    refuse_unbalanced,
    split_tax,
    tax_names,
)

__all__ = [
    "BooksClosed", "Charge", "InvoiceIssued", "Line", "NoSuchInvoice", "NoSuchPlace",
    "NoTaxRate", "ReferenceReused", "Settlement", "Unbalanced", "UnknownAccount",
    "bill", "close_books", "forget_reader", "open_books", "post", "record_place",
    "reverse", "set_tax_rate", "settle", "void",
]  # fmt: skip

# India's rate on online information and database services, under which news falls.
FOUNDING_RATE = ("998431", 1800, date(2017, 7, 1))


class ReferenceReused(Exception):
    """The reference names another transaction. A mistake of ours; do not retry."""


class BooksClosed(Exception):
    """The books are closed until later than this. Post it at the present."""


class NoSuchInvoice(Exception):
    """There is no such invoice."""


class NoSuchPlace(Exception):
    """Neither a state of India nor a country. Ask the reader again."""


class InvoiceIssued(Exception):
    """An issued invoice is not voided: a credit note corrects it."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line to be billed, tax included, for whole local days."""

    description: str
    gross: Money
    tax_code: str
    period: Period


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a receipt did: the invoice as it stands, and what was more than it asked."""

    invoice: InvoiceFacts
    paid_now: bool
    credit: Money


# --- Money ------------------------------------------------------------------------


@transaction.atomic
def post(
    lines: Sequence[Line],
    *,
    reference: str,
    memo: str,
    at: datetime,
    invoice: UUID | None = None,
) -> UUID:
    """
    Write one transaction and return its id. The same reference with the same lines is
    the same transaction; with others, `ReferenceReused`. Raise `Unbalanced`,
    `UnknownAccount` or `BooksClosed`, and nothing was written.
    """
    refuse_unbalanced(lines)
    if Closing.objects.filter(until__gt=at).exists():
        raise BooksClosed(f"The books are closed until after {at}.")
    row, made = Transaction.objects.get_or_create(
        reference=reference,
        defaults={
            "id": new_id(at),
            "memo": memo[:200],
            "at": at,
            "invoice_id": invoice,
            "size": len(lines),
        },
    )
    if not made:
        return _the_same(row, lines)
    Entry.objects.bulk_create(
        Entry(
            transaction=row,
            position=position,
            account=line.account,
            currency=line.amount.currency,
            amount_minor=line.amount.minor,
        )
        for position, line in enumerate(lines)
    )
    return row.pk


@transaction.atomic
def reverse(*, reference: str, memo: str, at: datetime) -> UUID:
    """Write the opposite of a transaction, once, however often it is asked."""
    row = Transaction.objects.get(reference=reference)
    lines = [Line(line.account, -line.amount) for line in _lines(row)]
    return post(
        lines,
        reference=f"reverse:{reference}",
        memo=memo,
        at=at,
        invoice=row.invoice_id,
    )


@transaction.atomic
def close_books(*, until: datetime) -> None:
    """
    Keep what every account stood at before `until`, so that balances need not be
    folded from the beginning. Nothing can be posted before `until` from then on.
    """
    if Closing.objects.filter(until__gte=until).exists():
        return
    pairs = Entry.objects.values_list("account", "currency").distinct()
    Closing.objects.bulk_create(
        Closing(
            until=until,
            account=account,
            currency=currency,
            balance_minor=queries.balance(account, currency, until=until).minor,
        )
        for account, currency in pairs
    )


def _the_same(row: Transaction, lines: Sequence[Line]) -> UUID:
    if _lines(row) != list(lines):
        raise ReferenceReused(f"{row.reference} was written with other lines.")
    return row.pk


def _lines(row: Transaction) -> list[Line]:
    return [entry.line for entry in row.entries.order_by("position")]


# --- Documents --------------------------------------------------------------------


def set_tax_rate(*, tax_code: str, rate: int, effective_from: date) -> None:
    """Say what tax is due from a day on, in hundredths of a percent (1800 is 18 %)."""
    if not 0 <= rate <= 10_000:
        raise ValueError("A rate of tax lies between 0 and 100 percent.")
    TaxRate.objects.update_or_create(
        tax_code=tax_code, effective_from=effective_from, defaults={"rate": rate}
    )


def open_books() -> None:
    """File the founding rate of tax, unless one is on file. The chart is in the code."""
    code, rate, since = FOUNDING_RATE
    if not TaxRate.objects.filter(tax_code=code).exists():
        set_tax_rate(tax_code=code, rate=rate, effective_from=since)


def record_place(reader: UUID, place: str, *, at: datetime) -> None:
    """
    Remember where a reader lives, for what is billed from now on. Raise `NoSuchPlace`,
    and what was remembered stays.
    """
    if not places.is_place(place):
        raise NoSuchPlace(f"{place[:10]!r} is neither a state nor a country.")
    BillingProfile.objects.update_or_create(
        reader=reader, defaults={"place": place, "told_at": at}
    )


def forget_reader(reader: UUID) -> None:
    """Forget where a reader lives. Her invoices stay: the law wants them kept."""
    BillingProfile.objects.filter(reader=reader).delete()


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
            "id": new_id(at),
            "reader": reader,
            "currency": charge.gross.currency,
            "total_minor": charge.gross.minor,
            "taxable_minor": split.taxable,
            "tax_minor": split.tax,
            "round_off_minor": split.round_off,
            "recipient": recipient[:200],
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
            period_start=charge.period.start,
            period_end=charge.period.end,
            gross_minor=charge.gross.minor,
            taxable_minor=split.taxable,
            round_off_minor=split.round_off,
        )
        LineTax.objects.bulk_create(
            LineTax(line=line, name=tax.name, rate=tax.rate, amount_minor=tax.minor)
            for tax in split.taxes
        )
    return _facts(invoice)


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
    invoice = _lock(invoice_id)
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
    invoice = _lock(invoice_id)
    if invoice.number is not None:
        raise InvoiceIssued(f"Invoice {invoice.number} is issued.")
    if invoice.status != "open":
        return
    part = invoice.total - _wanted(invoice)
    if part:
        post(
            [Line("receivable", part), Line("customer_credit", -part)],
            reference=f"void:{invoice.pk}",
            memo=f"Received in part for void invoice {invoice.pk}",
            at=at,
            invoice=invoice.pk,
        )
    invoice.status, invoice.ended_at = "void", at
    invoice.save(update_fields=["status", "ended_at"])


def _lock(invoice_id: UUID) -> Invoice:
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
    year = financial_year(
        local_date(at, publication.current().zone), seller.first_month
    )
    invoice.series, invoice.financial_year = seller.series, year
    invoice.sequence = _next_in(seller.series, year)
    invoice.number = invoice_number(seller.series, year, invoice.sequence)
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


def _next_in(series: str, year: str) -> int:
    # The counter's row stays locked until the commit, so a rollback gives the number
    # back and the next in line takes it: no gap, and no number twice. Therefore issue
    # late in a transaction, and never call a provider after it.
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO ledger_invoiceseries AS s (series, financial_year, last)
               VALUES (%s, %s, 1)
               ON CONFLICT (series, financial_year) DO UPDATE SET last = s.last + 1
               RETURNING last""",
            [series, year],
        )
        return int(cursor.fetchone()[0])


def _facts(invoice: Invoice) -> InvoiceFacts:
    facts = queries.invoice(invoice.pk)
    assert facts is not None  # noqa: S101  Its row is locked by this transaction.
    return facts
