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
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.payments import actions as payments
from broadsheet.kit import calendar

from .. import queries, rules
from ..models import RenewalTry, Subscription
from ..queries import NextCharge, Prices
from . import journal
from .advancing import advance
from .changing import begin_plan
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

    def __add__(self, other: RenewalRun) -> RenewalRun:
        return RenewalRun(
            self.claimed + other.claimed,
            self.renewed + other.renewed,
            self.declined + other.declined,
            self.unknown + other.unknown,
        )

    @property
    def facts(self) -> dict[str, int]:
        return asdict(self)


def renew_due(*, at: datetime, limit: int = 500) -> RenewalRun:
    """
    Renew what is due at `at`. Any number of workers may run it at once: each claims
    rows that no other holds. One subscription's trouble does not stop the others.
    """
    prices = Prices()
    if not prices.policy.renewals_on:
        return RenewalRun()
    claimed = _claim(at, limit)
    ends = {"succeeded": 0, "declined": 0, "unknown": 0}
    for prepared in _prepare_all(claimed, prices, at):
        end = prepared if isinstance(prepared, str) else _collect_safely(prepared, at)
        ends[end] += 1
    return RenewalRun(
        len(claimed), ends["succeeded"], ends["declined"], ends["unknown"]
    )


@transaction.atomic
def _claim(at: datetime, limit: int) -> list[UUID]:
    """Lease what is due to this run. Two statements, however many they are."""
    rows = queries.due(at).select_for_update(skip_locked=True)
    claimed = list(rows.values_list("pk", flat=True)[:limit])
    Subscription.objects.filter(pk__in=claimed).update(lease_until=at + LEASE)
    return claimed


@transaction.atomic
def _prepare_all(
    claimed: Sequence[UUID], prices: Prices, at: datetime
) -> list[RenewalTry | str]:
    """
    Store what will be sent, for all that were claimed, before any of it is sent. Each
    stands on a savepoint of its own: one that fails is left out, and tried again when
    its lease is over.
    """
    rows = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("plan_version", "offer", "reader")
        .filter(pk__in=claimed)
        .order_by("due_at", "id")
    )
    prepared: list[RenewalTry | str] = []
    for row in rows:
        try:
            with transaction.atomic():
                prepared.append(_prepare(row, prices, at))
        except Exception:  # One reader's trouble must not keep the others waiting.
            log.exception("renewal of %s cannot be prepared", row.pk)
            prepared.append("unknown")
    return prepared


def _prepare(row: Subscription, prices: Prices, at: datetime) -> RenewalTry | str:
    """Return the try that is to be sent; or how it ended, if nothing is to be."""
    if row.due_at is None or row.due_at > at:
        return "unknown"  # Something happened since the claim.
    known = row.tries.filter(closed_at=None).first()
    if known is not None:
        return known  # Its end is not known. Never a new key before it is.
    last = row.tries.filter(period_index__gt=row.k).order_by("-pk").first()
    if last is not None:
        return _try(row, last.invoice_id, last.period_index, last.plan_version_id, at)
    if row.changes.filter(closed_at=None, invoice_id__isnull=False).exists():
        return "unknown"  # What she is paying for just now comes first.
    charge = queries.next_charge(row, calendar.local_date(at, row.zone), prices)
    if charge.change is not None:
        begin_plan(row, charge.change, at)
    if not charge.price:
        advance(row, charge.paid, charge.price, version=charge.version, at=at)
        return "succeeded"
    return _bill(row, charge, at)


def _bill(row: Subscription, charge: NextCharge, at: datetime) -> RenewalTry:
    sold = charge.version
    off = f" ({charge.discount.name})" if charge.discount else ""
    invoice = ledger.bill(
        ledger.Charge(
            f"{sold.name}{off}", charge.price, sold.tax_code, charge.paid.period
        ),
        subscription_ref=row.pk,
        reader=row.reader_id,
        kind="renewal",
        period_index=charge.paid.index,
        recipient=row.reader.name or row.reader.email,
        at=at,
    )
    return _try(row, invoice.id, charge.paid.index, sold.version_id, at)


def _try(
    row: Subscription, invoice_id: UUID, index: int, version_id: int, at: datetime
) -> RenewalTry:
    n = row.tries.filter(invoice_id=invoice_id).count() + 1
    return RenewalTry.objects.create(
        subscription=row,
        invoice_id=invoice_id,
        period_index=index,
        plan_version_id=version_id,
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
    invoice = books.invoice(made.invoice_id)
    assert invoice is not None  # noqa: S101  It was billed before it was tried.
    try:
        state = payments.charge(
            method_ref=row.method_ref,
            invoice_ref=str(made.invoice_id),
            amount=invoice.total,
            idempotency_key=made.key,
            description=invoice.description,
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
