"""The pattern book on the screen."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..letters import inlined
from .book import PATTERNS, Pattern


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "patterns/index.html", {"patterns": PATTERNS})


def show(request: HttpRequest, name: str) -> HttpResponse:
    if name not in PATTERNS:
        raise Http404
    return HttpResponse(drawn(request, PATTERNS[name]))


def drawn(request: HttpRequest, pattern: Pattern) -> str:
    """Return the whole page that shows `pattern`; a part stands on a page of its own."""
    context = pattern.context()
    if pattern.kind in ("page", "letter"):
        html = render(request, pattern.template, context).content.decode()
        return inlined(html) if pattern.kind == "letter" else html
    context |= {"template": pattern.template}
    return render(request, "patterns/part.html", context).content.decode()
