"""The reader's account: what she has, what comes next, and the way out."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.plumbing import publication

# Each reason with its words and our answer to it. "Other" is always shown last.
REASONS = {
    "price": (
        _("It costs too much"),
        _("The two-year plan costs less a month than any other."),
    ),
    "time": (
        _("I do not have the time to read it"),
        _("The day's picks are on one page, and take ten minutes."),
    ),
    "content": (
        _("I do not find what I am looking for"),
        _("The search reaches every story that we have published."),
    ),
    "trouble": (
        _("Something does not work"),
        _("Write to us and a person will answer: the address is below every page."),
    ),
    "other": (_("Another reason"), ""),
}


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    context = {"reader": request.user, "subscription": _current(request)}
    return render(request, "pages/account.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest) -> HttpResponse:
    """Reason, confirmation, done: no more steps than buying takes."""
    current = _current(request)
    if current is None:
        return redirect("/account/")
    if current.cancel_at_period_end:
        return _cancel_page(request, current, step="done")
    if request.method != "POST":
        return _cancel_page(request, current, step="reason", reasons=_shuffled())
    reason = _known(request.POST.get("reason", ""))
    if request.POST.get("step") != "confirm":
        answer = REASONS[reason][1] if reason else ""
        return _cancel_page(
            request, current, step="confirm", reason=reason, answer=answer
        )
    subscriptions.cancel(
        reader=_reader(request),
        subscription_id=current.id,
        reason=reason,
        at=publication.now(),
    )
    return redirect("/account/cancel/")


@never_cache
@login_required
@require_POST
def undo_cancel(request: HttpRequest) -> HttpResponse:
    current = _current(request)
    if current is not None and current.cancel_at_period_end:
        subscriptions.undo_cancel(
            reader=_reader(request),
            subscription_id=current.id,
            at=publication.now(),
        )
    return redirect("/account/")


def _reader(request: HttpRequest) -> UUID:
    assert request.user.is_authenticated  # noqa: S101  login_required saw to it.
    return request.user.public_id


def _current(request: HttpRequest) -> Any:
    return subscribed.current(_reader(request), publication.now())


def _cancel_page(request: HttpRequest, current: Any, **more: Any) -> HttpResponse:
    return render(request, "pages/cancel.html", {"subscription": current, **more})


def _shuffled() -> list[tuple[str, Any]]:
    """Return the reasons in an order that favours none, with "other" last."""
    codes = [code for code in REASONS if code != "other"]
    random.shuffle(codes)
    return [(code, REASONS[code][0]) for code in (*codes, "other")]


def _known(code: str) -> str:
    return code if code in REASONS else ""
