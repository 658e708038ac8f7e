"""
Every letter to subscribers, with made-up facts: as text, and as it looks on a telephone
and on a desk. Each is shown in a frame that may run and fetch nothing.
"""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.plumbing import publication

MAY_SEE_LETTERS = "subscriptions.view_subscription"
_LOCKED = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; frame-ancestors 'self'; form-action 'none'"
)


@require_safe
@permission_required(MAY_SEE_LETTERS, raise_exception=True)
def index(request: HttpRequest) -> HttpResponse:
    found = subscriptions.samples(at=publication.now())
    return render(request, "desk/letters/index.html", {"letters": found})


@require_safe
@permission_required(MAY_SEE_LETTERS, raise_exception=True)
def html(request: HttpRequest, number: int) -> HttpResponse:
    """Return one letter's HTML, by its place in the list, for its frame."""
    found = subscriptions.samples(at=publication.now())
    if not 1 <= number <= len(found):
        raise Http404
    return HttpResponse(
        found[number - 1].html, headers={"Content-Security-Policy": _LOCKED}
    )
