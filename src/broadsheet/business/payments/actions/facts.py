"""The one door through which anything a provider says changes an attempt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce

from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox

from .. import rules
from ..events import PaymentDeclined, PaymentRefunded, PaymentSucceeded
from ..models import Attempt, InboundEvent, PaymentMethod
from ..providers import Fact, Saved, provider
from ..rules import Standing, Status, Trouble
from .concerns import concern, settled
from .disputes import apply_disputes, taken_back


class NotOfThisAttempt(Exception):
    """A fact names another invoice or currency than was asked for. A person must look."""


def apply_payment_fact(attempt_id: UUID, fact: Fact, *, at: datetime) -> bool:
    """
    Let `fact` move an attempt forward, or not at all; say whether it moved. Announces a
    success, a decline, a dispute once, in this transaction. Locks the attempt's row.
    Webhook, reconciler and call: all of them come through here.
    """
    with transaction.atomic():
        attempt = _locked(attempt_id)
        payment = attempt.payment
        if (fact.currency, fact.reference) != (payment.currency, payment.invoice_ref):
            raise NotOfThisAttempt(
                f"{fact.provider_ref} is of {fact.reference} in {fact.currency}, "
                f"not of {payment.invoice_ref} in {payment.currency}."
            )
        _learn(attempt, fact, at)
        moved = _move(attempt, fact.standing, at)
        return _take_back(attempt, fact, at) or moved


def remember(attempt_id: UUID, standing: Standing, *, at: datetime) -> bool:
    """Let what we ourselves saw (no answer, a refused request) move an attempt."""
    with transaction.atomic():
        return _move(_locked(attempt_id), standing, at)


def _locked(attempt_id: UUID) -> Attempt:
    return (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("payment")
        .get(pk=attempt_id)
    )


def _learn(attempt: Attempt, fact: Fact, at: datetime) -> None:
    """Take down the provider's names for things: they never change what happened."""
    if not attempt.provider_ref:
        attempt.provider_ref = fact.provider_ref
    elif attempt.provider_ref != fact.provider_ref:
        raise NotOfThisAttempt(
            f"{fact.provider_ref} came for an attempt that is {attempt.provider_ref}."
        )
    attempt.pay_at = attempt.pay_at or fact.pay_at
    if fact.saved is not None and attempt.saved_method_id is None:
        attempt.saved_method = _keep(attempt, fact.saved, at)
    attempt.save(update_fields=["provider_ref", "pay_at", "saved_method"])


def _keep(attempt: Attempt, saved: Saved, at: datetime) -> PaymentMethod:
    method, fresh = PaymentMethod.objects.get_or_create(
        provider=attempt.provider,
        token_ref=saved.token,
        defaults={
            "reader_id": attempt.payment.reader_id,
            "network": saved.network,
            "last4": saved.last4,
            "expires": saved.expires,
            "version": saved.version,
            "saved_at": at,
        },
    )
    if fresh:
        _hear_what_waited(method, at)
    else:
        learn_method(attempt.provider, saved, at=at)
    return method


def learn_method(by: str, saved: Saved, *, at: datetime) -> str:
    """
    Take down what a provider says of a saved method: a new expiry, new digits, or that
    it is gone. Only what is newer than what we know changes anything. Return what came
    of it; news of a method that we do not know waits until a payment tells of it.
    """
    known = PaymentMethod.objects.filter(provider=by, token_ref=saved.token)
    changed = known.filter(version__lt=saved.version).update(
        version=saved.version,
        network=saved.network,
        last4=saved.last4,
        expires=saved.expires,
        # Once it is gone it stays gone, whoever removed it first.
        removed_at=Coalesce(
            "removed_at",
            Value(at if saved.removed else None, output_field=DateTimeField()),
        ),
    )
    if changed:
        return "applied"
    return "nothing new" if known.exists() else _waits_for(saved.token)


def is_waiting(outcome: str) -> bool:
    """Say whether an event with this outcome is still to be applied."""
    return outcome.startswith(_waits_for(""))


def _waits_for(token: str) -> str:
    return f"waits for method {token}"


def _hear_what_waited(method: PaymentMethod, at: datetime) -> None:
    """Apply the news of a method that came before the method itself."""
    waiting = InboundEvent.objects.select_for_update().filter(
        provider=method.provider,
        applied_at=None,
        outcome=_waits_for(method.token_ref),
    )
    for event in waiting:
        saved = provider(event.provider).read(bytes(event.body)).saved
        if saved is not None:
            event.outcome = learn_method(event.provider, saved, at=at)
        event.applied_at = at
        event.save(update_fields=["outcome", "applied_at"])


def _take_back(attempt: Attempt, fact: Fact, at: datetime) -> bool:
    """Note what banks took back of what was captured (I7)."""
    if not fact.disputes:
        return False
    try:
        moved = apply_disputes(attempt, fact.disputes, at=at)
    except rules.Contradiction as error:
        raise NotOfThisAttempt(str(error)) from error
    attempt.disputed_minor = taken_back(attempt)
    gone = attempt.refunded_minor + attempt.disputed_minor
    if gone > attempt.captured_minor:
        raise NotOfThisAttempt(
            f"{gone} is said to have gone back of {attempt.captured_minor}."
        )
    if moved:
        attempt.save(update_fields=["disputed_minor"])
    return moved


def _move(attempt: Attempt, said: Standing, at: datetime) -> bool:
    before = attempt.standing
    after = rules.settle(before, said)
    if after == before:
        return False
    attempt.status = after.status
    attempt.captured_minor = after.captured
    attempt.refunded_minor = after.refunded
    attempt.hard = after.hard
    attempt.reason = after.reason
    if after.status in rules.FINAL:
        attempt.check_at = None
        if after.status != before.status:
            attempt.settled_at = at
    attempt.save()
    _announce(attempt, before, after, at)
    _look_at(attempt, at)
    return True


def _look_at(attempt: Attempt, at: datetime) -> None:
    """Put a short capture before a person, and take back what has answered itself."""
    payment = attempt.payment
    if 0 < attempt.captured_minor < payment.amount_minor:
        captured = Money(attempt.captured_minor, payment.currency)
        concern(
            Trouble.SHORT,
            str(attempt.pk),
            detail=f"{captured} of {payment.amount}: {payment.invoice_ref}",
            attempt_id=attempt.pk,
            at=at,
        )
    if attempt.status in rules.FINAL:
        for kind in (Trouble.STUCK, Trouble.OLD_KEY):
            settled(kind, str(attempt.pk), at=at)


def _announce(
    attempt: Attempt, before: Standing, after: Standing, at: datetime
) -> None:
    payment = attempt.payment
    if after.status is Status.DECLINED and before.status is not Status.DECLINED:
        declined = PaymentDeclined(
            payment_id=payment.pk,
            invoice_ref=payment.invoice_ref,
            attempt_id=attempt.pk,
            reason=after.reason,
            hard=after.hard,
        )
        outbox.announce(declined, at=at)
    if after.captured > before.captured:
        succeeded = PaymentSucceeded(
            payment_id=payment.pk,
            invoice_ref=payment.invoice_ref,
            attempt_id=attempt.pk,
            minor=after.captured - before.captured,
            currency=payment.currency,
            method_ref=attempt.saved_method_id or attempt.method_id,
            at=at,
        )
        outbox.announce(succeeded, at=at)
    if after.refunded > before.refunded:
        refunded = PaymentRefunded(
            payment_id=payment.pk,
            invoice_ref=payment.invoice_ref,
            attempt_id=attempt.pk,
            minor=after.refunded - before.refunded,
            currency=payment.currency,
            at=at,
        )
        outbox.announce(refunded, at=at)
