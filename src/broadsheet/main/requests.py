"""What happens around every request that Django answers: an id, a line, the headers."""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse

from broadsheet.kit import clock
from broadsheet.kit.headers import DESK, of_page
from broadsheet.kit.ids import new_id

from . import operating

Answer = Callable[[HttpRequest], HttpResponse]
# What a proxy in front may hand us as an id. Anything else is replaced, so that a
# stranger cannot write into our logs.
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger("broadsheet.requests")


class RequestMiddleware:
    """
    Give the request an id, answer probes, and write one line when it is answered. The
    line knows the route's name, never the path's query, the reader or her address.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = clock.steady()
        request_id = _request_id(request)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            # Before the host check: a probe comes to a bare address.
            probe = operating.PROBES.get(request.path)
            if probe is not None:
                return probe(request)
            response = self.answer(request)
            _write_down(request, response, clock.steady() - began)
        response["X-Request-Id"] = request_id
        return response


def _request_id(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    if ACCEPTABLE_ID.fullmatch(given):
        return given
    return str(new_id(clock.wall()))


def _write_down(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    route = operating.route_name(request.resolver_match)
    operating.observe(route, response.status_code, seconds)
    log.info(
        "answered",
        method=request.method if request.method in METHODS else "other",
        route=route,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
    )


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class NulMiddleware:
    """
    No text in PostgreSQL holds a NUL, so nothing of ours is at an address with one; and a
    question at the desk that holds one, ours or Wagtail's, is refused before it is asked.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            raise Http404
        if request.path.startswith(DESK) and "%00" in request.META["QUERY_STRING"]:
            raise BadRequest("The question holds a character that no text can.")
        return self.answer(request)


class HeadersMiddleware:
    """
    Put the security headers on an answer that does not bring its own; and keep a page
    that says nothing of caches out of those that several readers share.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.https = settings.BROADSHEET.origin.startswith("https://")
        # A reader who pays is sent from our form to the gateway's page.
        self.form_action = (settings.BROADSHEET.gateway_url,)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.answer(request)
        for name, value in of_page(request.path, self.form_action, https=self.https):
            response.headers.setdefault(name, value)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
