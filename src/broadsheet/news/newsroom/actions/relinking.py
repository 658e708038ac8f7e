"""Relinking: what a story links to has another address now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from django.db import transaction
from wagtail.models import Revision

from broadsheet.plumbing import outbox

from ..events import StoryPublished
from ..models import Story

Links = Mapping[str, str]  # From the old address to the new one.


@transaction.atomic
def relink(links: Mapping[int, Links], *, at: datetime) -> int:
    """
    In each of these stories let the links to these addresses lead to those; return how
    many stories changed. It is no edit: text, dates and revisions stay as they are but
    for the address. A link that is not there is no error. Locks the rows.
    """
    rows = Story.objects.select_for_update(of=("self",)).filter(pk__in=list(links))
    stories = [
        story for story in rows.order_by("pk") if _relink(story, links[story.pk])
    ]
    if not stories:
        return 0
    Story.objects.bulk_update(stories, ["body"])
    _relink_revisions(stories, links)
    outbox.announce_all(
        [
            StoryPublished(story.pk, story.live_revision_id or 0)
            for story in stories
            if story.live
        ],
        at=at,
    )
    return len(stories)


def _relink(story: Story, links: Links) -> bool:
    """Put the new addresses into the body; tell whether there were any old ones."""
    before = story.body.get_prep_value()
    after = _swapped(before, links)
    if after == before:
        return False
    story.body = after
    return True


def _relink_revisions(stories: Sequence[Story], links: Mapping[int, Links]) -> None:
    """Change the newest revisions too, or the next publishing would undo it."""
    owners = {
        number: story.pk
        for story in stories
        for number in (story.latest_revision_id, story.live_revision_id)
        if number is not None
    }
    revisions = list(Revision.objects.filter(pk__in=list(owners)).order_by("pk"))
    for revision in revisions:
        body = json.loads(revision.content["body"])
        swapped = _swapped(body, links[owners[revision.pk]])
        revision.content["body"] = json.dumps(swapped)
    Revision.objects.bulk_update(revisions, ["content"])


def _swapped(value: Any, links: Links) -> Any:
    if isinstance(value, list):
        return [_swapped(each, links) for each in value]
    if isinstance(value, dict):
        return {name: _swapped(each, links) for name, each in value.items()}
    if isinstance(value, str) and "href=" in value:
        for old, new in links.items():
            value = value.replace(f'href="{escape(old)}"', f'href="{escape(new)}"')
    return value
