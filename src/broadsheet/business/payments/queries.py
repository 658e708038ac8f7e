"""Questions about payments, attempts and saved methods."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from broadsheet.kit.money import Money

from . import rules
from .models import Attempt, Concern, Dispute, Payment, PaymentMethod, Refund
from .rules import DisputeStatus, Status


class NoSuchPayment(Exception):
    """There is no payment with that id. Do not try again."""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """
    How a payment stands. `status` is "succeeded", "declined", "requires_action",
    "pending" or "unknown"; `captured` is what is held, over all attempts.
    """

    payment_id: UUID
    invoice_ref: str
    status: str
    captured: Money | None
    refunded: Money | None
    reason: str
    hard: bool
    pay_at: str
    method_ref: UUID | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    attempt_id: UUID
    n: int
    status: str
    provider: str
    provider_ref: str
    idempotency_key: str
    captured: Money
    refunded: Money
    disputed: Money
    reason: str
    hard: bool
    off_session: bool
    made_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class MethodView:
    method_ref: UUID
    provider: str
    network: str
    last4: str
    expires: date
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class ConcernView:
    """Something to look at. `kind` is a `rules.Trouble`."""

    concern_id: int
    kind: str
    detail: str
    raised_at: datetime
    payment_id: UUID | None
    invoice_ref: str
    amount: Money | None
    provider: str
    provider_ref: str


def payment(payment_id: UUID) -> PaymentState:
    """Return how a payment stands as far as we know. Two queries; asks nobody."""
    found = Payment.objects.filter(pk=payment_id).first()
    if found is None:
        raise NoSuchPayment(f"There is no payment {payment_id}.")
    return state(found, _attempts(found))


def payment_for(invoice_ref: str) -> PaymentState | None:
    """Return how the payment of an invoice stands, or None if none was asked for."""
    found = Payment.objects.filter(invoice_ref=invoice_ref).first()
    return state(found, _attempts(found)) if found else None


def attempts(payment_id: UUID) -> tuple[AttemptView, ...]:
    """Return every try at a payment, oldest first."""
    found = (
        Attempt.objects.filter(payment=payment_id)
        .select_related("payment")
        .order_by("n")
    )
    return tuple(_view(attempt) for attempt in found)


def methods(reader: UUID) -> tuple[MethodView, ...]:
    """Return the reader's saved methods that can be charged, newest first."""
    found = PaymentMethod.objects.filter(reader__public_id=reader, removed_at=None)
    return tuple(_method(row) for row in found.order_by("-saved_at", "id"))


def method(method_ref: UUID) -> MethodView | None:
    """Return a saved method that can be charged still, or None. One query."""
    found = PaymentMethod.objects.filter(pk=method_ref, removed_at=None).first()
    return _method(found) if found else None


def expiring(*, since: date, until: date) -> tuple[MethodView, ...]:
    """Return the saved methods whose last day lies between the two, both included."""
    found = PaymentMethod.objects.filter(
        removed_at=None, expires__gte=since, expires__lte=until
    )
    return tuple(_method(row) for row in found.order_by("expires", "id"))


def held() -> dict[UUID, int]:
    """
    Return what is held for each invoice, in minor units: captured, less what was given
    back and the disputes that were lost (I6). One that is open is away, but not lost.
    Reads every attempt; for the books' check. What is not an invoice's is left out.
    """
    sums = Payment.objects.annotate(
        captured=Sum("attempts__captured_minor"),
        refunded=Sum("attempts__refunded_minor"),
    ).exclude(captured=None)
    lost = dict(
        Dispute.objects.filter(status=DisputeStatus.LOST)
        .values_list("attempt__payment")
        .annotate(Sum("amount_minor"))
    )
    found = {}
    for payment in sums.iterator():
        gone = payment.refunded + lost.get(payment.pk, 0)
        with suppress(ValueError):
            found[UUID(payment.invoice_ref)] = payment.captured - gone
    return found


def next_check(after: datetime) -> datetime | None:
    """Return when the reconciler asks about a payment next, after `after`."""
    found = Attempt.objects.filter(check_at__gt=after).order_by("check_at")
    return found.values_list("check_at", flat=True).first()


def stuck() -> tuple[AttemptView, ...]:
    """Return the attempts that the reconciler gave up on: a person must look."""
    found = Attempt.objects.filter(
        status__in=[Status.SUBMITTED, Status.UNKNOWN, Status.PENDING], check_at=None
    )
    ordered = found.select_related("payment").order_by("made_at", "id")
    return tuple(_view(attempt) for attempt in ordered)


def concerns(*, limit: int = 200) -> tuple[ConcernView, ...]:
    """Return what a person has to look at, the oldest first."""
    found = Concern.objects.filter(closed_at=None).select_related("attempt__payment")
    ordered = found.order_by("raised_at", "pk")[:limit]
    return tuple(_concern(row) for row in ordered)


def concerns_open() -> int:
    """Return how many there are."""
    return Concern.objects.filter(closed_at=None).count()


@dataclass(frozen=True, slots=True)
class Moment:
    """One try at a payment, or one refund, in a reader's history."""

    id: UUID
    kind: str  # "payment" or "refund".
    status: str
    amount: Money
    reason: str
    reference: str
    at: datetime


def reader_of_reference(reference: str) -> UUID | None:
    """Return whose payment a provider knows by this reference. One query."""
    rows = Attempt.objects.filter(provider_ref=reference).exclude(provider_ref="")
    found = rows.order_by("pk").values_list("payment__reader__public_id", flat=True)
    return found.first()


def reader_of(payment_id: UUID) -> UUID | None:
    """Return whose payment this is. One query."""
    rows = Payment.objects.filter(pk=payment_id)
    return rows.values_list("reader__public_id", flat=True).first()


def moments(
    reader: UUID, *, until: datetime | None = None, limit: int
) -> tuple[Moment, ...]:
    """Return a reader's tries to pay and her refunds, newest first. Two queries."""
    tries = Attempt.objects.filter(payment__reader__public_id=reader).annotate(
        told=Coalesce(F("settled_at"), F("made_at"))
    )
    refunds = Refund.objects.filter(attempt__payment__reader__public_id=reader)
    if until is not None:
        tries = tries.filter(told__lte=until)
        refunds = refunds.filter(made_at__lte=until)
    found = [
        Moment(
            row.pk,
            "payment",
            row.status,
            Money(row.captured_minor or row.payment.amount_minor, row.payment.currency),
            row.reason,
            row.provider_ref,
            row.told,
        )
        for row in tries.select_related("payment").order_by("-told", "-pk")[:limit]
    ] + [
        Moment(
            row.pk,
            "refund",
            row.status,
            Money(row.amount_minor, row.attempt.payment.currency),
            "",
            row.provider_ref,
            row.made_at,
        )
        for row in refunds.select_related("attempt__payment").order_by(
            "-made_at", "-pk"
        )[:limit]
    ]
    return tuple(sorted(found, key=lambda moment: moment.at, reverse=True))[:limit]


def state(payment: Payment, attempts: Sequence[Attempt]) -> PaymentState:
    """Fold a payment's attempts, oldest first, into how it stands."""
    status = rules.overall([Status(attempt.status) for attempt in attempts])
    telling = [attempt for attempt in attempts if attempt.status == status][-1]
    captured = sum(attempt.captured_minor for attempt in attempts)
    refunded = sum(attempt.refunded_minor for attempt in attempts)
    # Until the provider answers, a caller can do no more with "submitted" than with
    # "unknown": both mean ask again, and never under a new key.
    told = Status.UNKNOWN if status in rules.OURS else status
    return PaymentState(
        payment_id=payment.pk,
        invoice_ref=payment.invoice_ref,
        status=told.value,
        captured=Money(captured, payment.currency) if captured else None,
        refunded=Money(refunded, payment.currency) if refunded else None,
        reason=telling.reason,
        hard=telling.hard,
        pay_at=telling.pay_at if status is Status.REQUIRES_ACTION else "",
        method_ref=telling.saved_method_id or telling.method_id,
    )


def _attempts(payment: Payment) -> list[Attempt]:
    return list(payment.attempts.order_by("n"))


def _method(row: PaymentMethod) -> MethodView:
    return MethodView(
        row.pk, row.provider, row.network, row.last4, row.expires, row.saved_at
    )


def _concern(row: Concern) -> ConcernView:
    attempt = row.attempt
    payment = attempt.payment if attempt else None
    return ConcernView(
        concern_id=row.pk,
        kind=row.kind,
        detail=row.detail,
        raised_at=row.raised_at,
        payment_id=payment.pk if payment else None,
        invoice_ref=payment.invoice_ref if payment else "",
        amount=payment.amount if payment else None,
        provider=attempt.provider if attempt else "",
        provider_ref=attempt.provider_ref if attempt else "",
    )


def _view(attempt: Attempt) -> AttemptView:
    currency = attempt.payment.currency
    return AttemptView(
        attempt_id=attempt.pk,
        n=attempt.n,
        status=attempt.status,
        provider=attempt.provider,
        provider_ref=attempt.provider_ref,
        idempotency_key=attempt.idempotency_key,
        captured=Money(attempt.captured_minor, currency),
        refunded=Money(attempt.refunded_minor, currency),
        disputed=Money(attempt.disputed_minor, currency),
        reason=attempt.reason,
        hard=attempt.hard,
        off_session=attempt.method_id is not None,
        made_at=attempt.made_at,
        settled_at=attempt.settled_at,
    )
