"""Offers: make one, close it, take it, give it back. And where which currency is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from broadsheet.kit import places
from broadsheet.kit.money import exponent

from .. import queries
from ..models import Offer, Plan, Redemption, Region
from ..queries import Discount, NoSuchOffer, NoSuchPlan, PlanOffer
from ..rules import BadOffer, refuse_bad_offer


class OfferTaken(Exception):
    """This reader has had the offer. Show the price without it."""


@transaction.atomic
def open_offer(
    offer: Discount,
    *,
    plan_codes: Sequence[str] = (),
    most: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    by: str = "",
    at: datetime,
) -> Offer:
    """
    Make an offer, for these plans (none said: for all), to be taken `most` times
    altogether. Raise `BadOffer`, `NoSuchPlan`.
    """
    refuse_bad_offer(offer, most)
    starts = starts_at or at
    if ends_at is not None and ends_at <= starts:
        raise BadOffer("An offer ends after it starts.")
    if Offer.objects.filter(code=offer.code).exists():
        raise BadOffer(f"There is an offer {offer.code} already.")
    plans = list(Plan.objects.filter(code__in=plan_codes))
    if len(plans) != len(set(plan_codes)):
        raise NoSuchPlan("One of the plans of the offer does not exist.")
    row = Offer.objects.create(
        code=offer.code,
        name=offer.name.strip(),
        percent=offer.percent,
        amount_minor=offer.amount.minor if offer.amount is not None else None,
        currency=offer.amount.currency if offer.amount is not None else "",
        periods=offer.periods,
        most=most,
        starts_at=starts,
        ends_at=ends_at,
        made_at=at,
        made_by=by,
    )
    row.plans.set(plans)
    return row


@transaction.atomic
def close_offer(*, code: str, at: datetime) -> None:
    """Let nobody take the offer any more; who has it keeps it. Raise `NoSuchOffer`."""
    offer = _lock(code)
    if offer.ends_at is None or offer.ends_at > at:
        offer.ends_at = at
        offer.save(update_fields=["ends_at"])


@transaction.atomic
def take_offer(
    *, code: str, reader: UUID, subscription_ref: UUID, plan: PlanOffer, at: datetime
) -> tuple[int, Discount]:
    """
    Take an offer for a subscription; return its id and what it takes off. Raise
    `NoSuchOffer` or `OfferTaken`, and nothing was taken. Locks the offer's row.
    """
    offer = _lock(code)
    if not queries.is_open(offer, plan, at):
        raise NoSuchOffer(f"The offer {offer.code} cannot be taken for {plan.name}.")
    try:
        with transaction.atomic():
            Redemption.objects.create(
                offer=offer,
                reader=reader,
                subscription_ref=subscription_ref,
                taken_at=at,
            )
    except IntegrityError as error:
        raise OfferTaken(f"She has had the offer {offer.code}.") from error
    Offer.objects.filter(pk=offer.pk).update(taken=F("taken") + 1)
    return offer.pk, queries.discount_of(offer)


@transaction.atomic
def give_back_offer(*, subscription_ref: UUID, at: datetime) -> None:
    """Let what was taken for a subscription that came to nothing be taken again."""
    for taken in Redemption.objects.filter(
        subscription_ref=subscription_ref, given_back_at=None
    ).select_related("offer"):
        _lock(taken.offer.code)
        given = Redemption.objects.filter(pk=taken.pk, given_back_at=None)
        if given.update(given_back_at=at):
            Offer.objects.filter(pk=taken.offer_id).update(taken=F("taken") - 1)


def set_region(*, country: str, currency: str) -> None:
    """Ask readers of a country to pay in a currency. Raise `BadOffer`."""
    exponent(currency)
    if not places.is_abroad(country):
        raise BadOffer(f"{country[:10]!r} is not a country.")
    Region.objects.update_or_create(country=country, defaults={"currency": currency})


def _lock(code: str) -> Offer:
    found = Offer.objects.select_for_update().filter(code=code.upper())
    offer = None if "\0" in code else found.first()
    if offer is None:
        raise NoSuchOffer(f"There is no offer {code[:40]!r}.")
    return offer
