"""Hearing what became of a payment: from webhooks, by asking, and by asking again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from .. import providers, queries, rules
from ..models import Attempt, InboundEvent
from ..providers import Fact, Notice, Refused, Unreachable, Unreadable
from ..queries import PaymentState
from ..rules import Status, Trouble
from .concerns import concern
from .facts import NotOfThisAttempt, apply_payment_fact, is_waiting, learn_method

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=5)  # When the provider itself could not be reached.


def receive(
    provider: str, *, body: bytes, headers: Mapping[str, str], at: datetime
) -> None:
    """
    Take a webhook: prove it on its raw bytes, keep it, apply it. Twice is once. Raise
    `Forged` (answer 400) with nothing kept, or `NoSuchProvider` (404). Anything else
    that is raised asks for a 5xx, so that the provider sends it again.
    """
    verified = providers.provider(provider).verify(body, headers, at=at)
    take(provider, body, verified, at=at)


def take(provider: str, body: bytes, verified: str, *, at: datetime) -> None:
    """Keep an event that is proved, or that we read at the provider; then apply it."""
    try:
        notice = providers.provider(provider).read(body)
    except Unreadable as error:
        _keep_unreadable(provider, body, verified, str(error), at)
        return
    # Two transactions: an event that fails to apply is kept, and can be applied later.
    InboundEvent.objects.get_or_create(
        provider=provider,
        event_id=notice.event_id,
        defaults={"body": body, "verified": verified, "received_at": at},
    )
    with transaction.atomic():
        event = InboundEvent.objects.select_for_update().get(
            provider=provider, event_id=notice.event_id
        )
        if event.applied_at is None:
            event.outcome = _apply(provider, notice, at)
            event.applied_at = None if is_waiting(event.outcome) else at
            event.save(update_fields=["outcome", "applied_at"])


def refresh(payment_id: UUID, *, at: datetime) -> PaymentState:
    """
    Ask the provider about a payment that is still open, and apply what it says; raise
    nothing if it cannot be reached: the state then says what was known. Safe to call
    any number of times. One call over the network if the payment is open.
    """
    queries.payment(payment_id)
    for attempt in Attempt.objects.filter(
        payment=payment_id, status__in=list(rules.OPEN)
    ).order_by("n"):
        try:
            _ask_about(attempt, at)
        except (Unreachable, Unreadable, NotOfThisAttempt) as error:
            log.warning("payment %s: %s", payment_id, error)
    return queries.payment(payment_id)


def tell_time(*, at: datetime) -> tuple[str, ...]:
    """
    Let sandboxes live in the publication's present. Return those that could not be
    reached; they hear of it with the next call.
    """
    deaf = []
    for name in providers.names():
        try:
            providers.provider(name).tell_time(at)
        except Unreachable:
            deaf.append(name)
    return tuple(deaf)


def returned(payment_id: UUID, query: Mapping[str, str]) -> bool:
    """
    Say whether the provider itself sent the payer back to us with this `query`. That is
    a hint and changes nothing: only `refresh` says how the payment stands.
    """
    attempt = (
        Attempt.objects.filter(payment=payment_id)
        .select_related("payment")
        .order_by("-n")
        .first()
    )
    return attempt is not None and providers.provider(attempt.provider).came_back(
        query,
        provider_ref=attempt.provider_ref,
        reference=attempt.payment.invoice_ref,
    )


def reconcile(*, at: datetime, limit: int = 100) -> int:
    """
    Ask about open attempts whose check is due: 5 minutes, 1 hour, then daily, five
    times, after they were made. Return how many were asked about. Several workers may
    run it: each claims its own. One attempt's trouble does not stop the others.
    """
    due = _claim(at, limit)
    for attempt in due:
        try:
            _ask_about(attempt, at)
        except Unreachable as error:
            # That says nothing about the payment, so it does not count as a check.
            log.warning("attempt %s: %s", attempt.pk, error)
            Attempt.objects.filter(pk=attempt.pk, status__in=list(rules.OPEN)).update(
                checks=F("checks") - 1, check_at=at + AGAIN
            )
        except NotOfThisAttempt as error:
            log.error("attempt %s: %s", attempt.pk, error)
            _contradicted(attempt.pk, f"attempt {attempt.pk}", str(error), at)
        except Exception:
            log.exception("attempt %s cannot be reconciled", attempt.pk)
        _give_up(attempt.pk, at)
    return len(due)


def _give_up(attempt_id: UUID, at: datetime) -> None:
    """After the last check, an end that nobody told us of is a person's to find out."""
    attempt = (
        Attempt.objects.filter(
            pk=attempt_id,
            check_at=None,
            status__in=[Status.SUBMITTED, Status.UNKNOWN, Status.PENDING],
        )
        .select_related("payment")
        .first()
    )
    if attempt is not None:
        concern(
            Trouble.STUCK,
            str(attempt.pk),
            detail=f"{attempt.status}: {attempt.payment.invoice_ref}",
            attempt_id=attempt.pk,
            at=at,
        )


def _claim(at: datetime, limit: int) -> list[Attempt]:
    with transaction.atomic():
        due = list(
            Attempt.objects.select_for_update(skip_locked=True)
            .filter(check_at__lte=at)
            .order_by("check_at", "id")[:limit]
        )
        for attempt in due:
            attempt.checks += 1
            wait = rules.wait_after(attempt.checks)
            attempt.check_at = at + wait if wait is not None else None
        Attempt.objects.bulk_update(due, ["checks", "check_at"])
    return due


def _ask_about(attempt: Attempt, at: datetime) -> None:
    try:
        fact = providers.provider(attempt.provider).find(
            provider_ref=attempt.provider_ref, key=attempt.idempotency_key, at=at
        )
    except Refused as refused:
        # It says that it does not know the payment: no evidence of a decline (I23).
        log.warning("attempt %s: %s", attempt.pk, refused)
        return
    if fact is not None:
        apply_payment_fact(attempt.pk, fact, at=at)


def _apply(provider: str, notice: Notice, at: datetime) -> str:
    """Apply a notice and return what came of it, in a few words for the desk."""
    if notice.saved is not None:
        return learn_method(provider, notice.saved, at=at)
    if notice.fact is None:
        return f"kept: {notice.kind} is not about a payment"
    attempt_id = _attempt_of(provider, notice.fact)
    if attempt_id is None:
        log.error("%s tells of %s, which is not ours", provider, notice.event_id)
        detail = f"{provider}: {notice.fact.provider_ref}, {notice.fact.reference}"
        concern(Trouble.STRANGE, notice.event_id, detail=detail, at=at)
        return "kept: not about a payment of ours"
    try:
        # On a savepoint: what was written before the contradiction showed is undone.
        with transaction.atomic():
            moved = apply_payment_fact(attempt_id, notice.fact, at=at)
    except NotOfThisAttempt as error:
        log.error("%s %s: %s", provider, notice.event_id, error)
        _contradicted(attempt_id, notice.event_id, str(error), at)
        return f"refused: {error}"[:200]
    return "applied" if moved else "nothing new"


def _contradicted(attempt_id: UUID, subject: str, why: str, at: datetime) -> None:
    kind = Trouble.CONTRADICTED
    concern(kind, subject, detail=why, attempt_id=attempt_id, at=at)


def _attempt_of(provider: str, fact: Fact) -> UUID | None:
    """Find by the provider's reference, or by our key if its answer never reached us."""
    ours = Attempt.objects.filter(provider=provider)
    found = (
        ours.filter(provider_ref=fact.provider_ref).first()
        or ours.filter(idempotency_key=fact.key, provider_ref="").first()
    )
    return found.pk if found else None


def _keep_unreadable(
    provider: str, body: bytes, verified: str, why: str, at: datetime
) -> None:
    log.error("%s: %s", provider, why)
    event_id = f"sha256:{hashlib.sha256(body).hexdigest()}"
    concern(Trouble.UNREADABLE, event_id, detail=f"{provider}: {why}", at=at)
    InboundEvent.objects.get_or_create(
        provider=provider,
        event_id=event_id,
        defaults={
            "body": body,
            "verified": verified,
            "received_at": at,
            "applied_at": at,
            "outcome": f"kept: {why}"[:200],
        },
    )
