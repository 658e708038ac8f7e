"""Walls by audience, asked and told from Django's side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from urllib.parse import quote

from django.db import transaction
from django.db.models import Sum

from broadsheet.gate.core import pages
from broadsheet.gate.core.audience import WallRule
from broadsheet.gate.core.pages import Furniture
from broadsheet.plumbing import outbox

from . import models, queries
from .events import WallsChanged

HITS_KEPT = timedelta(days=400)
KINDS = ("metered", "premium")  # Of walls that have variants.


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as the desk has written it; what is empty is as on the usual wall."""

    name: str
    headline: str
    message: str
    first_plan: str
    button: str


def variants() -> tuple[Variant, ...]:
    rows = models.WallVariant.objects.order_by("name")
    columns = rows.values_list("name", "headline", "message", "first_plan", "button")
    return tuple(Variant(*row) for row in columns)


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule with how often it won: shown, and dry, since the day asked for."""

    row: models.WallRule
    rule: WallRule
    shown: int
    dry: int


def listed(since: date) -> list[Listed]:
    """Return all rules in their order, those that are off included."""
    rows = models.WallRule.objects.select_related("variant").order_by("place", "pk")
    hits = _hits(since)
    return [
        Listed(row, _rule(row), hits[row.pk, True], hits[row.pk, False]) for row in rows
    ]


def hits_by_day(rule_id: int, since: date) -> list[tuple[date, bool, int]]:
    rows = models.WallHit.objects.filter(rule_id=rule_id, day__gte=since)
    return list(rows.order_by("-day", "shown").values_list("day", "shown", "times"))


def _hits(since: date) -> Mapping[tuple[int, bool], int]:
    rows = models.WallHit.objects.filter(day__gte=since).values_list("rule_id", "shown")
    found: dict[tuple[int, bool], int] = defaultdict(int)
    for rule_id, shown, times in rows.annotate(all=Sum("times")).order_by("rule_id"):
        found[rule_id, shown] = times
    return found


def _rule(row: models.WallRule) -> WallRule:
    return WallRule(
        row.pk,
        row.variant.name,
        row.segment,
        row.section,
        row.access,
        row.source,
        row.device,
        row.language,
        dry=row.state == "dry",
    )


def preview(name: str, kind: str) -> bytes | None:
    """
    Return the newest cut page of this kind with this wall, byte for byte what a stranger
    gets. None if no such page is pressed, or if the wall's words are not filed yet.
    """
    facts = models.StoryFact.objects.filter(access=kind, withdrawn_at=None)
    pressed = models.PressedPage.objects.filter(story_id__in=facts.values("story_id"))
    page = pressed.order_by("-pressed_at", "story_id").first()
    furniture = Furniture.of(dict(models.Furniture.objects.values_list("name", "html")))
    wall = f"wall:{kind}@{name}" if name else f"wall:{kind}"
    if page is None or wall not in furniture.pieces:
        return None
    story = queries.story(page.story_id)
    limit = b"%d" % queries.policy().limit_anonymous
    values = {
        "path": quote(story.path).encode(),
        "section": escape(story.section).encode(),
        "story": b"%d" % story.story_id,
        "count": limit,
        "limit": limit,
        "remaining": b"0",
    }
    slots = {"account": "account:anonymous", "ad:top": "ad:top", "wall": wall}
    filling = {slot: furniture.fill(piece, values) for slot, piece in slots.items()}
    return pages.split(bytes(page.cut_html)).join(filling)


@transaction.atomic
def walls_edited(*, at: datetime) -> None:
    """Tell everyone that the desk has changed a variant or a rule."""
    outbox.announce(WallsChanged(models.WallVariant.objects.count()), at=at)


def sweep_hits(*, at: datetime) -> None:
    models.WallHit.objects.filter(day__lt=(at - HITS_KEPT).date()).delete()
