"""What the house gives: a contract for nothing, days, an offer; and running ones taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from broadsheet.business.catalogue import actions as shop
from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.queries import PlanOffer
from broadsheet.kit import calendar
from broadsheet.kit.calendar import BadTerm, Term
from broadsheet.kit.ids import new_id
from broadsheet.kit.money import Money
from broadsheet.plumbing import outbox, publication

from .. import queries, rules
from ..events import Given, Granted
from ..models import Subscription, SubscriptionEvent
from ..queries import SubscriptionView
from ..rules import Kind, Status
from . import journal
from .buying import AlreadySubscribed

LONGEST_GIFT = timedelta(days=366 * 10)
LONGEST_EXTENSION = 366


class CannotGive(Exception):
    """The house cannot give that; the sentence says why. Nothing changed."""


class CannotTakeOver(Exception):
    """`line` (from 0) cannot be taken over, and so none was."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"Line {line}: {why}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Running:
    """
    A contract that runs in another system: what it is, until when it is paid (the
    first day that is not), since when, and, if its card can be charged here, which.
    """

    reader: UUID
    plan_code: str
    paid_until: date
    since: date
    reference: str
    method_ref: UUID | None = None
    worth: Money | None = None  # What she paid for the present period.


@transaction.atomic
def comp(
    *,
    reader: UUID,
    plan_code: str,
    until: date,
    reason: str,
    by: str,
    at: datetime,
) -> SubscriptionView:
    """
    Give a reader a plan until the day `until` begins, for nothing. It does not renew.
    Raise `CannotGive`, `AlreadySubscribed`, `NoSuchPlan`.
    """
    journal.lock_reader(reader)
    if not reason.strip() or not by.strip():
        raise CannotGive("A gift of the house has a reason, and somebody who gave it.")
    if queries.open_subscription(reader) is not None:
        raise AlreadySubscribed("This reader has a subscription. Extend it instead.")
    zone = publication.current().zone
    today, ends = calendar.local_date(at, zone), calendar.instant(until, zone)
    if not at < ends <= at + LONGEST_GIFT:
        raise CannotGive("A gift ends after today, and within ten years.")
    sold = catalogue.plan(plan_code, at)
    row = Subscription(
        id=new_id(at),
        reader_id=reader,
        plan_version_id=sold.version_id,
        anchor_tz=zone.key,
        anchor_date=today,
        period_start=today,
        period_end=until,
        paid_through=ends,
        renews=False,
        made_at=at,
        started_at=at,
        previous=queries.latest(reader),
    )
    journal.record(
        row, Kind.GIVEN, by=by, at=at, reason=reason.strip()[:500], plan=sold.code
    )
    journal.grant_paid_time(row, at=at)
    outbox.announce(Given(row.pk, row.reader_id, ends), at=at)
    return queries.view(row.pk)


@transaction.atomic
def extend(
    *, subscription_id: UUID, days: int, reason: str, by: str, at: datetime
) -> SubscriptionView:
    """
    Give days at the end of the paid time; what follows is counted from there. Raise
    `CannotGive`, `ChangePending`, `NoSuchSubscription`.
    """
    row = journal.lock(subscription_id)
    if not 1 <= days <= LONGEST_EXTENSION or not reason.strip() or not by.strip():
        raise CannotGive("Days are 1 to 366, with a reason and who gave them.")
    if row.status not in (Status.ACTIVE, Status.TRIALING) or row.period_end is None:
        raise CannotGive(f"A subscription that is {row.status} cannot be extended.")
    journal.refuse_second_change(row)
    row.period_end += timedelta(days=days)
    row.paid_through = calendar.instant(row.period_end, row.zone)
    row.anchor_date, row.anchor_k = row.period_end, row.k + 1
    row.worth_days += days
    if row.cancel_at is not None:
        row.cancel_at = row.paid_through
        row.cancellations.filter(undone_at=None).update(effective_at=row.cancel_at)
    journal.record(
        row, Kind.EXTENDED, by=by, at=at, days=days, reason=reason.strip()[:500]
    )
    journal.grant_paid_time(row, at=at)
    return queries.view(row.pk)


@transaction.atomic
def accept_offer(
    *, reader: UUID, subscription_id: UUID, code: str, at: datetime
) -> SubscriptionView:
    """
    Take an offer for a running subscription, from its next period on: what keeps a
    reader who was about to leave. Raise `CannotGive`, `NoSuchOffer`, `OfferTaken`,
    `NoSuchSubscription`.
    """
    row = journal.hers(reader, subscription_id)
    if row.status not in (Status.ACTIVE, Status.TRIALING) or not row.renews:
        raise CannotGive("An offer is for a subscription that runs and renews.")
    lasts = row.offer_until_k is None or row.offer_until_k > row.k + 1
    if row.offer_id is not None and lasts:
        raise CannotGive("She has an offer already.")
    row.offer_id, taken = shop.take_offer(
        code=code,
        reader=reader,
        subscription_ref=row.pk,
        plan=catalogue.version(row.plan_version_id),
        at=at,
    )
    row.offer_until_k = None if taken.periods is None else row.k + 1 + taken.periods
    journal.record(row, Kind.OFFER_TAKEN, by=str(reader), at=at, offer=taken.code)
    return queries.view(row.pk)


@transaction.atomic
def take_over(carried: Sequence[Running], *, by: str, at: datetime) -> int:
    """
    Take over contracts that run in another system, each with its paid time, and charge
    nobody: the next charge comes when that is over. All of them or none: in a few
    statements for each thousand, so that a hundred thousand take seconds. Return how
    many. Raise `CannotTakeOver`, which names the first line that cannot be.
    """
    zone = publication.current().zone
    plans: dict[str, PlanOffer] = {}
    rows, events, grants = [], [], []
    ends_after = journal.courtesy()
    open_ones = _open(carried)
    for line, one in enumerate(carried):
        if one.reader in open_ones:
            raise CannotTakeOver(line, "the reader has a subscription already.")
        open_ones.add(one.reader)
        if one.plan_code not in plans:
            plans[one.plan_code] = _plan(line, one.plan_code, at)
        row = _carried(line, one, plans[one.plan_code], zone.key, at)
        rows.append(row)
        events.append(_taken_over(row, one, by, at))
        grants += _granted(row, plans[one.plan_code], ends_after)
    Subscription.objects.bulk_create(rows, batch_size=1000)
    SubscriptionEvent.objects.bulk_create(events, batch_size=1000)
    outbox.announce_all(grants, at=at)
    return len(rows)


def _open(carried: Sequence[Running]) -> set[UUID]:
    readers = [one.reader for one in carried]
    found = Subscription.objects.filter(
        reader__public_id__in=readers, status__in=rules.OPEN
    )
    return set(found.values_list("reader__public_id", flat=True))


def _plan(line: int, code: str, at: datetime) -> PlanOffer:
    try:
        return catalogue.plan(code, at)
    except catalogue.NoSuchPlan as error:
        raise CannotTakeOver(line, str(error)) from error


def _carried(
    line: int, one: Running, sold: PlanOffer, zone: str, at: datetime
) -> Subscription:
    row = Subscription(
        id=new_id(at),
        reader_id=one.reader,
        plan_version_id=sold.version_id,
        status=Status.ACTIVE,
        anchor_tz=zone,
        # Its dates are counted from the day on which it is paid next.
        anchor_date=one.paid_until,
        anchor_k=1,
        opening_k=None,
        period_start=_start(one.paid_until, sold.term),
        period_end=one.paid_until,
        method_ref=one.method_ref,
        made_at=at,
        row_version=1,
    )
    row.paid_through = row.due_at = calendar.instant(one.paid_until, row.zone)
    row.started_at = calendar.instant(one.since, row.zone)
    if not row.started_at <= at < row.paid_through:
        raise CannotTakeOver(line, "it began by now, and is paid beyond today.")
    worth = one.worth or Money(0, sold.price.currency)
    if worth.minor < 0 or worth.currency != sold.price.currency:
        raise CannotTakeOver(
            line, "what she paid is not an amount of the plan's money."
        )
    row.worth_minor = worth.minor
    row.worth_days = (one.paid_until - row.period_start).days if row.period_start else 0
    return row


def _start(end: date, term: Term) -> date:
    try:
        return calendar.boundary(end, term, -1)
    except (OverflowError, BadTerm):
        return end - timedelta(days=1)


def _taken_over(
    row: Subscription, one: Running, by: str, at: datetime
) -> SubscriptionEvent:
    return SubscriptionEvent(
        subscription=row,
        n=1,
        kind=Kind.TAKEN_OVER,
        at=at,
        by=by,
        facts={
            "reference": one.reference,
            "plan": one.plan_code,
            "paid_until": one.paid_until.isoformat(),
        },
    )


def _granted(row: Subscription, sold: PlanOffer, courtesy: timedelta) -> list[Granted]:
    assert row.started_at and row.paid_through  # noqa: S101  Set when it was made.
    ends = row.paid_through + courtesy
    return [
        Granted(row.reader_id, feature, row.started_at, ends, row.reference)
        for feature in sold.features
    ]
