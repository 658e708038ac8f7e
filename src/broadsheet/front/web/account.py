"""The reader's account: what she has, what comes next, and the way out."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.plumbing import publication

LONGEST_REASON = 500


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    current = subscribed.current(request.user.public_id, publication.now())
    return render(request, "pages/account.html", {"subscription": current})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest) -> HttpResponse:
    """One screen to leave by, and one that says until when everything works."""
    at = publication.now()
    current = subscribed.current(request.user.public_id, at)
    if current is None:
        return redirect("/account/")
    if request.method == "POST" and not current.cancel_at_period_end:
        subscriptions.cancel(
            reader=request.user.public_id,
            subscription_id=current.subscription_id,
            reason=_reason(request),
            at=at,
        )
        return redirect("/account/cancel/")
    template = "pages/cancelled.html" if current.cancel_at_period_end else "pages/cancel.html"
    return render(request, template, {"subscription": current})


@never_cache
@login_required
@require_http_methods(["POST"])
def undo_cancel(request: HttpRequest) -> HttpResponse:
    at = publication.now()
    current = subscribed.current(request.user.public_id, at)
    if current is not None and current.cancel_at_period_end:
        subscriptions.undo_cancel(
            reader=request.user.public_id,
            subscription_id=current.subscription_id,
            at=at,
        )
    return redirect("/account/")


def _reason(request: HttpRequest) -> str:
    chosen = request.POST.get("reason", "")
    words = request.POST.get("words", "").strip()
    return ": ".join(part for part in (chosen, words) if part)[:LONGEST_REASON]
