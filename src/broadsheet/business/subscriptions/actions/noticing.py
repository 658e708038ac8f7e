"""Telling readers what they will pay, before they pay more."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from broadsheet.kit import calendar
from broadsheet.plumbing import outbox

from .. import queries
from ..events import PriceRises
from ..models import PriceNotice, Subscription
from ..queries import NextCharge, Prices
from ..rules import Kind, Status
from . import journal

log = logging.getLogger(__name__)


def tell_prices(*, at: datetime) -> int:
    """
    Tell every reader whose next period costs more than this one, once, within the days
    that the policy says: of a new price, of the end of a lower one, of the end of a
    trial. Without it, a new price is not charged. Return how many were told.
    """
    prices = Prices()
    policy = prices.policy
    horizon = at + timedelta(days=max(policy.notice_days_most, policy.step_notice_days))
    coming = Subscription.objects.filter(
        Q(status__in=[Status.ACTIVE, Status.TRIALING]),
        due_at__gt=at,
        due_at__lte=horizon,
    )
    rows = coming.filter(_may_rise(coming, prices)).order_by("due_at", "id")
    told = 0
    for subscription_id in rows.values_list("pk", flat=True).iterator():
        told += _tell_safely(subscription_id, prices, at)
    return told


def _may_rise(coming: QuerySet[Subscription], prices: Prices) -> Q:
    """
    Leave out, unlocked, who pays the whole price of a version that nothing followed:
    on most nights nearly all. Whether it does rise for the others is asked of each.
    """
    sold = coming.order_by().values_list("plan_version", flat=True).distinct()
    followed = [one for one in sold if prices.successors(prices.version(one))]
    less = Q(worth_minor__lt=F("plan_version__price_minor"))
    return less | Q(plan_version__in=followed)


def _tell_safely(subscription_id: UUID, prices: Prices, at: datetime) -> bool:
    try:
        with transaction.atomic():
            return _tell(journal.lock(subscription_id), prices, at)
    except Exception:  # One contract's trouble must not keep the others waiting.
        log.exception("the price of %s cannot be told", subscription_id)
        return False


def _tell(row: Subscription, prices: Prices, at: datetime) -> bool:
    due_at = row.due_at
    if due_at is None or due_at <= at or row.status == Status.PAST_DUE:
        return False
    on = calendar.local_date(due_at, row.zone)
    charge = queries.next_charge(row, on, prices, told=False)
    why = _why(row, charge)
    if not why or not _in_time(why, due_at, prices, at):
        return False
    _notice, made = PriceNotice.objects.get_or_create(
        subscription=row,
        period_index=charge.paid.index,
        plan_version_id=charge.version.version_id,
        after_minor=charge.price.minor,
        defaults={
            "why": why,
            "before_minor": row.worth_minor,
            "currency": charge.price.currency,
            "due_at": due_at,
            "sent_at": at,
        },
    )
    if made:
        journal.record(row, Kind.PRICE_TOLD, at=at, why=why, price=charge.price.minor)
        outbox.announce(
            PriceRises(
                row.pk,
                row.reader_id,
                why,
                row.worth_minor,
                charge.price.minor,
                charge.price.currency,
                due_at,
            ),
            at=at,
        )
    return made


def _why(row: Subscription, charge: NextCharge) -> str:
    """Return why she is to be told; nothing where she chose it, or pays no more."""
    if charge.change is not None or charge.price.minor <= row.worth_minor:
        return ""
    if not row.worth_minor and row.opening_k is None:
        return ""  # Taken over, and we were not told what she paid before.
    if row.status == Status.TRIALING:
        return "trial"
    return "price" if charge.why == "price" else "step"


def _in_time(why: str, due_at: datetime, prices: Prices, at: datetime) -> bool:
    policy = prices.policy
    left = due_at - at
    if why != "price":
        # She agreed to it when she bought; late is better than not at all.
        return left <= timedelta(days=policy.step_notice_days)
    least = timedelta(days=policy.notice_days_least)
    return least <= left <= timedelta(days=policy.notice_days_most)
