"""From a number on paper to a reader, and from a reader to her papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce

from broadsheet.kit.money import Money

from ..models import CreditNote, Invoice


@dataclass(frozen=True, slots=True)
class Paper:
    """A document in a reader's history. `kind`: the invoice's status, or credited."""

    id: UUID
    kind: str
    number: str
    total: Money
    at: datetime


def readers_of_number(number: str, *, limit: int = 20) -> tuple[UUID, ...]:
    """
    Return whose invoices and credit notes have a number that begins so, the first
    number first. Two queries, each on the number's own index.
    """
    wanted = number.strip().upper()
    invoices = Invoice.objects.filter(number__startswith=wanted)
    notes = CreditNote.objects.filter(number__startswith=wanted)
    found = [
        *invoices.order_by("number").values_list("reader", flat=True)[:limit],
        *notes.order_by("number").values_list("invoice__reader", flat=True)[:limit],
    ]
    return tuple(dict.fromkeys(found))[:limit]


def reader_of(document: UUID) -> UUID | None:
    """Return whose invoice this is. One query."""
    rows = Invoice.objects.filter(pk=document)
    return rows.values_list("reader", flat=True).first()


def papers(
    reader: UUID, *, until: datetime | None = None, limit: int
) -> tuple[Paper, ...]:
    """Return a reader's invoices and credit notes, the newest first. Two queries."""
    invoices = Invoice.objects.filter(reader=reader).annotate(
        told=Coalesce(F("paid_at"), F("ended_at"), F("issued_at"), F("made_at"))
    )
    notes = CreditNote.objects.filter(invoice__reader=reader).select_related("invoice")
    if until is not None:
        invoices = invoices.filter(told__lte=until)
        notes = notes.filter(issued_at__lte=until)
    found = [
        Paper(row.pk, row.status, row.number or "", row.total, row.told)
        for row in invoices.order_by("-told", "-pk")[:limit]
    ] + [
        Paper(
            row.pk,
            "credited",
            row.number,
            Money(row.total_minor, row.invoice.currency),
            row.issued_at,
        )
        for row in notes.order_by("-issued_at", "-pk")[:limit]
    ]
    return tuple(sorted(found, key=lambda paper: paper.at, reverse=True))[:limit]
