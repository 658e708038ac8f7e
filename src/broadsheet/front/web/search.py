"""Searching the paper. What is withheld from a stranger is neither found nor shown."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from broadsheet.news.archive import queries as archive
from broadsheet.plumbing import publication


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query, before = request.GET.get("q", ""), request.GET.get("before")
    results = archive.search(query, before=before, at=publication.now())
    older = results.next_cursor and "?" + urlencode(
        {"q": results.words, "before": results.next_cursor}
    )
    context = {"query": results.words, "hits": results.hits, "older": older}
    return render(request, "pages/search.html", context)
