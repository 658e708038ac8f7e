"""Addresses of the system that a publication came from go on working."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from broadsheet.news.archive import queries as archive
from broadsheet.news.newsroom import queries as newsroom

from . import errors

Answer = Callable[[HttpRequest], HttpResponse]
# WordPress's short addresses live on the front page's own path: /?p=123.
SHORT = ("p", "page_id", "attachment_id")


class OldAddressMiddleware:
    """
    Sends an old address on to its story (301), or says that the story is gone (410).
    Costs a query, and only where the answer would have been 404 or the address is short.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self.answer(request)
        if request.path == "/" and any(name in request.GET for name in SHORT):
            return _new_place(request) or self.answer(request)
        response = self.answer(request)
        # Also where a withdrawn story of ours has the number that ends the address.
        if response.status_code in (404, 410):
            return _new_place(request) or response
        return response


def claimed(path: str) -> bool:
    """
    Tell whether `path` was a story's address in another system. Such an address may
    end in a number, as `/news/title-123/` does, that is also one of our stories': then
    the old address wins over what would be a misspelling of ours.
    """
    return archive.redirect(path) is not None


def _new_place(request: HttpRequest) -> HttpResponse | None:
    story_id = archive.redirect(request.get_full_path())
    if story_id is None:
        return None
    path = newsroom.canonical(story_id)
    return HttpResponsePermanentRedirect(path) if path else errors.gone(request)
