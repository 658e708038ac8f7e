"""
What a newsroom does: file, publish, correct, withdraw, spike.

Each verb is one transaction and names its refusals. `by` is the person who did it; a
verb does not ask whether she may, its surface does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext
from wagtail.models import Revision

from .models import (
    Author,
    Byline,
    Correction,
    Embargoed,
    Picture,
    Section,
    Story,
    filing,
)
from .rules import Block, bad_access, bad_slug

if TYPE_CHECKING:
    from broadsheet.readers.models import Reader

__all__ = [
    "BadBlock",
    "BadPicture",
    "BadStory",
    "Embargoed",
    "NoSuchAuthor",
    "NoSuchSection",
    "NoSuchStory",
    "NotLive",
    "WasPublished",
    "add_picture",
    "correct",
    "file",
    "open_author",
    "open_section",
    "publish",
    "publish_due",
    "spike",
    "withdraw",
]

BadBlock = filing.BadBlock


class BadStory(Exception):
    """The story cannot be stored as it was given; the message says why."""


class NoSuchSection(Exception):
    """No section has that slug. Open it first."""


class NoSuchAuthor(Exception):
    """No author has that slug. Open her first."""


class NoSuchStory(Exception):
    """There is no story of that number."""


class NotLive(Exception):
    """Only a live story can be corrected or withdrawn."""


class WasPublished(Exception):
    """A story that readers have seen is withdrawn, never spiked."""


class BadPicture(Exception):
    """The bytes are not a picture that we can show."""


# --- The newsroom itself --------------------------------------------------------------


def open_section(
    *,
    name: str,
    slug: str,
    rank: int = 100,
    access: str = "metered",
    description: str = "",
) -> Section:
    """Open a section, or change the one at that address. Raise `BadStory`."""
    why = bad_slug(slug) or bad_access(access)
    if why is not None:
        raise BadStory(why)
    section, _new = Section.objects.update_or_create(
        slug=slug,
        defaults={
            "name": name[:80],
            "rank": rank,
            "access": access,
            "description": description[:240],
        },
    )
    return section


def open_author(
    *,
    name: str,
    slug: str,
    role: str = "",
    bio: str = "",
    picture: int | None = None,
) -> Author:
    """Open an author's page, or change the one at that address."""
    author, _new = Author.objects.update_or_create(
        slug=slug,
        defaults={
            "name": name[:120],
            "role": role[:120],
            "bio": bio,
            "picture_id": picture,
        },
    )
    return author


def add_picture(
    *,
    content: bytes,
    filename: str,
    title: str,
    alt: str,
    credit: str = "",
    by: Reader | None = None,
) -> int:
    """
    Store a picture and return its number; the same bytes under the same words are
    stored once. Raise `BadPicture`. Decodes the picture, and writes a file.
    """
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    words = {"title": title[:255], "description": alt[:255], "credit": credit[:160]}
    if not alt.strip():
        raise BadPicture(gettext("A picture needs words for those who cannot see it."))
    if (known := filing.known_picture(digest, words)) is not None:
        return known
    if not filing.readable_picture(content):
        raise BadPicture(gettext("This is not a picture that can be shown."))
    picture = Picture(
        file=ContentFile(content, name=filename), uploaded_by_user=by, **words
    )
    picture.file_size, picture.file_hash = len(content), digest
    picture.save()
    return int(picture.pk)


# --- A story's life -------------------------------------------------------------------


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
    picture: int | None = None,
    caption: str = "",
    is_lead: bool = False,
    by: Reader | None = None,
    at: datetime,
) -> Story:
    """
    File a draft. What was filed before from the same (origin, origin_id) is changed in
    place, with a new revision; if nothing changed since, nothing happens.

    Raise `NoSuchSection`, `NoSuchAuthor`, `BadBlock` or `BadStory`.
    """
    section = _section(section_slug)
    given = {
        "headline": headline,
        "standfirst": standfirst,
        "body": filing.to_stored(blocks),
        "section_id": section.pk,
        "access": access or section.access,
        "dateline": dateline,
        "agency": agency,
        "slug": slug or "",
        "embargo_until": embargo_until,
        "picture_id": picture,
        "caption": caption,
        "is_lead": is_lead,
    }
    names = sorted({tag.strip() for tag in tags if tag.strip()})
    digest = _digest(given, authors, names, first_published_at)
    story = _known(origin, origin_id) or Story(
        live=False, origin=origin, origin_id=origin_id
    )
    if story.pk and story.origin_digest == digest:
        return story
    bylines = _bylines(authors)
    draft = story.get_latest_revision_as_object() if story.pk else story
    given["slug"] = given["slug"] or draft.slug
    for name, value in given.items():
        setattr(draft, name, value)
    draft.origin_digest = digest
    if not story.live:
        draft.first_published_at = first_published_at or draft.first_published_at
    draft.bylines = bylines
    draft.tags.set(names)
    return _store(draft, by)


def _store(draft: Story, by: Reader | None) -> Story:
    """Keep `draft` as the story's newest revision; a live text stays as it is."""
    _check(draft)
    if not draft.live:
        draft.has_unpublished_changes = True
        draft.save()
    else:
        Story.objects.filter(pk=draft.pk).update(origin_digest=draft.origin_digest)
    draft.save_revision(user=by, log_action=True, clean=False)
    return Story.objects.get(pk=draft.pk)


def publish(
    *,
    story_id: int,
    first_published_at: datetime | None = None,
    by: Reader | None = None,
    at: datetime,
) -> Story:
    """
    Let the newest revision go live; if it already is, nothing happens. An imported
    story may keep the date it was first printed with. Raise `NoSuchStory`, `Embargoed`.
    """
    with transaction.atomic():
        story = _locked(story_id)
        if story.live and not story.has_unpublished_changes:
            return story
        if first_published_at is not None and not story.live:
            story.first_published_at = first_published_at
            story.save(update_fields=["first_published_at"])
        revision = _newest_revision(story, by)
        story.publish(revision, user=by, skip_permission_checks=True, at=at)
    return story


def correct(
    *,
    story_id: int,
    text: str,
    changes: Mapping[str, Any] | None = None,
    blocks: Sequence[Block] | None = None,
    by: Reader | None = None,
    at: datetime,
) -> Story:
    """
    Publish a corrected story and tell readers, in `text`, what was wrong. `changes` are
    among headline, standfirst, dateline and caption. An unpublished draft of the story
    is left as it is. Raise `NoSuchStory`, `NotLive`, `BadBlock`, `BadStory`.
    """
    changes = dict(changes or {})
    if not text.strip():
        raise BadStory(gettext("Say in a sentence what was wrong."))
    if unknown := set(changes) - CORRECTABLE:
        raise BadStory(
            gettext("A correction cannot change: %s.") % ", ".join(sorted(unknown))
        )
    with transaction.atomic():
        story = _locked(story_id)
        if not story.live:
            raise NotLive(story_id)
        if blocks is not None:
            changes["body"] = filing.to_stored(blocks)
        for name, value in changes.items():
            setattr(story, name, value)
        Correction.objects.create(story=story, text=text.strip(), at=at, by=by)
        _check(story)
        revision = story.save_revision(user=by, log_action=True, clean=False)
        story.publish(revision, user=by, skip_permission_checks=True, at=at)
    return story


CORRECTABLE = frozenset({"headline", "standfirst", "dateline", "caption"})


def withdraw(
    *, story_id: int, reason: str, by: Reader | None = None, at: datetime
) -> None:
    """Take a live story down everywhere. Raise `NoSuchStory`, `NotLive`."""
    with transaction.atomic():
        story = _locked(story_id)
        if not story.live:
            raise NotLive(story_id)
        story.unpublish(user=by, reason=reason, at=at)


def spike(*, story_id: int, at: datetime) -> None:
    """Throw away a draft that readers never saw. Raise `NoSuchStory`, `WasPublished`."""
    with transaction.atomic():
        story = _locked(story_id)
        if story.live or story.last_published_at is not None:
            raise WasPublished(story_id)
        story.delete()


def publish_due(*, at: datetime) -> tuple[int, int]:
    """
    Let every story whose hour has come go live, and take down those whose time is over.
    Return how many of each. Every story is a transaction of its own, so that one that
    is refused holds up no other; it is tried again the next minute.
    """
    due = Revision.objects.filter(
        approved_go_live_at__lte=at, content_type=Story.get_content_type()
    )
    published = 0
    for revision in due.order_by("approved_go_live_at", "pk").iterator():
        published += _publish_one(revision, at)
    over = Story.objects.filter(live=True, expire_at__lte=at).order_by(
        "expire_at", "pk"
    )
    withdrawn = 0
    for story in over.iterator():
        story.unpublish(
            set_expired=True,
            log_action="wagtail.unpublish.scheduled",
            reason=gettext("Its time was over."),
            at=at,
        )
        withdrawn += 1
    return published, withdrawn


def _publish_one(revision: Revision, at: datetime) -> int:
    try:
        revision.content_object.publish(
            revision, log_action="wagtail.publish.scheduled", at=at
        )
    except Embargoed:
        return 0
    return 1


# --- Parts of the verbs ---------------------------------------------------------------


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


def _known(origin: str, origin_id: str) -> Story | None:
    if not origin:
        return None
    stories = Story.objects.select_for_update(of=("self",))
    return stories.filter(origin=origin, origin_id=origin_id).first()


def _locked(story_id: int) -> Story:
    story = Story.objects.select_for_update(of=("self",)).filter(pk=story_id).first()
    if story is None:
        raise NoSuchStory(story_id)
    return story


def _newest_revision(story: Story, by: Reader | None) -> Revision:
    newest = story.get_latest_revision()
    if newest is not None:
        return newest
    return story.save_revision(user=by, clean=False)


def _check(story: Story) -> None:
    try:
        story.full_clean(exclude=["bylines"])
    except ValidationError as error:
        raise BadStory(filing.sentence(error)) from error


def _digest(
    given: Mapping[str, Any],
    authors: Sequence[str],
    tags: Sequence[str],
    first_published_at: datetime | None,
) -> str:
    """Return a digest of all that was given, the same for the same on any machine."""
    whole = [dict(given), list(authors), list(tags), first_published_at]
    text = json.dumps(whole, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
