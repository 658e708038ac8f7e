"""The pattern book on the screen."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from ..letters import inlined
from .book import PATTERNS, Pattern


def index(request: HttpRequest) -> HttpResponse:
    _only_staff(request)
    return render(request, "patterns/index.html", {"patterns": PATTERNS})


def show(request: HttpRequest, name: str) -> HttpResponse:
    _only_staff(request)
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


def _only_staff(request: HttpRequest) -> None:
    staff = getattr(request, "user", None)
    if not (settings.DEBUG or (staff and staff.is_staff)):
        raise Http404
