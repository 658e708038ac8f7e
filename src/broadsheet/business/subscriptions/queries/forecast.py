"""
What will be charged, and why. The claim asks the same questions as the dry run, here,
so that the one is what the other says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.db.models import Q, QuerySet

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.catalogue.queries import Discount, PlanOffer, Successor
from broadsheet.business.ledger import queries as ledger
from broadsheet.kit import calendar
from broadsheet.kit.money import Money

from .. import rules
from ..models import RenewalPolicy, RenewalTry, ScheduledChange, Subscription
from ..rules import Paid, Status


def policy() -> RenewalPolicy:
    return RenewalPolicy.objects.order_by("pk").first() or RenewalPolicy()


class Prices:
    """The shop, remembered for one run: thousands of contracts have a few versions."""

    def __init__(self, *known: PlanOffer) -> None:
        self._versions = {version.version_id: version for version in known}
        self._successors: dict[int, tuple[Successor, ...]] = {}

    @cached_property
    def policy(self) -> RenewalPolicy:
        return policy()

    def version(self, version_id: int) -> PlanOffer:
        if version_id not in self._versions:
            self._versions[version_id] = catalogue.version(version_id)
        return self._versions[version_id]

    def successors(self, sold: PlanOffer) -> tuple[Successor, ...]:
        if sold.version_id not in self._successors:
            self._successors[sold.version_id] = catalogue.successors(sold)
        return self._successors[sold.version_id]


@dataclass(frozen=True, slots=True)
class NextCharge:
    """The period that is billed next, and what it costs. `why` it costs that."""

    version: PlanOffer
    paid: Paid
    price: Money
    discount: Discount | None
    change: ScheduledChange | None
    why: str  # same, price (a new one), step (a lower one has ended), plan (another).


@dataclass(frozen=True, slots=True)
class WouldCharge:
    """
    One line of a dry run. `how`: card, nothing (it costs nothing), or no_card. `why`:
    as of `NextCharge`, or again (it was billed, and could not be collected).
    """

    subscription_id: UUID
    reader: UUID
    plan_code: str
    period_index: int
    starts: date
    ends: date
    amount: Money
    how: str
    why: str


def due(at: datetime) -> QuerySet[Subscription]:
    """Return what a run at `at` would claim, the longest due first."""
    lapsing = Q(status=Status.PAST_DUE, grace_until__lte=at)
    free = Q(lease_until=None) | Q(lease_until__lte=at)
    found = Subscription.objects.filter(~lapsing, free, due_at__lte=at)
    return found.order_by("due_at", "id")


def next_charge(
    row: Subscription, on: date, prices: Prices, *, told: bool = True
) -> NextCharge:
    """
    Return what is billed next for a contract that has started, were it billed on the
    local date `on`. A raised price counts only if she was `told` of it in time; with
    `told=False` it is what she would have to be told. Two queries at most.
    """
    change = row.changes.filter(kind="plan", closed_at=None, invoice_id=None).first()
    if change is not None and change.plan_version_id is not None:
        return _changed(row, change, prices.version(change.plan_version_id), on)
    assert row.anchor_date is not None  # noqa: S101  It has started.
    own = prices.version(row.plan_version_id)
    index = rules.next_index(row.anchor_date, own.term, row.k, on, since=row.anchor_k)
    discount = _discount(row, index)
    version = version_of(row, index, prices, told=told)
    price = price_of(row, version, index, discount)
    why = "same"
    if version != own:
        why = "price"
    elif price > Money(row.worth_minor, price.currency):
        why = "step"
    return NextCharge(version, row.period(index), price, discount, None, why)


def version_of(
    row: Subscription, index: int, prices: Prices, *, told: bool = True
) -> PlanOffer:
    """Return the version by which period `index` is billed, as known today."""
    own = prices.version(row.plan_version_id)
    if row.opening_k is None or index - row.opening_k >= own.intro_periods:
        return _in_force(row, own, prices, told=told)
    return own


def price_of(
    row: Subscription, version: PlanOffer, index: int, discount: Discount | None
) -> Money:
    """Return what period `index` costs by a version, with the discount taken off."""
    if row.opening_k is None:
        return discount.off(version.price) if discount else version.price
    return version.price_in(max(0, index - row.opening_k), discount)


def dry_run(at: datetime, *, limit: int | None = None) -> Iterator[WouldCharge]:
    """
    Yield exactly what `renew_due` at `at` would charge, if nothing else happened until
    then. Writes nothing.
    """
    prices = Prices()
    if not prices.policy.renewals_on:
        return
    rows = due(at).select_related("plan_version", "offer")
    for row in rows[:limit].iterator(chunk_size=1000):
        if row.changes.filter(closed_at=None, invoice_id__isnull=False).exists():
            continue  # A change of plan is being paid for, and comes first.
        yield _would(row, at, prices)


def _would(row: Subscription, at: datetime, prices: Prices) -> WouldCharge:
    known = row.tries.filter(period_index__gt=row.k).order_by("-pk").first()
    if known is not None:
        return _would_again(row, known, prices)
    charge = next_charge(row, calendar.local_date(at, row.zone), prices)
    return WouldCharge(
        subscription_id=row.pk,
        reader=row.reader_id,
        plan_code=charge.version.code,
        period_index=charge.paid.index,
        starts=charge.paid.period.start,
        ends=charge.paid.period.end,
        amount=charge.price,
        how=_how(row, charge.price),
        why=charge.why,
    )


def _would_again(row: Subscription, known: RenewalTry, prices: Prices) -> WouldCharge:
    """What was billed and could not be collected is asked for again as it was billed."""
    invoice = ledger.invoice(known.invoice_id)
    assert invoice is not None  # noqa: S101  A try is of an invoice.
    period = row.period(known.period_index).period
    return WouldCharge(
        subscription_id=row.pk,
        reader=row.reader_id,
        plan_code=prices.version(known.plan_version_id).code,
        period_index=known.period_index,
        starts=period.start,
        ends=period.end,
        amount=invoice.total,
        how=_how(row, invoice.total),
        why="again",
    )


def _how(row: Subscription, amount: Money) -> str:
    if not amount:
        return "nothing"
    return "card" if row.method_ref else "no_card"


def _changed(
    row: Subscription, change: ScheduledChange, version: PlanOffer, on: date
) -> NextCharge:
    """The plan changes at the end of the paid time, and the dates start anew there."""
    assert row.period_end is not None  # noqa: S101  It has started.
    since = row.k + 1
    index = rules.next_index(row.period_end, version.term, row.k, on, since=since)
    paid = rules.paid_period(row.period_end, version.term, index, row.zone, since=since)
    return NextCharge(version, paid, version.price, None, change, "plan")


def _discount(row: Subscription, index: int) -> Discount | None:
    if row.offer is None or not (
        row.offer_until_k is None or index < row.offer_until_k
    ):
        return None
    return catalogue.discount_of(row.offer)


def _in_force(
    row: Subscription, own: PlanOffer, prices: Prices, *, told: bool
) -> PlanOffer:
    """
    Return the version that is in force for this reader when her paid time is over: the
    newest one that costs no more, or of which she was told in time; else her own.
    """
    due_at = row.paid_through
    assert due_at is not None  # noqa: S101  It has started.
    for later in prices.successors(own):
        if later.since > due_at:
            continue
        if later.version.price <= own.price or not told:
            return later.version
        least = timedelta(days=prices.policy.notice_days_least)
        notices = row.notices.filter(
            plan_version=later.version.version_id, sent_at__lte=due_at - least
        )
        if notices.exists():
            return later.version
    return own
