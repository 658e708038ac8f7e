"""Whose account it is, and what she has: asked by every page of the account."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.business.subscriptions.queries import SubscriptionView
from broadsheet.plumbing import publication


def reader_of(request: HttpRequest) -> UUID:
    """Return the reader of a page that is behind `login_required`."""
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    return request.user.public_id


def current_of(request: HttpRequest) -> SubscriptionView | None:
    return subscribed.current(reader_of(request), publication.now())
