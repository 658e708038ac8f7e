"""
The outbox at the desk: what the embedded inbox has kept, for a publication that is
tried out without a mail host. The mails let people in, so only superusers see them.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from broadsheet.plumbing import inbox
from broadsheet.plumbing.inbox import Inbox, Mail, NoSuchMail, Summary

PAGE = 50
# Scripts, forms and everything fetched are off; a link opens a tab of its own.
_LOCKED = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src data:; style-src 'unsafe-inline'; base-uri 'self'; "
    "frame-ancestors 'self'; form-action 'none'"
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    box = _box(request)
    start = _start(request)
    error = ""
    mails: Sequence[Summary] = ()
    count = 0
    try:
        count = box.count()
        mails = box.page(start=start, limit=PAGE)
    except OSError as failure:
        error = failure.strerror or str(failure)
    context = {
        "mails": mails,
        "count": count,
        "error": error,
        "folder": box.folder,
        "newer": max(0, start - PAGE) if start else None,
        "older": start + PAGE if start + PAGE < count else None,
    }
    return _private(render(request, "desk/outbox/index.html", context))


@require_safe
def mail(request: HttpRequest, key: str) -> HttpResponse:
    found = _mail(request, key)
    context = {
        "mail": found,
        "source": found.raw.decode("utf-8", "replace"),
    }
    return _private(render(request, "desk/outbox/mail.html", context))


@require_safe
def html(request: HttpRequest, key: str) -> HttpResponse:
    """The mail's own HTML, a stranger's for all we know: nothing in it may run."""
    found = _mail(request, key)
    response = _private(HttpResponse('<base target="_blank">' + found.html))
    response["Content-Security-Policy"] = _LOCKED
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def raw(request: HttpRequest, key: str) -> HttpResponse:
    found = _mail(request, key)
    response = _private(
        HttpResponse(found.raw, content_type="text/plain; charset=utf-8")
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Content-Disposition"] = 'attachment; filename="mail.eml"'
    return response


def _box(request: HttpRequest) -> Inbox:
    if not request.user.is_superuser:
        raise PermissionDenied
    return inbox.of(settings.BROADSHEET)


def _mail(request: HttpRequest, key: str) -> Mail:
    try:
        return _box(request).open(key)
    except NoSuchMail:
        raise Http404("This mail is no longer kept.") from None


def _start(request: HttpRequest) -> int:
    value = request.GET.get("start", "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else 0


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
