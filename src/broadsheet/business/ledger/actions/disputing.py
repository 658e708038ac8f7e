"""
A payer who asks her bank for the money back. The bank takes it at once and decides
later: won, it comes back; lost, the sale is taken back by a credit note.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from broadsheet.kit.money import Money

from .. import queries
from ..queries import CreditNoteFacts
from ..rules import Line
from .billing import lock
from .crediting import credit
from .posting import post


class NoSuchDispute(Exception):
    """Nothing was taken under this reference. Apply `open_dispute` first."""


class DisputeDecided(Exception):
    """The dispute was decided the other way already. A person must look."""


@transaction.atomic
def open_dispute(
    *, invoice_id: UUID, dispute_ref: str, amount: Money, at: datetime
) -> None:
    """Post what the bank took. The same `dispute_ref` again changes nothing."""
    lock(invoice_id)
    post(
        [Line("disputes", amount), Line("gateway", -amount)],
        reference=f"dispute:{dispute_ref}",
        memo=f"Disputed on invoice {invoice_id}",
        at=at,
        invoice=invoice_id,
    )


@transaction.atomic
def win_dispute(*, invoice_id: UUID, dispute_ref: str, at: datetime) -> None:
    """Post that the bank gave it back. Asked again, change nothing."""
    lock(invoice_id)
    amount = _undecided(dispute_ref, against="lost")
    post(
        [Line("gateway", amount), Line("disputes", -amount)],
        reference=f"dispute:{dispute_ref}:won",
        memo=f"Dispute won on invoice {invoice_id}",
        at=at,
        invoice=invoice_id,
    )


@transaction.atomic
def lose_dispute(
    *, invoice_id: UUID, dispute_ref: str, at: datetime
) -> CreditNoteFacts | None:
    """
    Take the sale back by a credit note, and return it: revenue, what is undelivered and
    the tax. What was credited before, and so is lost twice, is a bad debt; then there
    may be no note. Asked again, change nothing.
    """
    invoice = lock(invoice_id)
    amount = _undecided(dispute_ref, against="won")
    reference = f"dispute:{dispute_ref}:lost"
    if queries.is_posted(reference):
        return queries.credit_note_of(reference)
    minor = min(amount, queries.left_to_credit(invoice_id)).minor
    note = None
    if minor:
        note = credit(
            invoice_id=invoice_id,
            minor=minor,
            reason="Dispute lost",
            reference=reference,
            at=at,
        )
    held = -queries.moved_on(invoice_id, "customer_credit", invoice.currency)
    covered = min(amount, max(held, Money(0, invoice.currency)))
    lines = [
        Line("customer_credit", covered),
        Line("bad_debt", amount - covered),
        Line("disputes", -amount),
    ]
    post(
        [line for line in lines if line.amount],
        reference=reference,
        memo=f"Dispute lost on invoice {invoice_id}",
        at=at,
        invoice=invoice_id,
    )
    return note


def _undecided(dispute_ref: str, *, against: str) -> Money:
    """Return the amount in dispute, unless it was decided `against`."""
    taken = queries.posted_on(f"dispute:{dispute_ref}", "disputes")
    if taken is None:
        raise NoSuchDispute(f"Nothing was taken for dispute {dispute_ref}.")
    if queries.is_posted(f"dispute:{dispute_ref}:{against}"):
        raise DisputeDecided(f"Dispute {dispute_ref} was {against}.")
    return taken
