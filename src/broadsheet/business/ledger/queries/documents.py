"""Questions about documents: who sells, who is billed, what was invoiced and credited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet, Sum

from broadsheet.kit.calendar import local_date
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from ..models import (
    BillingProfile,
    CreditNote,
    Invoice,
    Seller,
    TaxRate,
)
from ..rules import credit_deadline


class NoTaxRate(Exception):
    """Nobody said what tax is due on this service. An operator must; do not retry."""


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of an invoice; its period ends where the next begins."""

    description: str
    period_start: date | None
    period_end: date | None
    gross: Money
    taxable: Money
    taxes: tuple[tuple[str, int, Money], ...]  # Name, hundredths of a percent, amount.
    round_off: Money
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice as other rooms and pages read it. `number` is None until issued."""

    id: UUID
    subscription_ref: UUID
    reader: UUID
    kind: str
    period_index: int
    status: str
    number: str | None
    total: Money
    made_at: datetime
    issued_at: datetime | None
    paid_at: datetime | None
    lines: tuple[LineFacts, ...]
    place: str  # Of supply: a state's GST code, or a country's ISO code.
    recipient: str
    seller_name: str  # What the seller was called and where, when it was issued.
    seller_address: str
    seller_gstin: str
    recipient_address: str = ""
    recipient_gstin: str = ""

    @property
    def description(self) -> str:
        return ", ".join(line.description for line in self.lines)


@dataclass(frozen=True, slots=True)
class CreditNoteFacts:
    """
    What an issued invoice was reduced by. `deadline` is the last day on which that
    lowers the tax to be handed over; `late`, that it came after it: ask an accountant.
    """

    id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    reader: UUID
    reason: str
    total: Money
    taxable: Money
    taxes: tuple[tuple[str, int, Money], ...]
    round_off: Money
    issued_at: datetime
    deadline: date
    late: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued invoice in a list, and what credit notes took back of it."""

    id: UUID
    number: str
    issued_at: datetime
    reader: UUID
    recipient: str
    place: str
    total: Money
    credited: Money


@dataclass(frozen=True, slots=True)
class Buyer:
    """A business that takes the tax back: what an invoice to it must say."""

    name: str
    address: str
    gstin: str


def seller() -> Seller:
    """Return who issues the invoices. One query."""
    return Seller.objects.order_by("pk").first() or Seller()


def tax_rate(tax_code: str, on: date) -> int:
    """Return the rate in force, in hundredths of a percent. Raise `NoTaxRate`."""
    row = (
        TaxRate.objects.filter(tax_code=tax_code, effective_from__lte=on)
        .order_by("-effective_from")
        .first()
    )
    if row is None:
        raise NoTaxRate(f"No rate of tax is on file for {tax_code} on {on}.")
    return row.rate


def invoice(invoice_id: UUID) -> InvoiceFacts | None:
    return next(iter(_facts(Invoice.objects.filter(pk=invoice_id))), None)


def invoices(subscription_ref: UUID) -> tuple[InvoiceFacts, ...]:
    """Return the subscription's invoices, newest first. Three queries."""
    rows = Invoice.objects.filter(subscription_ref=subscription_ref)
    return _facts(rows.order_by("-made_at", "-period_index"))


def issued_to(reader: UUID) -> tuple[InvoiceFacts, ...]:
    """Return every invoice that the reader was sent, newest first. Three queries."""
    rows = Invoice.objects.filter(reader=reader, number__isnull=False)
    return _facts(rows.order_by("-issued_at", "-sequence", "id"))


def issued(
    *, limit: int = 50, before: UUID | None = None, number: str = ""
) -> tuple[Issued, ...]:
    """
    Return issued invoices, newest first: those after `before` in that order, or only
    those whose number begins with `number`. One query, or two with `before`.
    """
    rows = Invoice.objects.filter(number__isnull=False)
    if number:
        rows = rows.filter(number__startswith=number.strip().upper())
    last = Invoice.objects.filter(pk=before).first() if before else None
    if last is not None:
        rows = rows.filter(
            Q(issued_at__lt=last.issued_at)
            | Q(issued_at=last.issued_at, sequence__lt=last.sequence)
            | Q(issued_at=last.issued_at, sequence=last.sequence, pk__lt=last.pk)
        )
    credited = rows.annotate(credited=Sum("credit_notes__total_minor"))
    return tuple(
        Issued(
            id=row.pk,
            number=row.number or "",
            issued_at=row.issued_at,
            reader=row.reader,
            recipient=row.recipient,
            place=row.place_of_supply,
            total=row.total,
            credited=Money(row.credited or 0, row.currency),
        )
        for row in credited.order_by("-issued_at", "-sequence", "-pk")[:limit]
        if row.issued_at is not None
    )


def place_of(reader: UUID) -> str:
    """Return where the reader told us that she lives; "" if she never did."""
    row = BillingProfile.objects.filter(reader=reader).first()
    return row.place if row else ""


def buyer(reader: UUID) -> Buyer | None:
    """Return the business that the reader buys for, if she said so."""
    row = BillingProfile.objects.filter(reader=reader).exclude(gstin="").first()
    return Buyer(row.business, row.address, row.gstin) if row else None


def credit_note(note_id: UUID) -> CreditNoteFacts | None:
    return next(iter(_notes(CreditNote.objects.filter(pk=note_id))), None)


def credit_note_of(reference: str) -> CreditNoteFacts | None:
    """Return the credit note that was asked for under this reference."""
    found = CreditNote.objects.filter(reference=reference).exclude(reference="")
    return next(iter(_notes(found)), None)


def credit_notes(invoice_id: UUID) -> tuple[CreditNoteFacts, ...]:
    """Return the credit notes of one invoice, oldest first. Four queries."""
    rows = CreditNote.objects.filter(invoice=invoice_id)
    return _notes(rows.order_by("issued_at", "sequence", "id"))


def credited_to(reader: UUID) -> tuple[CreditNoteFacts, ...]:
    """Return every credit note that the reader was sent, newest first. Four queries."""
    rows = CreditNote.objects.filter(invoice__reader=reader)
    return _notes(rows.order_by("-issued_at", "-sequence", "id"))


def left_to_credit(invoice_id: UUID) -> Money:
    """Return what of an issued invoice no credit note has taken back."""
    row = Invoice.objects.get(pk=invoice_id)
    given = row.credit_notes.aggregate(sum=Sum("total_minor"))["sum"] or 0
    return row.total - Money(given, row.currency)


def asks_for_place() -> bool:
    """Say whether nothing may be sold to a reader whose state is not known."""
    return bool(seller().state)


def _facts(rows: QuerySet[Invoice]) -> tuple[InvoiceFacts, ...]:
    return tuple(_invoice(row) for row in rows.prefetch_related("lines__taxes"))


def _invoice(row: Invoice) -> InvoiceFacts:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return InvoiceFacts(
        id=row.pk,
        subscription_ref=row.subscription_ref,
        reader=row.reader,
        kind=row.kind,
        period_index=row.period_index,
        status=row.status,
        number=row.number,
        total=row.total,
        made_at=row.made_at,
        issued_at=row.issued_at,
        paid_at=row.paid_at,
        lines=tuple(
            LineFacts(
                description=line.description,
                period_start=line.period_start,
                period_end=line.period_end,
                gross=money(line.gross_minor),
                taxable=money(line.taxable_minor),
                taxes=tuple(
                    (tax.name, tax.rate, money(tax.amount_minor))
                    for tax in sorted(line.taxes.all(), key=lambda tax: tax.name)
                ),
                round_off=money(line.round_off_minor),
                tax_code=line.tax_code,
            )
            for line in sorted(row.lines.all(), key=lambda line: line.position)
        ),
        place=row.place_of_supply,
        recipient=row.recipient,
        seller_name=row.seller_name,
        seller_address=row.seller_address,
        seller_gstin=row.seller_gstin,
        recipient_address=row.recipient_address,
        recipient_gstin=row.recipient_gstin,
    )


def _notes(rows: QuerySet[CreditNote]) -> tuple[CreditNoteFacts, ...]:
    first_month, zone = seller().first_month, publication.current().zone
    found = rows.select_related("invoice").prefetch_related("lines__taxes")
    return tuple(_note(row, first_month, zone) for row in found)


def _note(row: CreditNote, first_month: int, zone: ZoneInfo) -> CreditNoteFacts:
    currency, invoice = row.invoice.currency, row.invoice
    lines = sorted(row.lines.all(), key=lambda line: line.pk)
    taxes: dict[tuple[str, int], int] = {}
    for tax in sorted(
        (tax for line in lines for tax in line.taxes.all()), key=lambda tax: tax.name
    ):
        taxes[tax.name, tax.rate] = (
            taxes.get((tax.name, tax.rate), 0) + tax.amount_minor
        )
    assert invoice.issued_at is not None  # noqa: S101  Only an issued one is credited.
    deadline = credit_deadline(local_date(invoice.issued_at, zone), first_month)
    return CreditNoteFacts(
        id=row.pk,
        number=row.number,
        invoice_id=invoice.pk,
        invoice_number=invoice.number or "",
        reader=invoice.reader,
        reason=row.reason,
        total=Money(row.total_minor, currency),
        taxable=Money(sum(line.taxable_minor for line in lines), currency),
        taxes=tuple(
            (name, rate, Money(minor, currency))
            for (name, rate), minor in taxes.items()
        ),
        round_off=Money(sum(line.round_off_minor for line in lines), currency),
        issued_at=row.issued_at,
        deadline=deadline,
        late=local_date(row.issued_at, zone) > deadline,
    )
