"""A pause: from which day until which, what it means for the money, and its early end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.business.subscriptions.queries import SubscriptionView
from broadsheet.kit.calendar import local_date
from broadsheet.plumbing import publication

from .addresses import see_other
from .hers import current_of, reader_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

USUAL = 30  # Days, as long as the policy allows them.
WAITS = _("Another change waits for its day. Withdraw that one first, in your account.")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest) -> HttpResponse:
    """Two dates; with them in the address, what they mean; by POST, the pause."""
    current = current_of(request)
    if current is None or current.paused_on is not None:
        return redirect("/account/")
    given = request.POST if request.method == "POST" else request.GET
    if "resumes" not in given:
        return _ask(request, current)
    try:
        starts = date.fromisoformat(given.get("starts", ""))
        resumes = date.fromisoformat(given.get("resumes", ""))
    except ValueError:
        error = _("Choose the two days.")
        return _ask(request, current, error=error, status=422)
    try:
        return _go_on(request, current, starts, resumes)
    except subscriptions.CannotPause as refusal:
        return _ask(request, current, error=str(refusal), status=422)
    except subscriptions.ChangePending:
        return _ask(request, current, error=WAITS, status=409)


@never_cache
@login_required
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """End a pause today, or withdraw one that has not begun."""
    current = current_of(request)
    if current is None:
        return redirect("/account/")
    try:
        subscriptions.resume(
            reader=reader_of(request),
            subscription_id=current.id,
            at=publication.now(),
        )
    except subscriptions.NotPaused:
        return redirect("/account/")
    messages.success(request, _("Welcome back. Everything is open to you."))
    return see_other("/account/")


def _go_on(
    request: HttpRequest, current: SubscriptionView, starts: date, resumes: date
) -> HttpResponse:
    pauses = request.method == "POST"
    said = (subscriptions.pause if pauses else subscriptions.quote_pause)(
        reader=reader_of(request),
        subscription_id=current.id,
        starts=starts,
        resumes=resumes,
        at=publication.now(),
    )
    if isinstance(said, SubscriptionView):
        messages.success(request, _("Your pause is noted."))
        return see_other("/account/")
    context = {"subscription": current, "quote": said}
    return render(request, "pages/pause.html", context)


def _ask(
    request: HttpRequest,
    current: SubscriptionView,
    *,
    error: StrOrPromise = "",
    status: int = 200,
) -> HttpResponse:
    longest = subscribed.policy().longest_pause_days
    first = local_date(publication.now(), publication.current().zone)
    first += timedelta(days=1)
    context = {
        "subscription": current,
        "first": first,
        "starts": request.GET.get("starts") or first.isoformat(),
        "resumes": request.GET.get("resumes")
        or (first + timedelta(days=min(USUAL, longest))).isoformat(),
        "longest": longest,
        "error": error,
    }
    return render(request, "pages/pause.html", context, status=status)
