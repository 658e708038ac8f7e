"""What machines read before they read us: robots.txt, and our terms in RSL 1.0."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from broadsheet.gate.core import terms
from broadsheet.gate.house import queries as gate
from broadsheet.plumbing import publication

TERMS = "/license.xml"
# Nothing there is news, and much of it is somebody's own.
CLOSED = (
    "/account/",
    "/accounts/",
    "/api/",
    "/desk/",
    "/payments/",
    "/search/",
    "/subscribe/return/",
)
# An edit at the desk is heard of soon; nobody needs to ask more often.
brief = cache_control(public=True, max_age=600)


@require_safe
@brief
def robots(request: HttpRequest) -> HttpResponse:
    origin = settings.BROADSHEET.origin
    text = terms.robots_txt(gate.policy(), terms=origin + TERMS, closed=CLOSED)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@brief
def licence(request: HttpRequest) -> HttpResponse:
    document = terms.rsl(
        gate.policy(),
        publisher=publication.current().name,
        home=settings.BROADSHEET.origin + "/",
    )
    return HttpResponse(document, content_type=f"{terms.RSL_TYPE}; charset=utf-8")
