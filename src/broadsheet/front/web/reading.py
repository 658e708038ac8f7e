"""The front page, and the rivers of sections, authors and topics."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe
from wagtail.views import serve as serve_page

from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from . import errors

Ask = Callable[..., "newsroom.Listing | None"]


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show the front page. Nine queries for the stories, and the masthead's few."""
    context = {"front": newsroom.front(publication.now())}
    return render(request, "pages/front.html", context)


@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a section; or, where there is none of that name, a page like /about/."""
    before = request.GET.get("before")
    listing = newsroom.section(slug, before=before)
    if listing is None:
        page: HttpResponseBase = serve_page(request, f"{slug}/")
        return page
    return _river(request, "section", listing, feed=f"/feeds/{slug}.rss")


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    return _river(request, "author", _asked(newsroom.author, request, slug))


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    return _river(request, "topic", _asked(newsroom.topic, request, slug))


def story(
    request: HttpRequest, section: str, slug: str, story_id: int
) -> HttpResponseBase:
    """
    Say that a story is gone, or was never here.

    The gate answers for the others before Django is asked. There is no third way, so
    that an address which slips past the gate can show nothing.
    """
    try:
        facts = gate.story(story_id)
    except gate.UnknownStory as unknown:
        raise Http404 from unknown
    if facts.withdrawn:
        return errors.gone(request)
    raise Http404


def _asked(ask: Ask, request: HttpRequest, slug: str) -> newsroom.Listing:
    listing = ask(slug, before=request.GET.get("before"))
    if listing is None:
        raise Http404
    return listing


def _river(
    request: HttpRequest, name: str, listing: newsroom.Listing, feed: str = ""
) -> HttpResponse:
    before = request.GET.get("before", "")
    older = listing.next_cursor and "?" + urlencode({"before": listing.next_cursor})
    context = {
        "listing": listing,
        "cursor": before,
        "older": older,
        "newer": listing.path if before else "",
        "feed": feed,
    }
    return render(request, f"pages/{name}.html", context)
