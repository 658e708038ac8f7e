"""
The desk's clock is the publication's: an editor in Mumbai who schedules a story for six
means six in Mumbai. Wagtail takes the zone of a user's profile, else the server's; to
whoever chose none, this middleware gives the publication's, for the one request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from wagtail.users.models import UserProfile

from broadsheet.kit.headers import DESK
from broadsheet.plumbing import publication


class DeskTimeMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(DESK) and request.user.is_authenticated:
            profile = _profile(request.user)
            if not profile.current_time_zone:
                profile.current_time_zone = str(publication.current().zone)
        return self.get_response(request)


def _profile(user: Any) -> UserProfile:
    """Return the profile that Wagtail will look at; one that is not stored, if need be."""
    try:
        return user.wagtail_userprofile
    except UserProfile.DoesNotExist:
        return UserProfile(user=user)  # Which also puts it in its place on the user.
