"""RSS: what somebody without a cookie may read, and of a free story its opening."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.feedgenerator import Rss201rev2Feed
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from broadsheet.gate.core import terms
from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from ..theme.templatetags.body import split

STORIES = 30
OPENING = 2  # Paragraphs of a free story; the others are cut by the gate's decision.
# XML 1.0 has no way to write these, escaped or not.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class LicensedFeed(Rss201rev2Feed):
    """RSS, in which each story carries the terms that machines may use it on."""

    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:rsl": terms.RSL}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.startElement("rsl:content", {"url": item["link"]})
        handler.ignorableWhitespace(item["licences"])  # Markup of ours, as it is.
        handler.endElement("rsl:content")


@dataclass(frozen=True, slots=True)
class FeedLink:
    name: str
    path: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    front = FeedLink(_("All the news"), "/feeds/front.rss")
    links = [FeedLink(s.name, f"/feeds/{s.slug}.rss") for s in newsroom.sections()]
    return render(request, "pages/feeds.html", {"feeds": [front, *links]})


@require_safe
@cache_control(public=True, max_age=300)
def front(request: HttpRequest) -> HttpResponse:
    """Return the newest stories. Costs three queries a story; caches keep it."""
    paper = publication.current()
    about = paper.tagline or paper.name
    return _answer(
        _feed(paper.name, about, "/", request.path, newsroom.latest(STORIES))
    )


@require_safe
@cache_control(public=True, max_age=300)
def section(request: HttpRequest, slug: str) -> HttpResponse:
    listing = newsroom.section(slug, limit=STORIES)
    if listing is None:
        raise Http404
    name = f"{listing.title} – {publication.current().name}"
    about = listing.description or listing.title
    return _answer(_feed(name, about, listing.path, request.path, listing.teasers))


def opening(story_id: int, at: datetime) -> list[str]:
    """Return the inline markup of the paragraphs that anybody may read."""
    try:
        decision = gate.anonymous(story_id, at)
        blocks = newsroom.body(story_id, decision)
    except (gate.UnknownStory, newsroom.NoSuchStory):
        return []  # Withdrawn while we looked; the next feed is without it.
    markup = [b.data["html"] for b in blocks if b.kind == "paragraph"]
    paragraphs = [part for html in markup for part in split(html)]
    return paragraphs[:OPENING] if decision.full else paragraphs


def _feed(
    name: str, about: str, path: str, own: str, teasers: Sequence[newsroom.Teaser]
) -> LicensedFeed:
    licences = terms.licences_xml(gate.policy(), "rsl:")
    origin, at = settings.BROADSHEET.origin, publication.now()
    feed = LicensedFeed(
        title=name,
        link=origin + path,
        description=about,
        language=publication.current().locale.lower(),
        feed_url=origin + own,
    )
    for teaser in teasers:
        feed.add_item(
            title=_xml(teaser.headline),
            link=origin + teaser.path,
            description=_xml(_description(teaser, at)),
            unique_id=f"{origin}/story/{teaser.story_id}",
            unique_id_is_permalink=False,
            pubdate=teaser.published_at,
            author_name=_xml(teaser.byline),
            categories=[teaser.section_name],
            licences=licences,
        )
    return feed


def _description(teaser: newsroom.Teaser, at: datetime) -> str:
    first = [escape(teaser.standfirst)] if teaser.standfirst else []
    paragraphs = first + opening(teaser.story_id, at)
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)


def _answer(feed: LicensedFeed) -> HttpResponse:
    return HttpResponse(
        feed.writeString("utf-8"), content_type="application/rss+xml; charset=utf-8"
    )
