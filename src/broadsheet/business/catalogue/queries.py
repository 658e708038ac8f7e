"""What is on sale, and what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from broadsheet.kit.calendar import Term
from broadsheet.kit.money import Money
from broadsheet.plumbing import publication

from .models import Offer, Plan, PlanVersion, Redemption, Region
from .rules import Discount

__all__ = [
    "Discount", "NoSuchOffer", "NoSuchPlan", "OfferLine", "PlanLine", "PlanOffer",
    "Successor", "currency_for", "discount", "discount_of", "every_offer", "every_plan",
    "has_taken", "plan", "plans", "successors", "version",
]  # fmt: skip


class NoSuchPlan(Exception):
    """Nothing by this code is on sale. Show the plans that are."""


class NoSuchOffer(Exception):
    """No such offer can be taken for this plan now. Show the price without it."""


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """One version of a plan. `per_month` is rounded down: print `price` beside it."""

    code: str
    name: str
    version_id: int
    price: Money
    term_count: int
    term_unit: str
    months: int | None
    per_month: Money | None
    blurb: str
    benefits: tuple[str, ...]
    features: tuple[str, ...]
    tax_code: str
    intro: Money | None = None  # What each of the first `intro_periods` costs.
    intro_periods: int = 0
    trial_days: int = 0

    @property
    def term(self) -> Term:
        return Term(self.term_count, self.term_unit)

    def price_in(self, nth: int, discount: Discount | None = None) -> Money:
        """Return what its `nth` period (from 0) costs, with the discount taken off."""
        in_intro = self.intro is not None and nth < self.intro_periods
        price = self.intro if in_intro and self.intro is not None else self.price
        return discount.off(price) if discount else price


@dataclass(frozen=True, slots=True)
class Successor:
    """A later version of a plan, and from when those who have an older one pay it."""

    version: PlanOffer
    since: datetime


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer as the desk lists it."""

    code: str
    name: str
    discount: Discount
    most: int | None
    taken: int
    starts_at: datetime
    ends_at: datetime | None
    plans: tuple[str, ...]  # None: every plan.


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as the desk lists it: with or without a price, retired or not."""

    code: str
    name: str
    position: int
    retired_at: datetime | None
    versions: tuple[PlanVersion, ...]


def plans(at: datetime, currency: str = "") -> tuple[PlanOffer, ...]:
    """
    Return what is on sale at `at` in a currency, the publication's unless said: only
    plans that have a price in it, for nothing is converted. One query.
    """
    return tuple(_offer(version) for version in _on_sale(at, currency))


def plan(code: str, at: datetime, currency: str = "") -> PlanOffer:
    """Return what the plan costs at `at`. Raise `NoSuchPlan` if it is not on sale."""
    # A NUL, which PostgreSQL has no way to compare with, is part of no code.
    found = None if "\0" in code else _on_sale(at, currency).filter(plan__code=code)
    version = found.first() if found is not None else None
    if version is None:
        raise NoSuchPlan(f"No plan {code[:60]!r} is on sale.")
    return _offer(version)


def currency_for(place: str) -> str:
    """
    Return the currency in which readers of a place (a state's GST code, or a country's
    ISO code) are asked to pay: the publication's, unless the desk says otherwise.
    """
    found = Region.objects.filter(country=place).first()
    return found.currency if found else publication.current().currency


def successors(sold: PlanOffer) -> tuple[Successor, ...]:
    """
    Return the later versions to which those who have this one are moved, newest first:
    same plan, currency and term, with a date for existing subscribers. One query.
    """
    later = PlanVersion.objects.select_related("plan__product").filter(
        plan__code=sold.code,
        currency=sold.price.currency,
        term_count=sold.term_count,
        term_unit=sold.term_unit,
        pk__gt=sold.version_id,
        effective_for_existing_from__isnull=False,
    )
    return tuple(
        Successor(_offer(row), row.effective_for_existing_from)
        for row in later.order_by("-pk")
        if row.effective_for_existing_from is not None
    )


def discount(code: str, plan: PlanOffer, at: datetime) -> Discount:
    """
    Return what an offer takes off a plan, if it can be taken now; whether this reader
    may take it only taking it tells. Raise `NoSuchOffer`.
    """
    offer = None if "\0" in code else Offer.objects.filter(code=code.upper()).first()
    if offer is None or not is_open(offer, plan, at):
        raise NoSuchOffer(f"There is no offer {code[:40]!r} for {plan.name} now.")
    return discount_of(offer)


def has_taken(code: str, reader: UUID, *, besides: UUID | None = None) -> bool:
    """
    Say whether this reader has had the offer, and so cannot take it again; what she
    took for the contract `besides` does not count.
    """
    taken = Redemption.objects.filter(
        offer__code=code.upper(), reader=reader, given_back_at=None
    )
    if besides is not None:
        taken = taken.exclude(subscription_ref=besides)
    return taken.exists()


def is_open(offer: Offer, plan: PlanOffer, at: datetime) -> bool:
    over = offer.ends_at is not None and offer.ends_at <= at
    drawn = offer.most is not None and offer.taken >= offer.most
    if offer.starts_at > at or over or drawn:
        return False
    if offer.currency and offer.currency != plan.price.currency:
        return False
    codes = set(offer.plans.values_list("code", flat=True))
    return not codes or plan.code in codes


def discount_of(offer: Offer) -> Discount:
    amount = offer.amount_minor
    return Discount(
        code=offer.code,
        name=offer.name,
        percent=offer.percent,
        amount=Money(amount, offer.currency) if amount is not None else None,
        periods=offer.periods,
    )


def every_offer() -> tuple[OfferLine, ...]:
    """Return all offers, the newest first. Two queries."""
    rows = Offer.objects.order_by("-made_at", "-pk").prefetch_related("plans")
    return tuple(
        OfferLine(
            code=row.code,
            name=row.name,
            discount=discount_of(row),
            most=row.most,
            taken=row.taken,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            plans=tuple(sorted(plan.code for plan in row.plans.all())),
        )
        for row in rows
    )


def version(version_id: int) -> PlanOffer:
    """Return what was sold, whether or not it is on sale still."""
    return _offer(
        PlanVersion.objects.select_related("plan__product").get(pk=version_id)
    )


def every_plan() -> tuple[PlanLine, ...]:
    """Return all plans with all their versions, newest first. Two queries."""
    rows = Plan.objects.order_by("position", "code").prefetch_related("versions")
    return tuple(
        PlanLine(
            code=row.code,
            name=row.name,
            position=row.position,
            retired_at=row.retired_at,
            versions=tuple(
                sorted(row.versions.all(), key=lambda v: v.effective_from, reverse=True)
            ),
        )
        for row in rows
    )


def _on_sale(at: datetime, currency: str) -> QuerySet[PlanVersion]:
    return (
        PlanVersion.objects.select_related("plan__product")
        .filter(
            Q(retired_at=None) | Q(retired_at__gt=at),
            Q(plan__retired_at=None) | Q(plan__retired_at__gt=at),
            currency=currency or publication.current().currency,
            effective_from__lte=at,
        )
        .order_by("plan__position", "plan__code", "-effective_from")
        .distinct("plan__position", "plan__code")
    )


def _offer(version: PlanVersion) -> PlanOffer:
    months = version.term.months
    return PlanOffer(
        code=version.plan.code,
        name=version.plan.name,
        version_id=version.pk,
        price=version.price,
        term_count=version.term_count,
        term_unit=version.term_unit,
        months=months,
        per_month=version.price.per_month(months) if months else None,
        blurb=version.plan.blurb,
        benefits=tuple(
            filter(None, map(str.strip, version.plan.benefits.splitlines()))
        ),
        features=tuple(version.plan.features),
        tax_code=version.plan.product.tax_code,
        intro=(
            Money(version.intro_minor, version.currency)
            if version.intro_minor is not None
            else None
        ),
        intro_periods=version.intro_periods,
        trial_days=version.trial_days,
    )
