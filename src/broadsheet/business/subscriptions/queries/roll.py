"""The roll of subscribers, as the desk reads it: lists, counts, one reader's history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.kit.money import Money, half_up

from ..models import HeldCredit, Subscription, SubscriptionEvent
from ..rules import RUNNING, Status
from .views import Happening

TROUBLE = (Status.PAST_DUE.value, Status.SUSPENDED.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contracts a list shows. Empty: any. `renewing`: charged before then."""

    status: str = ""  # One of `Status`, or "trouble".
    plan: str = ""
    renewing: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A contract in a list, with who has it."""

    id: UUID
    reader: UUID
    name: str
    email: str
    plan: str
    status: str
    ending: bool
    price: Money
    started_at: datetime
    paid_through: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How the roll stands. `monthly`: what running contracts are worth in a month."""

    running: int
    trouble: int
    renewing: int
    leaving: int
    monthly: Money
    by_plan: tuple[tuple[str, int], ...]


def reader_of(subscription_id: UUID) -> UUID | None:
    """Return whose subscription it is. One query."""
    rows = Subscription.objects.filter(pk=subscription_id)
    return rows.values_list("reader__public_id", flat=True).first()


def roll(
    wanted: Wanted, *, before: UUID | None = None, limit: int = 50
) -> tuple[Enrolled, ...]:
    """
    Return contracts that started: who is charged next first if `renewing` is asked for,
    else the newest first; those after `before` in that order. Two queries at most.
    """
    rows = _order(_wanted(wanted), wanted)
    last = Subscription.objects.filter(pk=before).first() if before else None
    if last is not None:
        rows = rows.filter(_after(last, wanted))
    return tuple(_enrolled(row) for row in rows[:limit])


def happenings(
    reader: UUID, *, until: datetime | None = None, limit: int
) -> tuple[Happening, ...]:
    """Return what happened to all contracts of a reader, newest first. One query."""
    rows = SubscriptionEvent.objects.filter(subscription__reader__public_id=reader)
    if until is not None:
        rows = rows.filter(at__lte=until)
    return tuple(
        Happening(row.subscription_id, row.n, row.kind, row.at, row.by, row.facts)
        for row in rows.order_by("-at", "-pk")[:limit]
    )


def on_its_way(reader: UUID) -> tuple[Money, ...]:
    """Return the sums that are to go back to a reader, and have not left. One query."""
    rows = HeldCredit.objects.filter(
        subscription__reader__public_id=reader, returned_at=None
    )
    return tuple(Money(row.minor, row.currency) for row in rows.order_by("pk"))


def figures(at: datetime, currency: str) -> Figures:
    """Count the roll: every running contract is read once. Two queries."""
    running = Subscription.objects.filter(status__in=RUNNING)
    counts = running.aggregate(
        running=Count("id"),
        trouble=Count("id", filter=Q(status__in=TROUBLE)),
        renewing=Count("id", filter=Q(due_at__lte=at + timedelta(days=7))),
        leaving=Count("id", filter=Q(cancel_at__isnull=False)),
    )
    plans = running.values("plan_version").annotate(n=Count("id"))
    monthly, by_plan = 0, dict[str, int]()
    for row in plans.order_by("plan_version"):
        sold = catalogue.version(row["plan_version"])
        by_plan[sold.name] = by_plan.get(sold.name, 0) + row["n"]
        if sold.months and sold.price.currency == currency:
            monthly += half_up(sold.price.minor * row["n"], sold.months)
    return Figures(
        **counts,
        monthly=Money(monthly, currency),
        by_plan=tuple(sorted(by_plan.items(), key=lambda one: (-one[1], one[0]))),
    )


def _wanted(wanted: Wanted) -> QuerySet[Subscription]:
    rows = Subscription.objects.filter(started_at__isnull=False)
    if wanted.status == "trouble":
        rows = rows.filter(status__in=TROUBLE)
    elif wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.plan:
        rows = rows.filter(plan_version__plan__code=wanted.plan)
    if wanted.renewing is not None:
        rows = rows.filter(due_at__lte=wanted.renewing)
    return rows


def _order(rows: QuerySet[Subscription], wanted: Wanted) -> QuerySet[Subscription]:
    order = ("-started_at", "-pk") if wanted.renewing is None else ("due_at", "pk")
    return rows.select_related("reader", "plan_version__plan").order_by(*order)


def _after(last: Subscription, wanted: Wanted) -> Q:
    if wanted.renewing is None:
        same = Q(started_at=last.started_at, pk__lt=last.pk)
        return Q(started_at__lt=last.started_at) | same
    return Q(due_at__gt=last.due_at) | Q(due_at=last.due_at, pk__gt=last.pk)


def _enrolled(row: Subscription) -> Enrolled:
    assert row.started_at is not None  # noqa: S101  Only such are on the roll.
    return Enrolled(
        id=row.pk,
        reader=row.reader_id,
        name=row.reader.name,
        email=row.reader.email,
        plan=row.plan_version.plan.name,
        status=row.status,
        ending=row.cancel_at is not None,
        price=row.plan_version.price,
        started_at=row.started_at,
        paid_through=row.paid_through,
        due_at=row.due_at,
    )
