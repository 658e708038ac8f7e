"""Files and publishes the demo paper through the newsroom's own verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from broadsheet.front.web import pressing
from broadsheet.news.newsroom import actions as newsroom
from broadsheet.plumbing import publication

from . import people, pictures
from .manuscripts import SECTIONS, Manuscript, manuscripts

ORIGIN = "demo"
Progress = Callable[[Iterable[Manuscript]], Iterable[Manuscript]]


def print_paper(*, at: datetime, progress: Progress = iter) -> int:
    """
    Publish the whole demo paper as of `at` and return the number of its stories. Done
    again it changes nothing. Draws a picture a story; takes half a minute.
    """
    for rank, (slug, name, description) in enumerate(SECTIONS):
        newsroom.open_section(name=name, slug=slug, rank=rank, description=description)
    for slug, name, role, bio in people.AUTHORS:
        newsroom.open_author(name=name, slug=slug, role=role, bio=bio)
    stories = sorted(manuscripts(), key=lambda story: -story.hours)
    for story in progress(stories):
        _print(story, at)
    return len(stories)


def _print(story: Manuscript, at: datetime) -> None:
    picture = newsroom.add_picture(
        content=pictures.draw(story.scene, story.headline),
        filename=f"{story.scene}.jpg",
        title=story.headline,
        alt=f"Illustration: {story.scene.replace('-', ' ')}",
        credit="The Coromandel Post",
    )
    filed = newsroom.file(
        headline=story.headline,
        standfirst=story.standfirst,
        blocks=story.blocks,
        section_slug=story.section,
        authors=[story.author],
        access=story.access,
        dateline=story.dateline,
        agency=story.agency,
        tags=story.tags,
        picture=picture,
        is_lead=story.lead,
        picked_on=_day_of(story, at) if story.access == "premium" else None,
        origin=ORIGIN,
        origin_id=f"{story.section}/{story.headline}"[:120],
        at=at,
    )
    if not filed.live:
        newsroom.publish(
            story_id=filed.pk,
            first_published_at=at - timedelta(hours=story.hours),
            at=at,
        )
    # Now rather than by a worker: the first visitor comes in a moment, and this also
    # makes the sizes of the pictures.
    pressing.press(filed.pk, at=at)


def _day_of(story: Manuscript, at: datetime) -> date:
    published = at - timedelta(hours=story.hours)
    return published.astimezone(publication.current().zone).date()
