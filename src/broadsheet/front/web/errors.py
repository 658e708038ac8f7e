"""When a page cannot be shown: one clear sentence in the paper's look, and a way on."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Excuse:
    headline: Words
    sentence: Words
    way_on_words: Words = _("To the front page")


EXCUSES = {
    400: Excuse(
        _("This request cannot be read"),
        _("Something in the address or in what was sent is broken."),
    ),
    403: Excuse(
        _("This page is not open to you"),
        _("You may have been logged out; log in again and try once more."),
    ),
    404: Excuse(
        _("This page is not in the paper"),
        _("The address may be mistyped, or the story may have been moved."),
    ),
    410: Excuse(
        _("This story has been withdrawn"),
        _("The newsroom has taken it back, and it will not return to this address."),
    ),
    429: Excuse(
        _("That was a little too often"),
        _("Please wait a few minutes and try again."),
    ),
    500: Excuse(
        _("Something broke on our side"),
        _("It has been noted. Please try again in a few minutes."),
    ),
}


def page(
    request: HttpRequest,
    status: int,
    *,
    sentence: Words | None = None,
    way_on: str = "/",
    retry_after: int | None = None,
) -> HttpResponse:
    """Return the page for `status`. `retry_after` is in seconds."""
    excuse = EXCUSES[status]
    context = {
        "status": status,
        "headline": excuse.headline,
        "sentence": sentence or excuse.sentence,
        "way_on": way_on,
        "way_on_words": excuse.way_on_words,
    }
    response = render(request, "pages/error.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # A request for a host that is not ours is one, and nothing of it can be trusted.
    return bare(400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404)


def gone(request: HttpRequest) -> HttpResponse:
    return page(request, 410)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a form without its token. Named in CSRF_FAILURE_VIEW."""
    sentence = _("This form was open for too long; go back, reload it and send again.")
    return page(request, 403, sentence=sentence, way_on=request.path)


def server_error(request: HttpRequest) -> HttpResponse:
    return bare(500)


def bare(status: int) -> HttpResponse:
    """Return a page that needs no database, no session and no request to be drawn."""
    excuse = EXCUSES[status]
    context = {
        "status": status,
        "headline": excuse.headline,
        "sentence": excuse.sentence,
        "name": settings.WAGTAIL_SITE_NAME,
        "styles": _styles(),
    }
    html = render_to_string("layouts/bare.html", context)
    return HttpResponse(
        html, status=status, headers={"Cache-Control": "private, no-store"}
    )


def _styles() -> list[str]:
    try:
        return [static("theme/theme.css"), static("theme/forms.css")]
    except ValueError:  # No manifest: nothing was collected, and that may be the fault.
        log.exception("The style sheets have not been collected.")
        return []
