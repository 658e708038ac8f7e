"""What a request tells of its sender, and the few moves that every page makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from broadsheet.gate.core.crawlers import came_from
from broadsheet.gate.house import queries as gate
from broadsheet.kit.addresses import local_path
from broadsheet.plumbing import publication

from .. import actions, rules
from ..models import Reader, mark

MAIL_COOKIE = "__Host-broadsheet-mail"
_MAIL_SALT = "broadsheet.readers.mail"
_MAIL_COOKIE_AGE = 30 * 60
_PROOF = "mail_proof"
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True, slots=True)
class Visit:
    at: datetime
    network: str
    browser: str  # A mark of this browser, to know a form that is sent twice.
    language: str
    device: UUID | None


def visit(request: HttpRequest) -> Visit:
    csrf = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    return Visit(
        at=publication.now(),
        network=rules.network(address_of(request)),
        browser=mark("browser", csrf) if csrf else "",
        language=translation.get_language() or settings.LANGUAGE_CODE,
        device=gate.device(request.COOKIES),
    )


def address_of(request: HttpRequest) -> str:
    """Return the sender's IP address; behind the proxies that are ours, the reader's."""
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded = [request.META.get("HTTP_X_FORWARDED_FOR", "")]
    trusted = settings.BROADSHEET.trusted_proxies
    return str(came_from(peer, filter(None, forwarded), trusted) or peer)


def next_of(request: HttpRequest) -> str:
    """Return where the reader wants to go on to, or "" if that is not on this site."""
    source = request.POST if request.method == "POST" else request.GET
    return local_path(source.get("next", ""))


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page that no cache may keep and no other site may learn the address of."""
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    # Not "no-referrer": with it browsers send `Origin: null` on the page's own form,
    # and Django's CSRF check refuses that.
    response["Referrer-Policy"] = "same-origin"
    patch_vary_headers(response, ["Cookie"])
    return response


def enter(request: HttpRequest, reader: Reader, *, by_mail: bool, at: datetime) -> None:
    """Log the reader in, in this browser."""
    login(request, reader, backend=_BACKEND)
    if by_mail:
        request.session[_PROOF] = at.isoformat()
    keep_session(request, reader, at=at)


def keep_session(request: HttpRequest, reader: Reader, *, at: datetime) -> None:
    request.session.save()
    actions.register_session(
        reader=reader,
        session_key=request.session.session_key or "",
        ip=address_of(request),
        user_agent=request.headers.get("User-Agent", ""),
        at=at,
    )


def proved_at(request: HttpRequest) -> datetime | None:
    """Return when this session was last opened by mail."""
    value = request.session.get(_PROOF)
    return datetime.fromisoformat(value) if value else None


def remember_key(response: HttpResponse, key_id: UUID) -> None:
    """
    Let this browser, and no other, type the code. A cookie rather than the session:
    people who never come in leave no rows, and logging in does not lose it.
    """
    response.set_signed_cookie(
        MAIL_COOKIE,
        str(key_id),
        salt=_MAIL_SALT,
        max_age=_MAIL_COOKIE_AGE,
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def remembered_key(request: HttpRequest) -> UUID | None:
    value = request.get_signed_cookie(
        MAIL_COOKIE, default=None, salt=_MAIL_SALT, max_age=_MAIL_COOKIE_AGE
    )
    return UUID(value) if value else None
