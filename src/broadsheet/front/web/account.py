"""The reader's account: what she has, what comes next, and the way out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
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

from broadsheet.business.ledger import actions as ledger
from broadsheet.business.ledger import queries as books
from broadsheet.business.subscriptions import actions as subscriptions
from broadsheet.business.subscriptions import queries as subscribed
from broadsheet.kit.addresses import local_path
from broadsheet.plumbing import publication

from . import gifts, invoices
from .addresses import see_other
from .places import choices
from .subscribe import UNREACHABLE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Each reason with its words and our answer to it. "Other" is always shown last.
REASONS = {
    "price": (
        _("It costs too much"),
        _("A longer plan costs less a month; the plans are on one page."),
    ),
    "time": (
        _("I do not have the time to read it"),
        _("Our editors’ picks are on the front page, and take ten minutes."),
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
    return _overview(request)


def _overview(
    request: HttpRequest, *, error: StrOrPromise = "", status: int = 200
) -> HttpResponse:
    context = {
        "reader": request.user,
        "subscription": _current(request),
        "invoices": invoices.listed(_reader(request)),
        "gifts": gifts.given_by(_reader(request), publication.now()),
        "places": choices(books.place_of(_reader(request))),
        "asks_place": books.asks_for_place(),
        "error": error,
    }
    return render(request, "pages/account.html", context, status=status)


@never_cache
@login_required
@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    """Let her pay what could not be collected, with any card, at the gateway."""
    back = local_path(request.POST.get("next", ""), otherwise="/account/")
    try:
        page = subscriptions.pay_due(
            reader=_reader(request), return_path=back, at=publication.now()
        )
    except subscriptions.NothingDue:
        return redirect("/account/")  # It was collected meanwhile: nothing is owed.
    except subscriptions.PaymentUnavailable:
        return _overview(request, error=UNREACHABLE, status=503)
    return see_other(page.pay_at)


@never_cache
@login_required
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Note where she lives now; what was billed before stays as it was."""
    try:
        ledger.record_place(
            _reader(request), request.POST.get("place", ""), at=publication.now()
        )
    except ledger.NoSuchPlace:
        error = _("Choose where you live from the list.")
        return _overview(request, error=error, status=422)
    messages.success(request, _("Saved. Your next invoice is written for this place."))
    return see_other("/account/")


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
