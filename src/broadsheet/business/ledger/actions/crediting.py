"""
Taking an issued invoice back: a credit note says that less is owed, a refund that money
went. The two may come in either order; the books end the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money

from .. import queries
from ..models import CreditLine, CreditNote, CreditTax, Invoice, InvoiceLine
from ..queries import CreditNoteFacts
from ..rules import (
    OverCredit,
    Split,
    Tax,
    credit_lines,
    credit_split,
    refund_lines,
)
from . import earning
from .billing import lock
from .numbering import number_in
from .posting import ReferenceReused, post


class NotIssued(Exception):
    """Only an invoice with a number is credited; an open one is voided."""


class NothingToCredit(Exception):
    """A credit note is for one minor unit or more. Do not try again."""


@transaction.atomic
def credit(
    *,
    invoice_id: UUID,
    minor: int,
    reason: str,
    at: datetime,
    reference: str = "",
    until: date | None = None,
) -> CreditNoteFacts:
    """
    Issue a credit note of `minor` units, tax included, and return it. The sale, its tax
    and what is not delivered yet are taken back in proportion; the reader is owed the
    amount (`customer_credit`) until `give_back` says that it went. The same `reference`
    again is the same note. `until` is the first local day without delivery: what is not
    credited is earned before it. Raise `NoSuchInvoice`, `NotIssued`, `OverCredit`,
    `NothingToCredit` or `ReferenceReused`, and nothing was written. Locks the invoice,
    then the series.
    """
    if type(minor) is not int or minor <= 0:
        raise NothingToCredit(f"A credit note cannot be for {minor!r}.")
    invoice = lock(invoice_id)
    seen = reference and CreditNote.objects.filter(reference=reference).first()
    if seen:
        return _the_same(seen, invoice, minor)
    if invoice.number is None:
        raise NotIssued(f"Invoice {invoice_id} has no number.")
    left = queries.left_to_credit(invoice_id)
    if minor > left.minor:
        raise OverCredit(left)
    note = _number(invoice, minor, reason, reference, at)
    lines = list(invoice.lines.order_by("position"))
    splits, undelivered = [], 0
    for line, share in _shares(lines, Money(minor, invoice.currency)):
        row, split = _take(note, line, share.minor, until=until, at=at)
        splits.append(split)
        undelivered += row.undelivered_minor
    post(
        credit_lines(_sum(splits), undelivered, _unexplained(invoice)),
        reference=f"credit:{note.pk}",
        memo=f"Credit note {note.number} on {invoice.number}",
        at=at,
        invoice=invoice.pk,
    )
    return _facts(note)


@transaction.atomic
def give_back(*, invoice_id: UUID, reference: str, amount: Money, at: datetime) -> None:
    """
    Post money that went back to the reader: out of what is held for her, and what
    nothing explains yet on `refunds`, until a credit note does. The same `reference`
    again changes nothing. Raise `NoSuchInvoice`. Locks the invoice.
    """
    invoice = lock(invoice_id)
    if queries.is_posted(reference):
        return
    held = -queries.moved_on(invoice.pk, "customer_credit", invoice.currency)
    post(
        refund_lines(amount, max(held, Money(0, invoice.currency))),
        reference=reference,
        memo=f"Refunded on invoice {invoice.number or invoice.pk}",
        at=at,
        invoice=invoice.pk,
    )


def _number(
    invoice: Invoice, minor: int, reason: str, reference: str, at: datetime
) -> CreditNote:
    place = number_in(queries.seller().credit_series, at)
    return CreditNote.objects.create(
        id=new_id(at),
        invoice=invoice,
        reference=reference,
        series=place.series,
        financial_year=place.year,
        sequence=place.sequence,
        number=place.number,
        reason=reason.strip()[:200],
        total_minor=minor,
        issued_at=at,
    )


def _shares(
    lines: Sequence[InvoiceLine], amount: Money
) -> list[tuple[InvoiceLine, Money]]:
    """Share a note among the lines by what is left of them, never more than that."""
    left = [_whole(line).total - _given(line).total for line in lines]
    return [
        (line, share)
        for line, share in zip(lines, amount.allocate(left), strict=True)
        if share
    ]


def _take(
    note: CreditNote, line: InvoiceLine, minor: int, *, until: date | None, at: datetime
) -> tuple[CreditLine, Split]:
    split = credit_split(_whole(line), _given(line), minor)
    row = CreditLine.objects.create(
        note=note,
        line=line,
        gross_minor=minor,
        taxable_minor=split.taxable,
        round_off_minor=split.round_off,
        undelivered_minor=earning.unearn(line, split.taxable, until=until, at=at),
    )
    CreditTax.objects.bulk_create(
        CreditTax(line=row, name=tax.name, rate=tax.rate, amount_minor=tax.minor)
        for tax in split.taxes
    )
    return row, split


def _whole(line: InvoiceLine) -> Split:
    taxes = tuple(
        Tax(tax.name, tax.rate, tax.amount_minor) for tax in line.taxes.order_by("name")
    )
    return Split(line.taxable_minor, taxes, line.round_off_minor)


def _given(line: InvoiceLine) -> Split:
    """Return what credit notes took off a line so far, with the same taxes."""
    rows = list(line.credits.prefetch_related("taxes"))
    sums: dict[str, int] = {}
    for tax in (tax for row in rows for tax in row.taxes.all()):
        sums[tax.name] = sums.get(tax.name, 0) + tax.amount_minor
    return Split(
        sum(row.taxable_minor for row in rows),
        tuple(
            Tax(tax.name, tax.rate, sums.get(tax.name, 0)) for tax in _whole(line).taxes
        ),
        sum(row.round_off_minor for row in rows),
    )


def _sum(splits: Sequence[Split]) -> Split:
    return Split(
        sum(split.taxable for split in splits),
        tuple(tax for split in splits for tax in split.taxes),
        sum(split.round_off for split in splits),
    )


def _unexplained(invoice: Invoice) -> Money:
    return queries.moved_on(invoice.pk, "refunds", invoice.currency)


def _the_same(note: CreditNote, invoice: Invoice, minor: int) -> CreditNoteFacts:
    if (note.invoice_id, note.total_minor) != (invoice.pk, minor):
        raise ReferenceReused(f"{note.reference} is credit note {note.number}.")
    return _facts(note)


def _facts(note: CreditNote) -> CreditNoteFacts:
    facts = queries.credit_note(note.pk)
    assert facts is not None  # noqa: S101  Its invoice is locked by this transaction.
    return facts
