"""Filing: a story's draft comes in, from a desk, a wire or an old archive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from ..models import Author, Byline, Section, Story, packing
from ..models.references import noted_once
from ..rules import Block

if TYPE_CHECKING:
    from broadsheet.readers.models import Reader

BadBlock = packing.BadBlock
LONGEST_TOPIC = 100  # As taggit stores it.


class BadStory(Exception):
    """The story cannot be stored as it was given; the message says why."""


class NoSuchSection(Exception):
    """No section has that slug. Open it first."""


class NoSuchAuthor(Exception):
    """No author has that slug. Open her first."""


@transaction.atomic
def file(  # noqa: PLR0913  A story has this many parts.
    *,
    headline: str,
    blocks: Sequence[Block],
    section_slug: str,
    standfirst: str = "",
    authors: Sequence[str] = (),
    access: str | None = None,
    dateline: str = "",
    agency: str = "",
    tags: Iterable[str] = (),
    slug: str | None = None,
    origin: str = "",
    origin_id: str = "",
    first_published_at: datetime | None = None,
    embargo_until: datetime | None = None,
    go_live_at: datetime | None = None,
    picture: int | None = None,
    caption: str = "",
    is_lead: bool = False,
    picked_on: date | None = None,
    by: Reader | None = None,
    at: datetime,
) -> Story:
    """
    File a draft. What was filed before from the same (origin, origin_id) is changed in
    place, with a new revision; if nothing changed since, nothing happens.

    Raise `NoSuchSection`, `NoSuchAuthor`, `BadBlock` or `BadStory`.
    """
    section = _section(section_slug)
    given = packed(
        section,
        headline=headline,
        standfirst=standfirst,
        blocks=blocks,
        access=access,
        dateline=dateline,
        agency=agency,
        slug=slug,
        embargo_until=embargo_until,
        go_live_at=go_live_at,
        picture=picture,
        caption=caption,
        is_lead=is_lead,
        picked_on=picked_on,
    )
    topics = topics_of(tags)
    digest = digest_of(given, authors, topics, first_published_at)
    story = _known(origin, origin_id) or _unknown(origin, origin_id)
    if story.pk and story.origin_digest == digest:
        return story
    draft = _draft(story, given)
    draft.origin_digest = digest
    if not story.live:
        draft.first_published_at = first_published_at or draft.first_published_at
    draft.bylines = _bylines(authors)
    draft.tags.set(topics)
    return _store(draft, by)


def packed(section: Section, **parts: Any) -> dict[str, Any]:
    """Return the columns of a story made of `parts`, as `file` names them."""
    same = ("headline", "standfirst", "dateline", "agency", "embargo_until")
    more = ("go_live_at", "caption", "is_lead", "picked_on")
    given = {name: parts[name] for name in (*same, *more)} | {
        "body": packing.to_stored(parts["blocks"]),
        "section_id": section.pk,
        "access": parts["access"] or section.access,
        "slug": parts["slug"] or "",
        "picture_id": parts["picture"],
    }
    cleaned: dict[str, Any] = packing.without_nulls(given)
    return cleaned


def topics_of(tags: Iterable[str]) -> list[str]:
    """Return the topics, but for those that no address can be made of: “😀”, “!”."""
    named = {tag.strip()[:LONGEST_TOPIC] for tag in tags}
    return sorted(name for name in named if slugify(name, allow_unicode=True))


def _draft(story: Story, given: Mapping[str, Any]) -> Story:
    """Return the newest draft of `story` with what was given; its address stays."""
    draft: Story = story.get_latest_revision_as_object() if story.pk else story
    kept = {"slug": given["slug"] or draft.slug}
    for name, value in {**given, **kept}.items():
        setattr(draft, name, value)
    return draft


def _store(draft: Story, by: Reader | None) -> Story:
    """Keep `draft` as the story's newest revision; a live text stays as it is."""
    check(draft)
    with noted_once(draft):
        if not draft.live:
            draft.has_unpublished_changes = True
            draft.save()
        else:
            Story.objects.filter(pk=draft.pk).update(origin_digest=draft.origin_digest)
        draft.save_revision(user=by, log_action=True, clean=False)
    return Story.objects.get(pk=draft.pk)


def _section(slug: str) -> Section:
    section = Section.objects.filter(slug=slug).first()
    if section is None:
        raise NoSuchSection(slug)
    return section


def _bylines(slugs: Sequence[str]) -> list[Byline]:
    slugs = list(dict.fromkeys(slugs))
    known = {author.slug: author for author in Author.objects.filter(slug__in=slugs)}
    if missing := [slug for slug in slugs if slug not in known]:
        raise NoSuchAuthor(", ".join(missing))
    return [
        Byline(author=known[slug], sort_order=order) for order, slug in enumerate(slugs)
    ]


def _unknown(origin: str, origin_id: str) -> Story:
    return Story(live=False, origin=origin, origin_id=origin_id)


def _known(origin: str, origin_id: str) -> Story | None:
    if not origin:
        return None
    stories = Story.objects.select_for_update(of=("self",))
    return stories.filter(origin=origin, origin_id=origin_id).first()


def check(story: Story) -> None:
    """Raise `BadStory` if the desk's form would refuse `story`."""
    try:
        story.full_clean(exclude=["bylines"])
    except ValidationError as error:
        raise BadStory(packing.sentence(error)) from error


def digest_of(
    given: Mapping[str, Any],
    authors: Sequence[str],
    tags: Sequence[str],
    first_published_at: datetime | None,
) -> str:
    """Return a digest of all that was given, the same for the same on any machine."""
    whole = [dict(given), list(authors), list(tags), first_published_at]
    text = json.dumps(whole, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
