"""The front page, and the rivers of sections, authors and topics."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from wagtail.views import serve as serve_page

from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import publication

from . import errors, listings


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Show the front page to whom the gate does not."""
    return _show(request, listings.front(publication.now()))


@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show a section; or, where there is none of that name, a page like /about/."""
    sheet = listings.section(slug, _before(request))
    if sheet is None:
        page: HttpResponseBase = serve_page(request, f"{slug}/")
        return page
    return _show(request, sheet)


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    return _show(request, listings.author(slug, _before(request)))


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    return _show(request, listings.topic(slug, _before(request)))


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


def _before(request: HttpRequest) -> str | None:
    return request.GET.get("before")


def _show(request: HttpRequest, sheet: listings.Sheet | None) -> HttpResponse:
    if sheet is None:
        raise Http404
    return render(request, sheet.template, sheet.context)
