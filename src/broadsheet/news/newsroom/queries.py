"""
The questions that may be asked of the newsroom.

Readers' listings go by keyset, never by offset or count: the thousandth page costs what
the first does. No answer carries a body but `body`, and that takes a decision.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext
from taggit.models import Tag

from broadsheet.gate.house import queries as gate

from .models import Author, Placing, Section, Story, showing
from .rules import (
    Block,
    Byline,
    Correction,
    FrontPage,
    Listing,
    Picture,
    SectionLink,
    Standing,
    StoryPage,
    Teaser,
    lead_in,
)

if TYPE_CHECKING:
    from broadsheet.gate.core.vocabulary import Decision

__all__ = [
    "Block",
    "Byline",
    "Correction",
    "FrontPage",
    "Listing",
    "NoSuchStory",
    "Picture",
    "SectionLink",
    "Standing",
    "StoryPage",
    "Teaser",
    "WrongDecision",
    "author",
    "body",
    "canonical",
    "front",
    "latest",
    "page",
    "river",
    "section",
    "sections",
    "standing",
    "standings",
    "teasers",
    "topic",
]

NEWEST = (F("first_published_at").desc(), F("id").desc())
LEADS_FOR = timedelta(days=2)  # How long a flagged lead keeps the front page.
RELATED = 4
SECONDS, PICKS, RIVER, PER_SECTION = 4, 6, 10, 4


class WrongDecision(Exception):
    """The decision is about another story. A fault of ours; do not try again."""


class NoSuchStory(Exception):
    """There is no live story of that number. Do not try again."""


# --- One story ------------------------------------------------------------------------


def page(story_id: int) -> StoryPage | None:
    """Return a live story's page, or None. Costs ten queries at most."""
    story = showing.with_furniture(showing.live().filter(pk=story_id)).first()
    if story is None:
        return None
    return showing.story_page(
        story, at=story.first_published_at or _EPOCH, related=_related(story)
    )


def _related(story: Story) -> tuple[Teaser, ...]:
    """Return the newest stories that share the section, but for this one."""
    others = showing.live().filter(section=story.section_id).exclude(pk=story.pk)
    return showing.teasers(others.order_by(*NEWEST)[:RELATED])


def body(story_id: int, decision: Decision) -> tuple[Block, ...]:
    """
    Return a live story's blocks: all of them if the gate's decision is full, else its
    lead-in. Raise `WrongDecision` or `NoSuchStory`.
    """
    if decision.story_id != story_id:
        raise WrongDecision(f"Asked for {story_id}, decided on {decision.story_id}.")
    story = Story.objects.filter(pk=story_id, live=True).only("body").first()
    if story is None:
        raise NoSuchStory(story_id)
    if decision.full:
        return showing.blocks_of(story.body)
    policy = gate.policy()
    return lead_in(
        showing.stored_blocks(story.body), policy.lead_in_min, policy.lead_in_max
    )


def canonical(story_id: int) -> str | None:
    """Return the one address of a live story."""
    story = (
        Story.objects.filter(pk=story_id, live=True)
        .select_related("section")
        .only("slug", "section__slug")
        .first()
    )
    return story.path if story else None


def standing(story_id: int) -> Standing | None:
    """Return what the gate is told of a live story, or None. Costs one query."""
    found = standings(after=story_id - 1, limit=1)
    return found[0] if found and found[0].story_id == story_id else None


def standings(
    *,
    after: int = 0,
    limit: int = 1000,
    section_id: int | None = None,
    author_id: int | None = None,
) -> tuple[Standing, ...]:
    """Return live stories numbered above `after`, in that order: all, by and by."""
    rows = Story.objects.filter(live=True, pk__gt=after)
    if section_id is not None:
        rows = rows.filter(section=section_id)
    if author_id is not None:
        rows = rows.filter(placings__author=author_id)
    return _standings(rows.order_by("pk")[:limit])


def standings_of(story_ids: Sequence[int]) -> tuple[Standing, ...]:
    """Return what the gate is told of the live ones of `story_ids`, by number."""
    return _standings(Story.objects.filter(live=True, pk__in=story_ids).order_by("pk"))


def _standings(rows: QuerySet[Story]) -> tuple[Standing, ...]:
    names = "slug access live_revision first_published_at updated_at".split()
    rows = rows.select_related("section").only(*names, "section__slug")
    return tuple(showing.standing(story) for story in rows)


def teasers(story_ids: Sequence[int]) -> tuple[Teaser, ...]:
    """Return the live ones of `story_ids`, in that order. Costs four queries."""
    if not story_ids:
        return ()
    rows = showing.teasers(showing.live().filter(pk__in=story_ids))
    found = {each.story_id: each for each in rows}
    return tuple(found[pk] for pk in story_ids if pk in found)


# --- Rivers ---------------------------------------------------------------------------


def sections() -> tuple[SectionLink, ...]:
    return tuple(_link(row) for row in _sections())


def _sections() -> QuerySet[Section]:
    return Section.objects.order_by("rank", "name", "pk")


def _link(row: Section) -> SectionLink:
    return SectionLink(row.name, row.slug, row.path)


def latest(limit: int, section: str | None = None) -> tuple[Teaser, ...]:
    """Return the newest stories, of one section (by its slug) or of all."""
    stories = showing.live()
    if section is not None:
        stories = stories.filter(section__slug=section)
    return showing.teasers(stories.order_by(*NEWEST)[:limit])


def river(*, before: str | None = None, limit: int = 20) -> Listing:
    """Return one page of all stories, newest first."""
    shown = _page_of(showing.live(), before, limit)
    return _listing(gettext("Latest"), "", "/", shown, limit)


def section(slug: str, *, before: str | None = None, limit: int = 20) -> Listing | None:
    """Return one page of a section's stories, newest first, or None."""
    row = Section.objects.filter(slug=slug).first()
    if row is None:
        return None
    shown = _page_of(showing.live().filter(section=row), before, limit)
    return _listing(row.name, row.description, row.path, shown, limit)


def _page_of(
    stories: QuerySet[Story], before: str | None, limit: int
) -> tuple[Teaser, ...]:
    """Return the stories older than `before`, and one more than is shown."""
    if before is not None:
        at, pk = _position(before)
        stories = stories.filter(
            Q(first_published_at__lt=at) | Q(first_published_at=at, pk__lt=pk),
            first_published_at__lte=at,  # So that the index is entered at `at`.
        )
    return showing.teasers(stories.order_by(*NEWEST)[: limit + 1])


def author(slug: str, *, before: str | None = None, limit: int = 20) -> Listing | None:
    row = Author.objects.filter(slug=slug).first()
    if row is None:
        return None
    shown = _placed(Placing.objects.filter(author=row), before, limit)
    return _listing(row.name, row.bio or row.role, row.path, shown, limit)


def topic(slug: str, *, before: str | None = None, limit: int = 20) -> Listing | None:
    row = Tag.objects.filter(slug=slug).first()
    if row is None:
        return None
    shown = _placed(Placing.objects.filter(tag=row), before, limit)
    about = gettext("Stories about %(topic)s") % {"topic": row.name}
    return _listing(row.name, about, f"/topics/{row.slug}/", shown, limit)


def _placed(
    placings: QuerySet[Placing], before: str | None, limit: int
) -> tuple[Teaser, ...]:
    if before is not None:
        at, pk = _position(before)
        placings = placings.filter(
            Q(published_at__lt=at) | Q(published_at=at, story_id__lt=pk),
            published_at__lte=at,
        )
    newest = placings.order_by("-published_at", "-story_id")
    ids = list(newest.values_list("story_id", flat=True)[: limit + 1])
    return teasers(ids)


def _listing(
    title: str, about: str, path: str, found: tuple[Teaser, ...], limit: int
) -> Listing:
    more = len(found) > limit
    shown = found[:limit]
    return Listing(title, about, path, shown, _cursor(shown[-1]) if more else None)


# A cursor is the last story shown: its instant in microseconds, and its number.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _cursor(last: Teaser) -> str:
    micros = (last.published_at - _EPOCH) // timedelta(microseconds=1)
    text = f"{micros}.{last.story_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[datetime, int]:
    """Return where a river goes on. A cursor that is none of ours means its start."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        micros, pk = (int(part) for part in text.split("."))
        return _EPOCH + timedelta(microseconds=micros), min(pk, 2**63 - 1)
    except (binascii.Error, UnicodeError, ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC), 0


# --- The front page -------------------------------------------------------------------

# The newest stories of every section: one descent of an index a section.
_NEWEST_OF_EACH_SECTION = """
    SELECT section.id, newest.id
      FROM newsroom_section AS section
     CROSS JOIN LATERAL (
            SELECT id, first_published_at FROM newsroom_story
             WHERE live AND section_id = section.id
             ORDER BY first_published_at DESC, id DESC LIMIT %s
           ) AS newest
     ORDER BY section.rank, section.name, section.id,
              newest.first_published_at DESC, newest.id DESC
"""


def front(at: datetime) -> FrontPage:
    """
    Return the front page as of `at`. Costs nine queries, however many stories and
    sections there are; only what is shown is fetched.
    """
    above = 1 + SECONDS + RIVER + PICKS  # What may stand above the sections' strips.
    newest = list(
        showing.live().order_by(*NEWEST).values_list("pk", "picture_id")[:above]
    )
    lead, until = _lead(newest, at)
    chosen = _choose(
        lead,
        [pk for pk, _picture in newest],
        _picks(without=lead),
        _newest_of_each_section(PER_SECTION + above),
    )
    found = {each.story_id: each for each in teasers(chosen.all)}
    return replace(_lay_out(chosen, found), until=until)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The stories of a front page, by number. None stands in two places."""

    lead: int | None
    seconds: list[int]
    picks: list[int]
    river: list[int]
    strips: dict[int, list[int]]  # By the section's number.

    @property
    def all(self) -> list[int]:
        lead = [] if self.lead is None else [self.lead]
        strips = [pk for strip in self.strips.values() for pk in strip]
        return [*lead, *self.seconds, *self.picks, *self.river, *strips]


def _lead(
    newest: list[tuple[int, int | None]], at: datetime
) -> tuple[int | None, datetime | None]:
    """Return the newest flagged story and until when it leads, or the newest pictured."""
    since = at - LEADS_FOR
    flagged = showing.live().filter(is_lead=True, first_published_at__gt=since)
    lead = flagged.order_by(*NEWEST).values_list("pk", "first_published_at").first()
    if lead:
        return lead[0], lead[1] + LEADS_FOR
    pictured = (pk for pk, picture in newest if picture is not None)
    return next(pictured, newest[0][0] if newest else None), None


def _picks(*, without: int | None) -> list[int]:
    newest = showing.live().filter(picked_on__isnull=False).exclude(pk=without)
    order = (F("picked_on").desc(), *NEWEST)
    return list(newest.order_by(*order).values_list("pk", flat=True)[:PICKS])


def _newest_of_each_section(limit: int) -> dict[int, list[int]]:
    """Return the newest stories' numbers by section, in the publisher's order."""
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_OF_EACH_SECTION, [limit])
        for section_id, story_id in cursor.fetchall():
            found.setdefault(section_id, []).append(story_id)
    return found


def _choose(
    lead: int | None,
    newest: list[int],
    picks: list[int],
    by_section: dict[int, list[int]],
) -> _Chosen:
    rest = [pk for pk in newest if pk != lead and pk not in picks]
    seconds, river = rest[:SECONDS], rest[SECONDS : SECONDS + RIVER]
    used = {lead, *picks, *seconds, *river}
    strips = {
        section_id: [pk for pk in own if pk not in used][:PER_SECTION]
        for section_id, own in by_section.items()
    }
    return _Chosen(lead, seconds, picks, river, strips)


def _lay_out(chosen: _Chosen, found: dict[int, Teaser]) -> FrontPage:
    def shown(story_ids: list[int]) -> tuple[Teaser, ...]:
        return tuple(found[pk] for pk in story_ids if pk in found)

    links = {row.pk: _link(row) for row in _sections()}
    strips = (
        (links[pk], shown(strip)) for pk, strip in chosen.strips.items() if pk in links
    )
    return FrontPage(
        lead=found.get(chosen.lead) if chosen.lead else None,
        seconds=shown(chosen.seconds),
        picks=shown(chosen.picks),
        river=shown(chosen.river),
        sections=tuple(strip for strip in strips if strip[1]),
    )
