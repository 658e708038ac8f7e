"""Notes when a session was last in use, for the reader's list of devices."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from broadsheet.plumbing import publication

from . import actions
from .views.visit import address_of

_SEEN = "seen"


class LastSeenMiddleware:
    """Costs nothing but for one write a session in five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            self._see(request)
        return self.get_response(request)

    @staticmethod
    def _see(request: HttpRequest) -> None:
        at = publication.now()
        seen = request.session.get(_SEEN, 0)
        if abs(at.timestamp() - seen) < actions.SEEN_EVERY.total_seconds():
            return
        request.session[_SEEN] = int(at.timestamp())
        actions.see(
            session_key=request.session.session_key or "",
            ip=address_of(request),
            at=at,
        )
