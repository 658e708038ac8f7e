"""What every readers' page knows beside the publication: sections, and ads or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from broadsheet.business.catalogue import queries as catalogue
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.gate.house import queries as gate
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from . import future

ADFREE = ("news", "adfree")


def furniture(request: HttpRequest) -> dict[str, Any]:
    """
    Return `nav_sections`, `here`, `origin`, `ads`, `trouble` (until when all stays open
    to a reader whose payment failed) and `errand` (which plan a visitor who logs in is
    about to buy); asked for, one query each.
    """
    return {
        "nav_sections": SimpleLazyObject(newsroom.sections),
        "here": request.path,
        "origin": settings.BROADSHEET.origin,
        "ads": SimpleLazyObject(lambda: shows_ads(request)),
        "trouble": SimpleLazyObject(lambda: _trouble(request)),
        "errand": SimpleLazyObject(lambda: _errand(request)),
    }


def _errand(request: HttpRequest) -> str:
    """
    Return, for who is asked to log in on her way to a plan, which plan that is and what
    it costs; nothing for others.
    """
    way = urlsplit(request.POST.get("next") or request.GET.get("next") or "")
    code = parse_qs(way.query).get("plan", [""])[0]
    if way.path != "/subscribe/" or not code:
        return ""
    try:
        offer = catalogue.plan(code, publication.now())
    except catalogue.NoSuchPlan:
        return ""
    says = gettext("To subscribe to %(plan)s, %(price)s %(every)s, give your e-mail.")
    return says % {
        "plan": offer.name,
        "price": offer.price.format(publication.current().locale),
        "every": future.every(offer.term_count, offer.term_unit),
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
