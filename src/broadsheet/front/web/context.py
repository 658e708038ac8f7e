"""What every readers' page knows beside the publication: sections, and ads or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

ADFREE = ("news", "adfree")


def furniture(request: HttpRequest) -> dict[str, Any]:
    """
    Return `nav_sections`, `here`, `origin`, `ads` and `trouble` (until when all stays
    open to a reader whose payment failed); asked for, one query each.
    """
    return {
        "nav_sections": SimpleLazyObject(newsroom.sections),
        "here": request.path,
        "origin": settings.BROADSHEET.origin,
        "ads": SimpleLazyObject(lambda: shows_ads(request)),
        "trouble": SimpleLazyObject(lambda: _trouble(request)),
    }


def _trouble(request: HttpRequest) -> datetime | None:
    reader = getattr(request, "user", None)
    if reader is None or not reader.is_authenticated:
        return None
    return subscribed.open_until(reader.public_id, publication.now())


def shows_ads(request: HttpRequest) -> bool:
    """Test if this reader has bought no freedom from advertisements."""
    # A request that failed early, before the session was read, has no user.
    reader = getattr(request, "user", None)
    if reader is None or not reader.is_authenticated:
        return True
    now = publication.now()
    return not any(gate.entitled(reader.public_id, each, now) for each in ADFREE)
