"""Giving a story: what it costs, the link, and the giver's list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from broadsheet.gate.core.meter import MONTH, period_end
from broadsheet.gate.house import actions as gate
from broadsheet.gate.house import giving
from broadsheet.gate.house.giving import Prospect
from broadsheet.gate.house.queries import UnknownStory
from broadsheet.news.newsroom import queries as newsroom
from broadsheet.plumbing import publication

from ..theme.templatetags.paper import day
from .addresses import see_other

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, story_id: int) -> HttpResponse:
    """Say what giving costs; make the link; show it with its terms."""
    at = publication.now()
    if request.method != "POST":
        return _page(request, story_id, at)
    try:
        gate.give(_reader(request), story_id, at=at)
    except UnknownStory as unknown:
        raise Http404 from unknown
    except (gate.FreeToAll, gate.NotHersToGive, gate.AllowanceSpent):
        # The page itself says which of these it is, and what to do.
        return _page(request, story_id, at, status=409)
    return see_other(request.path)


@never_cache
@login_required
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    if gate.take_back(_reader(request), _nonce(request), at=publication.now()):
        messages.success(request, _("Your gift is taken back."))
    return see_other("/account/#gifts")


@dataclass(frozen=True, slots=True)
class Given:
    """A gift in the giver's list."""

    nonce: UUID
    headline: StrOrPromise
    path: str
    opened: int
    opens: int
    expires_at: datetime


def given_by(reader: UUID, at: datetime) -> Sequence[Given]:
    """Return her gifts that are still good, the latest first. Four queries."""
    gifts = giving.gifts_of(reader, at)
    stories = newsroom.teasers([gift.story_id for gift in gifts]) if gifts else ()
    headlines = {story.story_id: story.headline for story in stories}
    return [
        Given(
            gift.nonce,
            headlines.get(gift.story_id, _("A story that was withdrawn")),
            f"/gift/give/{gift.story_id}/",
            gift.opened,
            gift.opens,
            gift.expires_at,
        )
        for gift in gifts
    ]


def _page(
    request: HttpRequest, story_id: int, at: datetime, *, status: int = 200
) -> HttpResponse:
    story = newsroom.page(story_id)
    if story is None:
        raise Http404
    try:
        prospect = giving.prospect(_reader(request), story_id, at)
    except UnknownStory as unknown:
        raise Http404 from unknown
    context = {"story": story, **_told(prospect, story, at)}
    return render(request, "pages/give.html", context, status=status)


def _told(
    prospect: Prospect, story: newsroom.StoryPage, at: datetime
) -> dict[str, object]:
    zone = publication.current().zone
    gift = prospect.gift
    path = gift.path if gift else story.path
    return {
        "giving": prospect.giving.value,
        "allowance": prospect.allowance,
        "left": prospect.left,
        "terms": prospect.terms,
        "gift": gift,
        "address": settings.BROADSHEET.origin + path,
        "days_left": _days(gift.expires_at - at) if gift else 0,
        "again": day(period_end(MONTH, zone, at)),
    }


def _days(rest: timedelta) -> int:
    """Return the days left, a begun one as a whole."""
    return -(-rest // timedelta(days=1))


def _nonce(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("gift", ""))
    except ValueError as error:
        raise Http404 from error


def _reader(request: HttpRequest) -> UUID:
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    return request.user.public_id
