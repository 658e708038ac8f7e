"""Disputes that a provider tells of: kept, never moved back, announced once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from broadsheet.plumbing import outbox

from .. import rules
from ..events import DisputeLost, DisputeWon, PaymentDisputed
from ..models import Attempt, Dispute
from ..providers import Disputed
from ..rules import DisputeStatus, Trouble
from .concerns import concern, settled


def apply_disputes(attempt: Attempt, said: Iterable[Disputed], *, at: datetime) -> bool:
    """
    Let disputes move forward, or not at all; say whether any moved. The attempt is
    locked; its own row is not saved. Raise `rules.Contradiction`.
    """
    # By reference, so that two that are told in another order post the same.
    ordered = sorted(said, key=lambda one: one.dispute_ref)
    return any([_apply(attempt, one, at) for one in ordered])


def taken_back(attempt: Attempt) -> int:
    rows = attempt.disputes.values_list("status", "amount_minor")
    return rules.taken_back((DisputeStatus(status), minor) for status, minor in rows)


def _apply(attempt: Attempt, said: Disputed, at: datetime) -> bool:
    row = attempt.disputes.filter(dispute_ref=said.dispute_ref).first()
    before = DisputeStatus(row.status) if row else None
    after = rules.settle_dispute(before, said.status)
    if row is None:
        row = Dispute.objects.create(
            attempt=attempt,
            dispute_ref=said.dispute_ref,
            amount_minor=said.amount.minor,
            reason=said.reason,
            status=DisputeStatus.OPEN,
            opened_at=at,
        )
        _announce_opened(row, at)
    elif after == before:
        return False
    if after is not DisputeStatus.OPEN:
        _decide(row, after, at)
    return True


def _announce_opened(row: Dispute, at: datetime) -> None:
    payment = row.attempt.payment
    disputed = PaymentDisputed(
        payment_id=payment.pk,
        invoice_ref=payment.invoice_ref,
        attempt_id=row.attempt_id,
        dispute_ref=row.dispute_ref,
        minor=row.amount_minor,
        currency=payment.currency,
        reason=row.reason,
        at=at,
    )
    outbox.announce(disputed, at=at)
    concern(
        Trouble.DISPUTED,
        row.dispute_ref,
        detail=f"{row.reason}: {payment.invoice_ref}",
        attempt_id=row.attempt_id,
        at=at,
    )


def _decide(row: Dispute, status: DisputeStatus, at: datetime) -> None:
    row.status, row.decided_at = status, at
    row.save(update_fields=["status", "decided_at"])
    settled(Trouble.DISPUTED, row.dispute_ref, at=at)
    payment = row.attempt.payment
    if status is DisputeStatus.WON:
        won = DisputeWon(
            payment_id=payment.pk,
            invoice_ref=payment.invoice_ref,
            dispute_ref=row.dispute_ref,
            minor=row.amount_minor,
            currency=payment.currency,
            at=at,
        )
        outbox.announce(won, at=at)
        return
    lost = DisputeLost(
        payment_id=payment.pk,
        invoice_ref=payment.invoice_ref,
        dispute_ref=row.dispute_ref,
        minor=row.amount_minor,
        currency=payment.currency,
        reason=row.reason,
        at=at,
    )
    outbox.announce(lost, at=at)
