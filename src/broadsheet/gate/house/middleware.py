"""Cookies on Django's responses, so that the gate knows who comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from broadsheet.gate.core import passes
from broadsheet.gate.core.passes import DEVICE_COOKIE, DEVICE_LIFE, READER_COOKIE
from broadsheet.plumbing import publication

from . import actions, minting, queries

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PassMiddleware:
    """
    Mints, refreshes and takes away the reader's pass by who is logged in when the
    response is made; gives a device cookie with the first page. Belongs directly below
    the authentication middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if _is_for_everybody(response):
            return response
        at = publication.now()
        if _session_matters(request):
            _settle_pass(request, response, at)
        if _is_page(response) and queries.device(request.COOKIES) is None:
            new = queries.budget().on
            device = passes.device_cookie(minting.keyring(), uuid4(), at, new=new)
            _set(response, DEVICE_COOKIE, device)
        if response.cookies or _is_page(response):
            # A shared cache must not give one reader's page or cookies to another.
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


def _is_for_everybody(response: HttpResponseBase) -> bool:
    """Test if caches may keep the answer: a cookie in it would be everybody's."""
    return "public" in response.headers.get("Cache-Control", "")


def _session_matters(request: HttpRequest) -> bool:
    """Test if a login may be begun, held or over; else we do not touch the session."""
    return (
        READER_COOKIE in request.COOKIES
        or settings.SESSION_COOKIE_NAME in request.COOKIES
        or request.session.modified
    )


def _settle_pass(
    request: HttpRequest, response: HttpResponseBase, at: datetime
) -> None:
    reader = minting.reader_of(request.user)
    text = request.COOKIES.get(READER_COOKIE, "")
    if reader is None:
        if text:
            _log_out(request, response, text, at)
        return
    held = passes.read_reader(minting.keyring(), text, at)
    _keep_the_union(request, text, reader, at)
    if held is None or held.identity != reader:
        _set(response, READER_COOKIE, minting.token(reader, at))


def _log_out(
    request: HttpRequest, response: HttpResponseBase, text: str, at: datetime
) -> None:
    """After logout the device keeps the union, so a logout sheds no count."""
    left = passes.name_reader(minting.keyring(), text)
    device: UUID | None = queries.device(request.COOKIES)
    if left is not None and device is not None:
        actions.unite(device, left.identity, at=at)
    response.delete_cookie(READER_COOKIE, path="/", samesite="Lax")


def _keep_the_union(
    request: HttpRequest, text: str, reader: UUID, at: datetime
) -> None:
    """
    Who logs in over another login has not logged out, and takes along what that other
    one has read on this device: no chain of throw-away registrations sheds a count.
    """
    left = passes.name_reader(minting.keyring(), text)
    device: UUID | None = queries.device(request.COOKIES)
    if left is None or device is None or left.identity == reader:
        return
    actions.unite(device, left.identity, at=at)
    actions.unite(device, reader, at=at)


def _is_page(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith("text/html")


def _set(response: HttpResponseBase, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=DEVICE_LIFE,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
    )
