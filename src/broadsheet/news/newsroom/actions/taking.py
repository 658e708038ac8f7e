"""
Taking in: an archive's stories by the hundred, each as if it had been filed and
published by itself, but in a score of statements for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models.functions import Lower
from taggit.models import Tag
from wagtail.models import ModelLogEntry, Revision

from broadsheet.plumbing import outbox

from ..events import ListingsChanged, StoryPublished
from ..models import Author, Byline, Embargoed, Picture, Section, Story, packing
from ..models.listed import listed_on
from ..models.references import note_new
from ..models.rows import Placing
from ..models.story import StoryTag, placings_of, refuse_under_embargo
from ..rules import Block
from .filing import (
    BadBlock,
    BadStory,
    NoSuchAuthor,
    NoSuchSection,
    digest_of,
    file,
    packed,
    topics_of,
)
from .living import Withdrawn, publish

if TYPE_CHECKING:
    from broadsheet.readers.models import Reader

Refusal = BadBlock | BadStory | NoSuchAuthor | NoSuchSection | Embargoed | Withdrawn
_REFUSALS = (
    *(BadBlock, BadStory, NoSuchAuthor, NoSuchSection),
    *(Embargoed, Withdrawn),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    A story as another system had it. Its parts mean what they mean to `file`; `live`
    says that it is to be published too, as of `updated_at` if that is given, or to wait
    for its `go_live_at`.
    """

    origin: str
    origin_id: str
    headline: str
    blocks: Sequence[Block]
    section_slug: str
    standfirst: str = ""
    authors: Sequence[str] = ()
    access: str | None = None
    dateline: str = ""
    agency: str = ""
    tags: Sequence[str] = ()
    slug: str | None = None
    first_published_at: datetime | None = None
    updated_at: datetime | None = None
    embargo_until: datetime | None = None
    go_live_at: datetime | None = None
    picture: int | None = None
    caption: str = ""
    is_lead: bool = False
    picked_on: date | None = None
    live: bool = False

    def parts(self) -> dict[str, Any]:
        """Return the parts as `file` names them."""
        names = (field.name for field in fields(self))
        ours = ("live", "updated_at")
        return {name: getattr(self, name) for name in names if name not in ours}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an arrival: a story's number, or why there is none."""

    story_id: int | None = None
    refusal: Refusal | None = None


@transaction.atomic
def take_in(
    arrivals: Sequence[Arrival], *, by: Reader | None = None, at: datetime
) -> list[Taken]:
    """
    File every arrival and publish the live ones; return what became of each, in that
    order. One that is refused holds up no other. One that is here already is changed as
    `file` and `publish` change it. Either all that were not refused are in, or none.
    """
    stock = _Stock.for_(arrivals)
    taken: list[Taken | None] = [None] * len(arrivals)
    new: dict[int, Story] = {}
    for place, arrival in enumerate(arrivals):
        try:
            if (arrival.origin, arrival.origin_id) in stock.here:
                taken[place] = Taken(_again(arrival, by, at))
            else:
                new[place] = _draft(arrival, stock, at)
        except _REFUSALS as refusal:
            taken[place] = Taken(refusal=refusal)
    _store([(arrivals[place], story) for place, story in new.items()], by, at)
    return [one or Taken(new[place].pk) for place, one in enumerate(taken)]


def _again(arrival: Arrival, by: Reader | None, at: datetime) -> int:
    with transaction.atomic():
        story = file(**arrival.parts(), by=by, at=at)
        if arrival.live:
            publish(
                story_id=story.pk,
                first_published_at=arrival.first_published_at,
                updated_at=arrival.updated_at,
                by=by,
                at=at,
            )
    return int(story.pk)


@dataclass(frozen=True, slots=True)
class _Stock:
    """What the arrivals name, asked for once."""

    here: frozenset[tuple[str, str]]
    sections: Mapping[str, Section]
    authors: Mapping[str, Author]
    pictures: frozenset[int]
    topics: Mapping[str, Tag]

    @classmethod
    def for_(cls, arrivals: Sequence[Arrival]) -> _Stock:
        ids = [each.origin_id for each in arrivals]
        origins = {each.origin for each in arrivals}
        here = Story.objects.filter(origin__in=origins, origin_id__in=ids)
        authors = {slug for each in arrivals for slug in each.authors}
        pictures = {each.picture for each in arrivals if each.picture is not None}
        return cls(
            frozenset(here.values_list("origin", "origin_id")),
            _by_slug(Section, {each.section_slug for each in arrivals}),
            _by_slug(Author, authors),
            frozenset(
                Picture.objects.filter(pk__in=pictures).values_list("pk", flat=True)
            ),
            _topics(topic for each in arrivals for topic in topics_of(each.tags)),
        )


def _by_slug(model: Any, slugs: Iterable[str]) -> dict[str, Any]:
    return {row.slug: row for row in model.objects.filter(slug__in=list(slugs))}


def _topics(names: Iterable[str]) -> dict[str, Tag]:
    """Return every topic by its name in small letters, made if need be."""
    wanted = {packing.without_nulls(name): None for name in names}
    small = {name.lower(): name for name in reversed(list(wanted))}
    rows = Tag.objects.annotate(small=Lower("name")).filter(small__in=list(small))
    found = {row.name.lower(): row for row in rows.order_by("-pk")}
    for key, name in sorted(small.items()):
        if key not in found:
            found[key] = Tag.objects.create(name=name)
    return found


def _draft(arrival: Arrival, stock: _Stock, at: datetime) -> Story:
    """Return the story, not yet stored, or refuse it as `file` and `publish` would."""
    section = stock.sections.get(arrival.section_slug)
    if section is None:
        raise NoSuchSection(arrival.section_slug)
    slugs = list(dict.fromkeys(arrival.authors))
    if missing := [slug for slug in slugs if slug not in stock.authors]:
        raise NoSuchAuthor(", ".join(missing))
    given = packed(section, **arrival.parts())
    topics = topics_of(arrival.tags)
    story = Story(
        live=False, origin=arrival.origin, origin_id=arrival.origin_id, **given
    )
    story.section = section
    story.first_published_at = arrival.first_published_at
    story.origin_digest = digest_of(
        given, arrival.authors, topics, arrival.first_published_at
    )
    story.bylines = [
        Byline(author=stock.authors[slug], sort_order=order)
        for order, slug in enumerate(slugs)
    ]
    tags = (stock.topics[packing.without_nulls(name).lower()] for name in topics)
    story.tagged = [StoryTag(tag=tag) for tag in dict.fromkeys(tags)]
    _check(story, stock)
    if arrival.live:
        refuse_under_embargo(story, at)
    return story


_RELATIONS = frozenset(field.name for field in Story._meta.fields if field.is_relation)


def _check(story: Story, stock: _Stock) -> None:
    """As `filing.check`, whose questions to the database we have asked for all."""
    if story.picture_id is not None and story.picture_id not in stock.pictures:
        raise BadStory(f"picture: There is no picture {story.picture_id}.")
    try:
        story.clean_fields(exclude=_RELATIONS)
        story.clean()
    except ValidationError as error:
        raise BadStory(packing.sentence(error)) from error


# --- Storing --------------------------------------------------------------------------


def _store(
    new: Sequence[tuple[Arrival, Story]], by: Reader | None, at: datetime
) -> None:
    if not new:
        return
    stories = [story for _, story in new]
    revisions = [_revision(story, by, at) for story in stories]
    # Numbered first, so that story and revision can name each other when they are made.
    _number(Story, stories)
    _number(Revision, revisions)
    for (arrival, story), revision in zip(new, revisions, strict=True):
        _print(story, revision, arrival, at)
    Story.objects.bulk_create(stories)
    _store_children(stories)
    for story, revision in zip(stories, revisions, strict=True):
        revision.object_id = str(story.pk)
        revision.content = story.serializable_data()
    Revision.objects.bulk_create(revisions)
    note_new(stories)
    _log(stories, revisions, by, at)
    live = [story for story in stories if story.live]
    Placing.objects.bulk_create(
        row for story in live for row in placings_of(story, _dated(story))
    )
    outbox.announce_all(
        [StoryPublished(story.pk, story.live_revision_id or 0) for story in live],
        at=at,
    )
    if live:
        listed = listed_on([story.pk for story in live])
        outbox.announce(ListingsChanged(tuple(sorted(listed))), at=at)


def _number(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id'))"
            " FROM generate_series(1, %s)",
            [model._meta.db_table, len(rows)],
        )
        for row, (number,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = number


def _revision(story: Story, by: Reader | None, at: datetime) -> Revision:
    kind = ContentType.objects.get_for_model(Story)
    return Revision(
        content_type=kind,
        base_content_type=kind,
        user=by,
        created_at=at,
        object_str=str(story),
    )


def _print(story: Story, revision: Revision, arrival: Arrival, at: datetime) -> None:
    """Let `story` go live, or wait, as `models.publishing` does with a stored one."""
    story.latest_revision_id = revision.pk
    story.has_unpublished_changes = True
    if not arrival.live:
        return
    if story.go_live_at is not None and story.go_live_at > at:
        revision.approved_go_live_at = story.go_live_at
        return
    story.live, story.has_unpublished_changes = True, False
    story.live_revision_id, story.last_published_at = revision.pk, at
    story.first_published_at = story.first_published_at or at
    story.updated_at = arrival.updated_at or story.first_published_at


def _store_children(stories: Sequence[Story]) -> None:
    bylines = [(story, row) for story in stories for row in story.bylines.all()]
    for story, byline in bylines:
        byline.story_id = story.pk
    Byline.objects.bulk_create(row for _, row in bylines)
    worn = [(story, row) for story in stories for row in story.tagged.all()]
    for story, tag in worn:
        tag.content_object_id = story.pk
    StoryTag.objects.bulk_create(row for _, row in worn)


def _dated(story: Story) -> datetime:
    assert story.first_published_at  # noqa: S101  `_print` has just set it.
    return story.first_published_at


def _log(
    stories: Sequence[Story],
    revisions: Sequence[Revision],
    by: Reader | None,
    at: datetime,
) -> None:
    kind = ContentType.objects.get_for_model(Story)
    ModelLogEntry.objects.bulk_create(
        ModelLogEntry(
            content_type=kind,
            label=str(story),
            action=action,
            data={},
            timestamp=at,
            uuid=uuid4(),
            user=by,
            revision=revision,
            content_changed=True,
            object_id=str(story.pk),
        )
        for story, revision in zip(stories, revisions, strict=True)
        for action in ("wagtail.edit", *_published(story, revision))
    )


def _published(story: Story, revision: Revision) -> tuple[str, ...]:
    if story.live:
        return ("wagtail.publish",)
    return ("wagtail.publish.schedule",) if revision.approved_go_live_at else ()
