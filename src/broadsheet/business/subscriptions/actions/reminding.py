"""Telling readers of what is to come, in time to do something about it; each once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import Exact

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.payments import queries as payments
from broadsheet.kit.calendar import Term, local_date
from broadsheet.plumbing import outbox, publication

from .. import queries, rules
from ..events import CardExpiring, RenewalComing
from ..models import Subscription, SubscriptionEvent
from ..rules import Kind, Status
from . import journal

CARD_NOTICES = (30, 7)  # Days before a card expires.
LONGEST = timedelta(days=30)


def remind_due(*, at: datetime, limit: int = 1000) -> int:
    """
    Remind the readers whose renewal comes up, once a period: 30 days before for a year
    or more, 7 for less. Return how many. Any number of workers may run it.
    """
    told = 0
    for pk in _to_remind(at)[:limit]:
        told += _remind(pk, at)
    return told


def warn_of_cards(*, at: datetime) -> int:
    """
    Tell the readers whose card expires within 30 days, and again within 7. It is
    charged all the same: banks often pass on the new one. Return how many.
    """
    today = local_date(at, publication.current().zone)
    told = 0
    last = today + timedelta(days=max(CARD_NOTICES))
    for card in payments.expiring(since=today, until=last):
        left = (card.expires - today).days
        stage = min(days for days in CARD_NOTICES if left <= days)
        rows = Subscription.objects.filter(
            method_ref=card.method_ref, due_at__isnull=False
        )
        for pk in rows.order_by("id").values_list("pk", flat=True):
            told += _warn(pk, card, stage, at)
    return told


def _to_remind(at: datetime) -> QuerySet[Subscription, UUID]:
    coming = Subscription.objects.filter(
        status=Status.ACTIVE, due_at__gt=at, due_at__lte=at + LONGEST
    )
    in_time = Q(pk__in=())
    for version_id in (
        coming.order_by().values_list("plan_version", flat=True).distinct()
    ):
        sold = catalogue.version(version_id)
        days = rules.reminder_days(Term(sold.term_count, sold.term_unit))
        in_time |= Q(plan_version=version_id, due_at__lte=at + timedelta(days=days))
    notice = Concat(Value("renewal:"), Cast(F("k") + 1, CharField()))
    told = SubscriptionEvent.objects.filter(
        subscription=OuterRef("pk"), kind=Kind.NOTICED
    ).filter(Exact(KeyTextTransform("notice", "facts"), OuterRef("notice")))
    rows = coming.filter(in_time).annotate(notice=notice).exclude(Exists(told))
    return rows.order_by("due_at", "id").values_list("pk", flat=True)


@transaction.atomic
def _remind(subscription_id: UUID, at: datetime) -> bool:
    row = journal.lock(subscription_id)
    notice = f"renewal:{row.k + 1}"
    if row.status != Status.ACTIVE or row.due_at is None or _told(row.pk, notice):
        return False
    on = local_date(row.due_at, row.zone)
    price = queries.next_charge(row, on, queries.Prices()).price
    journal.record(row, Kind.NOTICED, at=at, notice=notice)
    coming = RenewalComing(
        row.pk, row.reader_id, row.k + 1, price.minor, price.currency, row.due_at
    )
    outbox.announce(coming, at=at)
    return True


@transaction.atomic
def _warn(
    subscription_id: UUID, card: payments.MethodView, stage: int, at: datetime
) -> bool:
    row = journal.lock(subscription_id)
    notice = _card_notice(card.method_ref, card.expires, stage)
    if row.due_at is None or _told(row.pk, notice):
        return False
    journal.record(row, Kind.NOTICED, at=at, notice=notice)
    outbox.announce(
        CardExpiring(
            row.pk, row.reader_id, card.network, card.last4, card.expires, stage
        ),
        at=at,
    )
    return True


def _card_notice(method: UUID, expires: date, stage: int) -> str:
    return f"card:{method}:{expires}:{stage}"


def _told(subscription_id: UUID, notice: str) -> bool:
    row = Subscription(pk=subscription_id)
    return row.events.filter(kind=Kind.NOTICED, facts__notice=notice).exists()
