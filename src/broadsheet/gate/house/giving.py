"""Giving a story: what it costs, the link, and taking it back."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet

from broadsheet.gate.core import gifts
from broadsheet.gate.core.decide import decide
from broadsheet.gate.core.gifts import GiftTerms
from broadsheet.gate.core.vocabulary import Purpose, Reading, Reason, Verdict
from broadsheet.plumbing import outbox, publication

from . import minting, models, queries
from .events import GiftTermsChanged

KEPT_AFTER = timedelta(days=62)  # A gift's row, after its end: its month is over then.


class NotHersToGive(Exception):
    """She may not read the story herself, or nobody may. Do not try again."""


class FreeToAll(Exception):
    """The story costs nobody anything: its own address is the gift. Do not try again."""


class AllowanceSpent(Exception):
    """She has given as many stories as she may this month. Try again in the next."""


class Giving(enum.Enum):
    """Where a reader stands with giving one story."""

    FREE = "free"  # There is nothing to give: all can read it.
    CLOSED = "closed"  # She cannot read it herself, or gifts are not offered.
    GIVEN = "given"  # She has given it this month; the link is there.
    OPEN = "open"  # She can, and it costs one.
    SPENT = "spent"  # She could, next month.


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift as its giver sees it. `path` is the address, all the key there is."""

    nonce: UUID
    story_id: int
    path: str
    given_at: datetime
    expires_at: datetime
    opens: int
    opened: int


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a reader is told before she gives, and after. `left`: this month."""

    giving: Giving
    allowance: int
    left: int
    terms: GiftTerms
    gift: Gift | None = None


# --- Questions --------------------------------------------------------------------


def gift_terms() -> GiftTerms:
    """Return the terms as edited at the desk, or their defaults."""
    row = models.GiftTerms.objects.order_by("pk").first()
    if row is None:
        return gifts.DEFAULT_TERMS
    return GiftTerms(row.allowance, row.opens, row.days, row.per_device, row.outlives)


def prospect(reader: UUID, story_id: int, at: datetime) -> Prospect:
    """Return whether she can give the story, and at what cost. Raise `UnknownStory`."""
    terms = gift_terms()
    left = max(0, terms.allowance - _given(reader, _month(at)))
    gift = _live(reader, story_id, at).first()
    giving = _standing(_decided(reader, story_id, at), gift, left, terms)
    found = _gift(gift) if gift and giving is Giving.GIVEN else None
    return Prospect(giving, terms.allowance, left, terms, found)


def gifts_of(reader: UUID, at: datetime) -> list[Gift]:
    """Return the reader's gifts that can still be opened, or are; the latest first."""
    rows = models.GiftLink.objects.filter(
        giver=reader, revoked_at=None, expires_at__gt=at
    )
    return [_gift(row) for row in rows.order_by("-given_at", "nonce")]


def _standing(
    reason: Reason | None, gift: models.GiftLink | None, left: int, terms: GiftTerms
) -> Giving:
    if reason is Reason.FREE:
        return Giving.FREE
    if reason is not Reason.ENTITLED:
        return Giving.CLOSED
    if gift is not None:
        return Giving.GIVEN
    if terms.allowance == 0:
        return Giving.CLOSED
    return Giving.OPEN if left else Giving.SPENT


def _decided(reader: UUID, story_id: int, at: datetime) -> Reason | None:
    """Return why she may read the whole story; None if she may not."""
    held = frozenset(
        grant.feature for grant in queries.grants(reader, at) if grant.starts <= at
    )
    reading = Reading(queries.story(story_id), Purpose.GLANCE, held)
    decision = decide(reading)
    return decision.reason if decision.verdict is Verdict.FULL else None


def _live(reader: UUID, story_id: int, at: datetime) -> QuerySet[models.GiftLink]:
    """Return this month's gift of the story, if it still lets somebody in."""
    return models.GiftLink.objects.filter(
        Q(opened__lt=F("opens")),
        giver=reader,
        month=_month(at),
        story_id=story_id,
        revoked_at=None,
        expires_at__gt=at,
    ).order_by("-given_at", "nonce")


def _given(reader: UUID, month: date) -> int:
    row = models.GiftMonth.objects.filter(giver=reader, month=month).first()
    return row.given if row else 0


def _month(at: datetime) -> date:
    return at.astimezone(publication.current().zone).date().replace(day=1)


def _gift(row: models.GiftLink) -> Gift:
    link = gifts.GiftLink(
        row.nonce, row.story_id, row.giver, int(row.expires_at.timestamp()), row.opens
    )
    token = gifts.token(minting.keyring(), link)
    return Gift(
        row.nonce,
        row.story_id,
        f"/gift/{token}/",
        row.given_at,
        row.expires_at,
        row.opens,
        row.opened,
    )


# --- Verbs ------------------------------------------------------------------------


@transaction.atomic
def give(reader: UUID, story_id: int, *, at: datetime) -> Gift:
    """
    Give the story, and return the gift: this month's, if it still lets somebody in, at
    no further cost. Locks her allowance. Raise `FreeToAll`, `NotHersToGive`,
    `AllowanceSpent`, `UnknownStory`.
    """
    reason = _decided(reader, story_id, at)
    if reason is Reason.FREE:
        raise FreeToAll(f"Story {story_id} is free.")
    if reason is not Reason.ENTITLED:
        raise NotHersToGive(f"Story {story_id} is not hers to give.")
    terms, month = gift_terms(), _month(at)
    models.GiftMonth.objects.bulk_create(
        [models.GiftMonth(giver=reader, month=month)], ignore_conflicts=True
    )
    spent = models.GiftMonth.objects.select_for_update().get(giver=reader, month=month)
    held = _live(reader, story_id, at).first()
    if held is not None:
        return _gift(held)
    if spent.given >= terms.allowance:
        raise AllowanceSpent(f"{spent.given} stories are given this month.")
    spent.given += 1
    spent.save(update_fields=["given"])
    expires = at.replace(microsecond=0) + timedelta(days=terms.days)
    row = models.GiftLink.objects.create(
        nonce=uuid4(),  # From the system's own randomness: it is the link's secret.
        story_id=story_id,
        giver=reader,
        month=month,
        given_at=at,
        expires_at=expires,
        opens=terms.opens,
    )
    return _gift(row)


@transaction.atomic
def take_back(reader: UUID, nonce: UUID, *, at: datetime) -> bool:
    """
    Let nobody open her gift from now on, who has opened it before included. Return if
    there was one of hers. It stays counted: what was opened was given.
    """
    taken = models.GiftLink.objects.filter(nonce=nonce, giver=reader, revoked_at=None)
    return bool(taken.update(revoked_at=at))


@transaction.atomic
def gift_terms_edited(*, at: datetime) -> None:
    """Tell everyone that the terms were saved at the desk."""
    terms = gift_terms()
    outbox.announce(GiftTermsChanged(terms.allowance, terms.opens, terms.days), at=at)


def forget_gifts(identity: UUID) -> None:
    """Forget what a reader has given, and what she or a device has opened."""
    models.GiftOpening.objects.filter(device=identity).delete()
    models.GiftLink.objects.filter(giver=identity).delete()
    models.GiftMonth.objects.filter(giver=identity).delete()


def sweep_gifts(*, at: datetime) -> int:
    """Delete gifts of long ago with who opened them. Return how many they were."""
    end = at - KEPT_AFTER
    models.GiftMonth.objects.filter(month__lt=end.date()).delete()
    links = models.GiftLink.objects.filter(expires_at__lt=end)
    count = links.count()
    links.delete()
    return count
