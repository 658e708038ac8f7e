"""What a reader who is leaving can be offered, and whether offering it helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q
from django.utils.crypto import salted_hmac

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.kit import calendar

from ..models import LeavingPolicy, Parting, Subscription
from ..rules import RUNNING, Status
from .forecast import Prices, next_charge
from .outlook import Ahead, ahead

SALT = "broadsheet.subscriptions.holdout"


@dataclass(frozen=True, slots=True)
class SaveOffer:
    """What a reader who stays pays: the whole future of it, from her next charge on."""

    code: str
    name: str
    ahead: tuple[Ahead, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """
    What became of the readers of one group (offered, held_out): how many asked to
    leave, how many took the offer, how many have a subscription that renews today.
    """

    group: str
    asked: int
    accepted: int
    stayed: int


def leaving_policy() -> LeavingPolicy:
    return LeavingPolicy.objects.order_by("pk").first() or LeavingPolicy()


def is_held_out(reader: UUID, percent: int) -> bool:
    """
    Say whether a reader is among those who are never offered anything: the same answer
    each time, and one that nobody can work out without our key.
    """
    digest = salted_hmac(SALT, str(reader), algorithm="sha256").digest()
    return int.from_bytes(digest[:8]) % 100 < percent


def save_offer(reader: UUID, subscription_id: UUID, at: datetime) -> SaveOffer | None:
    """
    Return what this reader was drawn to be offered while she was about to leave, if it
    can be taken still. None for who is held out. Writes nothing.
    """
    found = Parting.objects.select_related("subscription__plan_version").filter(
        subscription=subscription_id,
        subscription__reader__public_id=reader,
        group="offered",
    )
    parting = found.order_by("-period_index").first()
    if parting is None or parting.period_index != parting.subscription.k:
        return None
    return offer_for(parting.subscription, parting.offer, at)


def offer_for(row: Subscription, code: str, at: datetime) -> SaveOffer | None:
    """Return an offer as a contract could take it now, or None if it cannot."""
    charged = row.status in (Status.ACTIVE, Status.TRIALING) and row.renews
    if not code or not charged or row.cancel_at or _has_one(row):
        return None
    if row.changes.filter(kind="plan", closed_at=None).exists():
        return None  # It is for the plan that she has, and another is to begin.
    prices = Prices()
    sold = prices.version(row.plan_version_id)
    try:
        discount = catalogue.discount(code, sold, at)
    except catalogue.NoSuchOffer:
        return None
    if catalogue.has_taken(discount.code, row.reader_id):
        return None
    charge = next_charge(row, calendar.local_date(row.runs_until, row.zone), prices)
    until = None if discount.periods is None else row.k + 1 + discount.periods
    steps = ahead(row, charge, prices, discount=discount, until_k=until)
    if steps[0].price >= charge.price:
        return None  # It would take nothing off.
    return SaveOffer(discount.code, discount.name, steps)


def save_effect(*, since: datetime, until: datetime) -> tuple[Effect, Effect]:
    """
    Compare who was offered something with who was held out, of the readers who were
    drawn in that time. Each reader counts once for each of her periods. One query.
    """
    stays = Q(subscription__status__in=RUNNING, subscription__cancel_at=None)
    rows = (
        Parting.objects.filter(grouped_at__gte=since, grouped_at__lt=until)
        .values("group")
        .annotate(
            asked=Count("pk"),
            accepted=Count("accepted_at"),
            stayed=Count("pk", filter=stays),
        )
    )
    found = {
        row["group"]: Effect(row["group"], row["asked"], row["accepted"], row["stayed"])
        for row in rows
    }
    offered, held_out = (
        found.get(group, Effect(group, 0, 0, 0)) for group in ("offered", "held_out")
    )
    return offered, held_out


def _has_one(row: Subscription) -> bool:
    lasts = row.offer_until_k is None or row.offer_until_k > row.k + 1
    return row.offer_id is not None and lasts
