"""The questions that may be asked of the archive: old addresses, and words."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from broadsheet.news.newsroom import queries as newsroom
from broadsheet.news.newsroom.queries import Teaser

from .models import ImportRun, OldAddress
from .rules import (
    SNIPPET_END,
    SNIPPET_START,
    address_digest,
    address_key,
    highlighted,
    typed,
)

PAGE = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A story that was found. `snippet` is safe HTML: only `<mark>` is markup."""

    teaser: Teaser
    snippet: str


@dataclass(frozen=True, slots=True)
class Results:
    """One page of what was found, newest first; `next_cursor` asks for the next."""

    words: str
    hits: tuple[Hit, ...]
    next_cursor: str | None

    @property
    def more(self) -> bool:
        return self.next_cursor is not None

    @property
    def teasers(self) -> tuple[Teaser, ...]:
        return tuple(hit.teaser for hit in self.hits)


def redirect(path: str) -> int | None:
    """
    Return the story that once lived at `path` (with its query, such as `/?p=123`), in
    whatever spelling, or None. It may have been withdrawn since; one that no reader has
    seen yet is nobody's business. Costs one query.
    """
    key = address_key(path)
    if not key:
        return None
    seen = Q(story__live=True) | Q(story__last_published_at__isnull=False)
    found = OldAddress.objects.filter(seen, digest=address_digest(key))
    return found.values_list("story_id", flat=True).first()


def runs(limit: int = 50) -> tuple[ImportRun, ...]:
    """Return the last imports, the newest first."""
    return tuple(ImportRun.objects.order_by("-started_at", "-pk")[:limit])


def run_lines(limit: int = 50) -> tuple[ImportRun, ...]:
    """Return the same without their reports, which may be long, but with `stories`."""
    rows = ImportRun.objects.order_by("-started_at", "-pk").defer("report")
    return tuple(rows.annotate(stories=KeyTransform("stories", "report"))[:limit])


def run(run_id: int) -> ImportRun | None:
    """Return one import with its whole report, or None."""
    return ImportRun.objects.filter(pk=run_id).first()


# `simple` finds words of every language as they stand, `english` their other forms.
# Words that the one drops as too common the other may still ask for, so they are ORed;
# the snippet is cut out of what the entry holds, and the entry holds nothing withheld.
_SEARCH = """
    WITH asked AS (
        SELECT websearch_to_tsquery('simple', %(words)s) ||
               websearch_to_tsquery('english', %(words)s) AS query
    ), found AS (
        SELECT story_id, published_at, text
          FROM archive_searchentry, asked
         WHERE vector @@ asked.query
           AND published_at <= %(at)s
           AND (published_at, story_id) < (%(before_at)s, %(before_id)s)
         ORDER BY published_at DESC, story_id DESC
         LIMIT %(limit)s
    )
    SELECT story_id, published_at,
           ts_headline('english', left(text, 20000), asked.query, %(options)s)
      FROM found, asked
     ORDER BY published_at DESC, story_id DESC
"""
_OPTIONS = (
    f"StartSel={SNIPPET_START}, StopSel={SNIPPET_END}, MaxFragments=2, "
    'MaxWords=24, MinWords=8, FragmentDelimiter=" … "'
)


def search(
    words: str, *, before: str | None = None, limit: int = PAGE, at: datetime
) -> Results:
    """
    Return the live stories that hold `words` (with “phrases”, -exclusions, or) among
    what anybody may read of them. Whatever was typed, this is an answer, never an error.
    """
    asked = typed(words)
    if not asked:
        return Results("", (), None)
    before_at, before_id = _position(before)
    with connection.cursor() as cursor:
        cursor.execute(
            _SEARCH,
            {
                "words": asked,
                "at": at,
                "before_at": before_at,
                "before_id": before_id,
                "limit": limit + 1,
                "options": _OPTIONS,
            },
        )
        rows = cursor.fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    found = {one.story_id: one for one in newsroom.teasers([row[0] for row in rows])}
    hits = tuple(
        Hit(found[story_id], highlighted(snippet))
        for story_id, _, snippet in rows
        if story_id in found
    )
    return Results(asked, hits, _cursor(*rows[-1][:2]) if more else None)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START = (datetime.max.replace(tzinfo=UTC), 0)


def _cursor(story_id: int, published_at: datetime) -> str:
    micros = (published_at - _EPOCH) // timedelta(microseconds=1)
    text = f"{micros}.{story_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str | None) -> tuple[datetime, int]:
    """Return where a list goes on. A cursor that is none of ours means its start."""
    if not cursor:
        return _START
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        micros, story_id = (int(part) for part in text.split("."))
        return _EPOCH + timedelta(microseconds=micros), max(0, min(story_id, 2**63 - 1))
    except (binascii.Error, UnicodeError, ValueError, OverflowError):
        return _START
