"""
Keeping the search entries true. Wired to hear the newsroom's events.

A story's access class decides how much of it is entered: all of a free one, of any
other the lead-in that everybody may read. What is not entered cannot leak.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import unescape
from re import compile as pattern

from django.db import connection

from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.news.newsroom.queries import Block, StoryPage

from ..models import SearchEntry

_TAG = pattern(r"<[^>]*>")
_PARTS = ("html", "text", "attribution", "caption", "title")

# A headline's words weigh more than a byline's, those more than the text's. A word
# longer than PostgreSQL's limit for one lexeme is left out with a notice.
_ENTER = """
    INSERT INTO archive_searchentry (story_id, published_at, text, vector)
    VALUES (%(story)s, %(published)s, %(text)s,
        setweight(to_tsvector('simple', %(headline)s), 'A') ||
        setweight(to_tsvector('english', %(headline)s), 'A') ||
        setweight(to_tsvector('simple', %(about)s), 'B') ||
        setweight(to_tsvector('english', %(about)s), 'B') ||
        setweight(to_tsvector('simple', %(text)s), 'D') ||
        setweight(to_tsvector('english', %(text)s), 'D'))
    ON CONFLICT (story_id) DO UPDATE SET
        published_at = excluded.published_at,
        text = excluded.text, vector = excluded.vector
"""
TEXT_LIMIT = 400_000  # Characters; a vector holds at most a megabyte.


def index_story(story_id: int, at: datetime) -> None:
    """Enter a live story, or enter it anew; one that is not live has no entry."""
    page = newsroom.page(story_id)
    if page is None:
        unindex_story(story_id, at)
        return
    text = " ".join(_text(block) for block in _readable(page))
    text = " ".join(text.replace("\x00", " ").split())[:TEXT_LIMIT]
    about = " ".join(
        (
            page.standfirst,
            page.section_name,
            page.agency,
            page.dateline,
            *(byline.name for byline in page.bylines),
            *(name for name, _path in page.tags),
        )
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTER,
            {
                "story": story_id,
                "published": page.published_at,
                "headline": page.headline,
                "about": about,
                "text": text,
            },
        )


def shut_stories(story_ids: Sequence[int], at: datetime) -> None:
    """
    Take out the stories that not all may read until they are entered anew. Belongs into
    the transaction that publishes them: one may have been free, or open further, a
    moment ago, and until a worker comes the search would find what is withheld now.
    Two statements, however many stories.
    """
    standing = newsroom.standings_of(story_ids)
    free = {each.story_id for each in standing if each.access == "free"}
    SearchEntry.objects.filter(pk__in=set(story_ids) - free).delete()


def unindex_story(story_id: int, _at: datetime) -> None:
    """Take a story out of the search. One that is not in it is no error."""
    SearchEntry.objects.filter(pk=story_id).delete()


def _readable(page: StoryPage) -> tuple[Block, ...]:
    """Return the blocks that a reader without any right may read."""
    full, cut = gate.for_pressing(page.story_id)
    return newsroom.body(page.story_id, full if page.access == "free" else cut)


def _text(block: Block) -> str:
    parts = [str(block.data.get(name) or "") for name in _PARTS]
    for row in block.data.get("rows") or ():
        parts.extend(str(cell) for cell in row)
    return unescape(_TAG.sub(" ", " ".join(parts)))
