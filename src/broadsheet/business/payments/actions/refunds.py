"""Giving money back: never more than was captured, and once for one key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money

from .. import queries, rules
from ..models import Attempt, Refund
from ..providers import Refused, Unreachable, provider
from ..queries import PaymentState
from ..rules import Status, Trouble
from .asking import KeyReused
from .concerns import concern, settled
from .facts import apply_payment_fact


class NothingCaptured(Exception):
    """There is nothing to give back. Do not try again."""


class OverRefund(Exception):
    """More is asked back than is left. `left` says how much that is."""

    def __init__(self, left: Money) -> None:
        super().__init__(f"Only {left} can still be refunded.")
        self.left = left


def refund(
    *,
    payment_id: UUID,
    amount: Money,
    idempotency_key: str,
    at: datetime,
    attempt_id: UUID | None = None,
) -> PaymentState:
    """
    Give `amount` of a payment back; `attempt_id` chooses among several captures, else
    it is the last one. Raise `Unreachable` if we cannot know: call again with the same
    key. One call over the network, after a commit, and one that reads the result.
    """
    row, fresh = _persist(payment_id, attempt_id, amount, idempotency_key, at)
    if row.status == "submitted":
        made = _send(row, fresh, at)
        Refund.objects.filter(pk=row.pk).update(status="succeeded", provider_ref=made)
        settled(Trouble.OLD_KEY, f"refund {row.pk}", at=at)
        _learn(row.attempt, at)
    return queries.payment(payment_id)


def _persist(
    payment_id: UUID, attempt_id: UUID | None, amount: Money, key: str, at: datetime
) -> tuple[Refund, bool]:
    with transaction.atomic(durable=True):
        attempt = _captured(payment_id, attempt_id)
        seen = Refund.objects.filter(idempotency_key=key).first()
        if seen is not None:
            if (seen.attempt_id, seen.amount_minor) != (attempt.pk, amount.minor):
                raise KeyReused(f"The key {key!r} was used for another refund.")
            return seen, False
        left = _left(attempt)
        if amount > left:
            raise OverRefund(left)
        made = Refund.objects.create(
            id=new_id(at),
            attempt=attempt,
            amount_minor=amount.minor,
            idempotency_key=key,
            status="submitted",
            made_at=at,
        )
        return made, True


def _captured(payment_id: UUID, attempt_id: UUID | None) -> Attempt:
    """Return the capture to refund from, locked."""
    found = Attempt.objects.select_for_update(of=("self",)).select_related("payment")
    found = found.filter(payment=payment_id, status=Status.SUCCEEDED)
    if attempt_id is not None:
        found = found.filter(pk=attempt_id)
    attempt = found.order_by("-n").first()
    if attempt is None:
        raise NothingCaptured(f"Payment {payment_id} has captured nothing.")
    return attempt


def _left(attempt: Attempt) -> Money:
    # Ours that are still under way count, and so do those made at the provider's desk.
    ours = attempt.refunds.exclude(status="refused").aggregate(sum=Sum("amount_minor"))
    gone = max(ours["sum"] or 0, attempt.refunded_minor)
    # What a bank has taken is not there to be given back a second time (I7).
    left = attempt.captured_minor - gone - attempt.disputed_minor
    return Money(max(left, 0), attempt.payment.currency)


def _send(row: Refund, fresh: bool, at: datetime) -> str:
    """Return the provider's reference of this refund, asked for at most once."""
    asked = provider(row.attempt.provider)
    key = row.idempotency_key
    if not fresh:
        found = asked.find_refund(key=key, at=at)
        if found:
            return found
        if not rules.may_resend(at - row.made_at):
            _look_at(row, Trouble.OLD_KEY, key, at)
            raise Unreachable(
                "Its key is too old to be sent again; a person must look."
            )
    amount = Money(row.amount_minor, row.attempt.payment.currency)
    try:
        return asked.refund(
            provider_ref=row.attempt.provider_ref, amount=amount, key=key, at=at
        )
    except Refused as refused:
        Refund.objects.filter(pk=row.pk).update(status="refused")
        _look_at(row, Trouble.REFUND_REFUSED, str(refused), at)
        raise


def _look_at(row: Refund, kind: Trouble, detail: str, at: datetime) -> None:
    subject = f"refund {row.pk}"
    concern(kind, subject, detail=detail, attempt_id=row.attempt_id, at=at)


def _learn(attempt: Attempt, at: datetime) -> None:
    fact = provider(attempt.provider).find(
        provider_ref=attempt.provider_ref, key=attempt.idempotency_key, at=at
    )
    if fact is not None:
        apply_payment_fact(attempt.pk, fact, at=at)
