"""Asking a provider for money: the key is committed first, then bytes leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money

from .. import queries, rules
from ..models import Attempt, Payment, PaymentMethod
from ..providers import Ask, Fact, Refused, Unreachable, Unreadable, provider
from ..queries import PaymentState
from ..rules import Standing, Status, Trouble
from .concerns import concern
from .facts import apply_payment_fact, remember

PROVIDER = (
    "paper"  # Until the desk chooses; each attempt keeps the one it was made with.
)


class KeyReused(Exception):
    """This key was used for another request. A mistake of the caller's."""


class AttemptOpen(Exception):
    """An earlier try at this invoice is still open. Ask about that one, or withdraw it."""

    def __init__(self, payment_id: UUID) -> None:
        super().__init__(f"Payment {payment_id} still has an open attempt.")
        self.payment_id = payment_id


class AlreadyPaid(Exception):
    """This invoice has been paid. Do not try again."""


class WrongRequest(Exception):
    """The amount, currency or reader differs from what this invoice's payment asks."""


class NoSuchMethod(Exception):
    """No saved method has that reference, or it was removed. Ask for a new one."""


@dataclass(frozen=True, slots=True)
class Opened:
    payment_id: UUID
    pay_at: str  # Where the reader goes to pay.


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two requests the same, besides their key."""

    invoice_ref: str
    reader: UUID
    amount: Money
    description: str
    return_url: str = ""
    method: UUID | None = None

    @property
    def fingerprint(self) -> str:
        return rules.fingerprint(
            invoice_ref=self.invoice_ref,
            reader=str(self.reader),
            minor=self.amount.minor,
            currency=self.amount.currency,
            description=self.description,
            return_url=self.return_url,
            method=str(self.method or ""),
        )


def open_payment(
    *,
    invoice_ref: str,
    reader: UUID,
    amount: Money,
    description: str,
    idempotency_key: str,
    return_url: str,
    at: datetime,
) -> Opened:
    """
    Ask the provider for a page on which `reader` pays an invoice. The same key returns
    the same page. Raise `Unreachable` if we cannot know whether it was made: call again
    with the same key; `Refused` if the provider will not have it. One call over the
    network, after a commit.
    """
    request = Request(invoice_ref, reader, amount, description, return_url)
    attempt, fresh = _persist(request, idempotency_key, at)
    if attempt.status in rules.OURS:
        _submit(attempt, fresh, at)
        attempt.refresh_from_db()
    if not attempt.pay_at:
        raise Refused(attempt.reason, "The provider refused to make this payment.")
    return Opened(attempt.payment_id, attempt.pay_at)


def charge(
    *,
    method_ref: UUID,
    invoice_ref: str,
    amount: Money,
    idempotency_key: str,
    at: datetime,
    description: str = "",
) -> PaymentState:
    """
    Charge a saved method, its owner being away. Never raises for what a bank says, nor
    for a lost answer: that is "unknown", and calling again with the same key settles
    it without a second charge.
    """
    method = PaymentMethod.objects.filter(pk=method_ref, removed_at=None).first()
    if method is None:
        raise NoSuchMethod(f"There is no saved method {method_ref}.")
    request = Request(
        invoice_ref,
        method.reader_id,
        amount,
        description or invoice_ref,
        method=method.pk,
    )
    attempt, fresh = _persist(request, idempotency_key, at)
    if attempt.status in rules.OURS:
        try:
            _submit(attempt, fresh, at)
        except (Unreachable, Refused):
            pass  # Written down as unknown, or as declined; the state says which.
    return queries.payment(attempt.payment_id)


def send_again(payment_id: UUID, *, at: datetime) -> PaymentState:
    """
    Ask once more, under the same key, for what may never have reached the provider. It
    is looked for there first; a key that is too old is not sent. Raises nothing for
    what a bank says, nor for another lost answer: the returned state says.
    """
    for attempt in Attempt.objects.filter(payment=payment_id, status__in=rules.OURS):
        try:
            _submit(attempt, False, at)
        except (Unreachable, Refused):
            pass  # Written down as unknown, or as declined; the state says which.
    return queries.payment(payment_id)


def withdraw(payment_id: UUID, *, at: datetime) -> PaymentState:
    """
    Close the page of a payment that nobody has paid, so that nobody can. If she has
    paid meanwhile, that is what the returned state says.
    """
    attempt = Attempt.objects.filter(
        payment=payment_id, status=Status.REQUIRES_ACTION
    ).first()
    if attempt is not None:
        fact = provider(attempt.provider).cancel(attempt.provider_ref, at=at)
        apply_payment_fact(attempt.pk, fact, at=at)
    return queries.payment(payment_id)


def forget_method(method_ref: UUID, *, at: datetime) -> None:
    """Let a saved method be charged no more: by us at once, then by the provider."""
    method = PaymentMethod.objects.filter(pk=method_ref).first()
    if method is None:
        raise NoSuchMethod(f"There is no saved method {method_ref}.")
    PaymentMethod.objects.filter(pk=method_ref, removed_at=None).update(removed_at=at)
    provider(method.provider).forget(method.token_ref, at=at)


def _persist(request: Request, key: str, at: datetime) -> tuple[Attempt, bool]:
    """
    Return the attempt that has this key, and whether it was made now. On return it is
    committed, whatever becomes of this process.
    """
    with transaction.atomic(durable=True):
        payment = _payment(request, at)
        seen = Attempt.objects.filter(idempotency_key=key).first()
        if seen is not None:
            if seen.request_fingerprint != request.fingerprint:
                raise KeyReused(f"The key {key!r} was used for another request.")
            return seen, False
        _refuse_second(payment)
        made = Attempt.objects.create(
            id=new_id(at),
            payment=payment,
            n=payment.attempts.count() + 1,
            provider=PROVIDER,
            idempotency_key=key,
            request_fingerprint=request.fingerprint,
            method_id=request.method,
            description=request.description,
            return_url=request.return_url,
            # Not "created": a crash before the call looks like one after it.
            status=Status.SUBMITTED,
            made_at=at,
            check_at=at + rules.CHECKS[0],
        )
        return made, True


def _payment(request: Request, at: datetime) -> Payment:
    """Return the invoice's payment, locked: attempts on it are made one at a time."""
    Payment.objects.get_or_create(
        invoice_ref=request.invoice_ref,
        defaults={
            "id": new_id(at),
            "reader_id": request.reader,
            "amount_minor": request.amount.minor,
            "currency": request.amount.currency,
            "made_at": at,
        },
    )
    payment = Payment.objects.select_for_update().get(invoice_ref=request.invoice_ref)
    if (payment.amount, payment.reader_id) != (request.amount, request.reader):
        raise WrongRequest(f"Invoice {request.invoice_ref} asks for {payment.amount}.")
    return payment


def _refuse_second(payment: Payment) -> None:
    """One try at a time, and none once it is paid (invariants I4 and I23)."""
    statuses = set(payment.attempts.values_list("status", flat=True))
    if Status.SUCCEEDED in statuses:
        raise AlreadyPaid(f"Invoice {payment.invoice_ref} has been paid.")
    if statuses & rules.OPEN:
        raise AttemptOpen(payment.pk)


def _submit(attempt: Attempt, fresh: bool, at: datetime) -> None:
    """Send an attempt under its key, and apply what comes back, or that nothing did."""
    try:
        fact = _send(attempt, fresh, at)
    except (Unreachable, Unreadable) as error:
        remember(attempt.pk, Standing(Status.UNKNOWN), at=at)
        raise Unreachable(str(error)) from error
    except Refused as refused:
        declined = Standing(Status.DECLINED, hard=True, reason=refused.code[:64])
        remember(attempt.pk, declined, at=at)
        raise
    apply_payment_fact(attempt.pk, fact, at=at)


def _send(attempt: Attempt, fresh: bool, at: datetime) -> Fact:
    asked = provider(attempt.provider)
    if not fresh:
        # Look before sending again: some providers answer a key with its first 5xx
        # for as long as they keep it, though the money has moved.
        found = asked.find(
            provider_ref=attempt.provider_ref, key=attempt.idempotency_key, at=at
        )
        if found is not None:
            return found
        if not rules.may_resend(at - attempt.made_at):
            concern(
                Trouble.OLD_KEY,
                str(attempt.pk),
                detail=f"{attempt.idempotency_key}: {attempt.payment.invoice_ref}",
                attempt_id=attempt.pk,
                at=at,
            )
            raise Unreachable(
                "Its key is too old to be sent again; a person must look."
            )
    send = asked.open if attempt.method is None else asked.charge
    return send(_ask(attempt), at=at)


def _ask(attempt: Attempt) -> Ask:
    origin: str = settings.BROADSHEET.origin
    return Ask(
        key=attempt.idempotency_key,
        reference=attempt.payment.invoice_ref,
        amount=attempt.payment.amount,
        description=attempt.description,
        webhook_url=f"{origin}/payments/{attempt.provider}/webhook/",
        return_url=attempt.return_url,
        method=attempt.method.token_ref if attempt.method else "",
    )
