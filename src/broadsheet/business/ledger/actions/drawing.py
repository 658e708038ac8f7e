"""Documents for people to keep: drawn anew from what was written, and the same each time."""

from __future__ import annotations

from uuid import UUID

from .. import queries
from ..formats import pdf, wording
from .billing import NoSuchInvoice
from .crediting import NotIssued


def draw_invoice(invoice_id: UUID, *, recipient: str = "") -> bytes:
    """
    Return an issued invoice as PDF; `recipient` is who it is for where it names nobody.
    Raise `NoSuchInvoice` or `NotIssued`. Three queries, some 10 ms of a core.
    """
    facts = queries.invoice(invoice_id)
    if facts is None:
        raise NoSuchInvoice(f"There is no invoice {invoice_id}.")
    if facts.number is None:
        raise NotIssued(f"Invoice {invoice_id} has no number.")
    return pdf.draw(wording.invoice(facts, recipient=recipient))


def draw_credit_note(note_id: UUID, *, recipient: str = "") -> bytes:
    """Return a credit note as PDF. Raise `NoSuchInvoice` if there is none."""
    note = queries.credit_note(note_id)
    of = queries.invoice(note.invoice_id) if note else None
    if note is None or of is None:
        raise NoSuchInvoice(f"There is no credit note {note_id}.")
    return pdf.draw(wording.credit_note(note, of, recipient=recipient))
