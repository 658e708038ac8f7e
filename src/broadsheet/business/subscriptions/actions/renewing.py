"""
Renewal: two transactions around one call over the network.

The first claims what is due and stores, for each, its invoice and the key under which
it will be charged. Then the provider is called. The second transaction is the event's:
whatever the provider says comes back through `on_payment_succeeded` or
`on_payment_declined`, as it does from a webhook. If the answer is lost, nothing changes
here; the lease runs out, and the next claim finds the same try and sends the same key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.ledger import actions as ledger
from broadsheet.business.payments import actions as payments
from broadsheet.kit import calendar

from .. import queries, rules
from ..models import RenewalTry, Subscription
from ..rules import Status
from . import journal
from .hearing import fail_renewal

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RenewalRun:
    """What a run did: how many were claimed, and how the calls ended."""

    claimed: int = 0
    renewed: int = 0
    declined: int = 0
    unknown: int = 0


def renew_due(*, at: datetime, limit: int = 500) -> RenewalRun:
    """
    Renew what is due at `at`. Any number of workers may run it at once: each claims
    rows that no other holds. One subscription's trouble does not stop the others.
    """
    tries = _claim(at, limit)
    ends = {"succeeded": 0, "declined": 0, "unknown": 0}
    for made in tries:
        ends[_collect_safely(made, at)] += 1
    return RenewalRun(len(tries), ends["succeeded"], ends["declined"], ends["unknown"])


@transaction.atomic
def _claim(at: datetime, limit: int) -> list[RenewalTry]:
    """Lease what is due to this run, and store what will be sent before it is sent."""
    lapsing = Q(status=Status.PAST_DUE, grace_until__lte=at)
    rows = (
        Subscription.objects.select_related("plan_version")
        .filter(~lapsing, Q(lease_until=None) | Q(lease_until__lte=at), due_at__lte=at)
        .order_by("due_at", "id")
        .select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    return [_prepare(row, at) for row in rows]


def _prepare(row: Subscription, at: datetime) -> RenewalTry:
    row.lease_until = at + LEASE
    row.save(update_fields=["lease_until"])
    known = row.tries.filter(closed_at=None).first()
    if known is not None:
        return known  # Its end is not known. Never a new key before it is.
    last = row.tries.filter(period_index__gt=row.k).order_by("-pk").first()
    if last is not None:
        return _try(row, last.invoice_id, last.period_index, last.n + 1, at)
    assert row.anchor_date is not None  # noqa: S101  It is due, so it has started.
    on = calendar.local_date(at, row.zone)
    term, since = row.plan_version.term, row.anchor_k
    index = rules.next_index(row.anchor_date, term, row.k, on, since=since)
    # The version that she bought, whatever newcomers pay today.
    sold = catalogue.version(row.plan_version_id)
    invoice = ledger.bill(
        ledger.Charge(sold.name, sold.price, sold.tax_code, row.period(index).period),
        subscription_ref=row.pk,
        reader=row.reader_id,
        kind="renewal",
        period_index=index,
        recipient=row.reader.name or row.reader.email,
        at=at,
    )
    return _try(row, invoice.id, index, 1, at)


def _try(
    row: Subscription, invoice_id: UUID, index: int, n: int, at: datetime
) -> RenewalTry:
    return RenewalTry.objects.create(
        subscription=row,
        invoice_id=invoice_id,
        period_index=index,
        n=n,
        key=f"inv-{invoice_id}-{n}",
        made_at=at,
    )


def _collect_safely(made: RenewalTry, at: datetime) -> str:
    try:
        return _collect(made, at)
    except Exception:  # One reader's trouble must not keep the others waiting.
        log.exception("renewal try %s failed; it will be made again", made.key)
        return "unknown"


def _collect(made: RenewalTry, at: datetime) -> str:
    row = _still_wanted(made)
    if row is None:
        return "unknown"
    if row.method_ref is None:
        return _fail(made, "no_method", at)
    sold = catalogue.version(row.plan_version_id)
    try:
        state = payments.charge(
            method_ref=row.method_ref,
            invoice_ref=str(made.invoice_id),
            amount=sold.price,
            idempotency_key=made.key,
            description=sold.name,
            at=at,
        )
    except payments.NoSuchMethod:
        return _fail(made, "no_method", at)
    except (payments.AttemptOpen, payments.AlreadyPaid):
        return "unknown"  # She is paying it herself. What comes of it, we shall hear.
    if state.status in ("succeeded", "declined"):
        return state.status
    _keep_open(made, at)
    return "unknown"


def _keep_open(made: RenewalTry, at: datetime) -> None:
    """Let nobody meet the wall because her bank, or the provider, does not answer."""
    with transaction.atomic():
        row = journal.lock(made.subscription_id)
        due = row.paid_through
        unanswered = row.tries.filter(pk=made.pk, closed_at=None).exists()
        if due is None or row.grace_until is not None or not unanswered:
            return
        row.grace_until = rules.grace_until(due, queries.policy().grace_days)
        row.save(update_fields=["grace_until"])
        journal.grant(row, ends=row.grace_until, at=at)


def _still_wanted(made: RenewalTry) -> Subscription | None:
    """Look once more before money moves: she may have cancelled since the claim."""
    with transaction.atomic():
        row = journal.lock(made.subscription_id)
        open_still = row.tries.filter(pk=made.pk, closed_at=None).exists()
        wanted = open_still and row.due_at is not None
        return row if wanted else None


def _fail(made: RenewalTry, reason: str, at: datetime) -> str:
    with transaction.atomic():
        row = journal.lock(made.subscription_id)
        if row.tries.filter(pk=made.pk, closed_at=None).exists():
            fail_renewal(row, reason=reason, hard=True, at=at)
    return "declined"
