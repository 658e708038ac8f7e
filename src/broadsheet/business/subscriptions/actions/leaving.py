"""A reader is about to leave: hear why, and perhaps keep her."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from .. import queries
from ..models import Parting, Subscription
from ..queries import SaveOffer, SubscriptionView
from . import journal
from .giving import CannotGive, accept_offer


@transaction.atomic
def hear_parting(
    *, reader: UUID, subscription_id: UUID, reason: str, too_dear: bool, at: datetime
) -> SaveOffer | None:
    """
    Note why a reader is about to leave. If it is `too_dear` and there is something to
    offer, draw whether she is offered it, once for the period, and return it; None
    also for who is held out, who is noted all the same. Raise `NoSuchSubscription`.
    """
    row = journal.hers(reader, subscription_id)
    parting, _made = Parting.objects.get_or_create(
        subscription=row, period_index=row.k, defaults={"at": at}
    )
    parting.reason = reason.strip()[:500]
    if too_dear and parting.group == "none":
        _draw(parting, row, at)
    parting.save()
    if not too_dear or parting.group != "offered":
        return None
    return queries.offer_for(row, parting.offer, at)


@transaction.atomic
def stay(*, reader: UUID, subscription_id: UUID, at: datetime) -> SubscriptionView:
    """
    Take what a reader was offered when she was about to leave, and only that. Asked
    twice, it answers the same. Raise `CannotGive`, `NoSuchSubscription`.
    """
    row = journal.hers(reader, subscription_id)
    parting = Parting.objects.filter(subscription=row, period_index=row.k).first()
    if parting is None or parting.group != "offered":
        raise CannotGive("Nothing was offered.")
    if parting.accepted_at is not None:
        return queries.view(row.pk)
    if queries.offer_for(row, parting.offer, at) is None:
        raise CannotGive("The offer is over.")
    kept = accept_offer(
        reader=reader, subscription_id=subscription_id, code=parting.offer, at=at
    )
    parting.accepted_at = at
    parting.save(update_fields=["accepted_at"])
    return kept


def _draw(parting: Parting, row: Subscription, at: datetime) -> None:
    """Draw the group of a reader who could be offered something; else leave it open."""
    policy = queries.leaving_policy()
    if queries.offer_for(row, policy.save_offer.strip(), at) is None:
        return
    held_out = queries.is_held_out(row.reader_id, policy.holdout_percent)
    parting.group = "held_out" if held_out else "offered"
    parting.offer, parting.grouped_at = policy.save_offer.strip().upper(), at
