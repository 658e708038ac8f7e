"""A story's life after it was filed: live, corrected, withdrawn, or never printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext
from wagtail.log_actions import log
from wagtail.models import Revision

from ..models import Correction, Embargoed, Story, packing
from ..rules import Block
from .filing import BadStory, check

if TYPE_CHECKING:
    from broadsheet.readers.models import Reader

CORRECTABLE = frozenset({"headline", "standfirst", "dateline", "caption"})


class NoSuchStory(Exception):
    """There is no story of that number."""


class Withdrawn(Exception):
    """The story was taken down; only `again=True` brings it back."""


class NotLive(Exception):
    """Only a live story can be corrected or withdrawn."""


def publish(
    *,
    story_id: int,
    first_published_at: datetime | None = None,
    updated_at: datetime | None = None,
    again: bool = False,
    by: Reader | None = None,
    at: datetime,
) -> Story:
    """
    Let the newest revision go live; if it already is, nothing happens. An imported
    story may keep the dates it was first printed and last changed with. A story that was taken down goes
    live `again` only if that is said, so that no import brings back what a court or an
    agency had killed. Raise `NoSuchStory`, `Embargoed`, `Withdrawn`.
    """
    with transaction.atomic():
        story = _locked(story_id)
        if story.live and not story.has_unpublished_changes:
            return story
        if not (story.live or again) and story.last_published_at is not None:
            raise Withdrawn(story_id)
        if first_published_at is not None and story.last_published_at is None:
            story.first_published_at = first_published_at
            story.save(update_fields=["first_published_at"])
        revision = _newest_revision(story, by)
        story.publish(
            revision,
            user=by,
            skip_permission_checks=True,
            updated_at=updated_at,
            at=at,
        )
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
    among headline, standfirst, dateline and caption. The live text is what is
    corrected; a draft newer than it stays among the revisions. Raise `NoSuchStory`, `NotLive`, `BadBlock`, `BadStory`.
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
            changes["body"] = packing.to_stored(blocks)
        for name, value in changes.items():
            setattr(story, name, value)
        Correction.objects.create(story=story, text=text.strip(), at=at, by=by)
        check(story)
        revision = story.save_revision(user=by, log_action=True, clean=False)
        story.publish(revision, user=by, skip_permission_checks=True, at=at)
    return story


def withdraw(
    *, story_id: int, reason: str, by: Reader | None = None, at: datetime
) -> None:
    """Take a live story down everywhere. Raise `NoSuchStory`, `NotLive`."""
    with transaction.atomic():
        story = _locked(story_id)
        if not story.live:
            raise NotLive(story_id)
        story.unpublish(user=by, reason=reason, at=at)


def spike(*, story_id: int, by: Reader | None = None, at: datetime) -> None:
    """
    Throw away a draft that readers never saw; the desk's log keeps who did. Raise
    `NoSuchStory`, `WasPublished`.
    """
    with transaction.atomic():
        story = _locked(story_id)
        log(story, "wagtail.delete", user=by, timestamp=at, deleted=True)
        story.delete()


def publish_due(*, at: datetime) -> tuple[int, int]:
    """
    Let every story and page whose hour has come go live, and take down the stories
    whose time is over. Return how many of each. Every one is a transaction of its own,
    so that one that is refused holds up no other; it is tried again the next minute.
    """
    due = Revision.objects.filter(approved_go_live_at__lte=at)
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
    scheduled = revision.content_object
    when = {"at": at} if isinstance(scheduled, Story) else {}
    try:
        scheduled.publish(revision, log_action="wagtail.publish.scheduled", **when)
    except Embargoed:
        return 0
    return 1


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
